"""A shared account noticed (J12): what its person reads and answers, what the administrator and the staff see."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.test_activation import mailed_link
from tests.browser.test_devices import at_home, fits, heading

SOPHIE, BENOIT, ANNE_LAURE = "sophie.lemaire", "benoit.lemaire", "annelaure.petit"
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "entry": "Partage du compte",
        "title": "Êtes-vous la seule personne à utiliser ce compte ?",
        "places": "Deux lieux éloignés en même temps",
        "each_time": "un code est demandé à chaque connexion",
        "share": "Nous partageons ce compte",
        "ask_title": "Demander un utilisateur pour un collègue",
        "name": "Nom de votre collègue",
        "address": "Adresse e-mail de votre collègue",
        "ask": "Demander à mon administrateur",
        "asked": "Votre demande est transmise à votre administrateur",
        "requests": "Demandes de vos collègues",
        "case": "Sophie Lemaire, Boulangerie Lemaire SRL",
        "invited": "Cette personne est déjà invitée",
        "nobody": "Personne n’attend",
        "not_me": "Ce n’était pas moi : fermer toutes les sessions",
        "secured": "Toutes les sessions sont fermées",
        "code": "Saisissez le code de votre application",
        "kind": "Compte peut-être partagé",
        "signs": "Indices pris en compte",
        "dismiss": "Classer : fausse alerte",
        "dismiss_title": "Classer ces indices ?",
    },
    "en": {
        "entry": "Sharing of the account",
        "title": "Are you the only one to use this account?",
        "places": "Two distant places at once",
        "each_time": "a code is asked at every sign-in",
        "share": "We share this account",
        "ask_title": "Ask for a user for a colleague",
        "name": "Name of your colleague",
        "address": "E-mail address of your colleague",
        "ask": "Ask my administrator",
        "asked": "Your administrator has your request",
        "requests": "Requests from your colleagues",
        "case": "Sophie Lemaire, Boulangerie Lemaire SRL",
        "invited": "They are invited already",
        "nobody": "Nobody is waiting",
        "not_me": "It was not me: close every session",
        "secured": "Every session is closed",
        "code": "Enter the code from your app",
        "kind": "Account perhaps shared",
        "signs": "Signs that count now",
        "dismiss": "Dismiss: a false alarm",
        "dismiss_title": "Dismiss these signs?",
    },
}
both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


@both_ways
def test_a_shared_account_is_noticed_and_the_better_way_is_shown(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    colleague = f"marc.{language}@boulangerie-lemaire.example.net"
    sophie = somebody(SOPHIE, language, javascript=javascript)
    page = sophie.page
    page.goto(f"{demo.service}/sign-in?ui_locales={language}")
    sophie.prove_password()
    heading(page, words["code"])
    expect(page.get_by_label(sophie.words["trust"])).to_have_count(0)  # a code every time, so trust is not offered
    sophie.prove_code()
    expect(page).to_have_url(f"{demo.service}/")

    page.goto(f"{demo.service}/account")
    page.get_by_role("main").get_by_role("link", name=words["entry"]).click()
    heading(page, words["title"])
    notice = page.get_by_role("main")
    for seen in (words["places"], "Namur", "Lille", "info@", words["each_time"]):
        expect(notice).to_contain_text(seen)
    fits(page, f"sharing notice, {language}", javascript)
    page.get_by_role("button", name=words["share"]).click()
    heading(page, words["ask_title"])
    page.get_by_label(words["name"]).fill("Marc Petit")
    page.get_by_label(words["address"]).fill("marc")
    page.get_by_role("button", name=words["ask"]).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(words["name"])).to_have_value("Marc Petit")
    fits(page, f"asking for a colleague, refused, {language}", javascript)
    page.get_by_label(words["address"]).fill(colleague)
    page.get_by_role("button", name=words["ask"]).click()
    expect(notice).to_contain_text(words["asked"])
    expect(notice).to_contain_text(colleague)

    benoit = somebody(BENOIT, language, javascript=javascript)
    benoit.page.goto(mailed_link(demo, benoit.page, benoit.email, "/"))
    benoit.page.goto(f"{demo.service}/sign-in?ui_locales={language}&continue_to=/account/requests")
    benoit.prove_password()
    benoit.prove_code()
    heading(benoit.page, words["requests"])
    listed = benoit.page.get_by_role("main")
    expect(listed).to_contain_text(colleague)
    expect(listed).to_contain_text(words["case"])
    for never in ("Namur", "Lille"):
        expect(listed).not_to_contain_text(never)
    fits(benoit.page, f"requests of colleagues, {language}", javascript)
    benoit.page.get_by_role("button", name=words["invited"]).click()
    expect(listed).to_contain_text(words["nobody"])


@both_ways
def test_staff_see_signs_and_dates_and_no_places(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    anne_laure = somebody(ANNE_LAURE, language, javascript=javascript)
    page = anne_laure.page
    at_home(anne_laure, language)
    page.goto(f"{demo.service}/operations/cases")
    page.get_by_role("link", name=f"Sophie Lemaire – {words['kind']}").click()
    heading(page, words["kind"])
    expect(page.get_by_role("table", name=words["signs"])).to_contain_text(words["places"])
    for never in ("Namur", "Lille"):
        expect(page.get_by_role("main")).not_to_contain_text(never)
    fits(page, f"case of sharing, {language}", javascript)
    page.get_by_role("link", name=words["dismiss"]).click()
    heading(page, words["dismiss_title"])
    fits(page, f"dismissing, {language}", javascript)


@both_ways
def test_it_was_not_me_closes_everything_and_asks_the_second_factor_before_a_new_password(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    words = WORDS[language]
    sophie = somebody(SOPHIE, language, javascript=javascript)
    page = sophie.page
    at_home(sophie, language)
    page.goto(f"{demo.service}/account/sharing")
    page.get_by_role("button", name=words["not_me"]).click()
    heading(page, words["secured"])
    fits(page, f"every session closed, {language}", javascript)
    page.goto(f"{demo.service}/account")
    expect(page.get_by_label(sophie.words["password"], exact=True)).to_be_visible()
    page.goto(mailed_link(demo, page, sophie.email, "/reset/"))
    page.get_by_role("main").get_by_role("button").first.click()
    heading(page, words["code"])
