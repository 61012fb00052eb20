"""Connected applications: what is shown, and what is dead once it is taken back (R-42)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.audit.models import AuditEvent
from idp.authn.models import Session
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from tests.party import SCOPE, Party
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser

LIST = "/account/applications"


def english(browser: Browser) -> Browser:
    """A browser whose person has chosen English in it; the accounts of the demonstration speak French."""
    browser.client.set_cookie("sesame_lang", "en")
    return browser


@pytest.fixture
def ledger(stage: Stage) -> Party:  # noqa: F811
    """An application of somebody else, confidential, that wants to be told of logouts."""
    return stage.register(
        trusted=False,
        names={"en": "Ledger reader", "fr": "Lecteur de journaux"},
        backchannel_logout_uri="https://app.company.example/logout",
    )


def allowed(browser: Browser, party: Party, scope: str = SCOPE) -> dict[str, str]:
    """The tokens a person lets an application have."""
    browser.get(party.asking(scope=scope))
    assert browser.heading == "Allow Ledger reader to use your account?", browser.text[:900]
    browser.submit({"decision": "allow"})
    return party.tokens(browser, scope=scope)


def test_taking_back_needs_a_fresh_proof(own_stage: Stage) -> None:  # noqa: F811
    """R-49: an open session that somebody walks up to does not end what its holder allowed."""
    stage = own_stage  # noqa: F811
    ledger = stage.register(trusted=False, names={"en": "Ledger reader", "fr": "Lecteur de journaux"})
    browser = english(stage.sign_in("ines.moreau"))
    tokens = allowed(browser, ledger)
    with stage.work() as work:
        old = {"second_factor_at": work.now - timedelta(minutes=11)}
        work.session.execute(update(Session).where(Session.ended_at.is_(None)).values(**old))
    browser.get(f"{LIST}/{ledger.client_id}")
    browser.submit()
    assert browser.address.startswith("/sign-in/code")
    assert ledger.introspect(tokens["refresh_token"])["active"] is True
    stage.forget_steps("ines.moreau")
    browser.submit({"code": stage.person("ines.moreau").code()})
    assert browser.address == f"{LIST}/{ledger.client_id}"
    browser.submit()
    assert ledger.introspect(tokens["refresh_token"])["active"] is False


def facts(stage: Stage, name: str, client_id: str) -> list[dict[str, str]]:  # noqa: F811
    with stage.work(write=False) as work:
        waiting = work.session.query(OutboxMessage).filter_by(kind="fact", name=name).all()
        found = [open_payload(work, each) for each in waiting if each.payload]
        return [each for each in found if each.get("client_id") == client_id]


def test_what_was_allowed_is_listed_in_words_and_dies_when_taken_back(stage: Stage, ledger: Party) -> None:  # noqa: F811
    browser = english(stage.signed_in("ines.moreau"))
    tokens = allowed(browser, ledger)
    assert ledger.introspect(tokens["access_token"])["active"] is True
    assert ledger.introspect(tokens["refresh_token"])["active"] is True
    pending = ledger.code(browser)

    browser.get(LIST)
    assert browser.heading == "Connected applications"
    assert "Ledger reader" in browser.text
    browser.get(f"{LIST}/{ledger.client_id}")
    assert browser.heading == "Withdraw the access of Ledger reader?"
    for words in ("see your e-mail address", "stay connected for up to 30 days", "Allowed since", "today at"):
        assert words in browser.text
    browser.submit()

    assert browser.address == f"{LIST}?ended=1"
    assert "Ledger reader" not in browser.text
    refused = ledger.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")  # type: ignore[index]
    assert ledger.introspect(tokens["refresh_token"]) == {"active": False}
    assert ledger.introspect(tokens["access_token"]) == {"active": False}
    assert ledger.userinfo(tokens["access_token"]).status_code == 401
    late = ledger.redeem(pending)  # a code that was on its way buys nothing
    assert (late.status_code, late.json["error"]) == (400, "invalid_grant")  # type: ignore[index]
    assert len(facts(stage, "backchannel_logout", ledger.client_id)) == 1
    with stage.work(write=False) as work:
        noted = work.session.query(AuditEvent).filter_by(name="consent.withdrawn").one()
        assert noted.subject_id == str(stage.person("ines.moreau").id)
        assert noted.details == {"client_id": ledger.client_id, "grants": 1}

    browser.get(ledger.asking())  # it has to ask again
    assert browser.heading == "Allow Ledger reader to use your account?"


def test_an_application_that_is_not_in_use_stays_until_it_is_taken_back(stage: Stage, ledger: Party) -> None:  # noqa: F811
    browser = english(stage.signed_in("ines.moreau"))
    tokens = allowed(browser, ledger)
    ledger.revoke(tokens["refresh_token"])
    browser.get(LIST)
    assert "not in use now" in browser.text
    browser.get(f"{LIST}/{ledger.client_id}")
    browser.submit()
    assert browser.address == f"{LIST}?ended=1"
    browser.get(f"{LIST}/{ledger.client_id}")
    assert browser.address == LIST


def test_signing_out_of_a_product_ends_it_in_every_session(stage: Stage) -> None:  # noqa: F811
    books = stage.party("demo-accounting")
    browser, other = english(stage.sign_in("thomas.lefevre")), english(stage.sign_in("thomas.lefevre"))
    first, second = books.tokens(browser), books.tokens(other)
    browser.get(LIST)
    assert "open in 2 sessions" in browser.text
    browser.get(f"{LIST}/demo-accounting")
    assert browser.heading.startswith("Sign out of ")
    browser.submit()
    for tokens in (first, second):
        assert books.refresh(tokens["refresh_token"]).status_code == 400
        assert books.introspect(tokens["access_token"]) == {"active": False}
    assert len({each["sid"] for each in facts(stage, "backchannel_logout", "demo-accounting")}) == 2
    assert books.tokens(browser)["access_token"]  # it opens again, without a question
    with stage.work(write=False) as work:
        thomas = str(stage.person("thomas.lefevre").id)
        noted = work.session.query(AuditEvent).filter_by(name="grant.revoked", subject_id=thomas).all()
        assert [each.details["reason"] for each in noted] == ["withdrawn_by_person"]


def test_nobody_takes_back_what_another_person_allowed(stage: Stage, ledger: Party) -> None:  # noqa: F811
    tokens = allowed(english(stage.signed_in("ines.moreau")), ledger)
    other = english(stage.signed_in("hugo.perrin"))
    other.get(LIST)
    assert "None so far" in other.text
    form = other.get("/account/details") and other.form.values["csrf_token"]
    answer = other.client.post(
        f"{LIST}/{ledger.client_id}", data={"csrf_token": form}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.headers["Location"] == LIST
    assert ledger.introspect(tokens["refresh_token"])["active"] is True
    other.get(f"{LIST}/no-such-client")
    assert other.address == LIST


def test_it_is_for_who_is_signed_in_and_reads_in_french(stage: Stage, ledger: Party) -> None:  # noqa: F811
    stranger = english(stage.browser())
    stranger.get(LIST)
    assert stranger.heading == "Sign in to your account"
    browser = english(stage.signed_in("ines.moreau"))
    allowed(browser, ledger)
    browser.get(f"{LIST}/{ledger.client_id}?ui_locales=fr")
    assert browser.heading == "Retirer l’accès accordé à Lecteur de journaux\u202f?"
