"""J7 and the person's part of J14b: another sign-in address, a copy of one's data, the end of an account.

In a demonstration of their own, because people end up with other addresses than they began with.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import demonstration
from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person, tick
from tests.browser.sights import across
from tests.browser.test_screenshots import accessible

WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "change": "Changer d’adresse",
        "new": "Nouvelle adresse",
        "again": "La même adresse, une seconde fois",
        "send": "Envoyer un code à la nouvelle adresse",
        "code": "Code à six chiffres",
        "confirm": "Confirmer la nouvelle adresse",
        "differ": "Les deux adresses diffèrent",
        "wrong": "Ce code n’est pas le bon",
        "fixed": "L’adresse a changé il y a peu",
        "undo": "Annuler le changement",
        "undone_mail": "L’adresse e-mail de votre compte a changé",
        "new_password": "Choisissez un nouveau mot de passe",
        "withdraw": "Annuler le changement",
        "download": "Télécharger le fichier",
        "copy": "Obtenir une copie",
        "erase": "Effacer mon compte",
        "sure": "Je veux que ce compte soit effacé",
        "stays": "Ce qui reste, et pourquoi",
        "tick": "Cochez la case",
        "closed": "Votre compte est fermé",
        "keep": "Garder mon compte",
        "account": "Mon compte",
        "owner": "Vous êtes titulaire de cette entreprise",
        "under_way": "Un changement est en cours",
    },
    "en": {
        "change": "Change the address",
        "new": "New address",
        "again": "The same address again",
        "send": "Send a code to the new address",
        "code": "Six-digit code",
        "confirm": "Confirm the new address",
        "differ": "The two addresses differ",
        "wrong": "That code is not right",
        "fixed": "The address was changed a short while ago",
        "undo": "Undo the change",
        "undone_mail": "The e-mail address of your account was changed",
        "new_password": "Choose a new password",
        "withdraw": "Withdraw the change",
        "download": "Download the file",
        "copy": "Get a copy",
        "erase": "Erase my account",
        "sure": "I want this account to be erased",
        "stays": "What stays, and why",
        "tick": "Tick the box",
        "closed": "Your account is closed",
        "keep": "Keep my account",
        "account": "My account",
        "owner": "You are the owner of this company",
        "under_way": "A change is under way",
    },
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    running, process = demonstration.start(tmp_path_factory.mktemp("own-demonstration") / "var")
    yield running
    demonstration.stop(process)


def mail_to(person: Person, address: str, subject: str | re.Pattern[str] = "") -> tuple[str, list[str]]:
    """The text of the newest mail to an address, and the links in it, in a page of its own."""
    page = person.page.context.new_page()
    try:
        for _ in range(60):
            page.goto(f"{person.demo.service}/dev/mailbox")
            mail = page.get_by_role("main").get_by_role("link").filter(has_text=address).filter(has_text=subject)
            if mail.count():
                mail.first.click()
                page.wait_for_load_state("domcontentloaded")
                return page.locator("pre.letter").inner_text(), page.locator("main ul.plain a").all_inner_texts()
            page.wait_for_timeout(250)
    finally:
        page.close()
    raise AssertionError(f"no mail to {address} has come")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def look(page: Page, name: str, *, scripts: bool) -> None:
    """Readable at 375 pixels, and nothing that axe calls serious."""
    width = page.viewport_size or {}
    page.set_viewport_size({"width": 375, "height": 812})
    if scripts:
        assert across(page) <= 375, name
        accessible(page, name)
    page.set_viewport_size({"width": width.get("width", 1280), "height": width.get("height", 800)})


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def ask_for(person: Person, words: dict[str, Any], address: str, again: str | None = None) -> None:
    page = person.page
    page.get_by_label(words["new"], exact=True).fill(address)
    page.get_by_label(words["again"]).fill(again or address)
    press(page, words["send"])


@pytest.mark.parametrize(
    ("language", "name", "javascript"), [("fr", "julien.mercier", True), ("en", "elke.janssens", False)]
)
def test_an_address_is_changed_and_the_old_mailbox_undoes_it(
    demo: Demonstration, somebody: SignedIn, language: str, name: str, javascript: bool
) -> None:
    words = WORDS[language]
    person = somebody(name, language, javascript=javascript)
    page, old, new = person.page, person.email, f"{name}@nouvelle-adresse.example.com"
    person.sign_in_at_home()
    page.goto(f"{demo.service}/account/email")
    if name == "julien.mercier":  # the demonstration begins with a change under way
        expect(page.get_by_role("main")).to_contain_text(words["under_way"])
        look(page, "email-pending", scripts=javascript)
        press(page, words["withdraw"])
    look(page, "email", scripts=javascript)
    page.get_by_role("link", name=words["change"]).click()
    look(page, "email-change", scripts=javascript)

    ask_for(person, words, new, "autre@nouvelle-adresse.example.com")
    expect(page.get_by_role("alert")).to_contain_text(words["differ"])
    expect(page).to_have_title(re.compile(r"^(Erreur\s:|Error:)"))
    expect(page.get_by_label(words["new"], exact=True)).to_have_value(new)
    ask_for(person, words, new)
    look(page, "email-code", scripts=javascript)
    code = re.search(r"\b\d{6}\b", mail_to(person, new)[0])
    assert code is not None
    page.get_by_label(words["code"], exact=True).fill("000000" if code[0] != "000000" else "111111")
    press(page, words["confirm"])
    expect(page.get_by_role("alert")).to_contain_text(words["wrong"])
    page.get_by_label(words["code"], exact=True).fill(code[0])
    press(page, words["confirm"])
    expect(page.get_by_role("main")).to_contain_text(new)
    expect(page.get_by_role("main")).to_contain_text(words["fixed"])
    look(page, "email-fixed", scripts=javascript)

    other = somebody(name, language, javascript=javascript)
    demo.addresses[name] = new  # the new address signs in from now on
    other.sign_in_at_home()

    subjects = re.compile("|".join(each["undone_mail"] for each in WORDS.values()))  # hers come in a third language
    _, links = mail_to(person, old, subjects)
    reader = somebody(name, language, javascript=javascript)
    reader.page.goto(links[0])
    look(reader.page, "email-undo", scripts=javascript)
    press(reader.page, words["undo"])
    reader.prove_code()
    heading(reader.page, words["new_password"])
    demo.addresses[name] = old
    page.goto(f"{demo.service}/account")
    expect(page).to_have_url(re.compile("/sign-in"))


@pytest.mark.parametrize(
    ("language", "name", "javascript"), [("fr", "hugo.perrin", True), ("en", "katrien.desmet", False)]
)
def test_a_copy_of_everything_then_the_end_of_the_account_withdrawn(
    demo: Demonstration, somebody: SignedIn, language: str, name: str, javascript: bool
) -> None:
    words = WORDS[language]
    person = somebody(name, language, javascript=javascript)
    page = person.page
    person.sign_in_at_home()
    page.goto(f"{demo.service}/account/privacy")
    look(page, "privacy", scripts=javascript)
    page.get_by_role("link", name=words["copy"]).click()
    look(page, "privacy-copy", scripts=javascript)
    with page.expect_download() as download:
        press(page, words["download"])
    told = json.loads(download.value.path().read_text("utf-8"))
    assert told["held"]["addresses"][0]["address"] == person.email

    page.goto(f"{demo.service}/account/privacy")
    page.get_by_role("link", name=words["erase"]).click()
    expect(page.get_by_role("heading", name=words["stays"])).to_be_visible()
    look(page, "privacy-erase", scripts=javascript)
    press(page, words["erase"])
    expect(page.get_by_role("alert")).to_contain_text(words["tick"])
    tick(page, words["sure"])
    press(page, words["erase"])
    heading(page, words["closed"])
    look(page, "privacy-waiting", scripts=javascript)
    subjects = re.compile("Votre compte va être effacé|Your account is going to be erased")
    assert mail_to(person, person.email, subjects)[1][0] == f"{demo.service}/sign-in"

    page.goto(f"{demo.service}/account")
    person.prove_password()
    person.prove_code()
    look(page, "erasure-pending", scripts=javascript)
    press(page, words["keep"])
    heading(page, words["account"])


def test_an_owner_is_told_the_way_on(demo: Demonstration, somebody: SignedIn) -> None:
    etienne = somebody("etienne.garnier", "fr")
    etienne.sign_in_at_home()
    etienne.page.goto(f"{demo.service}/account/privacy/erase")
    expect(etienne.page.get_by_role("main")).to_contain_text(WORDS["fr"]["owner"])
    look(etienne.page, "privacy-owner", scripts=True)
