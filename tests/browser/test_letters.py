"""Every letter as a mail program shows it: in both languages, on a phone and at 600 pixels, in light and in dark.

`SCREENSHOTS=folder` keeps pictures, except in the folder of the documentation.
"""

import os
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from idp.outbox import render
from tests.browser import sights
from tests.browser.demonstration import ROOT
from tests.web.test_templates import MAIL_SAMPLES

LANGUAGES = {"fr": "fr-FR", "en": "en-GB"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_reads_well(chromium: Browser, language: str) -> None:
    page, wrong = chromium.new_page(), []
    for template, contexts in MAIL_SAMPLES.items():
        for number, context in enumerate(contexts):
            letter = written(template, context, LANGUAGES[language])
            name = f"letter-{template.replace('_', '-')}-{number}-{language}"
            wrong += [f"{name}: {each}" for each in look(page, letter.html, name, first=number == 0)]
            if language == "fr":
                lines = [letter.subject, *letter.text.split("\n")]
                wrong += [f"{name}: {line!r}" for line in lines if sights.LOOSE.search(line) and "http" not in line]
    page.close()
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(wrong)


def written(template: str, context: dict[str, Any], locale: str) -> render.Rendered:
    variables = {key: value for key, value in context.items() if key != "link"}
    if "link" in context:
        variables["path"] = "/activation/an-address-as-long-as-they-are-0123456789abcdef"
    content = {"recipient": "ines.moreau@atelier-lumen.example.com", "locale": locale, "variables": variables}
    return render.render(template, content, "http://localhost:8000")


def look(page: Page, html: str, name: str, *, first: bool) -> list[str]:
    """What is wrong with its HTML; colours are looked at once for each template."""
    page.set_viewport_size({"width": sights.PHONE, "height": 812})
    page.set_content(html)
    wrong = list(sights.sideways(page))
    if first:
        wrong += sights.grave(page)
        keep(page, f"{name}-phone")
        page.emulate_media(color_scheme="dark")
        wrong += [f"in dark: {each}" for each in sights.grave(page, only="color-contrast")]
        keep(page, f"{name}-dark")
        page.emulate_media(color_scheme="light")
    return wrong


def keep(page: Page, name: str) -> None:
    chosen = os.environ.get("SCREENSHOTS")
    if chosen and chosen != "docs/screenshots":
        page.screenshot(path=ROOT / chosen / f"{name}.png", full_page=True)
