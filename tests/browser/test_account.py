"""The account area as a person meets it: details, password, applications, access and history, in both languages, with
and without JavaScript, on a phone, and looked at by axe."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person
from tests.browser.sights import across

PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1280, "height": 800}
NEW = "cinq lanternes au bord du quai"
WORDS = {
    "fr": {
        "account": "Mon compte",
        "details": "Mes coordonnées",
        "given_name": "Prénom",
        "save": "Enregistrer mes coordonnées",
        "saved": "Vos coordonnées sont enregistrées.",
        "password": "Changez votre mot de passe",
        "present": "Mot de passe actuel",
        "new": "Nouveau mot de passe",
        "again": "Mot de passe, une seconde fois",
        "change": "Changer le mot de passe",
        "common": "Ce mot de passe figure dans une liste",
        "changed": "Votre mot de passe est changé",
        "history": "Historique de sécurité",
        "you_changed": "Vous avez changé votre mot de passe.",
        "signed_in": "Connexion\u00a0: mot de passe, code de l’application.",
        "access": "Mes accès",
        "applications": "Applications connectées",
        "take_back": "Retirer l’accès",
        "ended": "L’accès est terminé.",
        "allow": "Autoriser",
        "bank": "Banque Kervella",
    },
    "en": {
        "account": "My account",
        "details": "My details",
        "given_name": "First name",
        "save": "Save my details",
        "saved": "Your details are saved.",
        "password": "Change your password",
        "present": "Present password",
        "new": "New password",
        "again": "The same password again",
        "change": "Change the password",
        "common": "This password is in a list of known ones",
        "changed": "Your password is changed",
        "history": "Security history",
        "you_changed": "You changed your password.",
        "signed_in": "You signed in: password, code of the app.",
        "access": "My access",
        "applications": "Connected applications",
        "take_back": "Withdraw the access",
        "ended": "The access has ended.",
        "allow": "Allow",
        "bank": "Kervella Bank",
    },
}
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
HUGO = "hugo.perrin"


def pleasant(page: Page, *, check: bool) -> None:
    """Nothing to scroll sideways on a phone, nothing that axe calls serious, one heading."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert across(page) <= PHONE["width"], page.url
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    if check:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            grave = [
                each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")
            ]
            assert grave == [], (page.url, scheme, [each["id"] for each in grave])
        page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def go(person: Person, entry: str) -> None:
    """From the account page, by the entry of its list."""
    person.page.goto(f"{person.demo.service}/account")
    person.page.locator("main .rows a", has_text=entry).first.click()


def at_home(signed_in: SignedIn, language: str, **options: object) -> Person:
    """Chloé, signed in, with pages in this language whatever her account's is."""
    person = signed_in("chloe.fontaine", language, **options)
    person.page.goto(f"{person.demo.service}/account?ui_locales={language}")
    return person


@both_ways
def test_a_person_looks_after_their_account(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    present, new = demo.password_of(HUGO), f"{NEW} {language}"
    person = somebody(HUGO, language, javascript=javascript)
    page = person.page
    page.goto(f"{demo.service}/sign-in?continue_to=/account&ui_locales={language}")
    person.prove_password(present)
    person.prove_code()
    heading(page, words["account"])
    pleasant(page, check=javascript)

    go(person, words["details"])
    page.get_by_label(words["given_name"]).fill("")
    page.get_by_role("button", name=words["save"]).click()
    expect(page).to_have_title(re.compile(r"^(Erreur\s:|Error:)"))
    pleasant(page, check=javascript)
    page.get_by_label(words["given_name"]).fill("Zoé")
    page.get_by_role("button", name=words["save"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["saved"])
    expect(page.locator("header .who")).to_contain_text("Zoé")
    pleasant(page, check=javascript)

    page.goto(f"{demo.service}/account/password")
    heading(page, words["password"])
    pleasant(page, check=javascript)
    page.get_by_label(words["present"], exact=True).fill(present)
    page.get_by_label(words["new"], exact=True).fill("motdepasse2026")
    page.get_by_label(words["again"], exact=True).fill("motdepasse2026")
    page.get_by_role("button", name=words["change"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["common"])
    expect(page.get_by_label(words["present"], exact=True)).to_have_value("")
    pleasant(page, check=javascript)
    page.get_by_label(words["present"], exact=True).fill(present)
    page.get_by_label(words["new"], exact=True).fill(new)
    page.get_by_label(words["again"], exact=True).fill(new)
    page.get_by_role("button", name=words["change"]).click()
    heading(page, words["changed"])
    demo.passwords[HUGO] = new
    pleasant(page, check=javascript)

    go(person, words["history"])
    heading(page, words["history"])
    expect(page.locator("tbody")).to_contain_text(words["you_changed"])
    expect(page.locator("tbody")).to_contain_text(words["signed_in"])
    expect(page.locator("tbody")).to_contain_text("Chrome, Linux")
    pleasant(page, check=javascript)

    go(person, words["access"])
    heading(page, words["access"])
    expect(page.locator("main")).to_contain_text("Atelier Lumen SARL")
    pleasant(page, check=javascript)

    other = somebody(HUGO, language, javascript=javascript)
    other.page.goto(f"{demo.service}/sign-in?ui_locales={language}")
    other.prove_password(new)
    expect(other.page.get_by_label(other.words["code"])).to_be_visible()


@both_ways
def test_what_was_allowed_is_taken_back(
    demo: Demonstration, signed_in: SignedIn, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    answer_to = f"{demo.capture}/callback"
    client = f"bank-{language}"
    names = ["--name", "fr=Banque Kervella", "--name", "en=Kervella Bank"]
    demo.idp("clients", "create", "--client-id", client, "--untrusted", *names, "--redirect-uri", answer_to)
    person = at_home(signed_in, language, javascript=javascript)
    page = person.page
    asked = {
        "client_id": client,
        "response_type": "code",
        "redirect_uri": answer_to,
        "scope": "openid profile",
        "state": "from-the-bank",
        "code_challenge": create_s256_code_challenge("a" * 64),
        "code_challenge_method": "S256",
        "ui_locales": language,
    }
    page.goto(f"{demo.service}/oauth/authorize?{urlencode(asked)}")
    page.get_by_role("button", name=words["allow"], exact=True).click()
    page.wait_for_url(re.compile(re.escape(answer_to)))

    go(person, words["applications"])
    heading(page, words["applications"])
    pleasant(page, check=javascript)
    page.get_by_role("link", name=words["bank"]).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["bank"])
    pleasant(page, check=javascript)
    page.get_by_role("button", name=words["take_back"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["ended"])
    expect(page.get_by_role("link", name=words["bank"])).to_have_count(0)


def test_the_strength_of_a_new_password_is_told_while_typing(demo: Demonstration, signed_in: SignedIn) -> None:
    person = at_home(signed_in, "en")
    page = person.page
    page.goto(f"{demo.service}/account/password")
    if page.get_by_label(person.words["code"]).count():  # the session of an earlier test is no longer fresh
        person.prove_code()
    field, said = page.get_by_label("New password", exact=True), page.locator("[data-length-of=password]")
    expect(said).to_be_hidden()
    for typed, told in (
        ("abc", "9 more characters"),
        ("eleven char", "One more character"),
        ("abcdefghijklmnop", "Long enough, but easy to guess"),
        ("aaaaaaaaaaaaaaaa", "Long enough, but easy to guess"),
        ("Fontaine-Chloe-1", "Long enough, but too close to a name that belongs to you"),
        ("Studio Mirabelle", "Long enough, but too close to a name that belongs to you"),
        ("three red boats", "Long enough"),
        (NEW, "Hard to guess"),
    ):
        field.fill(typed)
        expect(said).to_have_text(told)
    field.fill("")
    expect(said).to_be_hidden()


def test_the_navigation_is_a_list_on_a_phone_and_a_column_on_a_desk(demo: Demonstration, signed_in: SignedIn) -> None:
    page = at_home(signed_in, "en").page
    page.goto(f"{demo.service}/account/history")
    beside = page.get_by_role("navigation", name="Personal account")
    expect(beside.get_by_role("link", name="My details")).to_be_visible()
    expect(beside.get_by_role("link", name="Security history")).to_have_attribute("aria-current", "page")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    expect(beside.get_by_role("link", name="My details")).to_be_hidden()
    beside.get_by_role("link", name="My account").click()
    page.locator("main").get_by_role("link", name="My details").click()
    heading(page, "My details")


def test_pictures_of_the_account_area(
    demo: Demonstration, signed_in: SignedIn, keep_picture: Callable[[Page, str], None]
) -> None:
    page = at_home(signed_in, "fr").page
    for path in ("", "/details", "/history", "/access", "/applications"):
        page.goto(f"{demo.service}/account{path}")
        for size, width in (("phone", PHONE), ("desktop", DESKTOP)):
            page.set_viewport_size(width)  # type: ignore[arg-type]
            keep_picture(page, f"account{path.replace('/', '-')}-{size}")
