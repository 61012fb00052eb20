"""The pages between a second factor and a complete account, as a person goes through them."""

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.demonstration import Clock, Demonstration
from tests.browser.sights import across

TEXTS: dict[str, dict[str, Any]] = {
    "fr": {
        "app": "Associez votre application d’authentification",
        "link_app": "Associer l’application",
        "contact": "Ajoutez un contact de récupération",
        "contact_field": "Une autre adresse e-mail, ou un numéro de mobile",
        "send": "Envoyer le code",
        "code_sent": "Saisissez le code que nous avons envoyé",
        "keep_contact": "Conserver ce contact",
        "codes": "Conservez vos codes de secours",
        "show_codes": "Afficher mes codes de secours",
        "download": "Télécharger les codes",
        "shown_before": "Vos codes ont déjà été affichés",
        "type_one": re.compile("Saisissez l’un de"),
        "kept": "J’ai conservé les codes",
        "six": "Code à six chiffres",
        "other": "Utiliser un autre moyen",
        "lost": "Téléphone perdu",
        "mailbox": "Consultez votre messagerie",
        "begin": "Commencer",
        "password": "Mot de passe",
        "go_on": "Continuer",
        "recovery_code": "Utiliser un code de secours",
        "is_lost": "Avez-vous perdu votre téléphone",
        "later": "Se connecter sans le téléphone",
        "same": "doit différer de votre adresse",
    },
    "en": {
        "app": "Link your authenticator app",
        "link_app": "Link the app",
        "contact": "Add a recovery contact",
        "contact_field": "Another e-mail address, or a mobile number",
        "send": "Send the code",
        "code_sent": "Enter the code we sent",
        "keep_contact": "Keep this contact",
        "codes": "Keep your recovery codes",
        "show_codes": "Show my recovery codes",
        "download": "Download the codes",
        "shown_before": "Your codes were shown before",
        "type_one": re.compile("Type one of"),
        "kept": "I have kept the codes",
        "six": "Six-digit code",
        "other": "Use another way",
        "lost": "My phone is lost",
        "mailbox": "Look in your mailbox",
        "begin": "Begin",
        "password": "Password",
        "go_on": "Continue",
        "recovery_code": "Use a recovery code",
        "is_lost": "Is your phone lost",
        "later": "Sign in without the phone",
        "same": "must differ from your sign-in address",
    },
}


def opened_mail(demo: Demonstration, page: Page, recipient: str, holding: str) -> str:
    """The text of the newest mail or message to somebody that holds this; read in another tab."""
    tab = page.context.new_page()
    for _ in range(60):
        tab.goto(f"{demo.service}/dev/mailbox")
        found = tab.get_by_role("main").get_by_role("link").filter(has_text=recipient)
        for number in range(min(found.count(), 3)):
            found.nth(number).click()
            text = tab.locator("pre.letter").inner_text()
            if re.search(holding, text):
                tab.close()
                return text
            tab.go_back()
        tab.wait_for_timeout(250)
    raise AssertionError(f"nothing with {holding} has come to {recipient}")


def sent_code(demo: Demonstration, page: Page, recipient: str, *, after: str = "000000") -> str:
    """The code that was sent last; `after`: the one before, when there was one."""
    pattern = rf"\b(?!{after})[0-9]{{6}}\b"
    found = re.search(pattern, opened_mail(demo, page, recipient, pattern))
    assert found is not None
    return found[0]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def link_app(page: Page, words: dict[str, Any]) -> Clock:
    """Link an authenticator app by the key on the page."""
    heading(page, words["app"])
    clock = Clock("".join(page.locator(".secret").inner_text().split()))
    page.get_by_label(words["six"]).fill(clock.code())
    press(page, words["link_app"])
    return clock


def add_contact(demo: Demonstration, page: Page, words: dict[str, Any], contact: str) -> None:
    """Prove a recovery contact by the code that is sent to it."""
    heading(page, words["contact"])
    page.get_by_label(words["contact_field"]).fill(contact)
    press(page, words["send"])
    heading(page, words["code_sent"])
    page.get_by_label(words["six"]).fill(sent_code(demo, page, contact.replace(" ", "")))
    press(page, words["keep_contact"])


def see_codes(page: Page, words: dict[str, Any]) -> list[str]:
    heading(page, words["codes"])
    press(page, words["show_codes"])
    expect(page.locator(".codes code")).to_have_count(10)
    return page.locator(".codes code").all_inner_texts()


def keep_codes(page: Page, words: dict[str, Any], code: str) -> None:
    page.get_by_label(words["type_one"]).fill(code)
    press(page, words["kept"])


def complete(demo: Demonstration, page: Page, words: dict[str, Any], contact: str) -> list[str]:
    """The set-up pages after the second factor."""
    add_contact(demo, page, words, contact)
    codes = see_codes(page, words)
    keep_codes(page, words, codes[2])
    return codes


def fits(page: Page) -> None:
    """No scrolling sideways on a phone, nothing axe calls serious."""
    assert across(page) <= page.evaluate("innerWidth")
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
