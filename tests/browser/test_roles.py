"""J10, steps 1 to 3 and 10, in a browser: a firm makes a role of its own, and changes one that is used for clients."""

from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from idp.policy.load import load
from tests.browser.conftest import SignedIn
from tests.browser.demonstration import ROOT, Demonstration
from tests.browser.person import Person
from tests.browser.test_devices import at_home, fits, heading
from tests.browser.test_people import main, press

FIRM = "Cabinet Deltour & Associés"
TAKEN = {"fr": "Saisie achats et banque", "en": "Purchases and bank entry"}
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "roles": "Rôles", "create": "Créer un rôle (Capture de documents)", "title": "Créer un rôle",
        "basic": "Documents – simple", "choose": "Choisir les droits",
        "name": "Nom du rôle", "add": "Ajouter le rôle", "taken": "porte déjà ce nom", "made": "Le rôle est créé",
        "own": "personnalisé", "change": "Modifier ce rôle", "see": "Voir ce qui change", "save": "Enregistrer le rôle",
        "clients": "chez 2 clients", "delete_link": "Supprimer ce rôle", "held": "Ce rôle est attribué",
        "delete": "Supprimer le rôle", "changed": "Le rôle est modifié", "count": "droits choisis",
        "sales": "Ventes", "back": "Retour aux rôles", "empty": "au moins un droit", "erase": "Supprimer des relevés",
        "yours": "Relecture des relevés", "cancel": "Annuler",
    },
    "en": {
        "roles": "Roles", "create": "Create a role (Document capture)", "title": "Create a role",
        "basic": "Documents – basic", "choose": "Choose the permissions",
        "name": "Name of the role", "add": "Add the role", "taken": "already has a role with this name",
        "made": "The role is there", "own": "custom", "change": "Change this role", "see": "See what changes",
        "save": "Save the role", "clients": "at 2 clients", "delete_link": "Delete this role",
        "held": "This role is in use", "delete": "Delete the role", "changed": "The role is changed",
        "count": "permissions chosen", "sales": "Sales", "back": "Back to the roles",
        "empty": "Choose at least one permission", "cancel": "Cancel",
        "erase": "Delete statements", "yours": "Reading of statements",
    },
}  # fmt: skip
NEVER = load(ROOT / "policies").products["capture"].custom_roles.never
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


def to_roles(person: Person, language: str, words: dict[str, Any]) -> str:
    """From one's companies to the roles of the firm; answers their address."""
    page = person.page
    page.goto(f"{person.demo.service}/companies?ui_locales={language}")
    page.get_by_role("main").get_by_role("link", name=FIRM).click()
    page.locator("details.menu > summary").click()
    page.locator("details.menu").get_by_role("link", name=words["roles"], exact=True).click()
    heading(page, words["roles"])
    return page.url


def permission(page: Page, name: str) -> Any:
    return page.locator(f'input[name="permission"][value="{name}"]')


def refused(person: Person, language: str, address: str) -> bool:
    """Whether somebody who signs in is told that they may not."""
    at_home(person, language)
    answer = person.page.goto(address)
    return answer is not None and answer.status == 403


def unfold(page: Page) -> None:
    """Open every list of permissions."""
    folded = page.locator("fieldset.role-area details:not([open]) > summary")
    while folded.count():
        folded.first.click()


def give_lotte_back(demo: Demonstration) -> None:
    """She works with a role of the firm for two clients, as the demonstration has it, whatever others have done."""
    demo.operator("join", "lotte.peeters", "cabinet-deltour", "company.member", "practice", "practice.accountant")
    for client in ("atelier-lumen", "boulangerie-lemaire"):
        demo.operator("assign", "lotte.peeters", "cabinet-deltour", client, "capture", TAKEN["en"])


def put_back(page: Page, role: str, words: dict[str, Any]) -> None:
    """The role as it was, for who comes next."""
    page.goto(f"{role}/edit")
    unfold(page)
    permission(page, "capture.bank-statements.delete").uncheck(force=True)
    press(page, words["see"])
    press(page, words["save"])


@both_ways
def test_a_firm_makes_and_changes_roles_of_its_own(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    give_lotte_back(demo)
    nathalie = somebody("nathalie.deltour", language, javascript=javascript, width=375 if javascript else 1280)
    at_home(nathalie, language)
    page = nathalie.page
    roles = to_roles(nathalie, language, words)
    fits(page, "roles", javascript)
    page.get_by_role("link", name=words["create"]).click()
    page.locator("#from").select_option(label=words["basic"])
    press(page, words["choose"])
    heading(page, words["title"])
    assert NEVER
    for never in NEVER:
        expect(permission(page, never)).to_have_count(0)
    counter = page.locator("[data-chosen]")
    before = counter.inner_text()
    unfold(page)
    for name in ("view", "upload", "edit"):
        permission(page, f"capture.bank-statements.{name}").check(force=True)
    if javascript:  # the counter follows what is ticked
        expect(counter).not_to_have_text(before)
    fits(page, "role editor", javascript)

    page.get_by_label(words["name"]).fill(f"  {TAKEN[language].upper()} ")
    press(page, words["add"])
    expect(main(page)).to_contain_text(words["taken"])
    expect(permission(page, "capture.bank-statements.upload")).to_be_checked()  # nothing that was ticked is lost
    fits(page, "name taken", javascript)
    page.get_by_label(words["name"]).fill(words["yours"])
    press(page, words["add"])
    expect(main(page)).to_contain_text(words["made"])
    fits(page, "role made", javascript)

    page.goto(roles)
    expect(main(page).get_by_role("link", name=words["yours"])).to_contain_text(words["own"])
    main(page).get_by_role("link", name=TAKEN[language]).click()
    role = page.url
    page.get_by_role("link", name=words["change"]).click()
    unfold(page)
    permission(page, "capture.bank-statements.delete").check(force=True)
    press(page, words["see"])
    expect(main(page)).to_contain_text(words["clients"])
    fits(page, "used for two clients", javascript)
    press(page, words["save"])
    expect(main(page)).to_contain_text(words["changed"])

    page.goto(f"{role}/delete")
    expect(main(page)).to_contain_text(words["held"])
    expect(main(page)).to_contain_text("Lotte Peeters")
    expect(page.get_by_role("button", name=words["delete"])).to_have_count(0)
    fits(page, "role in use", javascript)

    put_back(page, role, words)
    assert refused(somebody("karim.benali", language, javascript=javascript), language, f"{roles}/capture/new")


@both_ways
def test_an_empty_role_is_refused(demo: Demonstration, somebody: SignedIn, language: str, javascript: bool) -> None:
    words = WORDS[language]
    nathalie = somebody("nathalie.deltour", language, javascript=javascript, width=375 if javascript else 1280)
    at_home(nathalie, language)
    page = nathalie.page
    page.goto(f"{to_roles(nathalie, language, words)}/capture/new?from=nothing")
    page.get_by_label(words["name"]).fill("Rien du tout")
    press(page, words["add"])
    expect(main(page)).to_contain_text(words["empty"])
    expect(page.get_by_label(words["name"])).to_have_value("Rien du tout")
    fits(page, "empty role", javascript)
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", answer)
    if javascript:  # whoever leaves with what was filled in is asked, once
        page.get_by_role("link", name=words["cancel"]).click()
        expect(page.get_by_label(words["name"])).to_have_value("Rien du tout")
    page.get_by_role("link", name=words["cancel"]).click()
    heading(page, words["roles"])
    assert asked == ["beforeunload"] * javascript
