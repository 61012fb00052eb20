"""Refresh (RFC 6749 §6, RFC 9700 §4.14, R-23, R-24): who keeps a token, who gets a new one, when it is over."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.companies import membership
from idp.core.tokens import digest
from idp.oidc import clients, refresh
from idp.oidc.models import Grant, RefreshToken
from tests.outbox_content import mails
from tests.party import SCOPE, Party, claims_of
from tests.stage import Stage, scalar
from tests.web.browser import Browser


def grant_of(stage: Stage, token: str) -> Any:
    return scalar(stage, RefreshToken.grant_id, RefreshToken.digest == digest(token))


def age(stage: Stage, token: str, **span: float) -> None:
    """Let the grant of a refresh token be that much older, as it was left then."""
    by, grant_id = timedelta(**span), grant_of(stage, token)
    with stage.work() as work:
        grant = work.session.get_one(Grant, grant_id)
        grant.created_at, grant.expires_at = grant.created_at - by, grant.expires_at - by
        grant.last_used_at -= by


def spent_before(stage: Stage, token: str, **span: float) -> None:
    """Let the use of a token be that long ago."""
    with stage.work() as work:
        row = work.session.get_one(RefreshToken, digest(token))
        assert row.used_at is not None
        row.used_at -= timedelta(**span)


def assert_over(party: Party, token: str) -> None:
    answer = party.refresh(token)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant"), answer.json
    assert "access_token" not in answer.json


# --- who gets what ---


def test_a_confidential_client_keeps_its_token(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    for _ in range(3):
        answer = books.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        assert answer.json["refresh_token"] == tokens["refresh_token"]
        assert answer.json["access_token"] != tokens["access_token"]


def test_another_client_cannot_use_it(books: Party, capture: Party, mobile: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    assert_over(capture, tokens["refresh_token"])
    assert_over(mobile, tokens["refresh_token"])
    assert books.refresh(tokens["refresh_token"]).status_code == 200


def test_a_public_client_gets_a_new_one_each_time(mobile: Party, ines: Browser) -> None:
    seen = [mobile.tokens(ines)["refresh_token"]]
    for _ in range(4):
        seen.append(mobile.refresh(seen[-1]).json["refresh_token"])
    assert len(set(seen)) == 5


def test_an_honest_retry_gets_the_same_successor(stage: Stage, mobile: Party, ines: Browser) -> None:
    first = mobile.tokens(ines)["refresh_token"]
    successors = {mobile.refresh(first).json["refresh_token"] for _ in range(4)}
    assert len(successors) == 1
    spent_before(stage, first, seconds=9)
    assert mobile.refresh(first).json["refresh_token"] in successors
    assert mobile.refresh(successors.pop()).status_code == 200


def test_a_retry_after_ten_seconds_revokes_the_family(stage: Stage, mobile: Party, ines: Browser) -> None:
    first = mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json
    spent_before(stage, first, seconds=11)
    assert_over(mobile, first)
    assert_over(mobile, second["refresh_token"])
    assert mobile.userinfo(second["access_token"]).status_code == 401
    assert scalar(stage, AuditEvent.id, AuditEvent.name == "refresh_token.replayed") is not None


def test_a_replay_is_told_to_the_holder_once(stage: Stage, mobile: Party, ines: Browser) -> None:
    """R-84: who has copied a token does not go unseen."""
    with stage.work() as work:
        before = len([mail for mail in mails(work) if mail["template"] == "access_replayed"])
    first = mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json["refresh_token"]
    mobile.refresh(second)
    for _ in range(3):
        assert_over(mobile, first)
    with stage.work() as work:
        told = [mail for mail in mails(work) if mail["template"] == "access_replayed"][before:]
        name = clients.get(work, mobile.client_id).name("fr")
    assert {(mail["recipient"], mail["variables"]["what"]) for mail in told} >= {
        (stage.person("ines.moreau").address, name)
    }
    assert len(told) == len({mail["recipient"] for mail in told})


def test_a_retry_once_the_successor_was_used_revokes_the_family(mobile: Party, ines: Browser) -> None:
    first = mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json["refresh_token"]
    third = mobile.refresh(second).json
    assert_over(mobile, first)
    for token in (second, third["refresh_token"]):
        assert_over(mobile, token)
    assert mobile.userinfo(third["access_token"]).status_code == 401


def test_a_replay_is_seen_whatever_else_is_asked(mobile: Party, ines: Browser) -> None:
    first = mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json["refresh_token"]
    third = mobile.refresh(second).json["refresh_token"]
    assert mobile.refresh(first, company=str(uuid4())).json["error"] == "invalid_grant"
    assert_over(mobile, third)


def test_a_successor_is_erased_once_no_retry_can_ask_for_it(stage: Stage, mobile: Party, ines: Browser) -> None:
    first = mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json["refresh_token"]
    with stage.work() as work:
        refresh.forget_successors(work)
        assert scalar(stage, RefreshToken.successor, RefreshToken.digest == digest(first))
        assert refresh.forget_successors(work.later(seconds=11)) >= 1
    assert scalar(stage, RefreshToken.successor, RefreshToken.digest == digest(first)) is None
    assert mobile.refresh(second).status_code == 200


def test_a_replay_leaves_other_grants_alone(mobile: Party, ines: Browser) -> None:
    first, other = mobile.tokens(ines)["refresh_token"], mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json["refresh_token"]
    mobile.refresh(second)
    assert_over(mobile, first)
    assert mobile.refresh(other).status_code == 200


def test_the_successor_is_not_kept_in_clear(stage: Stage, mobile: Party, ines: Browser) -> None:
    first = mobile.tokens(ines)["refresh_token"]
    second = mobile.refresh(first).json["refresh_token"]
    sealed = scalar(stage, RefreshToken.successor, RefreshToken.digest == digest(first))
    assert sealed
    assert second.encode() not in sealed


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "a.b.c", "é", "x" * 5000])
def test_an_unknown_token_is_invalid(books: Party, token: str) -> None:
    answer = books.refresh(token)
    assert answer.status_code == 400
    assert answer.json["error"] in ("invalid_grant", "invalid_request")


# --- how long ---


@pytest.mark.parametrize("client", ["demo-accounting", "demo-mobile"])
def test_it_is_idle_for_seven_days_at_most(stage: Stage, ines: Browser, client: str) -> None:
    party = stage.party(client)
    token = party.tokens(ines)["refresh_token"]
    age(stage, token, days=6, hours=23)
    token = party.refresh(token).json["refresh_token"]
    age(stage, token, days=7, seconds=1)
    assert_over(party, token)


@pytest.mark.parametrize("client", ["demo-accounting", "demo-mobile"])
def test_it_ends_after_thirty_days_however_often_it_is_used(stage: Stage, ines: Browser, client: str) -> None:
    party = stage.party(client)
    token = party.tokens(ines)["refresh_token"]
    for _ in range(29):
        age(stage, token, days=1)
        answer = party.refresh(token)
        assert answer.status_code == 200, answer.json
        token = answer.json["refresh_token"]
    age(stage, token, days=1, seconds=1)
    assert_over(party, token)


def test_without_offline_access_it_ends_with_the_session(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    tokens = books.tokens(browser, scope="openid")
    with own_stage.work(write=False) as work:
        grant = work.session.get_one(Grant, grant_of(own_stage, tokens["refresh_token"]))
        assert grant.expires_at - grant.created_at <= timedelta(hours=12)


def test_signing_out_ends_it(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    tokens = books.tokens(browser)
    browser.get("/sign-out")
    browser.submit()
    assert_over(books, tokens["refresh_token"])
    assert books.userinfo(tokens["access_token"]).status_code == 401


# --- for what ---


def test_the_company_is_switched_without_signing_in(stage: Stage, books: Party, julien: Browser) -> None:
    lumen, mirabelle = str(stage.company("atelier-lumen")), str(stage.company("studio-mirabelle"))
    tokens = books.tokens(julien, company=lumen)
    assert claims_of(tokens["access_token"])["roles"] == ["accounting.reader"]
    by_parameter = books.refresh(tokens["refresh_token"], company=mirabelle).json
    assert claims_of(by_parameter["access_token"])["company"] == mirabelle
    assert claims_of(by_parameter["access_token"])["roles"] == ["accounting.bookkeeper"]
    assert claims_of(by_parameter["id_token"])["company"] == mirabelle

    stays = books.refresh(tokens["refresh_token"]).json
    assert claims_of(stays["access_token"])["company"] == mirabelle
    by_scope = books.refresh(tokens["refresh_token"], scope=f"{SCOPE} company:{lumen}").json
    assert claims_of(by_scope["access_token"])["company"] == lumen
    only_scope = books.refresh(tokens["refresh_token"], scope=f"company:{mirabelle}").json
    assert claims_of(only_scope["access_token"])["company"] == mirabelle
    assert only_scope["scope"] == SCOPE


@pytest.mark.parametrize("reference", ["boulangerie-lemaire", "cabinet-deltour"])
def test_a_switch_to_a_foreign_company_is_refused_and_changes_nothing(
    stage: Stage, books: Party, julien: Browser, reference: str
) -> None:
    lumen, foreign = str(stage.company("atelier-lumen")), str(stage.company(reference))
    tokens = books.tokens(julien, company=lumen)
    for parameters in ({"company": foreign}, {"scope": f"{SCOPE} company:{foreign}"}, {"company": "nonsense"}):
        answer = books.refresh(tokens["refresh_token"], **parameters)
        assert (answer.status_code, answer.json["error"], answer.json["reason"]) == (400, "invalid_grant", "no_access")
    assert claims_of(books.refresh(tokens["refresh_token"]).json["access_token"])["company"] == lumen


def test_a_refused_switch_does_not_spend_a_public_clients_token(stage: Stage, mobile: Party, ines: Browser) -> None:
    token = mobile.tokens(ines)["refresh_token"]
    assert mobile.refresh(token, company=str(stage.company("boulangerie-lemaire"))).status_code == 400
    assert mobile.refresh(token).status_code == 200


def test_the_scope_can_be_narrowed_and_never_widened(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines, scope="openid profile offline_access")
    narrow = books.refresh(tokens["refresh_token"], scope="openid").json
    assert narrow["scope"] == "openid"
    assert claims_of(narrow["access_token"])["scope"] == "openid"
    assert "name" not in claims_of(narrow["id_token"])
    whole = books.refresh(tokens["refresh_token"]).json
    assert whole["scope"] == "openid profile offline_access", "the grant itself stays as it was"
    wide = books.refresh(tokens["refresh_token"], scope="openid email")
    assert (wide.status_code, wide.json["error"]) == (400, "invalid_scope")


def test_a_refused_scope_does_not_spend_a_public_clients_token(mobile: Party, ines: Browser) -> None:
    token = mobile.tokens(ines, scope="openid offline_access")["refresh_token"]
    assert mobile.refresh(token, scope="openid email").json["error"] == "invalid_scope"
    assert mobile.refresh(token).status_code == 200


# --- with which rights ---


def test_a_change_of_role_is_felt_at_the_next_refresh(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    tokens = books.tokens(browser)
    before = claims_of(tokens["access_token"])
    company, person = own_stage.company("atelier-lumen"), own_stage.person("ines.moreau").id
    with own_stage.work() as work:
        membership.change_role(work, company, person, "accounting", role_id="accounting.reader")
    after = claims_of(books.refresh(tokens["refresh_token"]).json["access_token"])
    assert (before["roles"], after["roles"]) == (["accounting.bookkeeper"], ["accounting.reader"])
    assert after["permission_set"] != before["permission_set"]
    assert after["epoch"] > before["epoch"]


def test_a_removed_member_is_refused(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    token = books.tokens(browser)["refresh_token"]
    with own_stage.work() as work:
        membership.remove(work, own_stage.company("atelier-lumen"), own_stage.person("ines.moreau").id)
    answer = books.refresh(token)
    assert (answer.status_code, answer.json["error"], answer.json["reason"]) == (400, "invalid_grant", "no_access")
    assert scalar(own_stage, AuditEvent.id, AuditEvent.name == "grant.refused") is not None


def test_a_suspended_member_is_refused_and_welcome_again(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    token = books.tokens(browser)["refresh_token"]
    company, person = own_stage.company("atelier-lumen"), own_stage.person("ines.moreau").id
    with own_stage.work() as work:
        membership.suspend(work, company, person)
    assert books.refresh(token).json["reason"] == "no_access"
    with own_stage.work() as work:
        membership.resume(work, company, person)
    assert books.refresh(token).status_code == 200


def test_one_row_per_token_and_none_in_clear(stage: Stage, mobile: Party, ines: Browser) -> None:
    token = mobile.tokens(ines)["refresh_token"]
    grant_id = grant_of(stage, token)
    for _ in range(3):
        token = mobile.refresh(token).json["refresh_token"]
    with stage.work(write=False) as work:
        rows = work.session.execute(select(RefreshToken).where(RefreshToken.grant_id == grant_id)).scalars().all()
        assert len(rows) == 4
        assert sum(row.used_at is None for row in rows) == 1
        assert all(len(row.digest) == 32 for row in rows)
    with stage.work() as work:
        work.session.execute(update(Grant).where(Grant.id == grant_id).values(revoked_at=work.now))
    assert_over(mobile, token)
