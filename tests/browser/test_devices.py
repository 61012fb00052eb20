"""Sessions and devices, in two browsers at once; and the mail whose reader says "it was not me" (J12)."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person
from tests.browser.sights import across
from tests.browser.test_activation import mailed_link
from tests.browser.test_screenshots import accessible

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "title": "Sessions et appareils",
        "close": "Fermer (Safari, iPhone)",
        "close_title": "Fermer la session de Safari, iPhone ?",
        "close_it": "Fermer cette session",
        "closed": "La session est fermée",
        "untrust": "Ne plus lui faire confiance (Safari, iPhone)",
        "untrust_it": "Ne plus lui faire confiance",
        "untrusted": "n’est plus de confiance",
        "everywhere": "Se déconnecter partout",
        "done": "Votre session est fermée",
        "code_title": "Saisissez le code de votre application",
        "not_you": "Ce n’était pas vous ?",
        "secure": "Protéger mon compte",
        "new": "Choisissez un nouveau mot de passe",
        "new_password": "Nouveau mot de passe",
        "used": "Ce lien a déjà servi",
    },
    "en": {
        "title": "Sessions and devices",
        "close": "Close (Safari, iPhone)",
        "close_title": "Close the session on Safari, iPhone?",
        "close_it": "Close this session",
        "closed": "The session is closed",
        "untrust": "Stop trusting it (Safari, iPhone)",
        "untrust_it": "Stop trusting it",
        "untrusted": "no longer trusted",
        "everywhere": "Sign out everywhere",
        "done": "Your session is closed",
        "code_title": "Enter the code from your app",
        "not_you": "Was it not you?",
        "secure": "Secure my account",
        "new": "Choose a new password",
        "new_password": "New password",
        "used": "This link was already used",
    },
}
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def fits(page: Page, name: str, javascript: bool) -> None:
    """Readable at 375 pixels, and nothing that axe calls serious, in light and in dark."""
    if not javascript:
        return
    before = page.viewport_size
    page.set_viewport_size({"width": 375, "height": 812})
    wide = across(page)
    assert wide <= 375, f"{name} scrolls sideways: {wide} px"
    accessible(page, name)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # no colour is on its way to another
    accessible(page, f"{name} in dark")
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)


def at_home(person: Person, language: str) -> None:
    """Signed in at the service, in this language, whatever the account's is."""
    person.page.goto(f"{person.demo.service}/sign-in?ui_locales={language}")
    person.sign_in_at_home()


def on_a_phone(demo: Demonstration, somebody: SignedIn, name: str, language: str, javascript: bool) -> Person:
    """The person at a product, on a telephone that is trusted from now on."""
    person = somebody(name, language, javascript=javascript, user_agent=PHONE, width=375)
    person.open(demo.accounting)
    person.prove_password()
    person.prove_code(trust=True)
    expect(person.page).to_have_url(f"{demo.accounting}/")
    return person


@both_ways
def test_a_session_elsewhere_is_seen_and_closed(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    words, name = WORDS[language], {"fr": "benoit.lemaire", "en": "chloe.fontaine"}[language]
    desk = somebody(name, language, javascript=javascript)
    at_home(desk, language)
    phone = on_a_phone(demo, somebody, name, language, javascript)
    page = desk.page

    page.goto(f"{demo.service}/account/sessions")
    heading(page, words["title"])
    fits(page, "sessions", javascript)
    row = page.locator("ul.rows > li").filter(has_text="Safari, iPhone").first
    expect(row).to_contain_text({"fr": "Comptabilité", "en": "Accounting"}[language])
    row.get_by_role("link", name=words["close"]).click()
    heading(page, words["close_title"])
    fits(page, "close a session", javascript)
    page.get_by_role("button", name=words["close_it"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["closed"])

    # The product has been told: the telephone is a stranger there.
    for _ in range(20):
        phone.page.goto(demo.accounting)
        if phone.page.locator("main a.button", has_text=phone.words["sign_in"]).count():
            break
        phone.page.wait_for_timeout(250)
    phone.open(demo.accounting)
    phone.prove_password()  # trusted still: no code
    expect(phone.page).to_have_url(f"{demo.accounting}/")

    page.get_by_role("link", name=words["untrust"]).click()
    fits(page, "stop trusting", javascript)
    page.get_by_role("button", name=words["untrust_it"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["untrusted"])

    # Ten minutes later, ending anything asks for a code, and then goes on where one was.
    demo.operator("age-proofs", name)
    page.get_by_role("link", name=words["everywhere"], exact=True).click()
    heading(page, words["code_title"])
    desk.prove_code()
    heading(page, words["everywhere"] + {"fr": "\u202f?", "en": "?"}[language])
    fits(page, "sign out everywhere", javascript)
    page.get_by_role("button", name=words["everywhere"], exact=True).click()
    heading(page, words["done"])
    phone.page.goto(f"{demo.service}/account")
    assert phone.page.url.startswith(f"{demo.service}/sign-in")


@both_ways
def test_it_was_not_me(demo: Demonstration, somebody: SignedIn, language: str, javascript: bool) -> None:
    words, name = WORDS[language], {"fr": "sophie.lemaire", "en": "elke.janssens"}[language]
    own = somebody(name, language, javascript=javascript)
    at_home(own, language)
    stranger = somebody(name, language, javascript=javascript, user_agent=PHONE)
    at_home(stranger, language)

    reader = somebody(name, language, javascript=javascript, width=375)
    page = reader.page
    page.goto(f"{demo.service}/sign-in?ui_locales={language}")
    link = mailed_link(demo, page, own.email, "/not-me/", "iPhone")
    page.goto(link)
    heading(page, words["not_you"])
    expect(page.get_by_role("main")).to_contain_text("Safari, iPhone")
    fits(page, "not me", javascript)
    stranger.page.goto(f"{demo.service}/account")
    assert stranger.page.url == f"{demo.service}/account", "opening the link changes nothing"

    page.get_by_role("button", name=words["secure"]).click()
    heading(page, words["code_title"])
    stranger.page.goto(f"{demo.service}/account")
    assert stranger.page.url.startswith(f"{demo.service}/sign-in")
    reader.prove_code()
    heading(page, words["new"])

    page.goto(link)
    heading(page, words["used"])
