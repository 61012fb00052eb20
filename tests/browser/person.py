"""What a person does with a browser, in the words of the pages."""

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.demonstration import Demonstration

WORDS = {
    "fr": {
        "email": "Adresse e-mail",
        "password": "Mot de passe",
        "sign_in": "Se connecter",
        "code": "Code à six chiffres",
        "continue": "Continuer",
        "sign_out": "Se déconnecter",
        "home": "Accueil",
        "trust": re.compile("Faire confiance|confiance"),
    },
    "en": {
        "email": "E-mail address",
        "password": "Password",
        "sign_in": "Sign in",
        "code": "Six-digit code",
        "continue": "Continue",
        "sign_out": "Sign out",
        "home": "Home",
        "trust": re.compile("Trust this browser"),
    },
}


def tick(page: Page, label: str | re.Pattern[str]) -> None:
    """Press the text beside a box, which is as good as the box; a box that is ticked stays so."""
    if not page.get_by_label(label).is_checked():
        page.locator("label", has_text=label).click()
    expect(page.get_by_label(label)).to_be_checked()


class Person:
    """Somebody of the demonstration in front of a page."""

    def __init__(self, demo: Demonstration, page: Page, name: str, language: str) -> None:
        self.demo = demo
        self.page = page
        self.name = name
        self.words: dict[str, Any] = WORDS[language]

    @property
    def email(self) -> str:
        return self.demo.email(self.name)

    # --- signing in ---

    def open(self, product: str, path: str = "/") -> None:
        """Open a product and press its sign-in button, when there is one."""
        self.page.goto(product + path)
        button = self.page.locator("main a.button", has_text=self.words["sign_in"])
        if button.count():
            button.click()

    def prove_password(self, password: str | None = None) -> None:
        self.page.get_by_label(self.words["email"]).fill(self.email)
        self.page.get_by_label(self.words["password"], exact=True).fill(password or self.demo.password_of(self.name))
        self.page.get_by_role("button", name=self.words["sign_in"], exact=True).click()

    def prove_code(self, code: str | None = None, *, trust: bool = False) -> None:
        field = self.page.get_by_label(self.words["code"])
        expect(field).to_be_visible()
        if trust:
            tick(self.page, self.words["trust"])
        field.fill(code or self.demo.code(self.name))
        self.page.get_by_role("button", name=self.words["continue"], exact=True).click()

    def sign_in(self, product: str, path: str = "/") -> None:
        """Open a product, and go through e-mail, password and code."""
        self.open(product, path)
        self.prove_password()
        self.prove_code()

    def sign_in_at_home(self) -> None:
        """Sign in at the service itself."""
        self.page.goto(self.demo.service)
        self.prove_password()
        self.prove_code()
        expect(self.page).to_have_url(self.demo.service + "/")

    # --- in a product ---

    @property
    def menu(self) -> list[str]:
        """The areas in the menu of the product, without its home page."""
        entries = self.page.locator("nav > ul").first.locator("a")
        # Reading a list waits for nothing, and whoever has just signed in may still be on the way.
        expect(entries.first).to_have_text(self.words["home"])
        return entries.all_inner_texts()[1:]

    @property
    def company(self) -> str:
        return self.page.locator(".top .company").inner_text()

    def told(self, product: str) -> dict[str, Any]:
        """What the panel of a product shows: id-token, access-token, userinfo, permissions."""
        self.page.goto(f"{product}/told")
        names = ("id-token", "access-token", "userinfo", "permissions")
        return {name: json.loads(self.page.locator(f"pre#{name}").inner_text()) for name in names}

    def sign_out(self) -> None:
        """With the button of the product."""
        self.page.locator("header").get_by_role("button", name=self.words["sign_out"]).click()
