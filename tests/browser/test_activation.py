"""A new person: from `idp accounts invite` to the products, by way of the mailbox."""

import re
from typing import Any
from urllib.parse import quote

import pyotp
import pytest
import segno
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import Visit
from tests.browser.demonstration import Clock, Demonstration
from tests.browser.person import tick

PASSWORD = "quatre pommes sur un mur bleu"
TEXTS: dict[str, dict[str, Any]] = {
    "fr": {
        "start": "Commencer",
        "given": "Prénom",
        "family": "Nom",
        "password": "Choisissez un mot de passe",
        "again": "Mot de passe, une seconde fois",
        "personal": "J’ai compris que ce compte est strictement personnel",
        "create": "Créer mon compte",
        "link": "Associez votre application d’authentification",
        "code": "Code à six chiffres",
        "link_app": "Associer l’application",
        "ready": "Votre compte est prêt, Zoé",
        "products": "Voir mes produits",
        "used": "Ce lien a déjà servi",
    },
    "en": {
        "start": "Start",
        "given": "First name",
        "family": "Last name",
        "password": "Choose a password",
        "again": "The same password again",
        "personal": "I understand that this account is strictly personal",
        "create": "Create my account",
        "link": "Link your authenticator app",
        "code": "Six-digit code",
        "link_app": "Link the app",
        "ready": "Your account is ready, Zoé",
        "products": "See my products",
        "used": "This link was already used",
    },
}


_TAKEN: set[str] = set()


def mailed_link(demo: Demonstration, page: Page, email: str, leads_to: str, saying: str = "") -> str:
    """The link to this path in one of the newest mails to an address, as the local mailbox shows it.

    Mails of one act come in any order, and an earlier one may still be the newest when this looks: so what the mail
    leads to, and what it says, are waited for, and no link is given twice.
    """
    for _ in range(60):
        page.goto(f"{demo.service}/dev/mailbox")
        mails = page.get_by_role("main").get_by_role("link").filter(has_text=email)
        for number in range(min(mails.count(), 3)):
            mails.nth(number).click()
            said, links = page.locator("pre.letter").inner_text(), page.locator("main ul.plain a").all_inner_texts()
            leads = bool(links) and links[0].startswith(f"{demo.service}{leads_to}")
            if leads and saying in said and (leads_to == "/" or links[0] not in _TAKEN):
                _TAKEN.add(links[0])
                return links[0]
            page.go_back()
        page.wait_for_timeout(250)
    raise AssertionError(f"no mail that leads to {leads_to} has come")


def fill_details(page: Page, words: dict[str, Any], password: str = PASSWORD) -> None:
    page.get_by_label(words["given"]).fill("Zoé")
    page.get_by_label(words["family"], exact=True).fill("Kervadec")
    page.get_by_label(words["password"]).fill(password)
    page.get_by_label(words["again"]).fill(password)
    tick(page, words["personal"])
    page.get_by_role("button", name=words["create"]).click()


def squares_of(path: str) -> set[tuple[int, int]]:
    """The dark squares that a path of horizontal strokes draws (segno: `M4 4.5h7m…`)."""
    squares, x, y = set(), 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]*)", path):
        values = [float(number) for number in re.findall(r"-?[0-9.]+", numbers)]
        if command == "h":
            squares |= {(int(y), int(x) + step) for step in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return squares


def scanned(page: Page, email: str) -> pyotp.TOTP:
    """The authenticator app, from the typed key, once the image is seen to say the very same."""
    secret = "".join(page.locator(".secret").inner_text().split())
    path = page.locator(".qr path[stroke]").get_attribute("d")
    assert path is not None
    app = pyotp.TOTP(secret)
    uri = app.provisioning_uri(name=email, issuer_name="Sésame")
    assert uri.startswith(f"otpauth://totp/{quote('Sésame')}:")
    expected = segno.make(uri, error="m", micro=False)
    border = 2
    dark = {
        (row + border, column + border)
        for row, line in enumerate(expected.matrix)
        for column, square in enumerate(line)
        if square
    }
    assert squares_of(path) == dark
    return app


@pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
def test_from_the_mailed_link_to_the_products(
    demo: Demonstration, visit: Visit, language: str, javascript: bool
) -> None:
    words, email = TEXTS[language], f"zoe.{language}@example.org"
    demo.idp("accounts", "invite", email, "--locale", language)
    page = visit(language, javascript=javascript)
    link = mailed_link(demo, page, email, "/activation/")
    assert link.startswith(f"{demo.service}/activation/")

    page.goto(link)
    expect(page.get_by_role("complementary")).to_contain_text(email)
    page.goto(link)  # a mail scanner has opened it as well
    page.get_by_role("button", name=words["start"]).click()
    fill_details(page, words, "trop court")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(words["given"])).to_have_value("Zoé")
    expect(page.get_by_label(words["personal"])).to_be_checked()
    fill_details(page, words)

    expect(page.get_by_role("heading", level=1)).to_have_text(words["link"])
    shown = page.locator(".secret").inner_text()
    page.reload()
    assert page.locator(".secret").inner_text() == shown
    app = scanned(page, email)
    page.get_by_label(words["code"]).fill(Clock(app.secret).code())
    page.get_by_role("button", name=words["link_app"]).click()
    set_up.complete(demo, page, set_up.TEXTS[language], f"zoe.{language}@perso.example.org")

    expect(page.get_by_role("heading", level=1)).to_have_text(words["ready"])
    page.get_by_role("link", name=words["products"]).click()
    expect(page).to_have_url(f"{demo.service}/")
    expect(page.get_by_role("main")).to_contain_text(email)

    # Whoever finds the mail later gets nothing by it.
    second = visit(language, javascript=javascript)
    answer = second.goto(link)
    assert answer is not None
    assert answer.status == 410
    expect(second.get_by_role("heading", level=1)).to_have_text(words["used"])


def test_an_expired_link_says_what_to_do(demo: Demonstration, visit: Visit) -> None:
    demo.idp("accounts", "invite", "en.retard@example.org", "--locale", "fr")
    page = visit("fr")
    link = mailed_link(demo, page, "en.retard@example.org", "/activation/")
    demo.operator("expire-link", link.rpartition("/")[2])
    answer = page.goto(link)
    assert answer is not None
    assert answer.status == 410
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce lien n’est plus valable")
    expect(page.get_by_role("main")).to_contain_text("demandez à la personne qui a envoyé l’invitation")
    expect(page.get_by_role("link", name="Se connecter")).to_be_visible()


def test_a_forgotten_password_is_replaced_by_mail_and_code(demo: Demonstration, visit: Visit) -> None:
    name = "samira.elamrani"
    email, page = demo.email(name), visit("fr", javascript=False)
    page.goto(demo.service)
    page.get_by_role("link", name="Mot de passe oublié").click()
    page.get_by_label("Adresse e-mail").fill(email)
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("main")).to_contain_text(email)
    page.goto(mailed_link(demo, page, email, "/reset/"))
    page.get_by_role("main").get_by_role("button").click()
    # The link alone opens nothing: the second factor is asked for as usual.
    page.get_by_label("Code à six chiffres").fill(demo.code(name))
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    page.get_by_label("Mot de passe, une seconde fois").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").click()
    expect(page).to_have_url(f"{demo.service}/")
    demo.passwords[name] = PASSWORD

    again = visit("fr")
    again.goto(demo.service)
    again.get_by_label("Adresse e-mail").fill(email)
    again.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    again.get_by_role("button", name="Se connecter", exact=True).click()
    expect(again.get_by_label("Code à six chiffres")).to_be_visible()
