"""Changing the sign-in address in a browser (J7): what the pages ask, say, and never say."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from idp.accounts import email_address
from idp.accounts.models import EmailChange
from idp.authn.facts import HANDLERS
from idp.authn.models import Session
from idp.companies import company, membership
from idp.web.work import unit_of_work
from idp.work import Actor
from tests.outbox_content import facts, mails
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, sign_in

NEW = "ada.new@elsewhere.example"
CHANGE = "/account/email/change"


@pytest.fixture
def outbox(app):
    """What the worker does, and what it would send."""

    class Outbox:
        def deliver(self):
            with unit_of_work(app, SYSTEM) as work:
                for members in facts(work, "email_change.asked")[-1:]:
                    HANDLERS["email_change.asked"](work, members)

        def to(self, address, template):
            with unit_of_work(app, SYSTEM) as work:
                found = [each for each in mails(work) if (each["recipient"], each["template"]) == (address, template)]
                return [each["variables"] for each in found]

        def code(self):
            self.deliver()
            return self.to(NEW, "one_time_code")[-1]["code"]

        def path(self, address, template):
            return self.to(address, template)[-1]["path"]

    return Outbox()


def ask(browser, address=NEW, again=None):
    browser.get(CHANGE)
    browser.submit({"email": address, "email_again": address if again is None else again})


def enter(browser, code):
    """Type the code into the first form of its page."""
    values = {"csrf_token": browser.form.values["csrf_token"], "code": code}
    return browser._follow(browser._send("POST", "/account/email/code", data=values))


def test_the_address_is_changed_and_stays_for_seven_days(browser, ada, outbox, app):
    sign_in(browser, ada, to="/account/email")
    assert ada.address in browser.text
    ask(browser)
    assert browser.heading == "Enter the code we sent to the new address"
    enter(browser, outbox.code())
    assert browser.address == "/account/email"
    assert NEW in browser.text
    assert "cannot be changed again" in browser.text
    browser.get(CHANGE)
    assert browser.address == "/account/email"
    other = Browser(app)
    sign_in(other, replace(ada, address=NEW), steps=1)
    assert other.heading == "My account"
    with unit_of_work(app, SYSTEM) as work:
        assert email_address.find_account(work, ada.address) is None


def test_the_form_asks_for_password_and_code_first(browser, ada, app):
    sign_in(browser, ada)
    with unit_of_work(app, SYSTEM) as work:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        work.session.execute(update(Session).values(password_at=long_ago))
    browser.get(CHANGE)
    assert browser.address.startswith("/sign-in?")
    browser.submit({"email": ada.address, "password": ada.password})
    browser.submit({"code": ada.code(1)})
    assert browser.heading == "Change my sign-in address"


def test_nothing_is_asked_for_without_a_fresh_proof(browser, ada, app):
    sign_in(browser, ada)
    browser.get(CHANGE)
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(second_factor_at=datetime(2026, 1, 1, tzinfo=UTC)))
    browser.submit({"email": NEW, "email_again": NEW})
    assert browser.address.startswith("/sign-in")
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.scalar(select(EmailChange)) is None


def test_an_address_in_use_looks_like_any_other(browser, ada, make_holder, outbox, app):
    make_holder(NEW)
    sign_in(browser, ada)
    ask(browser)
    assert browser.heading == "Enter the code we sent to the new address"
    outbox.deliver()
    assert outbox.to(NEW, "one_time_code") == []
    assert len(outbox.to(NEW, "email_in_use")) == 1
    enter(browser, "123456")
    assert browser.status == 422
    assert "That code is not right" in browser.text


@pytest.mark.parametrize(
    ("address", "again", "said"),
    [
        (NEW, "ada.mew@elsewhere.example", "The two addresses differ"),
        ("ada@company.example", "ada@company.example", "already"),
        ("ada", "ada", "in full"),
        ("", "", "Write the new address a second time"),
        ("a" * 400, "b", "in full"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(browser, ada, address, again, said):
    sign_in(browser, ada)
    ask(browser, address, again)
    assert browser.status == 422
    assert said in browser.text
    if len(address) < 300:
        assert browser.form.values["email"] == address


def test_a_wrong_code_and_another_code(browser, ada, outbox):
    sign_in(browser, ada)
    ask(browser)
    first = outbox.code()
    wrong = "111111" if first != "111111" else "222222"
    enter(browser, wrong)
    assert browser.status == 422
    enter(browser, "12")
    assert browser.status == 422
    again = {"csrf_token": browser.form.values["csrf_token"]}  # the second form on the page
    browser._follow(browser._send("POST", "/account/email/code/again", data=again))
    assert "Another code is on its way" in browser.text
    enter(browser, outbox.code())
    assert browser.address == "/account/email"


def test_the_notice_stops_a_change(browser, ada, outbox, app):
    sign_in(browser, ada)
    ask(browser)
    path = outbox.path(ada.address, "email_change_asked")
    reader = Browser(app, network="192.0.2.9")
    reader.get(path)
    assert reader.heading == "Stop the change of address"
    assert NEW not in reader.text  # masked: who reads the mailbox may be a stranger
    reader.submit()
    assert reader.heading == "The change was stopped"
    reader.get(path)
    assert reader.status == 410
    browser.get("/account/email")
    assert "under way" not in browser.text


def test_the_old_mailbox_undoes_it(browser, ada, outbox, app):
    sign_in(browser, ada)
    ask(browser)
    enter(browser, outbox.code())
    reader = Browser(app, network="192.0.2.9")
    reader.get(outbox.path(ada.address, "email_change_asked"))
    assert (reader.status, reader.heading) == (410, "The address was changed already")
    reader.get(outbox.path(ada.address, "email_changed_undo"))
    assert reader.heading == "Undo the change of address"
    reader.submit()
    assert reader.heading == "Enter the code from your app"
    reader.submit({"code": ada.code(1)})
    assert reader.heading == "Choose a new password"
    reader.submit({"password": "the sun over a quiet harbour", "password_again": "the sun over a quiet harbour"})
    reader.get("/account/email")
    assert ada.address in reader.text
    browser.get("/account")
    assert browser.address.startswith("/sign-in")


def test_an_administrator_waits_and_may_withdraw(browser, ada, outbox, app):
    with unit_of_work(app, SYSTEM) as work:
        made = company.create(
            work, reference="lumen", name="Lumen", kind="company", country="FR", city="Lille", locale="fr-FR"
        )
        membership.add(work, made.id, ada.id, company_role="company.owner")
    sign_in(browser, ada)
    browser.get(CHANGE)
    assert "24 hours" in browser.text
    ask(browser)
    enter(browser, outbox.code())
    assert "It has been proved and takes effect" in browser.text
    assert ada.address in browser.text
    browser.submit()
    assert "under way" not in browser.text


def test_a_change_asked_for_elsewhere_is_listed_and_can_be_withdrawn(browser, ada, app):
    sign_in(browser, ada)
    ask(browser)
    other = Browser(app)
    sign_in(other, ada, to="/account/email", steps=1)
    assert "in another session" in other.text
    other.get("/account/email/code")
    assert other.address == "/account/email"
    other.submit()
    assert "under way" not in other.text
    enter(browser, "123456")
    assert browser.address == "/account/email"


@pytest.mark.parametrize("act", ["stop", "undo", "confirm"])
def test_links_nobody_made(browser, act):
    browser.get(f"/email-change/{act}/{'A' * 43}")
    assert browser.status == 404
    browser.get(f"/email-change/{act}/{'é' * 3000}")
    assert browser.status in (404, 414)


def test_the_staff_link_proves_the_new_address(browser, ada, outbox, app):
    from idp.authn import email_change

    with unit_of_work(app, Actor(kind="operator", name="tests")) as work:
        email_change.by_staff(work, ada.id, NEW)
    browser.get(outbox.path(NEW, "email_change_confirm"))
    assert browser.heading == "Confirm your new address"
    browser.submit()
    assert browser.heading == "Your address is changed"
    sign_in(browser, replace(ada, address=NEW))
    assert browser.heading == "My account"
