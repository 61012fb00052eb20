"""A company is set up (J1): from `idp companies create`, by way of the mailbox, to a product that opens signed in."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import Visit
from tests.browser.demonstration import Clock, Demonstration
from tests.browser.person import tick
from tests.browser.set_up import fits, heading, press
from tests.browser.test_activation import PASSWORD, mailed_link

TEXTS: dict[str, dict[str, Any]] = {
    "fr": {
        "first": "Créez le compte qui administre",
        "given": "Prénom",
        "family": "Nom",
        "password": "Choisissez un mot de passe",
        "again": "Mot de passe, une seconde fois",
        "software": "J’utiliserai aussi le logiciel",
        "personal": "J’ai compris que ce compte est strictement personnel",
        "create": "Créer mon compte",
        "users": "Qui d’autre utilisera le logiciel",
        "services": "De quels services connectés",
        "check": "Vérifiez, puis envoyez",
        "ready": "tout est prêt",
        "address": "Adresse e-mail",
        "add": "Ajouter à la liste",
        "continue_list": "Continuer avec cette liste",
        "continue": "Continuer",
        "send": "Envoyer l’invitation et terminer",
        "later": "Plus tard",
        "taken": "1 licence prise sur 5",
        "accounting": "Comptabilité",
        "mobile": "Données mobiles",
        "on": "Activer",
        "used": "Ce lien a déjà servi",
        "over": "Ce lien n’est plus valable",
        "send_new": "Envoyer un nouveau lien",
        "look": "Consultez votre messagerie",
        "other": "Utiliser une autre adresse",
        "which": "Avec quelle adresse vous connecterez-vous",
        "send_code": "Envoyer le code",
        "confirm": "Confirmer cette adresse",
        "attach_first": "Connectez-vous pour rattacher Fleurs du Quai",
        "attach": "Rattacher l’entreprise",
        "attaching": "Rattachez Fleurs du Quai à votre compte",
        "never_came": "Le message de votre commande n’est pas arrivé",
        "send_link": "Envoyer le lien",
        "sign_in": "Se connecter",
    },
    "en": {
        "first": "Create the account that runs",
        "given": "First name",
        "family": "Last name",
        "password": "Choose a password",
        "again": "The same password again",
        "software": "I will use the software too",
        "personal": "I understand that this account is strictly personal",
        "create": "Create my account",
        "users": "Who else will use the software?",
        "services": "Which connected services do you need?",
        "check": "Check, then send the invitations",
        "ready": "is ready",
        "address": "E-mail address",
        "add": "Add to the list",
        "continue_list": "Continue with this list",
        "continue": "Continue",
        "send": "Send the invitation and finish",
        "later": "Later",
        "taken": "1 of 5 seats taken",
        "accounting": "Accounting",
        "mobile": "Mobile data",
        "on": "Turn on",
        "used": "This link was already used",
        "over": "This link is no longer valid",
        "send_new": "Send a new link",
        "look": "Look in your mailbox",
        "other": "Use another address",
        "which": "With which address will you sign in?",
        "send_code": "Send the code",
        "confirm": "Confirm this address",
        "attach_first": "Sign in to attach Fleurs du Quai",
        "attach": "Attach the company",
        "attaching": "Attach Fleurs du Quai to your account",
        "never_came": "The mail of your order never came?",
        "send_link": "Send the link",
        "sign_in": "Sign in",
    },
}


def ordered(demo: Demonstration, page: Page, language: str, name: str = "rose") -> str:
    """An order of five seats, and the link in its mail."""
    email = f"{name}.{language}@fleurs.example"
    locale = {"fr": "fr-FR", "en": "en-GB"}[language]
    demo.idp(
        "companies", "create", f"{name}-{language}", "--name", "Fleurs du Quai", "--owner", email, "--plan",
        "team", "--product", "accounting", "--product", "capture", "--locale", locale,
    )  # fmt: skip
    return mailed_link(demo, page, email, "/get-started/", "Fleurs du Quai")


def fill_first(page: Page, words: dict[str, Any], password: str = PASSWORD) -> None:
    page.get_by_label(words["given"], exact=True).fill("Rose")
    page.get_by_label(words["family"], exact=True).fill("Marin")
    page.get_by_label(words["password"]).fill(password)
    page.get_by_label(words["again"]).fill(password)
    tick(page, words["software"])
    tick(page, words["personal"])
    press(page, words["create"])


def sign_in(page: Page, demo: Demonstration, email: str, words: dict[str, Any], own: dict[str, Any]) -> None:
    page.goto(f"{demo.service}/sign-in")
    page.get_by_label(words["address"]).fill(email)
    page.get_by_label(own["password"], exact=True).fill(PASSWORD)
    press(page, words["sign_in"])


@pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
def test_a_company_is_set_up_and_an_interrupted_set_up_goes_on(
    demo: Demonstration, visit: Visit, language: str, javascript: bool
) -> None:
    words, own, email = TEXTS[language], set_up.TEXTS[language], f"rose.{language}@fleurs.example"
    look = fits if javascript else lambda page: None
    page = visit(language, javascript=javascript, width=375 if javascript else 1280)
    link = ordered(demo, page, language)
    page.goto(link)
    heading(page, words["first"])
    look(page)
    fill_first(page, words)
    heading(page, own["app"])

    # The browser is closed after the password: the next sign-in goes on at the second factor.
    page.context.close()
    page = visit(language, javascript=javascript, width=375 if javascript else 1280)
    sign_in(page, demo, email, words, own)
    clock: Clock = set_up.link_app(page, own)
    set_up.complete(demo, page, own, f"rose.{language}@perso.example.org")
    heading(page, words["users"])
    expect(page.get_by_role("main")).to_contain_text(words["taken"])
    look(page)
    page.get_by_label(words["given"], exact=True).fill("Lise")
    page.get_by_label(words["family"], exact=True).fill("Petit")
    page.get_by_label(words["address"]).fill(f"lise.{language}@fleurs.example")
    page.get_by_label(words["accounting"]).select_option("accounting.reader")
    press(page, words["add"])
    expect(page.get_by_role("main")).to_contain_text("Lise Petit")
    look(page)

    # And closed again: the list is still there.
    page.context.close()
    page = visit(language, javascript=javascript, width=375 if javascript else 1280)
    sign_in(page, demo, email, words, own)
    page.get_by_label(own["six"]).fill(clock.code())
    press(page, words["continue"])
    heading(page, words["users"])
    press(page, words["continue_list"])
    heading(page, words["services"])
    look(page)
    page.get_by_role("group", name=words["mobile"]).locator("label", has_text=words["on"]).click()
    press(page, words["continue"])
    heading(page, words["check"])
    look(page)
    press(page, words["send"])
    heading(page, words["ready"])
    look(page)
    assert mailed_link(demo, page.context.new_page(), f"lise.{language}@fleurs.example", "/invitation")

    # From the last page into a product, without a form.
    page.get_by_role("main").get_by_role("link", name=re.compile(words["accounting"])).click()
    page.wait_for_url(f"{demo.accounting}/**")
    expect(page.locator(".top .company")).to_have_text("Fleurs du Quai")

    late = visit(language, javascript=javascript)
    answer = late.goto(link)
    assert answer is not None
    assert answer.status == 410
    heading(late, words["used"])


@pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
def test_what_goes_wrong_on_the_way_has_a_way_on(
    demo: Demonstration, visit: Visit, language: str, javascript: bool
) -> None:
    """J1, errors: an old link, a refused password, another address, an account that is there already."""
    words, own = TEXTS[language], set_up.TEXTS[language]
    look = fits if javascript else lambda page: None
    page = visit(language, javascript=javascript, width=375 if javascript else 1280)
    old = ordered(demo, page, language, "lone")
    demo.operator("expire-order-link", old.rsplit("/", 1)[1])
    page.goto(old)
    heading(page, words["over"])
    look(page)
    press(page, words["send_new"])
    heading(page, words["look"])
    look(page)
    link = mailed_link(demo, page, f"lone.{language}@fleurs.example", "/get-started/", "Fleurs du Quai")

    page.goto(link)
    heading(page, words["first"])
    fill_first(page, words, "Fleurs du Quai 44")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(words["given"], exact=True)).to_have_value("Rose")
    look(page)
    with_another_address(demo, page, language, look)
    fill_first(page, words)
    clock = set_up.link_app(page, own)
    set_up.complete(demo, page, own, f"reserve.{language}@perso.example")
    heading(page, words["users"])
    press(page, words["later"])
    heading(page, words["services"])
    press(page, words["continue"])
    heading(page, words["ready"])

    # A second company for the same person: the account is there, and one is enough.
    second = visit(language, javascript=javascript, width=375 if javascript else 1280)
    attach_second(demo, second, language, clock, look)

    # And the mail that never came: the same answer for everybody.
    stranger = visit(language, javascript=javascript)
    for address in (f"rose.{language}@fleurs.example", "nobody@fleurs.example"):
        stranger.goto(f"{demo.service}/get-started/again")
        heading(stranger, words["never_came"])
        stranger.get_by_label(words["address"]).fill(address)
        press(stranger, words["send_link"])
        heading(stranger, words["look"])


def with_another_address(demo: Demonstration, page: Page, language: str, look: Callable[[Page], None]) -> None:
    """The account is to have another address: a code goes there first."""
    words, own = TEXTS[language], set_up.TEXTS[language]
    page.get_by_role("link", name=words["other"]).click()
    heading(page, words["which"])
    look(page)
    page.get_by_label(words["address"]).fill(f"alone.{language}@perso.example")
    press(page, words["send_code"])
    code = set_up.sent_code(demo, page, f"alone.{language}@perso.example")
    page.get_by_label(own["six"]).fill("000000" if code != "000000" else "111111")
    press(page, words["confirm"])
    expect(page.get_by_role("alert")).to_be_visible()
    look(page)
    page.get_by_label(own["six"]).fill(code)
    press(page, words["confirm"])
    heading(page, words["first"])
    expect(page.get_by_label(words["address"])).to_have_value(f"alone.{language}@perso.example")


def attach_second(demo: Demonstration, second: Page, language: str, clock: Clock, look: Callable[[Page], None]) -> None:
    """Another company is ordered for an address that has an account."""
    words, own = TEXTS[language], set_up.TEXTS[language]
    locale = {"fr": "fr-FR", "en": "en-GB"}[language]
    demo.idp(
        "companies", "create", f"second-{language}", "--name", "Fleurs du Quai", "--owner",
        f"alone.{language}@perso.example", "--plan", "solo", "--product", "capture", "--locale", locale,
    )  # fmt: skip
    link = mailed_link(demo, second, f"alone.{language}@perso.example", "/get-started/", "Fleurs du Quai")
    second.goto(link)
    heading(second, words["attach_first"])
    look(second)
    second.get_by_role("main").get_by_role("link", name=words["sign_in"]).click()
    second.get_by_label(own["password"], exact=True).fill(PASSWORD)
    press(second, words["sign_in"])
    second.get_by_label(own["six"]).fill(clock.code())
    press(second, words["continue"])
    heading(second, words["attaching"])
    look(second)
    press(second, words["attach"])
    heading(second, words["users"])
