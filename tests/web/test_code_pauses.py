"""Codes that are paused after too many wrong ones (MFA-08): what the pages say of it, and to whom."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from idp.authn.models import Throttle, TotpAuthenticator
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder

PAUSED = "Too many wrong codes. Try again"
FOR_GOOD = "none is accepted here any more. Prove another way"


def _pause(browser: Browser, holder: Holder) -> None:
    """Wrong codes until they are paused."""
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    assert PAUSED not in browser.text
    right = {holder.code(step) for step in (-1, 0, 1, 2)}
    wrong = next(code for code in ("111111", "222222", "333333", "444444", "555555") if code not in right)
    while browser.status != 429:
        browser.submit({"code": wrong})


def test_a_page_of_the_code_that_is_loaded_again_tells_of_the_pause(
    app: Application, browser: Browser, make_holder: Callable[..., Holder]
) -> None:
    """MFA-08: to whoever has proved what the form asks for, and to nobody else; here and in the next attempt."""
    holder, other = make_holder(codes=True), make_holder("bob@company.example")
    _pause(browser, holder)
    told = re.search(PAUSED + r" at [^<]+", browser.text)
    assert told is not None

    browser.get(browser.address)
    assert (browser.status, browser.title[:6]) == (200, "Enter ")
    assert told.group() in browser.text
    again, stranger = Browser(app), Browser(app)
    again.get("/sign-in?continue_to=/account")
    again.submit({"email": holder.address, "password": holder.password})
    assert again.heading == "Enter the code from your app"
    assert told.group() in again.text
    for address, password in ((holder.address, "not the right one"), (other.address, other.password)):
        stranger.get("/sign-in")
        stranger.submit({"email": address, "password": password})
        assert PAUSED not in stranger.text

    browser.get("/sign-in/recovery-code")
    browser.submit({"code": holder.recovery_codes[0]})
    assert browser.heading == "Is your phone lost?"
    again.get(again.address)
    assert PAUSED not in again.text  # over: the next code counts
    again.submit({"code": holder.code()})
    assert again.address == "/account"


def test_a_pause_that_is_over_is_not_told_and_one_without_end_has_no_time(
    app: Application, browser: Browser, ada: Holder
) -> None:
    def until(**span: float) -> None:
        with unit_of_work(app, SYSTEM) as work:
            at = datetime.now(UTC) + timedelta(**span)
            for row in (*work.session.query(TotpAuthenticator), *work.session.query(Throttle).filter_by(kind="totp")):
                setattr(row, "blocked_until" if isinstance(row, Throttle) else "codes_paused_until", at)

    _pause(browser, ada)
    until(minutes=-1)
    browser.get(browser.address)
    assert PAUSED not in browser.text

    until(days=3000)
    browser.get(browser.address)
    assert FOR_GOOD in browser.text
    browser.submit({"code": ada.code()})
    assert browser.status == 429
    assert FOR_GOOD in browser.text


def test_wrong_recovery_codes_are_told_when_their_page_is_loaded_again(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in")
    browser.submit({"email": ada.address, "password": ada.password})
    browser.get("/sign-in/recovery-code")
    while browser.status != 429:
        browser.submit({"code": "0000-0000-0000-0000"})
    browser.get("/sign-in/recovery-code")
    assert browser.status == 200
    assert PAUSED in browser.text
    browser.get("/sign-in/code")
    assert PAUSED not in browser.text
