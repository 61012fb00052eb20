"""The published keys (RFC 7517)."""

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from idp.oidc import keys
from idp.oidc.models import SigningKey
from idp.web.published import KEPT_SECONDS
from idp.web.work import database
from tests.party import header_of
from tests.stage import Stage

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
TYPES = {"ES256": "EC", "RS256": "RSA"}


def published(stage: Stage) -> list[dict[str, str]]:
    answer = stage.app.test_client().get("/oauth/jwks")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    members: list[dict[str, str]] = answer.json["keys"]  # type: ignore[index]
    return members


def test_no_private_member_is_published(stage: Stage) -> None:
    members = published(stage)
    assert {member["alg"] for member in members} == set(TYPES)
    for member in members:
        assert not PRIVATE & set(member), member["kid"]
        assert (member["kty"], member["use"]) == (TYPES[member["alg"]], "sig")
        assert member["kid"]
    assert len({member["kid"] for member in members}) == len(members)


def test_one_key_has_one_algorithm(stage: Stage) -> None:
    """A token signed by one key and labelled with the algorithm of another is not ours (RFC 8725 §3.1)."""
    books, browser = stage.party("demo-accounting"), stage.signed_in("ines.moreau")
    token = books.tokens(browser)["access_token"]
    assert header_of(token)["alg"] == "ES256"
    assert header_of(token)["kid"] in {member["kid"] for member in published(stage) if member["alg"] == "ES256"}


def test_a_key_is_published_before_it_signs_and_after(own_stage: Stage) -> None:
    stage = own_stage
    books, browser = stage.party("demo-accounting"), stage.signed_in("ines.moreau")
    old, known = books.tokens(browser), published(stage)
    with stage.work() as work:
        waiting = keys.rotate(work, "ES256")
    time.sleep(KEPT_SECONDS)  # public documents are answered from memory for a moment
    assert {member["kid"] for member in published(stage)} == {waiting, *(member["kid"] for member in known)}
    before = books.tokens(browser)
    assert header_of(before["access_token"])["kid"] != waiting

    with stage.work() as work:
        row = work.session.get_one(SigningKey, waiting)
        row.created_at = row.created_at - timedelta(hours=2)
        work.session.flush()
        keys.rotate(work, "ES256")
    new = books.tokens(browser)
    assert header_of(new["access_token"])["kid"] == waiting
    for token in (old, before, new):
        assert books.verified(token["access_token"])["client_id"] == books.client_id
        assert books.userinfo(token["access_token"]).status_code == 200
        assert books.verified(token["id_token"])["aud"] == books.client_id


def test_keys_that_were_read_late_do_not_replace_newer_ones(own_stage: Stage) -> None:
    """A slow reader has the keys of before a rotation in its hands when another thread knows those of after it."""
    stage, rotated = own_stage, []
    with stage.app.app_context():
        engine = database.engine

    def rotate(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "FROM signing_keys" in statement and not rotated:
            rotated.append("")
            with stage.work() as work:
                rotated[0] = keys.rotate(work, "ES256", at_once=True)
            with stage.work(write=False) as work:
                assert keys.current(work).active["ES256"].kid == rotated[0]

    event.listen(engine, "after_cursor_execute", rotate)
    try:
        with stage.work(write=False) as work:
            assert keys.current(work).active["ES256"].kid != rotated[0]
    finally:
        event.remove(engine, "after_cursor_execute", rotate)
    with stage.work(write=False) as work:
        assert keys.current(work).active["ES256"].kid == rotated[0]
