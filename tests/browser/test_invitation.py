"""From an invitation to a product (J2, J3): one person invites, another one reads, accepts and works, in a browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import set_up
from tests.browser.conftest import SignedIn, Visit
from tests.browser.demonstration import Demonstration
from tests.browser.person import tick
from tests.browser.test_activation import PASSWORD, TEXTS, mailed_link
from tests.browser.test_devices import at_home, fits, heading
from tests.browser.test_people import to_people

WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "users": "Utilisateurs", "invite": "Inviter un utilisateur", "email": "Adresse e-mail",
        "language": "Langue du message",
        "capture": "Capture de documents", "role": "Documents – simple",
        "show": "Afficher ce que ce rôle permet (Capture de documents)",
        "shown": "Documents – simple dans Capture de documents", "purchases": "Achats",
        "send": "Envoyer l’invitation", "sent": "L’invitation est en route.",
        "invites": "Thomas Lefèvre vous invite à rejoindre Atelier Lumen SARL", "read": re.compile("^Afficher le rôle"),
        "back": "Retour à l’invitation", "accept": "Accepter et créer mon compte",
        "welcome": "Bienvenue chez Atelier Lumen SARL, Zoé",
    },
    "en": {
        "users": "Users", "invite": "Invite a user", "email": "E-mail address",
        "language": "Language of the mail",
        "capture": "Document capture", "role": "Documents – basic",
        "show": "Show what this role permits (Document capture)",
        "shown": "Documents – basic in Document capture", "purchases": "Purchases",
        "send": "Send the invitation", "sent": "The invitation is on its way.",
        "invites": "Thomas Lefèvre invites you to join Atelier Lumen SARL", "read": re.compile("^Show the role"),
        "back": "Back to the invitation", "accept": "Accept and create my account",
        "welcome": "Welcome to Atelier Lumen SARL, Zoé",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
def test_from_the_invitation_to_the_product(
    demo: Demonstration, somebody: SignedIn, visit: Visit, language: str, javascript: bool
) -> None:
    """The form shows what the role permits and keeps what was typed; between the last code and the product there are
    at most two screens."""
    words, own, email = WORDS[language], set_up.TEXTS[language], f"zoe.{language}@atelier-lumen.example.com"
    width = 375 if javascript else 1280
    thomas = somebody("thomas.lefevre", language, javascript=javascript, width=width)
    at_home(thomas, language)
    page = thomas.page
    to_people(page, words)
    page.get_by_role("main").get_by_role("link", name=words["invite"], exact=True).click()
    heading(page, words["invite"])
    page.get_by_label(words["email"]).fill(email)
    page.get_by_label(words["language"]).select_option({"fr": "fr-FR", "en": "en-GB"}[language])
    page.get_by_label(words["capture"], exact=True).select_option("capture.documents-basic")
    page.get_by_role("button", name=words["show"]).click()
    expect(page.locator("#shown")).to_contain_text(words["shown"])
    expect(page.locator("#shown")).to_contain_text(words["purchases"])
    expect(page.get_by_label(words["email"])).to_have_value(email)
    fits(page, "invitation with a role shown", javascript)
    page.get_by_role("button", name=words["send"], exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(words["sent"])
    fits(page, "invitations", javascript)

    page = visit(language, javascript=javascript, width=width)
    page.goto(mailed_link(demo, page, email, "/invitation/"))
    heading(page, words["invites"])
    fits(page, "invitation", javascript)
    page.get_by_role("link", name=words["read"]).click()
    heading(page, words["role"])
    expect(page.get_by_role("main")).to_contain_text(words["purchases"])
    page.get_by_role("link", name=words["back"]).click()
    page.get_by_role("link", name=words["accept"]).click()
    texts = TEXTS[language]
    page.get_by_label(texts["given"], exact=True).fill("Zoé")
    page.get_by_label(texts["family"], exact=True).fill("Kervadec")
    page.get_by_label(texts["password"]).fill(PASSWORD)
    page.get_by_label(texts["again"]).fill(PASSWORD)
    tick(page, texts["personal"])
    page.get_by_role("button", name=texts["create"]).click()
    set_up.link_app(page, own)
    set_up.complete(demo, page, own, f"zoe.{language}@perso.example.org")

    heading(page, words["welcome"])  # the first screen
    fits(page, "welcome", javascript)
    page.get_by_role("main").get_by_role("link", name=re.compile(words["capture"])).click()
    page.wait_for_url(re.compile(re.escape(demo.capture)))  # the second one is the product
