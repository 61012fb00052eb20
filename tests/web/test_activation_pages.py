"""From the mailed link to a personal account."""

from datetime import timedelta

import pyotp
import pytest

from idp.accounts.models import Account
from idp.authn import activation
from idp.authn.models import MailedLink
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, complete, sign_in
from tests.web.test_sign_in_pages import shown_secret

ADDRESS = "lea@company.example"
DETAILS = {
    "given_name": "Léa",
    "family_name": "Marchand",
    "password": "quatre bateaux dans la brume",
    "password_again": "quatre bateaux dans la brume",
    "personal": "yes",
}


@pytest.fixture
def token(app: Application) -> str:
    with unit_of_work(app, SYSTEM) as work:
        return activation.invite(work, address=ADDRESS, locale="en-GB")


def test_a_scanner_opens_the_link_ten_times_and_the_person_still_uses_it_once(
    app: Application, browser: Browser, token: str
) -> None:
    for _ in range(10):
        scanner = Browser(app)
        assert scanner.get(f"/activation/{token}").status_code == 200
        assert scanner.get(f"/activation/{token}/details").status_code == 200

    browser.get(f"/activation/{token}")
    assert (browser.heading, ADDRESS in browser.text) == ("Activate your account", True)
    browser.submit()
    assert browser.heading == "Your name and your password"
    browser.submit(DETAILS)
    assert browser.heading == "Link your authenticator app"
    browser.submit({"code": pyotp.TOTP(shown_secret(browser)).now()})
    complete(browser, app)
    assert browser.address == "/activation/done"
    assert "Léa" in browser.heading
    browser.get("/account")
    assert ADDRESS in browser.text

    late = Browser(app)
    assert late.get(f"/activation/{token}").status_code == 410
    assert late.heading == "This link was already used"
    assert 'href="/sign-in"' in late.text
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(Account).count() == 1


def test_the_second_of_two_forms_finds_the_link_spent(app: Application, token: str) -> None:
    first, second = Browser(app), Browser(app)
    for browser in (first, second):
        browser.get(f"/activation/{token}/details")
    first.submit(DETAILS)
    assert first.heading == "Link your authenticator app"
    second.submit(DETAILS)
    assert (second.status, second.heading) == (410, "This link was already used")
    assert second.cookie("sesame_sign_in") is None


def test_mistakes_are_named_and_what_was_typed_stays(browser: Browser, token: str) -> None:
    browser.get(f"/activation/{token}/details")
    browser.submit({**DETAILS, "family_name": "", "password_again": "another"})
    assert browser.status == 422
    assert 'href="#family_name"' in browser.text

    browser.submit({**DETAILS, "password_again": "another"})
    assert browser.status == 422
    assert "The two passwords differ" in browser.text
    assert browser.form.values["given_name"] == "Léa"
    assert browser.form.values["password"] == browser.form.values["password_again"] == ""

    browser.submit({**DETAILS, "password": "short", "password_again": "short"})
    assert browser.status == 422
    assert "too short" in browser.text

    browser.submit({**DETAILS, "password": "marchand marchand", "password_again": "marchand marchand"})
    assert browser.status == 422
    assert 'href="#password"' in browser.text

    browser.get(browser.address)
    without_tick = {name: value for name, value in DETAILS.items() if name != "personal"}
    browser.submit(without_tick)
    assert browser.status == 422
    assert 'href="#personal"' in browser.text

    browser.submit(DETAILS)
    assert browser.heading == "Link your authenticator app"


def test_the_language_button_keeps_what_was_typed(browser: Browser, token: str) -> None:
    browser.get(f"/activation/{token}/details")
    browser.submit({**DETAILS, "set_locale": "fr"})
    assert browser.status == 200
    assert '<html lang="fr">' in browser.text
    assert browser.form.values["family_name"] == "Marchand"
    assert DETAILS["password"] not in browser.text


def test_an_interrupted_activation_goes_on_at_the_next_sign_in(app: Application, browser: Browser, token: str) -> None:
    browser.get(f"/activation/{token}/details")
    browser.submit(DETAILS)
    later = Browser(app)
    later.get("/sign-in?continue_to=/account")
    later.submit({"email": ADDRESS, "password": DETAILS["password"]})
    assert later.heading == "Link your authenticator app"


def test_links_that_are_over_replaced_or_unknown_have_a_page(app: Application, browser: Browser, token: str) -> None:
    with unit_of_work(app, SYSTEM) as work:
        newer = activation.invite(work, address=ADDRESS, locale="en-GB")
    assert browser.get(f"/activation/{token}").status_code == 410
    assert browser.get(f"/activation/{newer}").status_code == 200
    with unit_of_work(app, SYSTEM) as work:
        work.session.query(MailedLink).update(
            {MailedLink.expires_at: work.now, MailedLink.created_at: work.now - timedelta(days=1)}
        )
    for address in (f"/activation/{newer}", f"/activation/{newer}/details"):
        assert browser.get(address).status_code == 410
        assert browser.heading == "This link is no longer valid"
    for unknown in ("x", "x" * 43, "x" * 500, "%00"):
        assert browser.get(f"/activation/{unknown}").status_code == 404


def test_two_people_are_never_mixed_in_one_browser(browser: Browser, ada: Holder, token: str) -> None:
    sign_in(browser, ada)
    browser.get(f"/activation/{token}")
    assert (browser.status, browser.heading) == (409, "Somebody is signed in here already")
    assert 'href="/sign-out"' in browser.text


def test_nor_when_somebody_signs_in_while_the_form_is_open(
    app: Application, browser: Browser, ada: Holder, token: str
) -> None:
    browser.get(f"/activation/{token}")
    browser.submit()
    form = {**browser.form.values, **DETAILS}
    other_tab = Browser(app)
    other_tab.client = browser.client
    sign_in(other_tab, ada)
    other_tab.get("/account/details")
    form["csrf_token"] = other_tab.form.values["csrf_token"]

    browser.get(f"/activation/{token}/details")
    assert (browser.status, browser.heading) == (409, "Somebody is signed in here already")
    answer = browser.client.post(f"/activation/{token}/details", data=form, headers=browser.headers)
    assert answer.status_code == 409
    other_tab.get("/account")
    assert "Ada Byron" in other_tab.text
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(Account).count() == 1


def test_the_page_speaks_the_language_of_the_invitation(app: Application) -> None:
    with unit_of_work(app, SYSTEM) as work:
        token = activation.invite(work, address=ADDRESS, locale="fr-BE")
    browser = Browser(app)
    browser.get(f"/activation/{token}")
    assert '<html lang="fr">' in browser.text
