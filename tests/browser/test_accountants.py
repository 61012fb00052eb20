"""A company and its accountant in a browser: asked, confirmed, changed and ended (J9, J11), and one without a firm."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import SignedIn, Visit
from tests.browser.demonstration import RENEW_AFTER, Demonstration
from tests.browser.person import Person, tick
from tests.browser.test_activation import PASSWORD, TEXTS, mailed_link
from tests.browser.test_devices import at_home, fits, heading

FIRM, STUDIO, LUMEN = "Cabinet Deltour & Associés", "Studio Mirabelle", "Atelier Lumen SARL"
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "accountants": "Comptables et assistance", "clients": re.compile("^Clients"), "decline": "Refuser",
        "ask": "Demander un accès à un client", "client_email": "Adresse e-mail de votre client",
        "send_request": "Envoyer la demande",
        "answer": "Répondre à la demande", "never": "jamais à vos utilisateurs",
        "email": "Adresse e-mail de votre comptable",
        "give": "Donner l’accès", "unknown": "Cette adresse ne correspond à aucun compte de cabinet",
        "mismatch": "La demande vient d’une autre adresse", "given": "Le cabinet a maintenant accès",
        "product": "Comptabilité", "unused": "pas encore utilisé", "used": "dernière utilisation le",
        "change": "Modifier ce qu’il peut faire", "look": "Voir ce qui change",
        "unsaved": "Rien n’est encore enregistré",
        "save": "Modifier l’accès", "saved": "La modification est enregistrée", "end": "Mettre fin à l’accès",
        "lose": "aussitôt l’accès", "end_now": "Mettre fin à l’accès maintenant", "ended": "L’accès a pris fin",
        "invite": "Inviter un comptable", "send": "Envoyer l’invitation", "create": "L’inviter à créer son cabinet",
        "language": "Langue du message", "invited": "Elle permet à votre comptable de créer son cabinet",
        "wishes": f"L’entreprise {LUMEN} souhaite", "account": "Créer mon compte", "firm": "Votre cabinet",
        "name": "Nom du cabinet", "city": "Ville", "found": "Créer le cabinet", "accept": "Accepter l’invitation",
        "works": "Vous travaillez maintenant pour ce client", "open": "Ouvrir le client", "go_on": "Continuer",
    },
    "en": {
        "accountants": "Accountants and support", "clients": re.compile("^Clients"), "decline": "Decline",
        "ask": "Ask a client for access", "client_email": "E-mail address of your client",
        "send_request": "Send the request",
        "answer": "Answer the request", "never": "never reach your users",
        "email": "E-mail address of your accountant",
        "give": "Give access", "unknown": "This address does not belong to a firm account",
        "mismatch": "The request came from a different address", "given": "The firm has access now",
        "product": "Accounting", "unused": "not used so far", "used": "last used on",
        "change": "Change what they may do", "look": "See what changes", "unsaved": "Nothing is saved yet",
        "save": "Change the access", "saved": "The change is saved", "end": "End the access",
        "lose": "access to Studio Mirabelle at once", "end_now": "End the access now", "ended": "The access has ended",
        "invite": "Invite an accountant", "send": "Send the invitation", "create": "Invite them to create their firm",
        "language": "Language of the mail", "invited": "leads your accountant to a firm of their own",
        "wishes": f"{LUMEN} would like you as its accountant", "account": "Create my account", "firm": "Your firm",
        "name": "Name of the firm", "city": "Town", "found": "Create the firm", "accept": "Accept the invitation",
        "works": "You work for this client now", "open": "Open the client", "go_on": "Continue",
    },
}  # fmt: skip
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


def main(page: Page) -> Any:
    return page.get_by_role("main")


def press(page: Page, name: str) -> None:
    main(page).get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    main(page).get_by_role("link", name=name).first.click()


def choose(page: Page, preset: str) -> None:
    """By its label, which is in front of the box."""
    page.locator(".tick", has=page.locator(f"input[name=preset][value={preset}]")).locator("label").click()


def to_company(person: Person, company: str, entry: str | re.Pattern[str], language: str) -> None:
    person.page.goto(f"{person.demo.service}/companies?ui_locales={language}")
    follow(person.page, company)
    follow(person.page, entry)


def asks(demo: Demonstration, nathalie: Person, language: str, javascript: bool) -> None:
    words = WORDS[language]
    to_company(nathalie, FIRM, words["clients"], language)
    follow(nathalie.page, words["ask"])
    fits(nathalie.page, "asking", javascript)
    nathalie.page.get_by_label(words["client_email"]).fill(demo.email("chloe.fontaine"))
    choose(nathalie.page, "review")
    press(nathalie.page, words["send_request"])


def confirms(demo: Demonstration, page: Page, here: str, language: str, javascript: bool) -> None:
    """By the address of who has asked, after two others."""
    words = WORDS[language]
    # Every request leads to the same list, and the browser of the tests follows no link twice.
    page.goto(mailed_link(demo, page, demo.email("chloe.fontaine"), here) if language == "fr" else demo.service + here)
    follow(page, FIRM)
    fits(page, "request", javascript)
    follow(page, words["answer"])
    expect(main(page)).to_contain_text(words["never"])
    fits(page, "answer", javascript)
    wrong = [
        ("nathalie@cabinet-delcour.example.net", words["unknown"]),
        (demo.email("karim.benali"), words["mismatch"]),
    ]
    for address, refusal in wrong if language == "fr" else wrong[1:]:  # the two may type five in an hour
        page.get_by_label(words["email"]).fill(address)
        press(page, words["give"])
        expect(main(page)).to_contain_text(refusal)
        expect(page.get_by_label(words["email"])).to_have_value(address)
    fits(page, "wrong address", javascript)
    page.get_by_label(words["email"]).fill(demo.email("nathalie.deltour"))
    choose(page, "full-file")
    press(page, words["give"])
    expect(main(page)).to_contain_text(words["given"])
    expect(main(page)).to_contain_text("Karim Benali")
    fits(page, "one firm", javascript)


def works(demo: Demonstration, karim: Person, language: str) -> set[str]:
    """At the client; answers the permissions the product was told."""
    words = WORDS[language]
    to_company(karim, FIRM, words["clients"], language)
    follow(karim.page, STUDIO)
    follow(karim.page, re.compile(words["product"]))
    expect(karim.page).to_have_url(f"{demo.accounting}/")
    assert karim.company == STUDIO
    token = karim.told(demo.accounting)["access-token"]
    assert (token["via"], token["roles"]) == ("mandate", ["accounting.accountant"])
    return permissions(demo, karim)


def permissions(demo: Demonstration, person: Person) -> set[str]:
    told = person.told(demo.accounting)["permissions"]
    return set(told["permissions"] if isinstance(told, dict) else told)


def limits(page: Page, mandate: str, language: str, javascript: bool) -> None:
    words = WORDS[language]
    page.goto(mandate)
    expect(main(page)).to_contain_text(words["used"])
    expect(main(page)).to_contain_text(words["unused"])  # Nathalie, who could
    follow(page, words["change"])
    fits(page, "change", javascript)
    choose(page, "review")
    press(page, words["look"])
    expect(main(page)).to_contain_text(words["unsaved"])
    fits(page, "what changes", javascript)
    press(page, words["save"])
    expect(main(page)).to_contain_text(words["saved"])


def ends(demo: Demonstration, page: Page, karim: Person, language: str, javascript: bool) -> None:
    words = WORDS[language]
    follow(page, words["end"])
    expect(main(page)).to_contain_text(words["lose"])
    fits(page, "end", javascript)
    press(page, words["end_now"])
    ended_at = time.monotonic()
    expect(main(page)).to_contain_text(words["ended"])
    karim.page.goto(demo.accounting)
    while karim.page.locator(".top .company").filter(has_text=STUDIO).count():
        assert time.monotonic() - ended_at < 8
        time.sleep(0.25)
        karim.page.goto(demo.accounting)
    to_company(karim, FIRM, words["clients"], language)
    expect(main(karim.page).get_by_role("link", name=STUDIO)).to_have_count(0)


@both_ways
def test_an_accountant_asks_is_confirmed_limited_and_ended(
    demo: Demonstration, somebody: SignedIn, signed_in: SignedIn, language: str, javascript: bool
) -> None:
    """J9 steps 1 to 7, with the wrong addresses; J11 step 4: what is open in a product closes at once."""
    words, options = WORDS[language], {"javascript": javascript, "width": 375 if javascript else 1280}
    chloe = somebody("chloe.fontaine", language, **options)
    at_home(chloe, language)
    page = chloe.page
    to_company(chloe, STUDIO, words["accountants"], language)
    fits(page, "accountants", javascript)
    if language == "fr":  # the one of the demonstration
        follow(page, FIRM)
        press(page, words["decline"])

    nathalie = signed_in("nathalie.deltour", language, **options)
    asks(demo, nathalie, language, javascript)
    here = re.sub("/accountants.*", "/accountants", page.url.removeprefix(demo.service))
    confirms(demo, page, here, language, javascript)
    mandate = page.url.partition("?")[0]
    karim = signed_in("karim.benali", language)
    before = works(demo, karim, language)
    limits(page, mandate, language, javascript)
    time.sleep(RENEW_AFTER + 2)
    assert permissions(demo, karim) < before
    ends(demo, page, karim, language, javascript)


@both_ways
def test_an_accountant_without_a_firm_is_led_to_one(
    demo: Demonstration, somebody: SignedIn, visit: Visit, language: str, javascript: bool
) -> None:
    """J9 step 8 and its first error: the address is unknown, its holder creates account and firm, and accepts."""
    words, own, texts = WORDS[language], set_up.TEXTS[language], TEXTS[language]
    width, email, firm = 375 if javascript else 1280, f"marc.{language}@compta.example", f"Cabinet Dubreuil {language}"
    amelie = somebody("amelie.dubois", language, javascript=javascript, width=width)
    at_home(amelie, language)
    page = amelie.page
    to_company(amelie, LUMEN, words["accountants"], language)
    follow(page, words["invite"])
    fits(page, "inviting", javascript)
    page.get_by_label(words["email"]).fill(email)
    choose(page, "review")
    press(page, words["send"])
    expect(main(page)).to_contain_text(words["unknown"])
    expect(page.get_by_label(words["email"])).to_have_value(email)
    fits(page, "unknown", javascript)
    page.get_by_label(words["language"]).select_option({"fr": "fr-FR", "en": "en-GB"}[language])
    press(page, words["create"])
    expect(main(page)).to_contain_text(words["invited"])
    fits(page, "invited", javascript)

    marc = visit(language, javascript=javascript, width=width)
    marc.goto(mailed_link(demo, marc, email, "/firm-invitations/"))
    expect(marc.get_by_role("heading", level=1)).to_contain_text(words["wishes"])
    fits(marc, "invitation", javascript)
    press(marc, words["account"])
    marc.get_by_label(texts["given"], exact=True).fill("Marc")
    marc.get_by_label(texts["family"], exact=True).fill("Dubreuil")
    marc.get_by_label(texts["password"]).fill(PASSWORD)
    marc.get_by_label(texts["again"]).fill(PASSWORD)
    tick(marc, texts["personal"])
    press(marc, texts["create"])
    set_up.link_app(marc, own)
    set_up.complete(demo, marc, own, f"marc.{language}@perso.example.org")
    expect(marc.get_by_role("heading", level=1)).to_contain_text("Marc")
    follow(marc, words["go_on"])
    heading(marc, words["firm"])
    fits(marc, "firm", javascript)
    marc.get_by_label(words["name"]).fill(firm)
    marc.get_by_label(words["city"]).fill("Metz")
    press(marc, words["found"])
    heading(marc, LUMEN)
    fits(marc, "accepting", javascript)
    press(marc, words["accept"])
    expect(main(marc)).to_contain_text(words["works"])
    follow(marc, words["open"])
    follow(marc, re.compile(words["product"]))
    expect(marc).to_have_url(f"{demo.accounting}/")
    expect(marc.locator(".top .company")).to_have_text(LUMEN)

    page.reload()
    follow(page, firm)
    expect(main(page)).to_contain_text("Marc Dubreuil")
    follow(page, words["end"])
    press(page, words["end_now"])
    expect(main(page)).to_contain_text(words["ended"])
