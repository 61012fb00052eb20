"""A device without a browser of its own is connected by its person: on a phone, and at a desk without JavaScript."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import sights, ways
from tests.browser.conftest import LOCALES, watch
from tests.browser.guide import Guide

WORDS = {
    "fr": {
        "compare": "Est-ce bien le code de votre appareil ?", "go on": "Continuer",
        "type": "Saisissez le code affiché par votre appareil", "field": "Code de huit lettres",
        "ask": "Connecter cet appareil à votre compte ?", "allow": "Connecter l’appareil",
        "allowed": "L’appareil est connecté", "refuse": "Refuser", "refused": "L’appareil a été refusé",
    },
    "en": {
        "compare": "Does your device show this code?", "go on": "Continue",
        "type": "Type the code that your device shows", "field": "Code of eight letters",
        "ask": "Connect this device to your account?", "allow": "Connect the device",
        "allowed": "The device is connected", "refuse": "Refuse", "refused": "The device was refused",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "width", "javascript"), [("fr", 375, True), ("en", 1280, False)])
def test_a_device_is_connected(guide: Guide, chromium: Browser, language: str, width: int, javascript: bool) -> None:
    faults: list[str] = []
    context = chromium.new_context(
        locale=LOCALES[language], java_script_enabled=javascript, viewport={"width": width, "height": 812}
    )
    context.add_cookies([{"name": "sesame_lang", "value": language, "url": guide.stage.settings.issuer}])
    watch(context, faults)
    page, words, codes = context.new_page(), WORDS[language], ways.begun(guide)
    if javascript:  # from the QR code
        page.goto(codes["verification_uri_complete"])
        step(page, words["compare"], language, "compare")
    else:  # by hand, and not at the first try
        page.goto(codes["verification_uri"])
        step(page, words["type"], language, "type")
        page.get_by_label(words["field"]).fill("bbbb bbbb")
        page.get_by_role("button", name=words["go on"]).click()
        expect(page.get_by_role("alert")).to_be_visible()
        step(page, words["type"], language, "wrong")
        page.get_by_label(words["field"]).fill(codes["user_code"].lower().replace("-", " "))
    page.get_by_role("button", name=words["go on"]).click()
    sign_in(guide, page)
    step(page, words["ask"], language, "ask")
    expect(page.get_by_role("main")).to_contain_text(codes["user_code"])
    page.get_by_role("button", name=words["allow"]).click()
    step(page, words["allowed"], language, "allowed")

    page.goto(f"{guide.stage.settings.issuer}/device?user_code={ways.begun(guide)['user_code']}")
    page.get_by_role("button", name=words["go on"]).click()
    page.get_by_role("button", name=words["refuse"]).click()
    step(page, words["refused"], language, "refused")
    context.close()
    assert faults == []


def sign_in(guide: Guide, page: Page) -> None:
    person = guide.stage.person("ines.moreau")
    guide.stage.forget_steps("ines.moreau")
    page.locator("input[name=email]").fill(person.address)
    page.locator("input[name=password]").fill(person.password)
    page.locator("#main-form .actions button").first.click()
    expect(page.locator("input[name=code]")).to_be_visible()
    page.locator("input[name=code]").fill(person.code())
    page.locator("#main-form .actions button").first.click()


def step(page: Page, heading: str, language: str, name: str) -> None:
    """The page of this heading, without a fault."""
    expect(page.get_by_role("heading", level=1)).to_have_text(heading.replace(" ?", "\u00a0?"))
    assert list(sights.sideways(page)) == []
    assert urlsplit(page.url).path in ("/device", "/device/confirm")
    if page.viewport_size and page.viewport_size["width"] < 600:
        assert list(sights.faults(page, language)) == []
        assert sights.grave(page) == []
    if chosen := os.environ.get("SCREENSHOTS"):
        Path(chosen).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(chosen) / f"device-{name}-{language}.png", full_page=True)
