"""Every hosted page, seen: a picture at phone and desktop width, no scrolling sideways, nothing axe calls serious.

`make screenshots` keeps the pictures in docs/screenshots; otherwise they go to a folder that does not last.
"""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import set_up
from tests.browser.conftest import SignedIn, Visit
from tests.browser.demonstration import Clock, Demonstration
from tests.browser.sights import across
from tests.browser.test_activation import TEXTS, fill_details, mailed_link

PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1280, "height": 800}
Look = Callable[..., None]
EN = TEXTS["en"]


@pytest.fixture
def look(keep_picture: Callable[[Page, str], None]) -> Look:
    """Take the pictures of a page, and look at it as axe does."""

    def look(page: Page, name: str, *, dark: bool = False, check: bool = True) -> None:
        page.mouse.move(0, 0)
        for size, width in (("phone", PHONE), ("desktop", DESKTOP)):
            page.set_viewport_size(width)  # type: ignore[arg-type]
            page.evaluate("window.scrollTo(0, 0)")
            keep_picture(page, f"{name}-{size}")
            if size == "phone":
                wide = across(page)
                assert wide <= width["width"], f"{name} scrolls sideways: {wide} px"
        if check:
            accessible(page, name)
        if dark:
            page.emulate_media(color_scheme="dark")
            keep_picture(page, f"{name}-dark")
            accessible(page, f"{name} in dark")
            page.emulate_media(color_scheme="light")

    return look


def accessible(page: Page, name: str) -> None:
    """Nothing that axe calls serious or critical."""
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    grave = [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert grave == [], name


def test_screenshots_of_signing_in(demo: Demonstration, somebody: SignedIn, look: Look) -> None:
    joris = somebody("joris.vanderlinden", "en")
    page = joris.page
    page.goto(demo.accounting)
    look(page, "product-welcome")
    joris.open(demo.accounting)
    look(page, "sign-in", dark=True)
    joris.prove_password("not the right one at all")
    look(page, "sign-in-refused")
    joris.prove_password()
    look(page, "code", dark=True)
    joris.prove_code(demo.clocks[joris.name].wrong())
    look(page, "code-refused")
    page.get_by_role("link", name="Use another way").click()
    look(page, "other-ways")
    page.get_by_role("link", name="Use a recovery code").click()
    look(page, "recovery-code")
    page.get_by_label("Recovery code").fill("not-a-code")
    page.get_by_role("button", name="Continue").click()
    look(page, "recovery-code-refused")
    demo.operator("expire-sign-ins", joris.name)
    page.reload()
    look(page, "sign-in-expired")


def test_screenshots_in_french(demo: Demonstration, somebody: SignedIn, look: Look) -> None:
    lotte = somebody("lotte.peeters", "fr")
    lotte.open(demo.capture)
    look(lotte.page, "sign-in-french", check=False)
    lotte.prove_password()
    look(lotte.page, "code-french", check=False)


def test_screenshots_of_the_way_to_a_product(demo: Demonstration, signed_in: SignedIn, look: Look) -> None:
    nathalie = signed_in("nathalie.deltour", "en")
    nathalie.open(demo.accounting)
    look(nathalie.page, "choose-company", dark=True)
    thomas = signed_in("thomas.lefevre", "en")
    thomas.open(demo.capture)
    look(thomas.page, "no-access")
    etienne = signed_in("etienne.garnier", "en")
    etienne.open(demo.accounting)
    look(etienne.page, "subscription-ended")


def test_screenshots_of_a_stranger_that_asks_for_consent(demo: Demonstration, signed_in: SignedIn, look: Look) -> None:
    answer_to = f"{demo.capture}/callback"
    names = ["--name", "fr=Banque Kervella", "--name", "en=Kervella Bank"]
    what = ["--product", "accounting", "--resource", "https://api.kervella.example.com", "--redirect-uri", answer_to]
    demo.idp("clients", "create", "--client-id", "kervella", "--untrusted", *names, *what)
    ines = signed_in("ines.moreau", "en")
    asked = {
        "client_id": "kervella",
        "response_type": "code",
        "redirect_uri": answer_to,
        "scope": "openid profile email",
        "state": "from-the-bank",
        "ui_locales": "en",
        "code_challenge": create_s256_code_challenge("a" * 64),
        "code_challenge_method": "S256",
    }
    ines.page.goto(f"{demo.service}/oauth/authorize?{urlencode(asked)}")
    expect(ines.page.get_by_role("heading", level=1)).to_have_text("Allow Kervella Bank to use your account?")
    expect(ines.page.get_by_role("main")).to_contain_text("your role in Accounting")
    look(ines.page, "consent")
    ines.page.get_by_role("button", name="Refuse").click()
    expect(ines.page).to_have_url(re.compile(f"^{re.escape(answer_to)}[?]error=access_denied&.*state=from-the-bank"))


def test_screenshots_of_the_products(demo: Demonstration, signed_in: SignedIn, look: Look) -> None:
    ines = signed_in("ines.moreau", "en")
    page = ines.page
    ines.open(demo.accounting)
    look(page, "product-home")
    page.goto(f"{demo.accounting}/area/journals")
    look(page, "product-area")
    page.goto(f"{demo.accounting}/area/audit-export")
    look(page, "product-refuses")
    page.goto(f"{demo.accounting}/told")
    look(page, "what-i-was-told")
    page.goto(f"{demo.accounting}/companies")
    look(page, "product-companies")


def test_screenshots_of_ones_own_pages(demo: Demonstration, signed_in: SignedIn, look: Look) -> None:
    nathalie = signed_in("nathalie.deltour", "en")
    page = nathalie.page
    page.goto(f"{demo.service}/?ui_locales=en")
    look(page, "launcher", dark=True)
    page.goto(f"{demo.service}/account")
    look(page, "account")
    page.goto(f"{demo.service}/sign-out")
    look(page, "sign-out")
    page.goto(f"{demo.service}/nowhere")
    look(page, "not-found")
    wrong = {"client_id": "demo-accounting", "response_type": "code", "redirect_uri": "https://elsewhere.example/cb"}
    page.goto(f"{demo.service}/oauth/authorize?{urlencode(wrong)}")
    look(page, "request-refused")
    stranger = nathalie.page.context.browser.new_context(locale="en-GB").new_page()  # type: ignore[union-attr]
    stranger.goto(f"{demo.service}/sign-out/done")
    look(stranger, "signed-out")
    stranger.context.close()


def test_screenshots_of_an_account_about_to_be_erased(demo: Demonstration, somebody: SignedIn, look: Look) -> None:
    margaux = somebody("margaux.blanc", "en")
    margaux.page.goto(demo.service)
    margaux.prove_password()
    margaux.prove_code()
    look(margaux.page, "erasure")


def test_screenshots_of_activation(demo: Demonstration, visit: Visit, look: Look) -> None:
    email, page = "zoe.kervadec@example.org", visit("en")
    demo.idp("accounts", "invite", email, "--locale", "en")
    link = mailed_link(demo, page, email, "/activation/")
    look(page, "mail")
    page.goto(f"{demo.service}/dev/mailbox")
    look(page, "mailbox")
    page.goto(link)
    look(page, "activation-start")
    page.get_by_role("button", name=EN["start"]).click()
    look(page, "activation-details")
    fill_details(page, EN, "too short")
    look(page, "activation-details-refused")
    fill_details(page, EN)
    look(page, "authenticator")
    page.get_by_role("heading", name="Scan this image").scroll_into_view_if_needed()
    page.get_by_label(EN["code"]).fill(Clock("".join(page.locator(".secret").inner_text().split())).code())
    page.get_by_role("button", name=EN["link_app"]).click()
    words = set_up.TEXTS["en"]
    look(page, "recovery-contact")
    page.get_by_label(words["contact_field"]).fill("zoe@perso.example.org")
    set_up.press(page, words["send"])
    look(page, "recovery-contact-code")
    page.get_by_label(words["six"]).fill(set_up.sent_code(demo, page, "zoe@perso.example.org"))
    set_up.press(page, words["keep_contact"])
    look(page, "recovery-codes-before")
    codes = set_up.see_codes(page, words)
    look(page, "recovery-codes", dark=True)
    page.reload()
    look(page, "recovery-codes-shown")
    set_up.keep_codes(page, words, codes[0])
    look(page, "activation-done")
    page.get_by_role("link", name=EN["products"]).click()
    look(page, "launcher-empty")
    second = visit("en")
    second.goto(link)
    look(second, "link-used")
    second.goto(f"{demo.service}/activation/none-such")
    look(second, "link-unknown")


def test_screenshots_of_a_lost_phone(demo: Demonstration, somebody: SignedIn, look: Look) -> None:
    words, katrien = set_up.TEXTS["en"], somebody("katrien.desmet", "en")
    page = katrien.page
    page.goto(demo.service)
    katrien.prove_password()
    page.get_by_role("link", name=words["other"]).click()
    page.get_by_role("link", name=re.compile(words["lost"])).click()
    look(page, "lost-phone")
    set_up.press(page, words["send"])
    look(page, "lost-phone-code")
    page.get_by_label(words["six"]).fill(set_up.sent_code(demo, page, "katrien.ds@perso.example.org"))
    set_up.press(page, words["go_on"])
    look(page, "lost-phone-sent")
    link = re.search(r"http://\S+/lost-factor/\S+", set_up.opened_mail(demo, page, katrien.email, "/lost-factor/"))
    stop = re.search(r"http://\S+/stop/\S+", set_up.opened_mail(demo, page, "katrien.ds@perso.example.org", "/stop/"))
    assert link is not None
    assert stop is not None
    page.goto(link[0])
    look(page, "lost-factor-start")
    set_up.press(page, words["begin"])
    look(page, "lost-factor-password")
    page.goto(stop[0])
    look(page, "lost-factor-stop")
    page.get_by_role("main").get_by_role("button").click()
    look(page, "lost-factor-stopped")


def test_screenshots_of_a_forgotten_password(demo: Demonstration, visit: Visit, look: Look) -> None:
    email, page = demo.email("annelaure.petit"), visit("en")
    page.goto(f"{demo.service}/reset")
    look(page, "reset")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("main").get_by_role("button").click()
    look(page, "reset-sent")
    page.goto(mailed_link(demo, page, email, "/reset/"))
    look(page, "reset-start")
    page.get_by_role("main").get_by_role("button").click()
    page.get_by_label("Six-digit code").fill(demo.code("annelaure.petit"))
    page.get_by_role("button", name="Continue").click()
    look(page, "new-password")
