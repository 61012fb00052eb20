"""The people of a company in a browser: switches of an employee (J8), a removal felt at once (J11), the list (J2)."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import tick
from tests.browser.test_devices import at_home, fits, heading

WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "users": "Utilisateurs", "change": "Modifier (Facturation)", "continue": "Continuer avec ce rôle",
        "options": "Employé dans Facturation pour Luc Wouters", "always": "Toujours ouvert : Clients, Produits",
        "open": "Stock", "see": "Voir ce qui change", "own": "Seulement ses propres documents",
        "review": "Ce qui change pour Luc Wouters dans Facturation", "added": "Consulter le stock",
        "kept": "Consulter les ordres de travail", "limited": "Seulement ses propres documents",
        "save": "Enregistrer ces droits", "saved": "Les droits sont enregistrés",
        "shown": "Ouvert : Stock, Ordres de travail, Temps passés, Tâches et agenda",
        "meanwhile": "Quelqu’un d’autre a modifié ceci pendant votre choix", "you": "C’est vous",
        "company_role": "Changer le rôle dans l’entreprise", "administrator": "Administrateur",
        "list": "Licences utilisées : Facturation 2 sur 2",
        "remove": "Retirer de l’entreprise", "removing": "Retirer Julien Mercier de l’entreprise Atelier Lumen SARL ?",
        "closed": "ses produits ouverts se ferment", "gone": "La personne est retirée",
        "log": "Journal des accès", "who": "Nom d’une personne", "search": "Rechercher", "removed": "Personne retirée",
        "signed_out": "Application déconnectée", "product": "Comptabilité",
    },
    "en": {
        "users": "Users", "change": "Change (Invoicing)", "continue": "Continue with this role",
        "options": "Employee in Invoicing for Luc Wouters", "always": "Always open: Customers, Products",
        "open": "Stock", "see": "See what changes", "own": "Own documents only",
        "review": "What changes for Luc Wouters in Invoicing", "added": "View stock",
        "kept": "View work orders", "limited": "Own documents only",
        "save": "Save these rights", "saved": "The rights are saved",
        "shown": "Switched on: Stock, Work orders, Time tracking, Tasks and calendar",
        "meanwhile": "Somebody else changed this while you were choosing", "you": "This is you",
        "company_role": "Change the role in the company", "administrator": "Administrator",
        "list": "Invoicing 2 of 2",
        "remove": "Remove from the company", "removing": "Remove Julien Mercier from Atelier Lumen SARL?",
        "closed": "its open products are closed", "gone": "The person is removed",
        "log": "Access log", "who": "Name of a person", "search": "Search", "removed": "A person was removed",
        "signed_out": "An application was signed out", "product": "Accounting",
    },
}  # fmt: skip
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


def to_people(page: Page, words: dict[str, Any]) -> None:
    """By the menu under the company's name (ROL-02)."""
    page.locator("details.menu > summary").click()
    page.locator("details.menu").get_by_role("link", name=words["users"]).click()
    heading(page, words["users"])


def main(page: Page) -> Any:
    return page.get_by_role("main")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@both_ways
def test_an_employee_gets_an_application_by_a_switch(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    """J8: switches with what is always open, the change in words, a limit; the second of two who save is told."""
    words = WORDS[language]
    joris = somebody("joris.vanderlinden", language, javascript=javascript, width=375 if javascript else 1280)
    at_home(joris, language)
    page = joris.page
    to_people(page, words)
    fits(page, "people", javascript)
    page.get_by_role("link", name="Luc Wouters").click()
    heading(page, "Luc Wouters")
    fits(page, "one person", javascript)
    person = page.url
    page.get_by_role("link", name=words["change"]).click()
    press(page, words["continue"])
    heading(page, words["options"])
    expect(main(page)).to_contain_text(words["always"])
    fits(page, "switches", javascript)

    beside = page.context.new_page()  # another administrator, as far as the form is concerned
    beside.goto(page.url)
    page.bring_to_front()
    tick(page, words["open"])
    tick(page, words["own"])
    press(page, words["see"])
    heading(page, words["review"])
    expect(main(page).locator(".change")).to_contain_text([words["open"]])
    expect(main(page)).to_contain_text(words["added"])
    expect(main(page).locator(".change")).not_to_contain_text([words["kept"]])
    expect(main(page)).to_contain_text(words["limited"])
    fits(page, "what changes", javascript)
    press(page, words["save"])
    expect(main(page)).to_contain_text(words["saved"])
    expect(main(page)).to_contain_text(words["shown"])

    beside.bring_to_front()
    press(beside, words["see"])  # as it was before
    expect(main(beside)).to_contain_text(words["meanwhile"])
    fits(beside, "changed meanwhile", javascript)
    press(beside, words["save"])
    expect(main(beside)).to_contain_text(words["saved"])
    expect(main(beside)).not_to_contain_text(words["open"] + ",")
    beside.close()

    page.goto(person)
    page.get_by_role("link", name=words["company_role"]).click()
    expect(page.get_by_label(words["administrator"], exact=False).first).to_be_visible()  # the owner appoints
    page.goto(person.rsplit("/", 1)[0])
    main(page).get_by_role("link", name="Joris Vanderlinden").click()
    expect(main(page)).to_contain_text(words["you"])
    expect(page.get_by_role("link", name=words["change"])).to_have_count(0)


@pytest.fixture
def welcomed_back(demo: Demonstration) -> Iterator[None]:
    """Julien is a reader at Atelier Lumen again at the end."""
    yield
    demo.operator("join", "julien.mercier", "atelier-lumen", "company.auditor", "accounting", "accounting.reader")


@both_ways
def test_a_removal_closes_the_products_at_once(
    demo: Demonstration, somebody: SignedIn, welcomed_back: None, language: str, javascript: bool
) -> None:
    """J11, steps 7 and 8: not only at the next refresh; the log has who, whom, when, and what was closed."""
    words = WORDS[language]
    julien = somebody("julien.mercier", language)
    julien.sign_in(demo.accounting)
    julien.page.get_by_role("button", name="Atelier Lumen SARL").click()
    expect(julien.page.locator(".top .company")).to_have_text("Atelier Lumen SARL")
    amelie = somebody("amelie.dubois", language, javascript=javascript, width=375 if javascript else 1280)
    at_home(amelie, language)
    page = amelie.page
    to_people(page, words)
    page.get_by_role("link", name="Julien Mercier").click()
    page.get_by_role("link", name=words["remove"]).click()
    heading(page, words["removing"])
    expect(main(page)).to_contain_text(words["closed"])
    fits(page, "removal", javascript)
    press(page, words["remove"])
    removed_at = time.monotonic()
    expect(main(page)).to_contain_text(words["gone"])
    expect(page.get_by_role("link", name="Julien Mercier")).to_have_count(0)
    while julien.page.locator(".top .company").count():
        assert time.monotonic() - removed_at < 8
        time.sleep(0.25)
        julien.page.goto(demo.accounting)
    demo.settle()  # what the service ended for him is in the log once it has told the product
    page.locator("details.menu > summary").click()
    page.locator("details.menu").get_by_role("link", name=words["log"]).click()
    heading(page, words["log"])
    page.get_by_label(words["who"]).fill("Julien Mercier")
    press(page, words["search"])
    removal = page.get_by_role("row").filter(has_text=words["removed"]).first
    expect(removal).to_contain_text("Julien Mercier")
    expect(removal).to_contain_text("Amélie Dubois")
    expect(removal.locator("time").first).to_be_visible()
    closed = page.get_by_role("row").filter(has_text=words["signed_out"]).first
    expect(closed).to_contain_text("Julien Mercier")
    expect(closed).to_contain_text(words["product"])
    fits(page, "log", javascript)


def test_the_list_says_how_many_seats_are_taken(demo: Demonstration, signed_in: SignedIn) -> None:
    """J2, step 1."""
    benoit = signed_in("benoit.lemaire", "en")
    benoit.page.goto(f"{demo.service}/account?ui_locales=en")
    to_people(benoit.page, WORDS["en"])
    expect(main(benoit.page)).to_contain_text(WORDS["en"]["list"])
