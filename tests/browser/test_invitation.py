"""J3: from an invitation to a product. One person invites, another one reads, accepts and works, in a browser."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import SignedIn, Visit
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person, tick
from tests.browser.test_activation import PASSWORD, TEXTS, mailed_link
from tests.browser.test_devices import fits, heading
from tests.browser.test_people import main, press, to_people

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
        "somebody_else": "Vous utilisez le compte « Thomas Lefèvre »", "stay": "Rester avec le compte",
        "switch": "Se déconnecter et continuer", "products": "Voir tous mes produits", "closed": re.compile("^Closes"),
        "accepted": "Acceptée", "active": "Actif", "since": "Dans l’entreprise depuis le",
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
        "somebody_else": "You are signed in as Thomas Lefèvre", "stay": "Stay signed in",
        "switch": "Sign out and go on", "products": "See all my products", "closed": re.compile("^Answered"),
        "accepted": "Accepted", "active": "Active", "since": "In the company since",
    },
}  # fmt: skip


def invites(thomas: Person, words: dict[str, Any], email: str, language: str, javascript: bool) -> None:
    """The form shows what the role permits, and keeps what was typed."""
    page = thomas.page
    page.goto(f"{thomas.demo.service}/account?ui_locales={language}")
    to_people(page, words)
    main(page).get_by_role("link", name=words["invite"], exact=True).click()
    heading(page, words["invite"])
    page.get_by_label(words["email"]).fill(email)
    page.get_by_label(words["language"]).select_option({"fr": "fr-FR", "en": "en-GB"}[language])
    page.get_by_label(words["capture"], exact=True).select_option("capture.documents-basic")
    press(page, words["show"])
    expect(page.locator("#shown")).to_contain_text(words["shown"])
    expect(page.locator("#shown")).to_contain_text(words["purchases"])
    expect(page.get_by_label(words["email"])).to_have_value(email)
    fits(page, "invitation with a role shown", javascript)
    press(page, words["send"])
    expect(main(page)).to_contain_text(words["sent"])
    expect(main(page)).to_contain_text(email)
    fits(page, "invitations", javascript)


def reads(page: Page, words: dict[str, Any], link: str, javascript: bool) -> None:
    """Steps 1 and 2: who invites, where and to what, and what that permits."""
    page.goto(link)
    heading(page, words["invites"])
    fits(page, "invitation", javascript)
    page.get_by_role("link", name=words["read"]).click()
    heading(page, words["role"])
    expect(main(page)).to_contain_text(words["purchases"])
    fits(page, "role", javascript)
    page.get_by_role("link", name=words["back"]).click()


def becomes_somebody(page: Page, words: dict[str, Any], texts: dict[str, Any], javascript: bool) -> None:
    """Step 3."""
    page.get_by_role("link", name=words["accept"]).click()
    page.get_by_label(texts["given"], exact=True).fill("Zoé")
    page.get_by_label(texts["family"], exact=True).fill("Kervadec")
    page.get_by_label(texts["password"]).fill(PASSWORD)
    page.get_by_label(texts["again"]).fill(PASSWORD)
    tick(page, texts["personal"])
    fits(page, "details", javascript)
    page.get_by_role("button", name=texts["create"]).click()


def has_moved(thomas: Person, words: dict[str, Any], email: str, javascript: bool) -> None:
    """Step 6: from the invitations that wait to the users, with the date."""
    page = thomas.page
    page.reload()
    expect(main(page)).not_to_contain_text(email)
    main(page).get_by_role("link", name=words["closed"]).click()
    line = page.get_by_role("region", name=re.compile(re.escape(email).replace("@", " ?@")))  # where it may wrap
    expect(line).to_contain_text(words["accepted"])
    expect(line.locator("dt", has_text=words["accepted"]).locator("xpath=following-sibling::dd")).to_be_visible()
    to_people(page, words)
    row = page.get_by_role("row").filter(has_text=email)
    expect(row).to_contain_text(words["active"])
    expect(row).to_contain_text(words["role"])
    row.get_by_role("link").click()
    expect(page.locator(".facts div", has_text=words["since"])).to_contain_text(str(datetime.now(UTC).year))
    fits(page, "one user", javascript)


@pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
def test_from_the_invitation_to_the_product(
    demo: Demonstration, signed_in: SignedIn, visit: Visit, language: str, javascript: bool
) -> None:
    """Between the last code of the set-up and the product there are at most two screens."""
    words, own, email = WORDS[language], set_up.TEXTS[language], f"zoe.{language}@atelier-lumen.example.com"
    options = {"javascript": javascript, "width": 375 if javascript else 1280}
    thomas = signed_in("thomas.lefevre", language, **options)
    invites(thomas, words, email, language, javascript)
    page = visit(language, **options)
    link = mailed_link(demo, page, email, "/invitation/")

    beside = thomas.page.context.new_page()  # where somebody else is signed in: the two are never mixed
    beside.goto(link)
    heading(beside, words["somebody_else"])
    expect(main(beside).get_by_role("button", name=words["switch"])).to_be_visible()
    expect(main(beside).get_by_role("link", name=words["stay"])).to_be_visible()
    fits(beside, "somebody else", javascript)
    beside.close()

    reads(page, words, link, javascript)
    becomes_somebody(page, words, TEXTS[language], javascript)
    set_up.link_app(page, own)
    set_up.complete(demo, page, own, f"zoe.invited.{language}@perso.example.org")
    heading(page, words["welcome"])
    screens = [page.url]
    page.on("framenavigated", lambda frame: screens.append(frame.url) if frame == page.main_frame else None)
    fits(page, "welcome", javascript)
    main(page).get_by_role("link", name=re.compile(f"^{words['capture']}")).click()
    page.wait_for_url(re.compile(re.escape(demo.capture)))
    expect(page.locator(".top .company")).to_have_text("Atelier Lumen SARL")
    assert screens[1:] == [f"{demo.capture}/"], screens

    # Step 5: that product and no other, with what the role permits and no more.
    told = Person(demo, page, email, language).told(demo.capture)
    permissions = told["permissions"]["permissions"] if isinstance(told["permissions"], dict) else told["permissions"]
    assert "capture.purchases.edit" in permissions
    assert "capture.bank-statements.view" not in permissions
    page.goto(f"{demo.service}/")
    expect(main(page).get_by_role("link", name=re.compile(f"^{words['capture']}"))).to_be_visible()
    expect(main(page).locator("section .row .name")).to_have_count(1)
    has_moved(thomas, words, email, javascript)
