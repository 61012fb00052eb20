"""The notice about sharing, its three answers, the way to a user for a colleague, and the desk of the staff (J12)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from idp.authn import sharing
from idp.authn.models import Session, SharingSignal
from idp.companies import access
from idp.companies.models import ColleagueRequest, SupportCase
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from tests.stage import Stage, demonstration, own_stage  # noqa: F401
from tests.web.browser import Browser

SOPHIE = "sophie.lemaire"
NOTICE = "/account/sharing"
ASK = "Ask for a user for a colleague"


@pytest.fixture
def stage(own_stage: Stage) -> Stage:  # noqa: F811
    return own_stage


def english(browser: Browser) -> Browser:
    browser.client.set_cookie("sesame_lang", "en")
    return browser


def at_notice(stage: Stage) -> Browser:
    browser = english(stage.sign_in(SOPHIE))
    browser.get(NOTICE)
    return browser


def mails(stage: Stage, template: str) -> dict[str, dict[str, Any]]:
    with stage.work(write=False) as work:
        rows = work.session.scalars(select(OutboxMessage).where(OutboxMessage.name == template))
        return {mail["recipient"]: mail["variables"] for mail in (open_payload(work, row) for row in rows)}


def test_the_notice_says_what_was_seen_and_leads_from_the_account(stage: Stage) -> None:
    browser = english(stage.sign_in(SOPHIE))
    browser.get("/account")
    assert "Sharing of the account" in browser.text
    browser.get(NOTICE)
    assert browser.heading == "Are you the only one to use this account?"
    for words in ("Two distant places at once", "Namur, ", "Lille, ", "Shared address", "info@boulangerie-lemaire"):
        assert words in browser.text, words
    assert "a code is asked at every sign-in" in browser.text
    browser.get(f"{NOTICE}?ui_locales=fr")
    assert browser.heading == "Êtes-vous la seule personne à utiliser ce compte\u202f?"
    assert "Deux lieux éloignés en même temps" in browser.text


def test_opening_the_notice_writes_nothing_and_needs_a_session(stage: Stage) -> None:
    browser = english(stage.browser())
    browser.get(NOTICE)
    assert browser.heading == "Sign in to your account"
    browser = at_notice(stage)
    browser.get(NOTICE)
    with stage.work(write=False) as work:
        assert sharing.told(work, stage.person(SOPHIE).id).answer is None


def test_a_person_of_whom_nothing_was_noticed_reads_so(stage: Stage) -> None:
    browser = english(stage.sign_in("hugo.perrin"))
    browser.get("/account")
    assert "Sharing of the account" not in browser.text
    browser.get(NOTICE)
    assert "There is nothing unusual" in browser.text
    assert "It was me" not in browser.text


def test_trust_is_not_offered_while_a_code_is_asked_each_time(stage: Stage) -> None:
    browser = english(stage.browser())
    browser.get("/sign-in")
    sophie = stage.person(SOPHIE)
    browser.submit({"email": sophie.address, "password": sophie.password})
    assert browser.heading == "Enter the code from your app"
    assert "trust" not in browser.form.values
    assert 'name="trust"' not in browser.text
    with stage.work() as work:
        work.session.execute(update(SharingSignal).values(seen_at=work.now - timedelta(days=91)))
    browser.get(browser.address)
    assert 'name="trust"' in browser.text


def test_it_was_me_is_noted_and_the_signs_are_muted(stage: Stage) -> None:
    browser = at_notice(stage)
    browser.submit({"answer": "me"})
    assert (browser.address, browser.status) == (NOTICE, 200)
    assert "Thank you for your answer" in browser.text
    assert "Two distant places" not in browser.text
    with stage.work(write=False) as work:
        assert access.trusted_devices_allowed(work, stage.person(SOPHIE).id)
        case = work.session.scalars(select(SupportCase).where(SupportCase.kind == "sharing")).one()
        assert (case.state, case.close_reason) == ("closed", "explained")


def test_it_was_me_takes_a_fresh_code(stage: Stage) -> None:
    browser = at_notice(stage)
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(minutes=11)))
    browser.submit({"answer": "me"})
    assert browser.heading == "Enter the code from your app"
    with stage.work(write=False) as work:
        assert sharing.standing(work, stage.person(SOPHIE).id).score == 4
    stage.forget_steps(SOPHIE)
    browser.submit({"code": stage.person(SOPHIE).code()})
    assert browser.address == NOTICE
    browser.submit({"answer": "me"})
    assert "Thank you for your answer" in browser.text


def test_it_was_not_me_closes_every_session_and_mails_the_way_to_a_new_password(stage: Stage) -> None:
    browser, other = at_notice(stage), stage.browser()
    stage.forget_steps(SOPHIE)
    stage.sign_in(SOPHIE, other)
    browser.submit({"answer": "not_me"})
    assert (browser.heading, browser.status) == ("Every session is closed", 200)
    assert browser.cookie("sesame_session") is None
    for each in (browser, english(other)):
        each.get("/account")
        assert each.heading == "Sign in to your account"
    (recipient,) = mails(stage, "password_reset")
    assert recipient == stage.person(SOPHIE).address
    path = mails(stage, "password_reset")[recipient]["path"]
    browser.get(path)
    browser.submit()
    assert browser.heading == "Enter the code from your app"  # the second factor is checked before the new password


def test_we_share_it_leads_to_a_user_for_the_colleague(stage: Stage) -> None:
    browser = at_notice(stage)
    browser.submit({"answer": "shared"})
    assert browser.heading == ASK
    browser.submit({"name": "Marc Petit", "email": "marc"})
    assert browser.status == 422
    assert browser.title.startswith("Error:")
    assert (browser.form.values["name"], browser.form.values["email"]) == ("Marc Petit", "marc")
    browser.submit({"name": "Marc Petit", "email": stage.person(SOPHIE).address})
    assert "This is your own address." in browser.text
    browser.submit({"name": "Marc Petit", "email": "marc.petit@boulangerie-lemaire.example.net"})
    assert browser.address == NOTICE
    assert "A user for Marc Petit" in browser.text
    asked = mails(stage, "colleague_request")
    assert list(asked) == ["benoit@boulangerie-lemaire.example.net"]
    (told,) = asked.values()
    assert (told["by"], told["colleague"], told["company"]) == (
        "Sophie Lemaire",
        "Marc Petit",
        "Boulangerie Lemaire SRL",
    )
    assert "Namur" not in str(told)

    browser.get(f"{NOTICE}/colleague")  # the same once more changes nothing and writes to nobody
    browser.submit({"name": "Marc Petit", "email": "marc.petit@boulangerie-lemaire.example.net"})
    with stage.work(write=False) as work:
        assert len(work.session.scalars(select(ColleagueRequest)).all()) == 1


def test_the_administrator_sees_the_request_and_that_there_is_a_case_never_places(stage: Stage) -> None:
    sophie = at_notice(stage)
    sophie.get(f"{NOTICE}/colleague")
    sophie.submit({"name": "Marc <Petit>", "email": "marc.petit@boulangerie-lemaire.example.net"})
    benoit = english(stage.sign_in("benoit.lemaire"))
    benoit.get("/account/requests")
    assert "A user for Marc &lt;Petit&gt;" in benoit.text
    assert "Sophie Lemaire, Boulangerie Lemaire SRL: since" in benoit.text
    for never in ("Namur", "Lille", "distant", "Shared address", "info@"):
        assert never not in benoit.text, never
    benoit.submit({"outcome": "accepted"})
    assert "Nobody is waiting" in benoit.text
    with stage.work(write=False) as work:
        request = work.session.scalars(select(ColleagueRequest)).one()
        assert (request.outcome, request.closed_by) == ("accepted", stage.person("benoit.lemaire").id)


def test_the_request_of_another_company_is_nobodys_business(stage: Stage) -> None:
    sophie = at_notice(stage)
    sophie.get(f"{NOTICE}/colleague")
    sophie.submit({"name": "Marc Petit", "email": "marc.petit@boulangerie-lemaire.example.net"})
    with stage.work(write=False) as work:
        key = work.session.scalars(select(ColleagueRequest.id)).one()
    for name in ("amelie.dubois", SOPHIE):
        other = english(stage.sign_in(name)) if name != SOPHIE else sophie
        other.get("/account/requests")
        assert "Marc Petit" not in other.text
        assert "Sophie Lemaire, Boulangerie" not in other.text
        other.get(f"{NOTICE}/colleague" if name == SOPHIE else "/sign-out")
        token = other.form.values["csrf_token"]
        other._send("POST", f"/account/requests/{key}", data={"csrf_token": token, "outcome": "declined"})
        with stage.work(write=False) as work:
            assert work.session.get_one(ColleagueRequest, key).outcome is None


def test_who_administers_the_users_is_told_to_invite(stage: Stage) -> None:
    benoit = english(stage.sign_in("benoit.lemaire"))
    benoit.get(f"{NOTICE}/colleague")
    assert benoit.heading == "A user for each of you"
    assert "You administer the users of Boulangerie Lemaire SRL" in benoit.text


@pytest.mark.parametrize("values", [{}, {"answer": "maybe"}, {"answer": "me\x00"}, {"answer": "me", "more": "1"}])
def test_an_answer_that_is_none_is_asked_again(stage: Stage, values: dict[str, str]) -> None:
    browser = at_notice(stage)
    browser.submit(values)
    assert browser.status == 422
    with stage.work(write=False) as work:
        assert sharing.told(work, stage.person(SOPHIE).id).answer is None


def test_strange_input_on_the_form_for_a_colleague(stage: Stage) -> None:
    browser = at_notice(stage)
    for values in (
        {"name": "", "email": ""},
        {"name": "x" * 101, "email": "marc@b.example"},
        {"name": "Marc", "email": "marc@b.example", "company": "0" * 36},
        {"name": "Marc", "email": "m@" + "b" * 320 + ".example"},
        {"name": "Marc\u202e", "email": "marc@b.example"},
    ):
        browser.get(f"{NOTICE}/colleague")
        browser.submit(values)
        assert browser.status == 422, values
    assert mails(stage, "colleague_request") == {}


def test_staff_see_signs_and_dates_and_decide_with_a_reason(stage: Stage) -> None:
    with stage.work(write=False) as work:
        case = work.session.scalars(select(SupportCase.id).where(SupportCase.kind == "sharing")).one()
    security = english(stage.sign_in("annelaure.petit"))
    security.get(f"/operations/cases/{case}")
    assert "Two distant places at once" in security.text
    for never in ("Namur", "Lille"):
        assert never not in security.text
    security.get(f"/operations/cases/{case}/dismiss")
    assert security.heading == "Dismiss these signs?"
    security.submit({"reason": " "})
    assert security.status == 422
    security.submit({"reason": "The network of the company leads over Lille."})
    assert security.address == f"/operations/cases/{case}"
    assert "The network of the company leads over Lille." in security.text
    with stage.work(write=False) as work:
        assert sharing.standing(work, stage.person(SOPHIE).id).score == 0


def test_a_confirmed_case_writes_to_the_person(stage: Stage) -> None:
    with stage.work(write=False) as work:
        case = work.session.scalars(select(SupportCase.id).where(SupportCase.kind == "sharing")).one()
    security = english(stage.sign_in("annelaure.petit"))
    security.get(f"/operations/cases/{case}/confirm")
    security.submit({"reason": "Three people say so."})
    assert mails(stage, "sharing_confirmed").keys() >= {stage.person(SOPHIE).address}
    with stage.work(write=False) as work:
        assert sharing.standing(work, stage.person(SOPHIE).id).code_each_time


def test_support_without_the_permission_neither_sees_nor_decides(stage: Stage) -> None:
    with stage.work(write=False) as work:
        case = work.session.scalars(select(SupportCase.id).where(SupportCase.kind == "sharing")).one()
        reset = work.session.scalars(select(SupportCase.id).where(SupportCase.kind == "reset-2fa")).first()
    support = english(stage.sign_in("olivier.renard"))
    for path in (f"/operations/cases/{case}", f"/operations/cases/{case}/dismiss", f"/operations/cases/{case}/confirm"):
        support.get(path)
        assert support.status in (403, 404), path
    if reset is not None:
        security = english(stage.sign_in("annelaure.petit"))
        security.get(f"/operations/cases/{reset}/dismiss")
        assert security.status == 404
