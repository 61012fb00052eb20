"""A subscription ends (J13): cancelled, kept, cancelled again, over on its day, and all of it back on coming back."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from idp.core import webhooks
from tests.browser.conftest import SignedIn
from tests.browser.demonstration import RENEW_AFTER, Demonstration
from tests.browser.person import Person, tick
from tests.browser.sights import across
from tests.browser.test_devices import heading
from tests.browser.test_screenshots import accessible

JORIS, HOME = "joris.vanderlinden", "toitures-vanderlinden"
WORDS: dict[str, dict[str, Any]] = {
    "fr": {
        "menu": "Toitures Vanderlinden SRL", "title": "Abonnements", "product": "Comptabilité",
        "notice": "Résiliation en cours", "keep": "Garder l’abonnement", "keep_title": "Garder Comptabilité ?",
        "cancel": "Résilier l’abonnement", "cancel_title": "Résilier l’abonnement à Comptabilité ?",
        "why": "Pourquoi partez-vous ?", "exported": "Les données sont exportées", "missing": "Cochez cette case",
        "banner": "Abonnement résilié", "ended": "abonnement terminé, données gardées jusqu’au", "back": "Se réabonner",
        "back_title": "Se réabonner à Comptabilité ?", "again": "Chacun retrouve ce qu’il avait",
        "in_product": "Abonnement résilié : tout reste ouvert jusqu’au",
        "is_over": "L’abonnement à Comptabilité est terminé",
        "gone": "abonnement terminé", "expenses": "Notes de frais", "upload": "Déposer un justificatif",
        "suspended": "L’abonnement est suspendu : vous pouvez consulter", "look": "sans pouvoir la modifier",
        "capture_over": "L’abonnement à Capture de documents est terminé",
    },
    "en": {
        "menu": "Toitures Vanderlinden SRL", "title": "Subscriptions", "product": "Accounting",
        "notice": "Cancellation under way", "keep": "Keep the subscription", "keep_title": "Keep Accounting?",
        "cancel": "Cancel the subscription", "cancel_title": "Cancel the subscription to Accounting?",
        "why": "Why are you leaving?", "exported": "The data is exported", "missing": "Tick this once",
        "banner": "Subscription cancelled", "ended": "subscription ended, data kept until", "back": "Subscribe again",
        "back_title": "Subscribe to Accounting again?", "again": "Everybody gets back what they had",
        "in_product": "Subscription cancelled: everything stays open until",
        "is_over": "The subscription to Accounting has ended",
        "gone": "subscription ended", "expenses": "Expenses", "upload": "Upload a receipt",
        "suspended": "The subscription is suspended: you can look", "look": "not change it",
        "capture_over": "The subscription to Document capture has ended",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "javascript", "width"), [("fr", True, 375), ("en", False, 1280)])
def test_a_subscription_is_cancelled_kept_ended_and_taken_up_again(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool, width: int
) -> None:
    words = WORDS[language]
    demo.operator("date-product", HOME, "accounting", "notice", "-4", "39")
    joris = somebody(JORIS, language, javascript=javascript, width=width)
    page = joris.page
    page.goto(f"{demo.service}/sign-in?ui_locales={language}")
    joris.prove_password()
    joris.prove_code()
    expect(page.get_by_text(words["banner"])).to_be_visible()

    # Everything works, and says until when.
    joris.open(demo.accounting)
    expect(page.get_by_role("note")).to_contain_text(words["in_product"])
    if javascript:
        fits(page, "notice in the product", width)
    told = joris.told(demo.accounting)
    assert told["access-token"]["subscription"] == "notice"
    assert 38 < (told["access-token"]["subscription_until"] - time.time()) / 86400 < 40
    before = told["permissions"]

    page.goto(f"{demo.service}/companies?ui_locales={language}")
    page.get_by_role("main").get_by_role("link", name=words["menu"]).click()
    page.get_by_role("main").get_by_role("link", name=re.compile(f"^{words['title']}")).click()
    heading(page, words["title"])
    expect(page.get_by_role("heading", name=words["product"])).to_contain_text(words["notice"])
    if javascript:
        fits(page, "subscriptions", width)

    page.get_by_role("link", name=words["keep"]).click()
    heading(page, words["keep_title"])
    page.get_by_role("button", name=words["keep"]).click()
    heading(page, words["title"])
    expect(page.get_by_role("link", name=words["keep"])).to_have_count(0)

    section = page.get_by_role("region", name=re.compile(words["product"]))
    section.get_by_role("link", name=words["cancel"]).click()
    heading(page, words["cancel_title"])
    if javascript:
        fits(page, "cancel", width)
    page.get_by_label(words["why"]).select_option("price")
    page.get_by_role("button", name=words["cancel"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["missing"])
    expect(page.get_by_label(words["why"])).to_have_value("price")
    tick(page, words["exported"])
    page.get_by_role("button", name=words["cancel"]).click()
    heading(page, words["title"])
    expect(page.get_by_role("heading", name=words["product"])).to_contain_text(words["notice"])

    ends(joris, language, javascript, width)
    comes_back(joris, language, before)
    is_purged(joris, language)
    demo.operator("date-product", HOME, "accounting", "active", "-180")
    demo.operator("give-role", JORIS, HOME, "accounting", "accounting.administrator")


@pytest.mark.parametrize(("language", "javascript", "width"), [("fr", True, 375), ("en", False, 1280)])
def test_a_suspended_company_looks_only_until_it_pays(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool, width: int
) -> None:
    """J13, variant: Fatou cannot upload and sees why; her owner pays; unpaid for sixty days, it ends."""
    words = WORDS[language]
    fatou = somebody("fatou.diallo", language, javascript=javascript, width=width)
    fatou.sign_in(demo.capture)
    page = fatou.page
    to_expenses(fatou, words)
    expect(page.get_by_role("note")).to_contain_text(words["suspended"])
    expect(page.get_by_role("main")).to_contain_text(words["look"])
    expect(page.get_by_role("main")).not_to_contain_text(words["upload"])
    if javascript:
        fits(page, "suspended", width)

    paid(demo, "clarte-nettoyage", 1 if javascript else 2)
    deadline = time.monotonic() + 2 * RENEW_AFTER + 4
    while page.get_by_role("note").count() and time.monotonic() < deadline:
        page.wait_for_timeout(500)
        to_expenses(fatou, words)
    expect(page.get_by_role("note")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text(words["upload"])

    for product in ("capture", "accounting", "payroll"):
        demo.operator("date-product", "clarte-nettoyage", product, "suspended", "-61")
    demo.idp("subscriptions", "due")
    time.sleep(RENEW_AFTER + 2)
    fatou.open(demo.capture)
    heading(page, words["capture_over"])
    for product in ("capture", "accounting", "payroll"):
        demo.operator("date-product", "clarte-nettoyage", product, "suspended", "-6")


def fits(page: Page, name: str, width: int) -> None:
    accessible(page, name)
    assert across(page) <= width, name


def to_expenses(person: Person, words: dict[str, Any]) -> None:
    person.page.goto(f"{person.demo.capture}/area/expenses")
    heading(person.page, words["expenses"])


def paid(demo: Demonstration, reference: str, number: int) -> None:
    """Billing says that what was owed is paid, in a signed event."""
    secret = demo.idp("billing", "rotate-key" if number > 1 else "create-key")["secret"]
    event = {
        "id": f"evt_paid_{number}", "number": number, "company": reference, "kind": "payment.received",
        "at": datetime.now(UTC).isoformat(), "data": {},
    }  # fmt: skip
    body = json.dumps(event).encode()
    signed = webhooks.signed(webhooks.read(secret), event["id"], datetime.now(UTC), body)
    headers = {"Content-Type": "application/json", **signed}
    answer = requests.post(f"{demo.service}/billing/events", data=body, headers=headers, timeout=10)
    assert answer.json()["outcome"] == "applied", answer.text


def ends(joris: Person, language: str, javascript: bool, width: int) -> None:
    """Day 39: the product closes, the others do not notice."""
    demo, page, words = joris.demo, joris.page, WORDS[language]
    demo.operator("date-product", HOME, "accounting", "notice", "-39", "0")
    demo.idp("subscriptions", "due")
    time.sleep(RENEW_AFTER + 2)
    joris.page.goto(f"{demo.accounting}/told")
    expect(page.locator("pre#access-token")).to_have_count(0)
    joris.open(demo.accounting)
    heading(page, words["is_over"])
    if javascript:
        fits(page, "over", width)
    page.goto(f"{demo.service}/?ui_locales={language}")
    expect(page.get_by_text(words["ended"])).to_be_visible()
    if javascript:
        fits(page, "my products", width)
    joris.open(demo.capture)
    assert joris.company == words["menu"]


def comes_back(joris: Person, language: str, before: list[str]) -> None:
    """Day 100, 61 days after the end: everybody has what they had."""
    demo, page, words = joris.demo, joris.page, WORDS[language]
    demo.operator("date-product", HOME, "accounting", "ended", "-61", "", "119")
    page.goto(f"{demo.service}/?ui_locales={language}")
    page.get_by_role("link", name=re.compile("Voir les abonnements|See the subscriptions")).click()
    page.get_by_role("link", name=words["back"]).click()
    heading(page, words["back_title"])
    page.get_by_role("button", name=words["back"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["again"])
    joris.open(demo.accounting)
    expect(page.locator(".top .company")).to_have_text(words["menu"])
    assert joris.told(demo.accounting)["permissions"] == before


def is_purged(joris: Person, language: str) -> None:
    """Ended once more, and nobody comes back within 180 days: the rights are gone, the account and the rest are not."""
    demo, page, words = joris.demo, joris.page, WORDS[language]
    demo.operator("date-product", HOME, "accounting", "ended", "-180", "", "0")
    demo.idp("subscriptions", "due")
    page.goto(f"{demo.service}/?ui_locales={language}")
    expect(page.get_by_role("main")).not_to_contain_text(words["gone"])
    expect(page.get_by_role("main")).not_to_contain_text(words["product"])
    joris.open(demo.capture)
    assert joris.company == words["menu"]
