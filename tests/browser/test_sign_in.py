"""Signing in, as it goes well and as it goes wrong; with and without JavaScript, by keyboard, on a phone."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration

both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


@both_ways
def test_a_wrong_password_says_one_neutral_sentence_and_keeps_the_address(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    said = {"fr": "Adresse ou mot de passe incorrect.", "en": "Wrong address or password."}[language]
    elke = somebody("elke.janssens", language, javascript=javascript)
    page = elke.page
    elke.open(demo.accounting)
    elke.prove_password("un mot de passe qui n’est pas le bon")
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page).to_have_title(re.compile(r"^(Erreur\s:|Error:)"))
    expect(page.get_by_label(elke.words["email"])).to_have_value(elke.email)
    expect(page.get_by_label(elke.words["password"], exact=True)).to_have_value("")

    page.get_by_label(elke.words["email"]).fill("personne@example.org")
    page.get_by_label(elke.words["password"], exact=True).fill(demo.password)
    page.get_by_role("button", name=elke.words["sign_in"], exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(said)


@both_ways
def test_a_wrong_code_is_explained_and_the_next_one_is_taken(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool
) -> None:
    name = {"fr": "amelie.dubois", "en": "katrien.desmet"}[language]
    said = {"fr": "Ce code n’est pas le bon", "en": "That code is not right"}[language]
    person = somebody(name, language, javascript=javascript)
    person.page.goto(demo.service)
    person.prove_password()
    person.prove_code(demo.clocks[name].wrong())
    expect(person.page.get_by_role("alert")).to_contain_text(said)
    expect(person.page.get_by_label(person.words["code"])).to_have_value("")
    spent = demo.code(name)
    person.prove_code(f"{spent[:3]} {spent[3:]}")
    expect(person.page).to_have_url(f"{demo.service}/")

    # The same code a second time is refused, whoever has read it over the shoulder.
    other = somebody(name, language, javascript=javascript)
    other.page.goto(demo.service)
    other.prove_password()
    other.prove_code(spent)
    expect(other.page.get_by_role("alert")).to_contain_text(said)


def test_the_keyboard_alone_is_enough(demo: Demonstration, somebody: SignedIn) -> None:
    joris = somebody("joris.vanderlinden", "en")
    page, press = joris.page, joris.page.keyboard.press
    page.goto(demo.accounting)

    def focused() -> str:
        return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))

    def tab_to(name: str) -> None:
        for _ in range(12):
            press("Tab")
            if focused() == name:
                return
        raise AssertionError(f"{name} cannot be reached with the keyboard")

    tab_to("Sign in")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to your account")
    press("Tab")
    assert focused() == "Skip to the content"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab_to("email")
    page.keyboard.type(joris.email)
    tab_to("password")
    page.keyboard.type("wrong, the first time")
    press("Enter")
    # The summary of what is wrong has the focus, and its link leads to the field.
    expect(page.get_by_role("alert")).to_be_focused()
    press("Tab")
    press("Enter")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    tab_to("password")
    page.keyboard.type(demo.password)
    press("Enter")
    # The field of the code has the focus already.
    expect(page.get_by_label("Six-digit code")).to_be_focused()
    page.keyboard.type(demo.code(joris.name))
    press("Enter")
    expect(page).to_have_url(f"{demo.accounting}/")


def test_the_language_buttons_keep_what_was_typed_and_where_one_is_going(
    demo: Demonstration, somebody: SignedIn
) -> None:
    luc = somebody("luc.wouters", "fr", javascript=False)
    page = luc.page
    luc.open(demo.capture)
    page.get_by_label("Adresse e-mail").fill("luc@")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to your account")
    expect(page.get_by_label("E-mail address")).to_have_value("luc@")
    expect(page.get_by_role("complementary")).to_contain_text("To continue to Document capture")
    expect(page.get_by_role("alert")).to_have_count(0)
    # The choice is remembered, also against the language of the browser.
    luc.page.goto(f"{demo.service}/reset")
    expect(page.get_by_role("heading", level=1)).to_have_text("Get a link to choose a new password")


def test_a_trusted_browser_is_not_asked_for_a_code_again(demo: Demonstration, somebody: SignedIn) -> None:
    fatou = somebody("fatou.diallo")
    fatou.open(demo.capture)
    fatou.prove_password()
    fatou.prove_code(trust=True)
    expect(fatou.page).to_have_url(f"{demo.capture}/")
    fatou.sign_out()
    expect(fatou.page.get_by_role("status")).to_contain_text("Vous êtes déconnecté")

    fatou.open(demo.capture)
    fatou.prove_password()
    expect(fatou.page).to_have_url(f"{demo.capture}/")
    assert fatou.told(demo.capture)["access-token"]["amr"] == ["pwd", "mfa"]

    elsewhere = somebody("fatou.diallo")
    elsewhere.open(demo.capture)
    elsewhere.prove_password()
    expect(elsewhere.page.get_by_label("Code à six chiffres")).to_be_visible()


def test_no_role_in_a_product_is_explained_and_leads_on(demo: Demonstration, signed_in: SignedIn) -> None:
    thomas = signed_in("thomas.lefevre")
    thomas.open(demo.capture)
    main = thomas.page.get_by_role("main")
    expect(thomas.page.get_by_role("heading", level=1)).to_have_text("Vous n’avez pas accès à Capture de documents")
    expect(main).to_contain_text("Atelier Lumen SARL")
    expect(main).to_contain_text("amelie.dubois@atelier-lumen.example.com")
    expect(main).not_to_contain_text(thomas.email)
    main.get_by_role("link", name="Revenir à Capture de documents").click()
    expect(thomas.page.get_by_role("heading", level=1)).to_have_text("Cet accès vous est refusé")
    assert thomas.page.url.startswith(f"{demo.capture}/callback?error=access_denied")


def test_an_ended_subscription_is_explained(demo: Demonstration, signed_in: SignedIn) -> None:
    etienne = signed_in("etienne.garnier", "en")
    etienne.open(demo.accounting)
    expect(etienne.page.get_by_role("heading", level=1)).to_have_text("The subscription to Accounting has ended")
    expect(etienne.page.get_by_role("main")).to_contain_text(re.compile(r"ended on \d+\s\w+\s\d{4}"))
    etienne.page.get_by_role("link", name="See my products").click()
    expect(etienne.page.get_by_role("main")).to_contain_text(re.compile("subscription ended, data kept until"))


def test_a_sign_in_left_open_too_long_starts_again(demo: Demonstration, somebody: SignedIn) -> None:
    pieter = somebody("pieter.claes", "en")
    pieter.page.goto(demo.service)
    pieter.prove_password()
    expect(pieter.page.get_by_label("Six-digit code")).to_be_visible()
    demo.operator("expire-sign-ins", "pieter.claes")
    pieter.prove_code()
    expect(pieter.page.get_by_role("heading", level=1)).to_have_text("This sign-in request has expired")
    pieter.page.get_by_role("link", name="Sign in again").click()
    expect(pieter.page.get_by_label("E-mail address")).to_be_visible()


def test_the_back_button_leads_to_the_step_that_is_due(demo: Demonstration, somebody: SignedIn) -> None:
    sophie = somebody("sophie.lemaire")
    sophie.open(demo.capture)
    sophie.prove_password()
    expect(sophie.page.get_by_label("Code à six chiffres")).to_be_visible()
    sophie.page.go_back()
    sophie.prove_password()
    sophie.prove_code()
    expect(sophie.page).to_have_url(f"{demo.capture}/")
    sophie.page.go_back()
    expect(sophie.page.locator("body")).not_to_contain_text("incident")


def test_a_second_tab_signs_in_beside_the_first(demo: Demonstration, somebody: SignedIn) -> None:
    """Two products opened at once: whichever is finished first opens the way for the other."""
    benoit = somebody("benoit.lemaire")
    benoit.open(demo.accounting)
    first = benoit.page
    benoit.page = first.context.new_page()
    benoit.sign_in(demo.capture)
    expect(benoit.page).to_have_url(f"{demo.capture}/")
    first.get_by_label("Adresse e-mail").fill(benoit.email)
    first.get_by_label("Mot de passe", exact=True).fill(demo.password)
    first.get_by_role("button", name="Se connecter", exact=True).click()
    expect(first).to_have_url(f"{demo.accounting}/")


def test_signing_out_at_the_service_closes_the_product(demo: Demonstration, somebody: SignedIn) -> None:
    samira = somebody("samira.elamrani", "en")
    page = samira.page
    samira.sign_in(demo.accounting)
    expect(page.get_by_role("main")).to_contain_text("The subscription is suspended: you can look")
    page.goto(demo.service)
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_text(["Accounting"])
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your session is closed")
    ended_at = time.monotonic()
    page.goto(demo.accounting)
    while page.locator(".top .company").count():
        assert time.monotonic() - ended_at < 5
        time.sleep(0.25)
        page.goto(demo.accounting)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
