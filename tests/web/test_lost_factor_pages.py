"""A lost phone, page by page (J6)."""

import re
from collections.abc import Callable

import pyotp
import pytest
from sqlalchemy import select

from idp.authn.models import TotpAuthenticator
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.web.work import Application, unit_of_work
from tests.conftest import give_contact
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, keep_codes, sent_code
from tests.web.test_sign_in_pages import shown_secret

HOME = "ada@perso.example"


@pytest.fixture
def ada(app: Application, make_holder: Callable[..., Holder]) -> Holder:
    holder = make_holder(codes=True, contact=False)
    with unit_of_work(app, SYSTEM) as work:
        give_contact(work, holder.id, kind="email", value=HOME)
    return holder


def at_the_code(browser: Browser, holder: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    assert browser.heading == "Enter the code from your app"


def mailed(app: Application, template: str) -> list[tuple[str, str]]:
    """Recipients and paths of the mails made from a template."""
    with unit_of_work(app, SYSTEM, write=False) as work:
        waiting = select(OutboxMessage).where(OutboxMessage.name == template).order_by(OutboxMessage.id)
        contents = [open_payload(work, each) for each in work.session.scalars(waiting)]
    return [(each["recipient"], each["variables"].get("path", "")) for each in contents]


def ask_by_contact(app: Application, browser: Browser, holder: Holder) -> None:
    at_the_code(browser, holder)
    browser.get("/sign-in/other-ways")
    assert "a•••@perso.example" in browser.text
    assert HOME not in browser.text
    browser.get("/sign-in/lost-phone")
    browser.submit()
    assert browser.heading == "Enter the code we sent"
    browser.submit({"code": sent_code(app)})
    assert browser.heading == "Look in your mailbox"


def test_a_contact_the_mailbox_and_the_password_lead_to_a_new_phone(
    app: Application, browser: Browser, ada: Holder
) -> None:
    ask_by_contact(app, browser, ada)
    assert "a•••@company.example" in browser.text
    assert browser.cookie("sesame_sign_in") is None
    browser.get("/account")
    assert browser.address.startswith("/sign-in?")

    [(recipient, path)] = mailed(app, "lost_factor_link")
    assert recipient == ada.address
    elsewhere = Browser(app)
    for _ in range(3):
        assert elsewhere.get(path).status_code == 200  # a scanner opens it too
    elsewhere.submit()
    assert elsewhere.heading == "Enter your password"
    for page in ("/account", "/", "/sign-in/code", "/sign-in/second-factor", "/reset/new-password"):
        elsewhere.get(page)
        assert elsewhere.address.startswith(("/sign-in", "/lost-factor/password")), page
    elsewhere.get("/lost-factor/password")
    elsewhere.submit({"password": "not this one"})
    assert (elsewhere.status, "not your password" in elsewhere.text) == (422, True)
    elsewhere.submit({"password": ada.password})
    assert elsewhere.heading == "Link your authenticator app"
    secret = shown_secret(elsewhere)
    elsewhere.submit({"code": pyotp.TOTP(secret).now()})
    keep_codes(elsewhere)
    assert elsewhere.address == "/account"

    assert sorted(address for address, _ in mailed(app, "second_factor_replaced")) == [ada.address, HOME]
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert len(work.session.scalars(select(TotpAuthenticator.id)).all()) == 1
    old = Browser(app)
    at_the_code(old, ada)
    old.submit({"code": ada.code()})
    assert old.status == 422
    old.get("/sign-in/recovery-code")
    old.submit({"code": ada.recovery_codes[1]})
    assert old.status == 422
    used = Browser(app)
    assert used.get(path).status_code == 410


def test_the_warning_stops_it(app: Application, browser: Browser, ada: Holder) -> None:
    ask_by_contact(app, browser, ada)
    [(_, link)] = mailed(app, "lost_factor_link")
    [(recipient, stop)] = mailed(app, "lost_factor_asked")
    assert recipient == HOME
    reader = Browser(app)
    assert reader.get(stop).status_code == 200
    assert Browser(app).get(link).status_code == 200  # opening it stopped nothing
    reader.submit()
    assert reader.heading == "It is stopped"
    assert Browser(app).get(link).status_code == 410
    assert reader.get(stop).status_code == 410


def test_a_fresh_contact_makes_it_wait(app: Application, browser: Browser, make_holder: Callable[..., Holder]) -> None:
    holder = make_holder(contact=False)
    with unit_of_work(app, SYSTEM) as work:
        give_contact(work, holder.id, kind="email", value=HOME, days=0.5)
    ask_by_contact(app, browser, holder)
    assert "Why not at once?" in browser.text
    with unit_of_work(app, SYSTEM, write=False) as work:
        link = work.session.scalar(select(OutboxMessage).where(OutboxMessage.name == "lost_factor_link"))
        assert link is not None
        assert 3590 < (link.due_at - link.created_at).total_seconds() <= 3600
    assert {address for address, _ in mailed(app, "lost_factor_asked")} == {holder.address, HOME}


def test_after_a_recovery_code_the_phone_is_asked_about(app: Application, browser: Browser, ada: Holder) -> None:
    at_the_code(browser, ada)
    browser.get("/sign-in/recovery-code")
    browser.submit({"code": ada.recovery_codes[0]})
    assert browser.heading == "Is your phone lost?"
    assert browser.cookie("sesame_session") is None
    browser.submit({"decision": "perhaps"})
    assert browser.status == 422
    browser.submit({"decision": "lost"})
    assert browser.heading == "Enter your password"
    browser.submit({"password": ada.password})
    browser.submit({"code": pyotp.TOTP(shown_secret(browser)).now()})
    keep_codes(browser)
    assert browser.address == "/account"


def test_nothing_is_offered_that_is_not_there(browser: Browser, make_holder: Callable[..., Holder]) -> None:
    holder = make_holder()  # a phone, but no way to send messages; codes that nobody remembers
    at_the_code(browser, holder)
    browser.get("/sign-in/other-ways")
    assert "/sign-in/lost-phone" not in browser.text
    assert 'href="/recovery"' in browser.text
    browser.get("/sign-in/lost-phone")
    assert browser.address.startswith("/sign-in/other-ways")


def test_wrong_codes_pause_this_way_and_leave_the_others(app: Application, browser: Browser, ada: Holder) -> None:
    at_the_code(browser, ada)
    browser.get("/sign-in/lost-phone/code")
    assert browser.heading == "Use a recovery contact"
    browser.submit({"contact": "no-such-contact"})
    assert (browser.status, "Choose where" in browser.text) == (422, True)
    browser.get("/sign-in/lost-phone")
    browser.submit()
    wrong = f"{(int(sent_code(app)) + 1) % 1_000_000:06d}"
    for _ in range(5):
        browser.submit({"code": wrong})
    assert (browser.status, "Too many wrong codes" in browser.text) == (429, True)
    browser.get("/sign-in/lost-phone")
    browser.submit()
    browser.submit({"code": sent_code(app)})
    assert browser.status == 429
    browser.get("/sign-in/code")
    browser.submit({"code": ada.code()})
    assert browser.address == "/account"


def test_the_code_serves_in_the_browser_that_asked(app: Application, browser: Browser, ada: Holder) -> None:
    at_the_code(browser, ada)
    browser.get("/sign-in/lost-phone")
    browser.submit()
    code = sent_code(app)
    other = Browser(app)
    at_the_code(other, ada)
    token = re.search(r'name="csrf_token" value="([^"]+)"', other.text)
    assert token is not None
    other._send("POST", "/sign-in/lost-phone/code", data={"csrf_token": token[1], "code": code})
    assert "lost-phone" in (other.answer.headers.get("Location", "") if other.answer else "")
    assert mailed(app, "lost_factor_link") == []


@pytest.mark.parametrize("path", ["/lost-factor/unknown", "/lost-factor/stop/unknown", f"/lost-factor/{'a' * 5000}"])
def test_a_link_that_never_was_is_explained(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404
    assert browser.heading == "This link is no longer valid"
