"""A forgotten password, with the second factor on and before there is one."""

from collections.abc import Callable
from datetime import timedelta

import pyotp

from idp.authn import facts
from idp.authn.models import MailedLink, Session
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in
from tests.web.test_sign_in_pages import shown_secret

NEW = "cinq lanternes au bord du quai"


def mailed_link(app: Application) -> str:
    """Let the outbox do its work; the path of the newest mail."""
    with unit_of_work(app, SYSTEM) as work:
        waiting = work.session.query(OutboxMessage).filter_by(kind="fact", name="reset.asked", finished_at=None).all()
        for message in waiting:
            facts.HANDLERS[message.name](work, open_payload(work, message))
            message.finished_at = work.now
    with unit_of_work(app, SYSTEM) as work:
        mails = work.session.query(OutboxMessage).filter_by(kind="mail", name="password_reset").all()
        newest = max(mails, key=lambda mail: mail.id)
        return str(open_payload(work, newest)["variables"]["path"])


def test_the_answer_is_the_same_for_every_address(app: Application, ada: Holder) -> None:
    pages = []
    for address in (ada.address, "nobody@company.example"):
        browser = Browser(app)
        browser.get("/reset")
        browser.submit({"email": address})
        assert (browser.status, browser.heading) == (200, "Look in your mailbox")
        pages.append(browser.text.replace(address, ""))
    assert pages[0] == pages[1]


def test_an_address_that_is_none_is_explained(browser: Browser) -> None:
    browser.get("/reset")
    browser.submit({"email": "ada at company"})
    assert browser.status == 422
    assert browser.form.values["email"] == "ada at company"


def test_the_code_comes_before_the_new_password_and_everything_else_ends(
    app: Application, browser: Browser, ada: Holder
) -> None:
    elsewhere = Browser(app)
    sign_in(elsewhere, ada)
    browser.get("/reset?continue_to=/account")
    browser.submit({"email": ada.address})
    path = mailed_link(app)
    for _ in range(10):
        assert Browser(app).get(path).status_code == 200

    browser.get(path)
    assert (browser.heading, ada.address in browser.text) == ("Choose a new password", True)
    browser.submit()
    assert browser.heading == "Enter the code from your app"
    browser.get("/reset/new-password")
    assert browser.heading == "Enter the code from your app"
    browser.submit({"code": ada.code(1)})
    assert browser.address.startswith("/reset/new-password")

    browser.submit({"password": "short", "password_again": "short"})
    assert (browser.status, "too short" in browser.text) == (422, True)
    browser.submit({"password": NEW, "password_again": "something else"})
    assert (browser.status, "The two passwords differ" in browser.text) == (422, True)
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.address == "/account"

    elsewhere.get("/account")
    assert elsewhere.heading == "Sign in to your account"
    for password, accepted in ((ada.password, False), (NEW, True)):
        other = Browser(app)
        other.get("/sign-in")
        other.submit({"email": ada.address, "password": password})
        assert (other.heading == "Enter the code from your app") is accepted


def test_a_link_works_once_and_says_so(app: Application, browser: Browser, ada: Holder) -> None:
    browser.get("/reset")
    browser.submit({"email": ada.address})
    path = mailed_link(app)
    first, second = Browser(app), Browser(app)
    first.get(path)
    second.get(path)
    first.submit()
    assert first.heading == "Enter the code from your app"
    second.submit()
    assert (second.status, second.heading) == (410, "This link was already used")
    assert 'href="/reset"' in second.text
    assert second.cookie("sesame_sign_in") is None


def test_old_and_unknown_links_have_a_page(app: Application, browser: Browser, ada: Holder) -> None:
    browser.get("/reset")
    browser.submit({"email": ada.address})
    path = mailed_link(app)
    with unit_of_work(app, SYSTEM) as work:
        earlier = work.now - timedelta(days=1)
        work.session.query(MailedLink).update({MailedLink.expires_at: work.now, MailedLink.created_at: earlier})
    assert browser.get(path).status_code == 410
    assert browser.get("/reset/" + "x" * 43).status_code == 404
    assert browser.get("/reset/" + "x" * 400).status_code == 404


def test_without_a_second_factor_one_is_linked_after_the_password(
    app: Application, browser: Browser, make_holder: Callable[..., Holder]
) -> None:
    holder = make_holder(second_factor=False)
    browser.get("/reset")
    browser.submit({"email": holder.address})
    browser.get(mailed_link(app))
    browser.submit()
    assert browser.address.startswith("/reset/new-password")
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.heading == "Link your authenticator app"
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(Session).count() == 0
    browser.submit({"code": pyotp.TOTP(shown_secret(browser)).now()})
    assert browser.address == "/"


def test_somebody_elses_session_in_this_browser_ends(
    app: Application, browser: Browser, ada: Holder, make_holder: Callable[..., Holder]
) -> None:
    """The session of whoever was signed in here would go on without anybody holding its cookie."""
    bob = make_holder("bob@company.example")
    sign_in(browser, bob)
    browser.get("/reset")
    browser.submit({"email": ada.address})
    browser.get(mailed_link(app))
    browser.submit()
    browser.submit({"code": ada.code()})
    browser.submit({"password": NEW, "password_again": NEW})
    browser.get("/account")
    assert ada.address in browser.text
    with unit_of_work(app, SYSTEM, write=False) as work:
        rows = work.session.query(Session).filter_by(account_id=bob.id)
        assert [row.end_reason for row in rows] == ["replaced"]
        assert work.session.query(Session).filter_by(account_id=ada.id, ended_at=None).count() == 1
