"""Set-up left half-way, and a lost phone (J3, J6): with and without JavaScript, in both languages, on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn, Visit
from tests.browser.demonstration import Clock, Demonstration
from tests.browser.person import WORDS
from tests.browser.set_up import (
    TEXTS,
    add_contact,
    complete,
    fits,
    heading,
    keep_codes,
    link_app,
    opened_mail,
    press,
    see_codes,
    sent_code,
)
from tests.browser.test_activation import PASSWORD, fill_details, mailed_link
from tests.browser.test_activation import TEXTS as ACTIVATION


def test_camille_leaves_half_way_and_goes_on_where_she_stopped(
    demo: Demonstration, somebody: SignedIn, visit: Visit
) -> None:
    words = TEXTS["fr"]
    camille = somebody("camille.roux", "fr", width=375)
    page = camille.page
    camille.open(demo.capture)
    camille.prove_password()
    heading(page, words["app"])
    page.goto(demo.service)  # nothing is opened by the password alone
    assert page.url.startswith(f"{demo.service}/sign-in")
    camille.open(demo.capture)
    camille.prove_password()
    fits(page)
    clock = link_app(page, words)
    heading(page, words["contact"])
    fits(page)
    page.get_by_label(words["contact_field"]).fill(camille.email)
    press(page, words["send"])
    expect(page.get_by_role("alert")).to_contain_text(words["same"])
    expect(page.get_by_label(words["contact_field"])).to_have_value(camille.email)

    # Another day, in English, without JavaScript: the app is linked, the contact is not there yet.
    words = TEXTS["en"]
    again = somebody("camille.roux", "en", javascript=False, width=375)
    demo.clocks["camille.roux"] = clock
    again.page.goto(demo.service)
    again.prove_password()
    again.prove_code()
    add_contact(demo, again.page, words, "+33 6 39 98 00 77")
    codes = see_codes(again.page, words)
    expect(again.page.get_by_role("link", name=words["download"])).to_have_attribute(
        "href", re.compile("^data:text/plain")
    )

    # And once more: the codes are not shown a second time.
    third = somebody("camille.roux", "fr", width=375)
    words = TEXTS["fr"]
    third.page.goto(demo.service)
    third.prove_password()
    third.prove_code()
    heading(third.page, words["codes"])
    expect(third.page.get_by_role("main")).to_contain_text(words["shown_before"])
    assert codes[0] not in third.page.content()
    fits(third.page)
    keep_codes(third.page, words, codes[0].lower())
    expect(third.page).to_have_url(f"{demo.service}/")


def test_the_codes_can_be_downloaded(demo: Demonstration, visit: Visit) -> None:
    words, page = TEXTS["en"], activated(demo, visit, "en", "tom.download@example.org")
    link_app(page, words)
    add_contact(demo, page, words, "tom.home@example.org")
    codes = see_codes(page, words)
    fits(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name=words["download"]).click()
    text = waiting.value.path().read_text("utf-8")
    assert waiting.value.suggested_filename == "sesame-recovery-codes.txt"
    assert all(code in text for code in codes)
    page.reload()
    heading(page, words["codes"])
    expect(page.locator(".codes code")).to_have_count(0)
    keep_codes(page, words, codes[9])


def activated(demo: Demonstration, visit: Visit, language: str, email: str, **options: object) -> Page:
    """Somebody who has just chosen a password."""
    demo.idp("accounts", "invite", email, "--locale", language)
    page = visit(language, **options)
    page.goto(mailed_link(demo, page, email, "/activation/"))
    page.get_by_role("button", name=ACTIVATION[language]["start"]).click()
    fill_details(page, ACTIVATION[language])
    return page


def prove_password(demo: Demonstration, page: Page, language: str, email: str) -> None:
    """The first page of a sign-in, for somebody who is not of the demonstration."""
    page.goto(demo.service)
    page.get_by_label(WORDS[language]["email"]).fill(email)
    page.get_by_label(WORDS[language]["password"], exact=True).fill(PASSWORD)
    page.get_by_role("button", name=WORDS[language]["sign_in"], exact=True).click()


@pytest.mark.parametrize(
    ("language", "javascript", "contact"), [("fr", True, "remy.perso@example.org"), ("en", False, "+33639980088")]
)
def test_a_lost_phone_by_contact_mailbox_and_password(
    demo: Demonstration, visit: Visit, language: str, javascript: bool, contact: str
) -> None:
    words, email = TEXTS[language], f"remy.{language}@example.org"
    first = activated(demo, visit, language, email, javascript=javascript)
    old = link_app(first, words)
    complete(demo, first, words, contact)
    demo.operator("age-contacts", email)

    page = visit(language, javascript=javascript, width=375)
    prove_password(demo, page, language, email)
    page.get_by_role("link", name=words["other"]).click()
    assert contact not in page.content()
    page.get_by_role("link", name=re.compile(words["lost"])).click()
    if javascript:
        fits(page)
    before = sent_code(demo, page, contact)  # of the set-up
    press(page, words["send"])
    heading(page, words["code_sent"])
    page.get_by_label(words["six"]).fill(sent_code(demo, page, contact, after=before))
    press(page, words["go_on"])
    heading(page, words["mailbox"])
    link = re.search(r"http://\S+/lost-factor/\S+", opened_mail(demo, page, email, "/lost-factor/"))
    assert link is not None

    page.goto(link[0])
    press(page, words["begin"])
    page.get_by_label(words["password"], exact=True).fill(PASSWORD)
    press(page, words["go_on"])
    new = link_app(page, words)
    codes = see_codes(page, words)
    keep_codes(page, words, codes[0])
    expect(page).to_have_url(f"{demo.service}/")

    # The old phone opens nothing any more, the new one does.
    other = visit(language, javascript=javascript)
    prove_password(demo, other, language, email)
    other.get_by_label(words["six"]).fill(old.code())
    press(other, words["go_on"])
    expect(other.get_by_role("alert")).to_be_visible()
    other.get_by_label(words["six"]).fill(new.code())
    press(other, words["go_on"])
    expect(other).to_have_url(f"{demo.service}/")
    first.reload()  # its session went with the old phone
    assert first.url.startswith(f"{demo.service}/sign-in")


def test_a_recovery_code_and_the_question_about_the_phone(demo: Demonstration, visit: Visit) -> None:
    words, email = TEXTS["fr"], "perdu.retrouve@example.org"
    page = activated(demo, visit, "fr", email)
    link_app(page, words)
    codes = complete(demo, page, words, "perdu.perso@example.org")

    def with_code(code: str) -> Page:
        fresh = visit("fr", width=375)
        prove_password(demo, fresh, "fr", email)
        fresh.get_by_role("link", name=words["other"]).click()
        fits(fresh)
        fresh.get_by_role("link", name=re.compile(words["recovery_code"])).click()
        fresh.get_by_label("Code de secours").fill(code)
        press(fresh, words["go_on"])
        heading(fresh, words["is_lost"])
        expect(fresh.get_by_role("main")).to_contain_text(re.compile(r"reste [98]\."))
        return fresh

    first = with_code(codes[0])
    fits(first)
    press(first, words["later"])
    expect(first).to_have_url(f"{demo.service}/")
    assert "Il vous en reste 9" in opened_mail(demo, first, email, "ne fonctionnera plus")

    second = with_code(codes[1])
    press(second, "Associer un nouveau téléphone")
    second.get_by_label(words["password"], exact=True).fill(PASSWORD)
    press(second, words["go_on"])
    app = link_app(second, words)
    assert isinstance(app, Clock)
    keep_codes(second, words, see_codes(second, words)[3])
    expect(second).to_have_url(f"{demo.service}/")
    first.reload()  # its session went with the old phone
    expect(first.get_by_role("button", name="Se connecter", exact=True)).to_be_visible()


def test_recovery_contacts_are_seen_and_added(demo: Demonstration, visit: Visit) -> None:
    words, email = TEXTS["fr"], "contacts@example.org"
    page = activated(demo, visit, "fr", email, width=375)
    link_app(page, words)
    complete(demo, page, words, "+33 6 39 98 00 66")
    page.goto(f"{demo.service}/account/contacts")
    expect(page.get_by_role("main")).to_contain_text("+33 ••• 66")
    fits(page)
    page.get_by_role("link", name="Ajouter un contact").click()  # the code of the set-up is fresh enough
    fits(page)
    add_contact(demo, page, words, "contacts.perso@example.org")
    expect(page.get_by_role("main")).to_contain_text("c•••@example.org")
    fits(page)
