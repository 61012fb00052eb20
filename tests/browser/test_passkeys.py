"""Passkeys with Chromium’s virtual authenticator: added, used alone and after the password, renamed, removed."""

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person
from tests.browser.sights import across
from tests.browser.test_screenshots import accessible

WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "list": "Moyens d’authentification",
        "add": "Ajouter une clé d’accès",
        "create": "Créer la clé d’accès",
        "name": "Nom (facultatif)",
        "rename": "Nom de ce moyen d’authentification",
        "save": "Enregistrer le nom",
        "remove": "Le retirer",
        "alone": "Se connecter avec une clé d’accès",
        "second": "Utiliser ma clé d’accès",
        "confirm": "Confirmez avec votre clé d’accès",
        "instead": "Utiliser plutôt une clé d’accès",
        "cancelled": "Aucune clé d’accès n’a été utilisée",
        "known": "Cet appareil détient déjà",
        "removed": "Le moyen est retiré",
        "other": "Utiliser un autre moyen",
        "account": "Mon compte",
    },
    "en": {
        "list": "Authenticators",
        "add": "Add a passkey",
        "create": "Create the passkey",
        "name": "Name (optional)",
        "rename": "Name of this authenticator",
        "save": "Save the name",
        "remove": "Remove it",
        "alone": "Sign in with a passkey",
        "second": "Use my passkey",
        "confirm": "Confirm with your passkey",
        "instead": "Use a passkey instead",
        "cancelled": "No passkey was used",
        "known": "This device already holds",
        "removed": "It was removed",
        "other": "Use another way",
        "account": "My account",
    },
}


class Device:
    """A platform authenticator that Chromium simulates: its holder is there, and verified, unless told otherwise."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    @property
    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def unlock(self, verified: bool) -> None:
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified})

    def answer(self, present: bool) -> None:
        """Whether requests are answered at once, or wait for somebody to touch it."""
        asked = {"authenticatorId": self.id, "enabled": present}
        self._cdp.send("WebAuthn.setAutomaticPresenceSimulation", asked)


def fits(page: Page, name: str) -> None:
    """Readable at 375 pixels, and nothing that axe calls serious."""
    before = page.viewport_size
    page.set_viewport_size({"width": 375, "height": 812})
    wide = across(page)
    assert wide <= 375, f"{name} scrolls sideways: {wide} px"
    accessible(page, name)
    if before:
        page.set_viewport_size(before)


def add_passkey(person: Person, words: dict[str, Any], name: str) -> None:
    page = person.page
    page.goto(f"{person.demo.service}/account/authenticators")
    expect(page.get_by_role("heading", level=1)).to_have_text(words["list"])
    page.get_by_role("link", name=words["add"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["add"])
    fits(page, "new passkey")
    page.get_by_label(words["name"]).fill(name)
    page.get_by_role("button", name=words["create"]).click()
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.locator("ul.rows")).to_contain_text(name)
    fits(page, "authenticators")


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


@pytest.mark.parametrize(("language", "who"), [("fr", "amelie.dubois"), ("en", "katrien.desmet")])
def test_the_life_of_a_passkey(demo: Demonstration, somebody: SignedIn, language: str, who: str) -> None:
    words = WORDS[language]
    person = somebody(who, language)
    page, device = person.page, Device(person.page)
    heading = page.get_by_role("heading", level=1)
    person.sign_in_at_home()
    add_passkey(person, words, "Portable <1>")
    (kept,) = device.keys
    assert kept["isResidentCredential"]
    assert kept["rpId"] == "localhost"

    # The same device a second time: the browser knows, and says so.
    page.goto(f"{demo.service}/account/authenticators/new-passkey")
    page.get_by_role("button", name=words["create"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["known"])
    fits(page, "a passkey that is there already")

    # Alone, from the list of the browser's autofill, which the virtual authenticator answers without being asked.
    sign_out(page)
    page.goto(f"{demo.service}/sign-in?continue_to=/account")
    expect(heading).to_have_text(words["account"])
    assert device.keys[0]["signCount"] > kept["signCount"]

    # After the password, on the page of the code.
    sign_out(page)
    device.answer(False)
    page.goto(f"{demo.service}/sign-in?continue_to=/account")
    fits(page, "sign-in with passkeys")
    person.prove_password()
    fits(page, "code, or a passkey")
    device.answer(True)
    page.get_by_role("link", name=words["second"]).click()
    expect(heading).to_have_text(words["confirm"])
    expect(page.get_by_role("link", name=words["other"])).to_be_visible()
    fits(page, "passkey")
    page.get_by_role("button", name=words["second"]).click()
    expect(heading).to_have_text(words["account"])

    # Another name.
    page.goto(f"{demo.service}/account/authenticators")
    page.get_by_role("link", name="Portable <1>").click()
    fits(page, "one authenticator")
    page.get_by_label(words["rename"]).fill("Bureau")
    page.get_by_role("button", name=words["save"]).click()
    expect(page.locator("ul.rows")).to_contain_text("Bureau")

    # Removed: it signs nobody in any more, and the device that still has it is told nothing but that.
    page.get_by_role("link", name="Bureau").click()
    page.get_by_role("link", name=words["remove"]).click()
    fits(page, "removal")
    page.get_by_role("button", name=words["remove"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["removed"])
    expect(page.locator("ul.rows")).not_to_contain_text("Bureau")
    sign_out(page)
    page.goto(f"{demo.service}/sign-in?continue_to=/account")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name=words["alone"])).to_be_visible()
    assert len(device.keys) == 1


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_button_where_the_browser_has_no_autofill(demo: Demonstration, somebody: SignedIn, language: str) -> None:
    words = WORDS[language]
    person = somebody({"fr": "benoit.lemaire", "en": "elke.janssens"}[language], language)
    page, device = person.page, Device(person.page)
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false;")
    person.sign_in_at_home()
    add_passkey(person, words, "Téléphone")

    sign_out(page)
    page.goto(f"{demo.service}/sign-in?continue_to=/account")
    button = page.get_by_role("button", name=words["alone"])
    device.unlock(False)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text(words["cancelled"])
    device.unlock(True)
    button.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(words["account"])

    # A step-up by the same key.
    page.goto(f"{demo.service}/sign-in?step_up=1&continue_to=/account")
    page.get_by_role("link", name=words["second"]).click()
    page.get_by_role("button", name=words["second"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["account"])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_without_javascript_nothing_of_it_is_offered_in_vain(
    demo: Demonstration, somebody: SignedIn, language: str
) -> None:
    words = WORDS[language]
    person = somebody("joris.vanderlinden", language, javascript=False)
    person.page.goto(f"{demo.service}/sign-in")
    expect(person.page.get_by_role("button", name=words["alone"])).to_be_hidden()
    person.sign_in_at_home()
    person.page.goto(f"{demo.service}/account/authenticators/new-passkey")
    expect(person.page.get_by_text("JavaScript")).to_be_visible()
    person.page.get_by_role("button", name=words["create"]).click()
    expect(person.page.get_by_role("alert")).to_contain_text("JavaScript")


@pytest.mark.parametrize(("language", "who"), [("fr", "thomas.lefevre"), ("en", "lotte.peeters")])
def test_every_page_of_the_authenticators_reads_well(
    demo: Demonstration, somebody: SignedIn, language: str, who: str
) -> None:
    person = somebody(who, language)
    page, home = person.page, f"{demo.service}/account/authenticators"
    person.sign_in_at_home()
    page.goto(home)
    fits(page, "authenticators")
    page.locator("ul.rows a").first.click()
    fits(page, "authenticator")
    for place, name in ((0, "new-app"), (1, "new-passkey")):
        page.goto(home)
        page.locator("ul.rows a").first.click()
        page.locator("ul.rows a").nth(place).click()
        fits(page, name)
    page.goto(f"{home}/recovery-codes")
    fits(page, "recovery-codes")
    page.locator("#main-form button.button").click()
    expect(page.locator("ol.codes li")).to_have_count(10)
    fits(page, "recovery-codes-shown")
    page.locator("#main-form input[name=code]").fill(page.locator("ol.codes code").nth(4).inner_text())
    page.locator("#main-form button.button").click()
    expect(page.get_by_role("status")).to_be_visible()
