"""A firm gives a colleague a client, and takes it back (J10 from step 4, J11 steps 1 to 6), in a real browser."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import SignedIn
from tests.browser.demonstration import RENEW_AFTER, Demonstration
from tests.browser.person import Person
from tests.browser.sights import across
from tests.browser.test_screenshots import accessible

FIRM, LEMAIRE, LUMEN = "Cabinet Deltour & Associés", "Boulangerie Lemaire SRL", "Atelier Lumen SARL"
WORDS = {
    "fr": {
        "capture": "Capture de documents", "leave": re.compile("Quitter.*Deltour"), "title": f"Quitter {FIRM} ?",
        "every": "Tous les clients que le cabinet vous a", "leave_it": "Quitter l’entreprise",
        "left": "Vous avez quitté l’entreprise", "remove": "Retirer de ce client", "removed": "L’accès est retiré",
        "add": "Ajouter un collaborateur", "product": "Produit", "role": "Rôle",
        "roles": "Afficher les rôles de ce produit",
        "own": "Saisie achats et banque (rôle du cabinet)", "see": "Voir ce que cela donne",
        "gives": "Ce que cela donne à Lotte Peeters", "nothing": "aucun rôle", "back": "Revenir aux choix",
        "give": "Donner l’accès", "given": "L’accès est donné",
    },
    "en": {
        "capture": "Document capture", "leave": re.compile("Leave.*Deltour"), "title": f"Leave {FIRM}?",
        "every": "Every client the firm has given to you is taken back", "leave_it": "Leave the company",
        "left": "You have left the company", "remove": "Remove from this client", "removed": "The access is taken away",
        "add": "Add a colleague", "product": "Product", "role": "Role", "roles": "Show the roles of this product",
        "own": "Purchases and bank entry (role of the firm)", "see": "See what this gives",
        "gives": "What this gives Lotte Peeters", "nothing": "no role", "back": "Back to the choices",
        "give": "Give access", "given": "The access is given",
    },
}  # fmt: skip


both_ways = pytest.mark.parametrize(("language", "javascript"), [("fr", True), ("en", False)])


def fits(page: Page, name: str, javascript: bool = True) -> None:
    """Readable for everybody, and on a telephone; looked at where scripts run."""
    if javascript:
        accessible(page, name)
        assert across(page) <= 375, name


def to_client(person: Person, client: str, language: str = "fr") -> None:
    """From one's companies to a client of the firm."""
    page = person.page
    page.goto(f"{person.demo.service}/companies?ui_locales={language}")
    page.get_by_role("main").get_by_role("link", name=FIRM).click()
    page.get_by_role("main").get_by_role("link", name=re.compile("^Clients")).click()
    page.get_by_role("main").get_by_role("link", name=client).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(client)


@both_ways
def test_a_client_is_taken_from_a_colleague_and_given_again(
    demo: Demonstration, signed_in: SignedIn, language: str, javascript: bool
) -> None:
    """J11 steps 1 to 3, then J10 steps 4 to 9."""
    words, options = WORDS[language], {"javascript": javascript, "width": 375 if javascript else 1280}
    lotte, nathalie = signed_in("lotte.peeters", language), signed_in("nathalie.deltour", language, **options)
    to_client(lotte, LEMAIRE, language)
    lotte.page.get_by_role("link", name=words["capture"]).click()
    expect(lotte.page).to_have_url(f"{demo.capture}/")
    assert lotte.company == LEMAIRE
    before = lotte.told(demo.capture)

    page = nathalie.page
    to_client(nathalie, LEMAIRE, language)
    fits(page, "client", javascript)
    page.get_by_role("link", name=re.compile(f"{words['remove']}.*Lotte")).click()
    expect(page.get_by_role("main")).to_contain_text(words["capture"])
    fits(page, "removal", javascript)
    page.get_by_role("button", name=words["remove"]).click()
    expect(page.get_by_role("status").first).to_contain_text(words["removed"])

    time.sleep(RENEW_AFTER + 2)
    lotte.page.goto(f"{demo.capture}/told")
    expect(lotte.page.locator("pre#access-token")).to_have_count(0)  # nothing of that client any more
    to_client(lotte, LUMEN, language)
    lotte.page.get_by_role("link", name=words["capture"]).click()
    expect(lotte.page).to_have_url(f"{demo.capture}/")
    assert lotte.company == LUMEN

    page.get_by_role("link", name=words["add"]).click()
    page.get_by_role("link", name="Lotte Peeters").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(LEMAIRE)
    page.get_by_label(words["product"]).select_option("capture")
    if not javascript:
        page.get_by_role("button", name=words["roles"]).click()
    page.get_by_label(words["role"]).select_option(label=words["own"])
    page.locator("#locale").select_option("nl-BE")
    fits(page, "giving", javascript)
    page.get_by_role("button", name=words["see"]).click()
    expect(page.get_by_role("heading", name=words["gives"])).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(words["own"])
    expect(page.get_by_role("main")).to_contain_text(words["nothing"])
    fits(page, "what it gives", javascript)
    page.get_by_role("button", name=words["back"]).click()
    expect(page.locator("#locale")).to_have_value("nl-BE")
    page.get_by_role("button", name=words["see"]).click()
    page.get_by_role("button", name=words["give"]).click()
    expect(page.get_by_role("status").first).to_contain_text(words["given"])

    to_client(lotte, LEMAIRE, language)
    lotte.page.get_by_role("link", name=words["capture"]).click()
    expect(lotte.page).to_have_url(f"{demo.capture}/")
    after = lotte.told(demo.capture)
    assert after["access-token"]["company"] == before["access-token"]["company"]
    assert (after["access-token"]["via"], after["access-token"]["roles"]) == ("mandate", ["capture.custom"])
    assert after["permissions"] == before["permissions"]


def test_a_colleague_leaves_the_firm_without_javascript(demo: Demonstration, signed_in: SignedIn) -> None:
    """J10 step 7 without JavaScript, another role that is looked at before it is saved, then J11 step 5; in English."""
    nathalie = signed_in("nathalie.deltour", "en", javascript=False)
    page = nathalie.page
    to_client(nathalie, LEMAIRE, "en")
    page.get_by_role("link", name="Add a colleague").click()
    page.get_by_role("link", name="Karim Benali").click()
    page.get_by_label("Product").select_option("capture")
    page.get_by_role("button", name="Show the roles of this product").click()
    page.get_by_label("Role").select_option(label="Administrator")
    page.get_by_role("button", name="See what this gives").click()
    page.get_by_text("Everything the person may do then").click()
    expect(page.get_by_role("main")).to_contain_text("the mandate does not cover this")

    to_client(nathalie, LUMEN, "en")
    page.get_by_role("link", name=re.compile("Change.*Lotte Peeters")).click()
    page.get_by_label("Role").select_option(label="Read only")
    page.get_by_role("button", name="See what changes").click()
    expect(page.get_by_role("main")).to_contain_text("Nothing is saved yet.")
    expect(page.get_by_role("main")).to_contain_text("Taken away:")
    page.get_by_role("button", name="Back to the choices").click()
    expect(page.get_by_label("Role").locator("option:checked")).to_have_text("Read only")
    page.get_by_role("button", name="See what changes").click()
    page.get_by_role("button", name="Save the change").click()
    expect(page.get_by_role("status").first).to_contain_text("The change is saved")

    page.get_by_role("complementary").get_by_role("link", name="Colleagues").click()
    page.get_by_role("main").get_by_role("link", name="Lotte Peeters").click()
    page.get_by_role("link", name="Remove from the firm").click()
    page.wait_for_load_state("domcontentloaded")
    if page.get_by_label("Six-digit code").count():  # the proof of the sign-in is older than some minutes
        nathalie.prove_code()
    expect(page.get_by_role("main")).to_contain_text("loses 2 clients at once")
    page.get_by_role("button", name="Remove from the firm now").click()
    expect(page.get_by_role("status").first).to_contain_text("has left the firm")
    expect(page.get_by_role("table")).not_to_contain_text("Lotte")

    lotte = signed_in("lotte.peeters", "en")
    lotte.page.goto(f"{demo.service}/companies")  # signed in as ever, and of no firm
    expect(lotte.page.get_by_role("main")).not_to_contain_text(FIRM)


@both_ways
def test_a_colleague_leaves_by_herself(
    demo: Demonstration, signed_in: SignedIn, language: str, javascript: bool
) -> None:
    """J11 step 6: every client is lost, what is open closes, and the firm is told."""
    words = WORDS[language]
    demo.settle()  # she may have just been removed, by another test
    demo.operator("join", "lotte.peeters", "cabinet-deltour", "company.member", "practice", "practice.accountant")
    demo.operator("assign", "lotte.peeters", "cabinet-deltour", "boulangerie-lemaire", "capture", "capture.reader")
    lotte = signed_in("lotte.peeters", language, javascript=javascript, width=375 if javascript else 1280)
    to_client(lotte, LEMAIRE, language)
    page = lotte.page
    page.get_by_role("link", name=words["capture"]).click()
    expect(page.locator(".top .company")).to_have_text(LEMAIRE)

    page.goto(f"{demo.service}/account/access?ui_locales={language}")
    page.get_by_role("link", name=words["leave"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["title"])
    expect(page.get_by_role("main")).to_contain_text(words["every"])
    if javascript:
        fits(page, "leaving")
    page.get_by_role("button", name=words["leave_it"]).click()
    expect(page.get_by_role("main")).to_contain_text(words["left"])
    expect(page.get_by_role("main")).not_to_contain_text(FIRM)
    left_at = time.monotonic()
    page.goto(demo.capture)
    while page.locator(".top .company").filter(has_text=LEMAIRE).count():
        assert time.monotonic() - left_at < 8
        time.sleep(0.25)
        page.goto(demo.capture)
    told = set_up.opened_mail(demo, page, demo.email("nathalie.deltour"), "Lotte Peeters a quitté")
    assert FIRM in told
