"""J2: users are created within the subscription: no seat is left, one is charged extra, and offers are taken back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import SignedIn, Visit
from tests.browser.demonstration import Demonstration
from tests.browser.person import Person, tick
from tests.browser.test_activation import mailed_link
from tests.browser.test_devices import fits, heading
from tests.browser.test_people import main, press, to_people

NOAH = "noah.dupuis@perso.example.org"
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "users": "Utilisateurs", "invite": "Inviter un utilisateur", "given": "Prénom", "family": "Nom",
        "email": "Adresse e-mail", "language": "Langue du message", "send": "Envoyer l’invitation",
        "two": re.compile("formule Solo.*Facturation 2 sur 2"),
        "none_left": "2 licences utilisées sur 2 – il n’en reste aucune",
        "invoicing": "Facturation", "capture": "Capture de documents", "accounting": "Comptabilité",
        "refused": "Toutes les licences de votre formule sont prises : Facturation, 2 sur 2. Rien n’a été envoyé",
        "plan": "Formule et licences (nouvel onglet)", "plan_title": "Abonnements",
        "sent": "L’invitation est en route", "expenses": "Capture de documents : Notes de frais",
        "five": "Comptabilité 5 sur 5", "extra": "5 licences utilisées sur 5 – une de plus est facturée en supplément",
        "charged": "sera facturé en supplément", "confirm": "Je confirme que la licence supplémentaire sera facturée",
        "six": "6 licences utilisées sur 6, dont 1 en supplément", "list": "Comptabilité 6 sur 6, dont 1 en supplément",
        "notice": "a ouvert l’accès à plus de personnes",
        "withdraw": "Retirer", "withdraw_title": "Retirer l’invitation", "withdrawn": "L’invitation est retirée",
        "back": "5 licences utilisées sur 5", "is_withdrawn": "Cette invitation a été retirée",
        "expired": re.compile("^Sans réponse dans le délai"), "resend": "Renvoyer",
        "resend_title": "Renvoyer l’invitation", "resend_it": "Renvoyer l’invitation",
        "told": "Toutes les licences de Facturation sont prises",
        "member": "Cette personne fait déjà partie de l’entreprise", "own": "C’est votre propre adresse",
    },
    "en": {
        "users": "Users", "invite": "Invite a user", "given": "First name", "family": "Last name",
        "email": "E-mail address", "language": "Language of the mail", "send": "Send the invitation",
        "two": re.compile("Solo plan: .*Invoicing 2 of 2"), "none_left": "2 of 2 seats used – none is left",
        "invoicing": "Invoicing", "capture": "Document capture", "accounting": "Accounting",
        "refused": "Every seat of your plan is taken: Invoicing, 2 of 2. Nothing was sent",
        "plan": "Plan and seats (new tab)", "plan_title": "Subscriptions",
        "sent": "The invitation is on its way", "expenses": "Document capture: Expenses",
        "five": "Accounting 5 of 5", "extra": "5 of 5 seats used – one more is charged extra",
        "charged": "will be charged extra", "confirm": "I confirm that the additional seat is charged",
        "six": "6 of 6 seats used, of which 1 extra", "list": "Accounting 6 of 6, of which 1 extra",
        "notice": "has given access to more people than the plan",
        "withdraw": "Withdraw", "withdraw_title": "Withdraw the invitation", "withdrawn": "The invitation is withdrawn",
        "back": "5 of 5 seats used", "is_withdrawn": "This invitation was withdrawn",
        "expired": re.compile("^Not answered in time"), "resend": "Send again",
        "resend_title": "Send the invitation again", "resend_it": "Send the invitation again",
        "told": "Every seat of Invoicing is taken",
        "member": "This person already belongs to the company", "own": "This is your own address",
    },
}  # fmt: skip


def to_form(person: Person, words: dict[str, Any], seats: str | re.Pattern[str], language: str) -> None:
    """Step 1: from the list, which says how the seats stand."""
    page = person.page
    page.goto(f"{person.demo.service}/account?ui_locales={language}")
    to_people(page, words)
    expect(main(page).locator(".lead")).to_contain_text(seats)
    main(page).get_by_role("link", name=words["invite"], exact=True).click()
    heading(page, words["invite"])


def fill(page: Page, words: dict[str, Any], address: str, language: str) -> None:
    page.get_by_label(words["given"], exact=True).fill("Jade")
    page.get_by_label(words["family"], exact=True).fill("Colin")
    page.get_by_label(words["email"]).fill(address)
    page.get_by_label(words["language"]).select_option({"fr": "fr-FR", "en": "en-GB"}[language])


def no_seat_is_left(person: Person, words: dict[str, Any], language: str, javascript: bool) -> str:
    """Steps 1 to 3: said before the form is sent, and when it is; a role without a seat goes."""
    page, address = person.page, f"jade.{language}@boulangerie-lemaire.example.net"
    to_form(person, words, words["two"], language)
    expect(main(page)).to_contain_text(words["none_left"])
    fill(page, words, address, language)
    page.get_by_label(words["invoicing"], exact=True).select_option("invoicing.employee")
    fits(page, "no seat left", javascript)
    press(page, words["send"])
    expect(page.get_by_role("alert")).to_contain_text(words["refused"])
    expect(page.get_by_label(words["email"])).to_have_value(address)
    fits(page, "refused for want of a seat", javascript)
    with page.expect_popup() as opened:
        main(page).get_by_role("link", name=words["plan"]).click()
    heading(opened.value, words["plan_title"])
    opened.value.close()
    page.get_by_label(words["invoicing"], exact=True).select_option("")
    page.get_by_label(words["capture"], exact=True).select_option("capture.expenses-standard")
    press(page, words["send"])
    expect(main(page)).to_contain_text(words["sent"])
    expect(main(page)).to_contain_text(address)
    expect(main(page)).to_contain_text(words["expenses"])
    fits(page, "pending", javascript)
    return address


def one_more_is_charged(person: Person, words: dict[str, Any], language: str, javascript: bool) -> str:
    """Steps 4 and 5: the cost is said, asked about, and told to those who pay."""
    page, address = person.page, f"jade.{language}@atelier-lumen.example.com"
    to_form(person, words, words["five"], language)
    expect(main(page)).to_contain_text(words["extra"])
    page.get_by_label(words["accounting"], exact=True).select_option("accounting.reader")
    for wrong, refusal in (("ines.moreau", words["member"]), ("amelie.dubois", words["own"])):
        fill(page, words, person.demo.email(wrong), language)
        press(page, words["send"])
        expect(page.get_by_role("alert")).to_contain_text(refusal)
    fill(page, words, address, language)
    press(page, words["send"])
    expect(page.get_by_role("alert")).to_contain_text(words["charged"])
    fits(page, "extra cost", javascript)
    tick(page, words["confirm"])
    press(page, words["send"])
    expect(main(page)).to_contain_text(words["sent"])
    expect(main(page)).to_contain_text(words["six"])
    return address


@pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])
def test_users_are_created_within_the_subscription(
    demo: Demonstration, signed_in: SignedIn, visit: Visit, language: str, javascript: bool
) -> None:
    words, options = WORDS[language], {"javascript": javascript, "width": 375 if javascript else 1280}
    benoit = signed_in("benoit.lemaire", language, **options)
    sent = no_seat_is_left(benoit, words, language, javascript)
    invited = visit(language, **options)
    invited.goto(mailed_link(demo, invited, sent, "/invitation/"))
    expect(main(invited)).to_contain_text("Boulangerie Lemaire SRL")

    amelie = signed_in("amelie.dubois", language, **options)
    page, address = amelie.page, one_more_is_charged(amelie, words, language, javascript)
    for told in ("amelie.dubois", "thomas.lefevre") if language == "fr" else ():  # in their language
        assert "Atelier Lumen SARL" in set_up.opened_mail(demo, page, demo.email(told), words["notice"])
    to_people(page, words)
    expect(main(page)).to_contain_text(words["list"])
    fits(page, "people with a seat beside the plan", javascript)

    # Step 6: taken back, at once, and its link says so.
    link = mailed_link(demo, invited, address, "/invitation/")
    main(page).get_by_role("link", name=re.compile("invitation")).last.click()
    main(page).get_by_role("link", name=re.compile(f"^{words['withdraw']}.*{re.escape(address)}")).click()
    heading(page, words["withdraw_title"])
    fits(page, "withdrawing", javascript)
    press(page, words["withdraw_title"])
    expect(main(page)).to_contain_text(words["withdrawn"])
    expect(main(page)).to_contain_text(words["back"])
    invited.goto(link)
    heading(invited, words["is_withdrawn"])
    fits(invited, "withdrawn", javascript)

    # Step 7: the seat of one that has run out is somebody else's by now; said before it is sent, and when it is.
    page = benoit.page
    main(page).get_by_role("link", name=words["expired"]).click()
    main(page).get_by_role("link", name=re.compile(f"^{words['resend']}.*{re.escape(NOAH)}")).click()
    heading(page, words["resend_title"])
    expect(main(page)).to_contain_text(words["told"])
    press(page, words["resend_it"])
    expect(page.get_by_role("alert")).to_contain_text(words["refused"])
    fits(page, "sent again without a seat", javascript)
    page.goto(page.url.rsplit("/", 2)[0])
    main(page).get_by_role("link", name=re.compile(f"^{words['withdraw']}.*{re.escape(sent)}")).click()
    press(page, words["withdraw_title"])
    expect(main(page)).to_contain_text(words["withdrawn"])
