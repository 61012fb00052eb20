"""Signing in with the back button, a second press, a second tab; and what comes between a form and its answer."""

import pytest

from idp.accounts.models import Account
from idp.authn import session, status
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in


@pytest.mark.parametrize("page", ["code", "other-ways", "recovery-code", "code/passkey", "recovery-codes"])
def test_going_back_after_signing_in_leads_on(browser: Browser, ada: Holder, page: str) -> None:
    """The back button, or a second press of the button: what was proved was not lost."""
    sign_in(browser, ada)
    browser.get(f"/sign-in/{page}?continue_to=/account/history")
    assert (browser.status, browser.address) == (200, "/account/history")


def test_a_button_that_is_pressed_twice_signs_in_once(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    address, form = browser.address, {**browser.form.values, "code": ada.code()}
    browser.submit({"code": ada.code()})
    assert browser.address == "/account"
    answer = browser.client.post(address, data=form, headers=browser.headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")


def test_each_tab_of_a_browser_goes_where_it_was_going(app: Application, browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account/email")
    browser.submit({"email": ada.address, "password": ada.password})
    first = browser.address
    browser.get("/sign-in?continue_to=/account/history")
    browser.submit({"email": ada.address, "password": ada.password})
    second = browser.address

    browser.get(first)
    browser.submit({"code": ada.code()})
    assert browser.address == "/account/email"
    browser.get(second)
    assert browser.address == "/account/history"


def test_who_is_blocked_while_signing_in_is_told_so(app: Application, browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    with unit_of_work(app, SYSTEM) as work:
        status.block(work, work.session.get_one(Account, ada.id), "fraud")
    browser.submit({"code": ada.code()})
    assert (browser.status, browser.heading) == (403, "This account is closed for the moment")
    assert browser.cookie("sesame_session") is None
    assert browser.cookie("sesame_sign_in") is None


def test_a_form_sent_after_the_session_leads_back_to_its_page(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada, to="/account/details")
    with unit_of_work(app, SYSTEM) as work:
        session.end_all(work, ada.id, "staff")
    browser.submit({"given_name": "Augusta"})
    assert (browser.status, browser.heading) == (401, "Your session is over")
    assert "Nothing was changed. Sign in to go on." in browser.text
    assert 'href="/sign-in?continue_to=%2Faccount%2Fdetails"' in browser.text


@pytest.mark.parametrize("path", ["/consent", "/companies/choose"])
def test_nobody_is_led_to_sign_in_by_the_pages_after_it(browser: Browser, path: str) -> None:
    browser.get(path)
    assert (browser.status, browser.heading) == (200, "Sign in to your account")
