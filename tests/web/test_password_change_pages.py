"""Changing one's password: what is asked, what is refused and why, what ends with it (R-01, R-03, R-05, R-07, R-20)."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.accounts.models import RecoveryContact
from idp.audit.models import AuditEvent
from idp.authn import guessable, reset
from idp.authn.models import FormerPassword, MailedLink, PasswordCredential, Session, TrustedDevice
from idp.core.ids import uuid7
from idp.outbox.models import OutboxMessage
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

NEW = "cinq lanternes au bord du quai"


def typed(password: str, present: str = "", again: str | None = None) -> dict[str, str]:
    return {
        "present_password": present,
        "password": password,
        "password_again": password if again is None else again,
    }


def on_page(browser: Browser, holder: Holder, steps: int = 0) -> Browser:
    sign_in(browser, holder, to="/account/password", steps=steps)
    assert browser.heading == "Change your password"
    return browser


def test_everything_but_this_session_ends_and_all_are_told(app: Application, browser: Browser, ada: Holder) -> None:
    elsewhere = Browser(app)
    sign_in(elsewhere, ada)
    on_page(browser, ada, steps=1)
    before = browser.cookie("sesame_session")
    with unit_of_work(app, SYSTEM) as work:
        work.session.query(OutboxMessage).delete()
        contact = RecoveryContact(
            id=uuid7(),
            account_id=ada.id,
            kind="email",
            value="ada@personal.example",
            created_at=work.now,
            verified_at=work.now,
        )
        work.session.add(contact)

    browser.submit(typed(NEW, ada.password))

    assert (browser.address, browser.heading) == ("/account/password/done", "Your password is changed")
    assert browser.cookie("sesame_session") not in (None, before)
    elsewhere.get("/account")
    assert elsewhere.heading == "Sign in to your account"
    old = Browser(app)
    old.client.set_cookie("sesame_session", before or "")
    old.get("/account")
    assert old.heading == "Sign in to your account"
    browser.get("/account")
    assert browser.heading == "My account"
    with unit_of_work(app, SYSTEM, write=False) as work:
        told = work.session.query(OutboxMessage).filter_by(kind="mail", name="password_changed").count()
        assert told == 2  # the sign-in address and the recovery contact
        assert work.session.query(OutboxMessage).filter_by(kind="fact", name="session.ended").count() == 1
        assert work.session.query(TrustedDevice).count() == 0
        changed = work.session.query(AuditEvent).filter_by(name="password.changed").one()
        assert changed.details == {"way": "account"}
    for password, accepted in ((ada.password, False), (NEW, True)):
        other = Browser(app)
        other.get("/sign-in")
        other.submit({"email": ada.address, "password": password})
        assert (other.heading == "Enter the code from your app") is accepted


def test_a_fresh_second_factor_is_asked_for_and_leads_back(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    with unit_of_work(app, SYSTEM) as work:
        long_ago = work.now - timedelta(minutes=6)
        work.session.query(Session).update({Session.second_factor_at: long_ago, Session.password_at: long_ago})
    browser.get("/account/password")
    assert browser.heading != "Change your password"
    browser.submit({"code": ada.code(1)})
    assert (browser.address, browser.heading) == ("/account/password", "Change your password")

    with unit_of_work(app, SYSTEM) as work:
        work.session.query(Session).update({Session.second_factor_at: work.now - timedelta(minutes=11)})
    browser.submit(typed(NEW, ada.password))
    assert browser.heading != "Your password is changed"
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(FormerPassword).count() == 0


def test_the_present_password_is_asked_for_and_its_tries_count_with_those_of_signing_in(
    app: Application, browser: Browser, ada: Holder
) -> None:
    """R-07: nine wrong ones at the sign-in page and one here are ten, and then the right one is refused too."""
    on_page(browser, ada)
    browser.client.delete_cookie("sesame_device", path="/")  # a browser we do not know: counted by address
    stranger = Browser(app, network="198.51.100.9")
    for _ in range(9):
        stranger.get("/sign-in")
        stranger.submit({"email": ada.address, "password": "not the right one"})
    browser.submit(typed(NEW, "not the right one"))
    assert browser.status == 422
    assert "too many wrong passwords" in browser.text
    browser.submit(typed(NEW, ada.password))
    assert (browser.status, "too many wrong passwords" in browser.text) == (422, True)
    stranger.get("/sign-in")
    stranger.submit({"email": ada.address, "password": ada.password})
    assert stranger.heading != "Enter the code from your app"
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(FormerPassword).count() == 0
        assert work.session.query(AuditEvent).filter_by(name="account.blocked").count() == 1


def test_wrong_passwords_here_close_the_sign_in_page_too(app: Application, browser: Browser, ada: Holder) -> None:
    on_page(browser, ada)
    browser.client.delete_cookie("sesame_device", path="/")
    for number in range(10):
        browser.submit(typed(NEW, f"wrong {number}"))
        assert browser.status == 422
    stranger = Browser(app, network="198.51.100.9")
    stranger.get("/sign-in")
    stranger.submit({"email": ada.address, "password": ada.password})
    assert stranger.heading != "Enter the code from your app"


def test_a_wrong_present_password_is_told_and_nothing_typed_comes_back(browser: Browser, ada: Holder) -> None:
    on_page(browser, ada)
    browser.submit(typed(NEW, "not the right one"))
    assert (browser.status, "This is not your present password." in browser.text) == (422, True)
    assert NEW not in browser.text
    assert "not the right one" not in browser.text


def test_the_last_five_are_refused_and_one_before_them_is_free(app: Application, browser: Browser, ada: Holder) -> None:
    on_page(browser, ada)
    used = [ada.password]
    for number in range(5):
        new = f"{number} {secrets.token_urlsafe(16)}"
        browser.get("/account/password")
        browser.submit(typed(new, used[-1]))
        assert browser.heading == "Your password is changed", browser.text
        used.append(new)
    for place, old in enumerate(reversed(used[1:])):
        browser.get("/account/password")
        browser.submit(typed(old, used[-1]))
        told = "This is your present password." if place == 0 else "You had this password before."
        assert (browser.status, told in browser.text) == (422, True), place
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(FormerPassword).count() == 4  # and the present one
        assert all(row.hash.startswith("$argon2id$") for row in work.session.query(FormerPassword))
    browser.submit(typed(used[0], used[-1]))
    assert browser.heading == "Your password is changed"


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("eleven char", "too short"),
        ("é" * 257, "too long"),
        ("motdepasse2026", "list of known ones"),
        ("azertyuiop123", "list of known ones"),
        ("Ada.Byron.1815", "resembles your name"),
        ("ada@company.example", "resembles your name"),
        ("Sésame ouvre 1", "resembles your name"),
        ("Comptabilité1", "resembles your name"),
    ],
)
def test_a_password_is_refused_with_the_reason(browser: Browser, ada: Holder, password: str, told: str) -> None:
    on_page(browser, ada)
    browser.submit(typed(password, ada.password))
    assert (browser.status, told in browser.text) == (422, True), browser.text


@pytest.mark.parametrize(
    "password", ["deux\u00a0hérons 8", "👩‍👩‍👧 et 9 ours", "x" + "qz7 " * 63 + "end", "kqvmwxzpjtrb"],
)  # fmt: skip
def test_length_counts_code_points_and_nothing_else_is_asked_for(browser: Browser, ada: Holder, password: str) -> None:
    """R-01, R-02: twelve are enough where a second factor is held, 256 are taken, one kind of letter will do."""
    assert 12 <= len(password) <= 256
    on_page(browser, ada)
    browser.submit(typed(password, ada.password))
    assert browser.heading == "Your password is changed"


def test_a_hundred_of_the_list_are_refused(browser: Browser, ada: Holder) -> None:
    """R-03, with those that are long enough to be taken otherwise."""
    lines = guessable.COMMON.read_text("utf-8").splitlines()
    long = [line for line in lines if len(line) >= 12 and not line.startswith("# ")]
    assert len(long) > 200
    on_page(browser, ada)
    for password in long[:: len(long) // 100][:100]:
        browser.submit(typed(password, ada.password))
        assert browser.status == 422, password
        assert "list of known ones" in browser.text or "resembles" in browser.text, password


def test_two_that_differ_are_told_before_anything_is_counted(app: Application, browser: Browser, ada: Holder) -> None:
    on_page(browser, ada)
    browser.submit(typed(NEW, "not the right one", again=NEW + "!"))
    assert (browser.status, "The two passwords differ" in browser.text) == (422, True)
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(AuditEvent).filter_by(name="password.refused").count() == 0


def test_a_megabyte_costs_nothing(browser: Browser, ada: Holder) -> None:
    """R-05: neither as a body nor as a field."""
    on_page(browser, ada)
    for size in (5_000, 1_048_576):
        began = time.process_time()
        browser.submit(typed("a" * size, ada.password))
        assert browser.status in (413, 422)
        assert time.process_time() - began < 0.2
        browser.get("/account/password")


def test_open_links_and_attempts_die_with_the_old_password(app: Application, browser: Browser, ada: Holder) -> None:
    on_page(browser, ada)
    attempt = Browser(app)
    attempt.get("/sign-in")
    attempt.submit({"email": ada.address, "password": ada.password})
    assert attempt.heading == "Enter the code from your app"
    with unit_of_work(app, SYSTEM) as work:
        assert reset.send(work, ada.address)
    browser.submit(typed(NEW, ada.password))
    assert browser.heading == "Your password is changed"
    attempt.submit({"code": ada.code(1)})
    assert attempt.heading != "My account"
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(MailedLink).filter_by(withdrawn_at=None, used_at=None).count() == 0


def test_the_page_that_says_so_speaks_of_a_change_only_just_made(
    app: Application, browser: Browser, make_holder: Callable[..., Holder]
) -> None:
    holder = make_holder()
    with unit_of_work(app, SYSTEM) as work:
        work.session.query(PasswordCredential).update({"changed_at": work.now - timedelta(days=1)})
    sign_in(browser, holder)
    browser.get("/account/password/done")
    assert browser.heading == "My account"


def test_one_count_over_signing_in_proving_again_and_changing(app: Application, browser: Browser, ada: Holder) -> None:
    """R-07: mixed failures over every route that checks the password; then the right one is refused on each."""
    on_page(browser, ada)
    browser.client.delete_cookie("sesame_device", path="/")
    stranger = Browser(app, network="198.51.100.9")
    wrong = {"email": ada.address, "password": "not the right one"}
    for _ in range(4):
        stranger.get("/sign-in")
        stranger.submit(wrong)
    for _ in range(3):
        browser.get("/sign-in?continue_to=/account/password&reauthenticate=1")
        assert browser.address.startswith("/sign-in")
        browser.submit(wrong)
    browser.get("/account/password")
    for _ in range(3):
        browser.submit(typed(NEW, "not the right one"))
    assert "too many wrong passwords" in browser.text
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(AuditEvent).filter_by(name="password.refused").count() == 10
    browser.get("/sign-in?continue_to=/account/password&reauthenticate=1")
    browser.submit({"email": ada.address, "password": ada.password})
    assert browser.heading != "Enter the code from your app"


def test_a_neighbour_in_the_same_browser_stays_trusted(app, browser, ada, make_holder):
    """Two people share a computer: what one of them changes does not make the other one a stranger."""
    bob = make_holder("bob@company.example")
    for holder in (bob, ada):
        browser.get("/sign-in?continue_to=/account")
        browser.submit({"email": holder.address, "password": holder.password})
        browser.submit({"code": holder.code(), "trust": "yes"})
        if holder is bob:
            browser.get("/sign-out")
            browser.submit()
    browser.get("/account/password")
    browser.submit({"present_password": ada.password, "password": NEW, "password_again": NEW})
    browser.get("/sign-out")
    browser.submit()
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": bob.address, "password": bob.password})
    assert browser.address == "/account"
