"""J8 in a browser: an owner gives an employee limited access with switches; what the product then shows."""

from typing import Any

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person
from tests.browser.test_devices import at_home, fits
from tests.browser.test_people import main, press, to_people

WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "users": "Utilisateurs", "invite": "Inviter un utilisateur", "email": "Adresse e-mail", "first": "Prénom",
        "last": "Nom", "employee": "Employé", "more": "Applications ouvertes",
        "send": "Envoyer l’invitation", "change": "Modifier (Facturation)",
        "continue": "Continuer avec ce rôle", "see": "Voir ce qui change", "save": "Enregistrer ces droits",
        "saved": "Les droits sont enregistrés", "missing": "donc sans case à cocher : Stock.",
        "nothing": "Rien d’ouvert",
        "logged": ["Facturation – Employé", "Tâches et agenda, Temps passés, Ordres de travail"],
    },
    "en": {
        "users": "Users", "invite": "Invite a user", "email": "E-mail address", "first": "First name",
        "last": "Last name", "employee": "Employee", "more": "Applications that are open",
        "send": "Send the invitation", "change": "Change (Invoicing)",
        "continue": "Continue with this role", "see": "See what changes", "save": "Save these rights",
        "saved": "The rights are saved", "missing": "so without a switch: Stock.", "nothing": "Nothing switched on",
        "logged": ["Invoicing – Employee", "Tasks and calendar, Time tracking, Work orders"],
    },
}  # fmt: skip
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


class Invoicing:
    """The product, which has no program of its own in the demonstration: what it gets to know, over HTTP."""

    def __init__(self, demo: Demonstration, person: Person) -> None:
        self.demo, self.person = demo, person
        self.client = OAuth2Session(
            "demo-invoicing", demo.secret_of("demo-invoicing"), redirect_uri=self._callback(),
            scope="openid offline_access", code_challenge_method="S256",
        )  # fmt: skip
        self.refresh_token = ""

    def _callback(self) -> str:
        return str(self.demo.idp("clients", "show", "demo-invoicing")["redirect_uris"][0])

    def open(self, company: str) -> set[str]:
        """The areas of the person's menu, once they come from the service."""
        verifier = generate_token(64)
        address, state = self.client.create_authorization_url(
            f"{self.demo.service}/oauth/authorize", code_verifier=verifier, company=company
        )
        cookies = {each["name"]: each["value"] for each in self.person.page.context.cookies(self.demo.service)}
        answer = requests.get(address, cookies=cookies, allow_redirects=False, timeout=10)
        token = self.client.fetch_token(
            f"{self.demo.service}/oauth/token", authorization_response=answer.headers["Location"], state=state,
            code_verifier=verifier,
        )  # fmt: skip
        return self._menu(token)

    def refresh(self) -> set[str]:
        """The areas after the next refresh; nobody signs in."""
        token = self.client.refresh_token(f"{self.demo.service}/oauth/token", refresh_token=self.refresh_token)
        return self._menu(token)

    def _menu(self, token: dict[str, Any]) -> set[str]:
        self.refresh_token = token.get("refresh_token") or self.refresh_token
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        self.told = requests.get(f"{self.demo.service}/oauth/userinfo", headers=headers, timeout=10).json()
        return {each.split(".")[1] for each in self.told["permissions"]}

    def modules(self, company: str, off: tuple[str, ...]) -> None:
        """Say which applications are activated."""
        address = f"{self.demo.service}/modules/{company}"
        credentials = ("demo-invoicing", self.demo.secret_of("demo-invoicing"))
        known = requests.get(address, auth=credentials, timeout=10).json()
        on = [each for each in (*known["on"], *known["off"]) if each not in off]
        assert requests.put(address, json={"on": on}, auth=credentials, timeout=10).status_code == 200


def to_switches(page: Page, words: dict[str, Any]) -> None:
    """From the list of users to the switches of Luc."""
    to_people(page, words)
    page.get_by_role("link", name="Luc Wouters").click()
    page.get_by_role("link", name=words["change"]).click()
    press(page, words["continue"])


def save(page: Page, words: dict[str, Any]) -> None:
    press(page, words["see"])
    press(page, words["save"])
    expect(main(page)).to_contain_text(words["saved"])


def set_switch(page: Page, name: str, *, on: bool) -> None:
    """Turn a switch or a limit by the text beside it."""
    box = page.locator(f'input[type=checkbox][value="{name}"]')
    if box.is_checked() != on:
        page.locator(f'label[for="{box.get_attribute("id")}"]').click()
    expect(box).to_be_checked(checked=on)


@both_ways
def test_switches_are_felt_at_the_next_refresh(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    """J8, steps 5 to 8 and what goes wrong: modules, the last switch, one's own entry, the owner's role."""
    words = WORDS[language]
    joris = somebody("joris.vanderlinden", language, javascript=javascript, width=375 if javascript else 1280)
    at_home(joris, language)
    page = joris.page
    to_people(page, words)
    company = page.url.split("/companies/")[1].split("/")[0]
    luc = somebody("luc.wouters", language)
    at_home(luc, language)
    invoicing = Invoicing(demo, luc)
    assert invoicing.open(company) == {"customers", "items", "work-orders", "time", "tasks"}
    assert not invoicing.told.get("restrictions")

    invoicing.modules(company, off=("stock",))
    try:
        to_switches(page, words)
        expect(main(page)).to_contain_text(words["missing"])
        expect(page.locator("input[name=switch][value=stock]")).to_have_count(0)
        fits(page, "switches without an application", javascript)
        set_switch(page, "invoices", on=True)
        set_switch(page, "own-documents-only", on=True)
        save(page, words)
    finally:
        invoicing.modules(company, off=())
    assert invoicing.refresh() == {"customers", "items", "work-orders", "time", "tasks", "invoices"}
    assert invoicing.told["restrictions"] == {"own-documents-only": True}

    to_switches(page, words)
    for area in ("invoices", "work-orders", "time", "tasks"):
        set_switch(page, area, on=False)
    save(page, words)  # also the last one
    expect(main(page)).to_contain_text(words["nothing"])
    fits(page, "nothing switched on", javascript)
    assert invoicing.refresh() == {"customers", "items"}

    to_switches(page, words)
    for area in ("work-orders", "time", "tasks"):
        set_switch(page, area, on=True)
    set_switch(page, "own-documents-only", on=False)
    save(page, words)
    assert invoicing.refresh() == {"customers", "items", "work-orders", "time", "tasks"}


@both_ways
def test_an_employee_is_invited_with_three_applications(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    """J8, steps 1 to 4: the invitation with its switches, and its entry in the log."""
    words, address = WORDS[language], f"couvreur-{language}@toitures.example.com"
    joris = somebody("joris.vanderlinden", language, javascript=javascript, width=375 if javascript else 1280)
    at_home(joris, language)
    page = joris.page
    to_people(page, words)
    home = page.url.rsplit("/", 1)[0]
    page.get_by_role("link", name=words["invite"]).click()
    page.get_by_label(words["email"]).fill(address)
    page.get_by_label(words["first"], exact=True).fill("Jonas")
    page.get_by_label(words["last"], exact=True).fill("Peeters")
    page.locator("#role_invoicing").select_option(label=words["employee"])
    fold = page.locator("details[data-by=role_invoicing]")
    expect(fold.locator("summary")).to_contain_text(words["more"])
    if fold.get_attribute("open") is None:  # with scripts it opens with the role
        fold.locator("summary").click()
    for label in page.locator("input[name^=switch_invoicing_]").all():
        if label.is_checked():
            label.uncheck(force=True)
    for area in ("work-orders", "time", "tasks"):
        page.locator(f"input[name=switch_invoicing_{area}]").check(force=True)
    fits(page, "invitation with switches", javascript)
    press(page, words["send"])
    expect(main(page)).to_contain_text(address)
    page.goto(f"{home}/log")
    for told in words["logged"]:
        expect(main(page)).to_contain_text(told)
    fits(page, "log", javascript)
