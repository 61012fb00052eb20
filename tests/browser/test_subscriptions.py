"""A subscription ends (J13): cancelled, kept, cancelled again, over on its day, and everything back on coming back."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn
from tests.browser.demonstration import Demonstration
from tests.browser.person import tick
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
    },
    "en": {
        "menu": "Toitures Vanderlinden SRL", "title": "Subscriptions", "product": "Accounting",
        "notice": "Cancellation under way", "keep": "Keep the subscription", "keep_title": "Keep Accounting?",
        "cancel": "Cancel the subscription", "cancel_title": "Cancel the subscription to Accounting?",
        "why": "Why are you leaving?", "exported": "The data is exported", "missing": "Tick this once",
        "banner": "Subscription cancelled", "ended": "subscription ended, data kept until", "back": "Subscribe again",
        "back_title": "Subscribe to Accounting again?", "again": "Everybody has again what they had",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "javascript", "width"), [("fr", True, 375), ("en", False, 1280)])
def test_a_subscription_is_cancelled_kept_ended_and_taken_up_again(
    demo: Demonstration, somebody: SignedIn, language: str, javascript: bool, width: int
) -> None:
    words = WORDS[language]
    demo.operator("give-notice", HOME, "accounting", "39")
    joris = somebody(JORIS, language, javascript=javascript, width=width)
    page = joris.page
    page.goto(f"{demo.service}/sign-in?ui_locales={language}")
    joris.prove_password()
    joris.prove_code()
    expect(page.get_by_text(words["banner"])).to_be_visible()

    page.goto(f"{demo.service}/companies?ui_locales={language}")
    page.get_by_role("main").get_by_role("link", name=words["menu"]).click()
    page.get_by_role("main").get_by_role("link", name=re.compile(f"^{words['title']}")).click()
    heading(page, words["title"])
    expect(page.get_by_role("heading", name=words["product"])).to_contain_text(words["notice"])
    if javascript:
        accessible(page, "subscriptions")
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("link", name=words["keep"]).click()
    heading(page, words["keep_title"])
    page.get_by_role("button", name=words["keep"]).click()
    heading(page, words["title"])
    expect(page.get_by_role("link", name=words["keep"])).to_have_count(0)

    section = page.get_by_role("region", name=re.compile(words["product"]))
    section.get_by_role("link", name=words["cancel"]).click()
    heading(page, words["cancel_title"])
    if javascript:
        accessible(page, "cancel")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label(words["why"]).select_option("price")
    page.get_by_role("button", name=words["cancel"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["missing"])
    expect(page.get_by_label(words["why"])).to_have_value("price")
    tick(page, words["exported"])
    page.get_by_role("button", name=words["cancel"]).click()
    heading(page, words["title"])
    expect(page.get_by_role("heading", name=words["product"])).to_contain_text(words["notice"])

    demo.operator("give-notice", HOME, "accounting", "0")
    demo.idp("subscriptions", "due")
    page.goto(f"{demo.service}/?ui_locales={language}")
    expect(page.get_by_text(words["ended"])).to_be_visible()
    page.goto(f"{demo.service}/?ui_locales={language}")
    page.get_by_role("link", name=re.compile("Voir les abonnements|See the subscriptions")).click()
    page.get_by_role("link", name=words["back"]).click()
    heading(page, words["back_title"])
    page.get_by_role("button", name=words["back"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["again"])
    joris.open(demo.accounting)
    expect(page).to_have_url(re.compile(re.escape(demo.accounting)))
