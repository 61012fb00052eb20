"""A whole journey leaves no secret behind: in no log at any level, no audit row, no table (R-74, R-77)."""

import io
import logging
import re
import sys
from typing import Any

import pytest
from sqlalchemy import func, select, text

from idp.audit.models import AuditEvent
from idp.authn.facts import HANDLERS
from idp.companies import support_acts
from idp.core import logs
from idp.core.db import Base
from idp.oidc import logout
from idp.outbox.deliver import Deliverer
from idp.outbox.models import OutboxMessage
from idp.outbox.sms_gateway import texter
from idp.outbox.smtp import mailer
from tests.security.recovering import Journey
from tests.stage import Demonstration, Stage

TYPED_WRONGLY = "un secret typé de travers 99"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Everything that any logger says, at every level, and all that goes to standard error."""
    kept = io.StringIO()
    monkeypatch.setattr(sys, "stderr", kept)
    return kept


def listen(kept: io.StringIO) -> None:
    """Turn every logger up, as somebody in search of a fault would."""
    logs.configure("debug")
    handler = logging.StreamHandler(kept)
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)


def journey(stage: Stage) -> dict[str, str]:
    """Sign-in with wrong tries, codes, tokens, refreshes, replays, a reset, sign-out. Answers the secrets in clear."""
    person, books, mobile = stage.person("ines.moreau"), stage.party("demo-accounting"), stage.party("demo-mobile")
    secrets: dict[str, str] = {
        "password": person.password,
        "typed wrongly": TYPED_WRONGLY,
        "TOTP secret": person.secret,
    }
    browser = stage.browser()
    browser.get(books.asking(nonce="nonce-of-the-journey-4711"))
    browser.submit({"email": person.address, "password": TYPED_WRONGLY})
    browser.submit({"email": person.address, "password": person.password})
    secrets["attempt"] = browser.cookie("sesame_sign_in") or ""
    browser.submit({"code": "000000"})
    code = person.code()
    answer = browser.submit({"code": code, "trust": "yes"})
    assert "code=" in answer.headers["Location"], answer.text[:300]
    secrets["session"] = browser.cookie("sesame_session") or ""
    secrets["device"] = browser.cookie("sesame_device") or ""
    for name, party in (("confidential", books), ("public", mobile)):
        issued = party.code(browser)
        secrets[f"{name} code"], secrets[f"{name} verifier"] = issued, party.verifier
        tokens = party.redeem(issued).json
        again = party.refresh(tokens["refresh_token"]).json
        for kind in ("access_token", "id_token", "refresh_token"):
            secrets[f"{name} {kind}"], secrets[f"{name} {kind} again"] = tokens[kind], again[kind]
        secrets[f"{name} signature"] = tokens["access_token"].rpartition(".")[2]
        proves = party.method != "none"
        assert party.post("/oauth/introspect", token=again["access_token"]).status_code == (200 if proves else 401)
        party.userinfo(again["access_token"])
        party.redeem(issued)
        party.refresh(tokens["refresh_token"])
        party.revoke(again["refresh_token"])
    secrets["client secret"] = books.secret or ""
    books.known_as(secret="a wrong client secret").post("/oauth/token", grant_type="client_credentials")
    stage.browser().get("/reset")
    asking = stage.browser()
    asking.get("/reset")
    asking.submit({"email": person.address})
    browser.get("/sign-out")
    browser.submit()
    return secrets


def deliver(stage: Stage) -> None:
    Deliverer(
        lambda: stage.work(write=False), mailer(stage.settings),
        handlers={**HANDLERS, **support_acts.HANDLERS, "session.ended": logout.session_ended},
        callers={"backchannel_logout": logout.deliver}, texter=texter(stage.settings),
    ).run_due()  # fmt: skip


def dump(stage: Stage, *, without: tuple[str, ...] = ()) -> str:
    """Every value of every row, bytes read as text and as hexadecimal digits."""
    said = []
    with stage.work(write=False) as work:
        for table in Base.metadata.sorted_tables:
            if table.name in without:
                continue
            for row in work.session.execute(text(f'SELECT * FROM "{table.name}"')):
                said.extend(_shown(value) for value in row)
    return "\n".join(said)


def _shown(value: Any) -> str:
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, bytes):
        return value.decode("latin-1") + " " + value.hex()
    return str(value)


def found_in(haystack: str, secrets: dict[str, str]) -> list[str]:
    assert all(len(value) >= 8 for value in secrets.values()), {name: len(value) for name, value in secrets.items()}
    return [name for name, value in secrets.items() if value in haystack or value.encode().hex() in haystack.lower()]


def test_a_journey_leaves_no_secret_behind(own_stage: Stage, heard: io.StringIO) -> None:
    before = (logging.getLogger().level, list(logging.getLogger().handlers))
    listen(heard)
    try:
        secrets = journey(own_stage)
        deliver(own_stage)
    finally:
        logging.getLogger().setLevel(before[0])
        logging.getLogger().handlers[:] = before[1]
        logs.configure("error")
    said = heard.getvalue()
    assert found_in(said, secrets) == []
    assert own_stage.person("ines.moreau").address not in said, "addresses are not for logs either"

    with own_stage.work(write=False) as work:
        audited = "\n".join(str(tuple(row)) for row in work.session.execute(select(*AuditEvent.__table__.columns)))
    assert "password.refused" in audited
    assert "code.replayed" in audited
    assert found_in(audited, secrets) == []

    assert found_in(dump(own_stage), secrets) == []


def test_all_that_a_person_does_about_the_account_leaves_no_secret_behind(own_stage: Stage, heard: io.StringIO) -> None:
    """Codes, links, recovery codes, secrets of apps and cookies of every journey, each looked for everywhere."""
    before = (logging.getLogger().level, list(logging.getLogger().handlers))
    listen(heard)
    try:
        journey_of = Journey(own_stage, deliver)
        journey_of.all()
        deliver(own_stage)
    finally:
        logging.getLogger().setLevel(before[0])
        logging.getLogger().handlers[:] = before[1]
        logs.configure("error")
    secrets = journey_of.secrets
    assert len(secrets) > 60
    assert len(journey_of.codes) > 3
    assert found_in(heard.getvalue(), secrets) == []
    kept = dump(own_stage, without=("local_mails",))  # where mail arrives when there is no mail server
    assert found_in(kept, secrets) == []
    said = heard.getvalue() + kept
    assert [code for code in journey_of.codes if re.search(rf"(?<![\w.:+-]){code}(?![\w-])", said)] == []
    with own_stage.work(write=False) as work:
        left = work.session.scalar(
            select(func.count()).where(OutboxMessage.finished_at.is_not(None), OutboxMessage.payload.is_not(None))
        )
    assert left == 0, "a payload outlived its delivery"


def test_the_links_of_mails_are_kept_in_no_other_place(own_stage: Stage) -> None:
    """Before delivery the payload is sealed, after it erased; only the local mailbox of a developer shows the mail."""
    browser, person = own_stage.browser(), own_stage.person("ines.moreau")
    browser.get("/reset")
    browser.submit({"email": person.address})
    assert person.address not in dump(own_stage, without=("email_addresses",)), "sealed while it waits"
    deliver(own_stage)
    mailbox = dump(own_stage, without=tuple(set(Base.metadata.tables) - {"local_mails"}))
    token = mailbox.split("/reset/")[1].split()[0]
    assert len(token) >= 22
    rest = dump(own_stage, without=("local_mails",))
    assert token not in rest


def test_the_search_finds_what_is_there(demonstration: Demonstration, own_stage: Stage) -> None:
    """The test above would be worth nothing if its eyes were shut."""
    person = own_stage.person("ines.moreau")
    rows = dump(own_stage)
    assert person.address in rows
    assert found_in(f"... {person.secret} ...", {"TOTP secret": person.secret}) == ["TOTP secret"]
    assert found_in(person.password.encode().hex(), {"password": person.password}) == ["password"]
    kept = (demonstration.folder / "secrets" / "demo-accounting.secret").stat()
    assert kept.st_mode & 0o077 == 0
