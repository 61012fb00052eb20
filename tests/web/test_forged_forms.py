"""Forged and stale forms (R-51)."""

import pytest

from idp.authn.models import Session
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

STALE = "This page had been open for too long."


@pytest.mark.parametrize("token", [None, "", "forged", "IjAi.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"])
def test_a_stale_form_is_shown_again_with_what_was_typed(browser: Browser, ada: Holder, token: str | None) -> None:
    browser.get("/sign-in?continue_to=/account")
    data = {"email": ada.address, "password": ada.password}
    if token is not None:
        data["csrf_token"] = token
    browser._send("POST", "/sign-in?continue_to=/account", data=data)
    assert browser.status == 422
    assert STALE in browser.text
    assert browser.form.values["email"] == ada.address
    assert ada.password not in browser.text

    browser.submit({"password": ada.password})
    assert browser.heading == "Enter the code from your app"


def test_the_token_of_another_browser_does_not_serve(app: Application, browser: Browser, ada: Holder) -> None:
    other = Browser(app)
    other.get("/sign-in")
    browser.get("/sign-in")
    browser.submit({"email": ada.address, "password": ada.password, "csrf_token": other.form.values["csrf_token"]})
    assert STALE in browser.text


def test_a_stale_code_page_keeps_its_attempt(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    browser.submit({"code": ada.code(), "csrf_token": "old"})
    assert (browser.status, browser.heading) == (422, "Enter the code from your app")
    browser.submit({"code": ada.code()})
    assert browser.address == "/account"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "anything"},
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/language", "/reset"])
def test_another_site_can_send_nothing(browser: Browser, ada: Holder, path: str, headers: dict[str, str]) -> None:
    sign_in(browser, ada)
    browser.get("/sign-out")
    data = {"csrf_token": browser.form.values["csrf_token"], "email": ada.address, "password": ada.password}
    answer = browser.client.post(path, data=data, headers=headers)
    assert answer.status_code == 403
    assert "did not come from our pages" in answer.text
    browser.get("/account")
    assert ada.address in browser.text


def test_an_old_browser_is_judged_by_its_origin(app: Application, ada: Holder) -> None:
    browser = app.test_client()
    page = browser.get("/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "email": ada.address, "password": ada.password}
    for origin, status in (("https://evil.example", 403), ("http://localhost", 303), ("null", 303)):
        assert browser.post("/sign-in", data=data, headers={"Origin": origin}).status_code == status


def test_signing_out_needs_the_form(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    browser.get("/sign-out")
    browser.client.get("/sign-out")
    browser.post({"csrf_token": "forged"})
    assert browser.status == 422
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(Session.ended_at).one() == (None,)


def test_forms_of_before_a_sign_in_do_not_serve_after_it(app: Application, browser: Browser, ada: Holder) -> None:
    browser.get("/reset")
    before = browser.form.values["csrf_token"]
    sign_in(browser, ada)
    browser.get("/sign-out")
    browser.submit({"csrf_token": before})
    assert STALE in browser.text


def test_a_language_is_remembered_and_leads_back(browser: Browser) -> None:
    browser.get("/sign-in")
    data = {"csrf_token": browser.form.values["csrf_token"], "set_locale": "fr", "continue_to": "/reset"}
    answer = browser._send("POST", "/language", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/reset")
    browser.get("/reset")
    assert '<html lang="fr">' in browser.text
