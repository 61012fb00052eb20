"""The tour: every page of the application, as somebody to whom it matters, on a phone and on a desk, in both languages.

Nothing may scroll sideways, be blocked by the content security policy, fail in a script, stand there in the other
language, or be called serious by axe, in light and in dark. `SCREENSHOTS=folder` keeps pictures: those of the
documentation in docs/screenshots, all of them anywhere else.
"""

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from idp.core.errors import IdpError
from tests.browser import picture, sights, tour
from tests.browser.conftest import watch
from tests.browser.demonstration import ROOT
from tests.browser.guide import Guide
from tests.browser.tour import Stop

DOCUMENTED = "docs/screenshots"

NOT_TOURED = {
    "/sign-in/passkey": "leads to the sign-in page, which has the button",
    "/firm-invitations/<token>/firm": "for the account that accepts; tests/browser/test_firm.py",
    "/companies/<uuid:company_id>/invitations/import/model": "a file to fill in, not a page",
    "/companies/<uuid:company_id>/get-started": "leads to the step that is due",
    "/sign-in/code/passkey": "asks for a passkey that is held by a device; tests/browser/test_passkeys.py",
    "/sign-in/second-factor/passkey": "the same, while an account is made",
    "/lost-factor/stop/<token>": "one sentence and one button; tests/browser/test_screenshots.py has its pictures",
    "/device/qr/<user_code>.svg": "an image that devices show; tests/protocol/test_rfc8628.py",
    "/dev/mailbox/<uuid:mail_id>/html": "a letter, not a page; tests/browser/test_letters.py",
}
"""Pages that nobody is led to, and why."""


def test_the_tour_knows_every_page(guide: Guide) -> None:
    """A new page belongs into tests/browser/tour.py, or among those that nobody is led to, with the reason."""
    pages = {
        rule.rule
        for rule in guide.stage.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.startswith("pages_")
    }
    stops = [stop for area in tour.STOPS.values() for stop in area]
    toured = {stop.rule for stop in stops}
    assert pages - toured - set(NOT_TOURED) == set(), "not toured"
    assert set(NOT_TOURED) <= pages - toured, "toured after all, or gone"
    names = [name_of(stop) for stop in stops]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("area", tour.STOPS)
def test_every_page_reads_well(guide: Guide, chromium: Browser, area: str) -> None:
    context, failed = chromium.new_context(locale="en-GB", reduced_motion="reduce"), []
    context.set_default_timeout(60_000)
    watch(context, failed)
    page, keep, wrong = context.new_page(), keeper(chromium), []
    for stop in tour.STOPS[area]:
        name = name_of(stop)
        if os.environ.get("TOUR", "") in name:
            wrong += [f"{name}: {each}" for each in (*look(guide, page, stop, keep), *failed)]
            failed.clear()
    context.close()
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(wrong)


Keep = Callable[[Page, Stop, str], None]


def look(guide: Guide, page: Page, stop: Stop, keep: Keep) -> list[str]:
    """Everything that is wrong with one page: on a phone and on a desk, in both languages, in light and dark."""
    try:
        path = path_of(guide, stop)
        cookies = guide.cookies(stop.who)
    except (AssertionError, LookupError, IdpError) as error:
        return [f"no way leads there: {error}"]
    wrong = []
    for language in ("fr", "en"):
        page.context.clear_cookies()
        kept = {**cookies, "sesame_lang": language}
        base = guide.stage.settings.issuer
        page.context.add_cookies([{"name": key, "value": value, "url": base} for key, value in kept.items()])
        page.set_viewport_size({"width": sights.PHONE, "height": 812})
        answer = page.goto(base + path, wait_until="load")
        assert answer is not None
        if answer.status != stop.status or answer.request.redirected_from is not None:
            came = page.url.removeprefix(base)
            return [f"{path} answers {answer.status} at {came}: {page.title()}"]
        wrong += [
            f"in {language}: {each}" for each in sights.faults(page, language, words=not stop.rule.startswith("/dev/"))
        ]
        keep(page, stop, f"{language}-phone")
        if language == "fr":
            wrong += sights.grave(page)
        else:
            page.emulate_media(color_scheme="dark")
            wrong += [f"in dark: {each}" for each in sights.grave(page, only="color-contrast")]
            keep(page, stop, f"{language}-dark")
            page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": sights.DESK, "height": 800})
        wrong += [f"in {language} on a desk: {each}" for each in sights.sideways(page)]
        keep(page, stop, f"{language}-desktop")
    return wrong


def keeper(chromium: Browser) -> Keep:
    """Keeps pictures where SCREENSHOTS says; none without it."""
    chosen = os.environ.get("SCREENSHOTS")
    if not chosen:
        return lambda page, stop, face: None
    folder = ROOT / chosen
    folder.mkdir(parents=True, exist_ok=True)
    documented = folder == ROOT / DOCUMENTED

    def keep(page: Page, stop: Stop, face: str) -> None:
        name = name_of(stop)
        if documented and (not stop.kept or not face.startswith("en-") or face == "en-dark"):
            return
        png = page.screenshot(animations="disabled", caret="hide", full_page=not documented)
        if documented:
            picture.keep(chromium, png, folder / f"{name}-{face.removeprefix('en-')}.png")
        else:
            (folder / f"{name}-{face}.png").write_bytes(png)

    return keep


# --- where a stop is ---

_PARAMETER = re.compile(r"<(?:[a-z]+(?:\([^)]*\))?:)?(\w+)>")


def name_of(stop: Stop) -> str:
    """What its pictures are called: the words of its address, unless it has a name of its own."""
    if stop.name:
        return stop.name
    place = stop.rule.replace(tour.IN_FIRM, "/firm").replace(tour.COMPANY, "/company")
    words = [word for word in _PARAMETER.sub("one", place).split("/") if word]
    return "-".join(words) or "launcher"


def path_of(guide: Guide, stop: Stop) -> str:
    """Its address. A way that has led to the page itself has it, with what stands behind it."""
    if not isinstance(stop.who, str):
        came = guide.walk(stop.who).address
        if not stop.values and re.fullmatch(_PARAMETER.sub("[^/]+", re.escape(stop.rule)), came.partition("?")[0]):
            return came

    def value(found: re.Match[str]) -> str:
        given = stop.values[found[1]]
        if callable(given):
            return str(given(guide))
        if found[1] in ("company_id", "firm_id") or found[1] == "client_id" and tour.IN_FIRM in stop.rule:
            return str(guide.stage.company(given))
        return str(guide.person(given)) if found[1] == "account_id" else given

    path = _PARAMETER.sub(value, stop.rule)
    return f"{path}?{stop.query}" if stop.query else path
