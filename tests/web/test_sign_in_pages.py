"""Signing in as a person does it, in a browser without JavaScript."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pyotp
import pytest

from idp.authn.models import Session, SignIn
from idp.core.session import Transaction
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

WRONG = "Wrong address or password."
PAUSED = "Too many wrong codes. Try again"


def test_password_and_code_lead_to_where_one_was_going(browser: Browser, ada: Holder) -> None:
    browser.get("/account")
    assert browser.heading == "Sign in to your account"

    browser.submit({"email": ada.address, "password": ada.password})
    assert (browser.status, browser.heading) == (200, "Enter the code from your app")
    assert browser.cookie("sesame_session") is None

    code = ada.code()
    browser.submit({"code": f"{code[:3]} {code[3:]}"})
    assert browser.address == "/account"
    assert ada.address in browser.text
    assert browser.cookie("sesame_session")
    assert not browser.cookie("sesame_sign_in")


def test_only_what_has_to_last_waits_for_the_disk(
    browser: Browser, ada: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the count of a try, nor a right password while a code is still due; a refusal does, and the session."""
    begun: list[bool] = []
    begin = Transaction.begin

    def watched(self: Transaction, *, write: bool, lasting: bool = True) -> None:
        begun.extend([lasting] if write else [])
        begin(self, write=write, lasting=lasting)

    def waits(values: dict[str, str]) -> list[bool]:
        begun.clear()
        browser.submit(values)
        return list(begun)

    browser.get("/sign-in")
    monkeypatch.setattr(Transaction, "begin", watched)
    assert waits({"email": ada.address, "password": "not the right one"}) == [False, True]
    assert waits({"email": ada.address, "password": ada.password}) == [False, False]
    assert waits({"code": ada.code(), "trust": "yes"}) == [True]
    browser.client.delete_cookie("sesame_session")
    browser.get("/sign-in")
    assert waits({"email": ada.address, "password": ada.password}) == [False, False, True]
    assert browser.cookie("sesame_session")


def test_opening_the_page_leaves_nothing_in_the_database(app: Application, browser: Browser) -> None:
    browser.get("/sign-in?continue_to=/account")
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(SignIn).count() == 0


def test_every_refusal_reads_the_same_and_keeps_the_address(browser: Browser, ada: Holder) -> None:
    pages = []
    for address in (ada.address, "nobody@company.example"):
        browser.get("/sign-in")
        browser.submit({"email": address, "password": "not the right one"})
        assert (browser.status, browser.title[:6]) == (422, "Error:")
        assert WRONG in browser.text
        assert browser.form.values["email"] == address
        assert "not the right one" not in browser.text
        pages.append(browser.text.replace(address, "").replace(browser.form.values["csrf_token"], ""))
    assert pages[0] == pages[1]


def test_an_empty_form_names_its_fields(browser: Browser) -> None:
    browser.get("/sign-in")
    browser.submit({"email": "", "password": ""})
    assert browser.status == 422
    assert 'href="#email"' in browser.text
    assert 'href="#password">Type the password.</a>' in browser.text


@pytest.mark.parametrize("value", ["a\x00b@company.example", "a\u202eb@company.example", "a\r\nb@company.example"])
def test_control_characters_are_refused_and_never_shown_again(browser: Browser, value: str) -> None:
    browser.get("/sign-in")
    browser.submit({"email": value, "password": "x"})
    assert browser.status == 422
    assert value not in browser.text


def test_a_field_sent_twice_is_refused(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in")
    token = browser.form.values["csrf_token"]
    answer = browser.client.post(
        "/sign-in", data={"csrf_token": token, "email": [ada.address, "b@company.example"], "password": ada.password}
    )
    assert answer.status_code == 422
    assert "arrived in disorder" in answer.text


def test_a_wrong_code_stays_on_its_page_and_the_next_right_one_counts(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    right = ada.code()
    wrong = "000000" if right != "000000" else "000001"

    browser.submit({"code": wrong})
    assert (browser.status, browser.heading) == (422, "Enter the code from your app")
    assert f'value="{wrong}"' not in browser.text

    browser.submit({"code": right})
    assert browser.address == "/account"


def test_a_code_of_other_digits_is_explained(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in")
    browser.submit({"email": ada.address, "password": ada.password})
    browser.submit({"code": "１２３４５６"})
    assert browser.status == 422
    assert "six digits" in browser.text


def test_too_many_wrong_codes_pause_and_offer_another_way(browser: Browser, make_holder: Callable[..., Holder]) -> None:
    holder = make_holder(codes=True)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    right = {holder.code(step) for step in (-1, 0, 1, 2)}
    wrong = next(code for code in ("111111", "222222", "333333", "444444", "555555") if code not in right)
    for _ in range(20):
        browser.submit({"code": wrong})
        if browser.status == 429:
            break
    assert browser.status == 429
    assert "Too many wrong codes. Try again at" in browser.text

    browser.get("/sign-in/other-ways")
    assert "/sign-in/recovery-code" in browser.text
    browser.get("/sign-in/recovery-code")
    assert PAUSED not in browser.text  # this way is open
    browser.submit({"code": holder.recovery_codes[0].lower()})
    assert browser.heading == "Is your phone lost?"
    assert "You have 9 left" in browser.text
    browser.submit({"decision": "later"})
    assert browser.address == "/account"


def test_a_spent_recovery_code_is_refused(app: Application, make_holder: Callable[..., Holder]) -> None:
    holder = make_holder(codes=True)
    for turn, browser in enumerate([Browser(app), Browser(app)]):
        browser.get("/sign-in?continue_to=/account")
        browser.submit({"email": holder.address, "password": holder.password})
        browser.get("/sign-in/recovery-code")
        browser.submit({"code": holder.recovery_codes[0]})
        assert (browser.heading == "Is your phone lost?") is (turn == 0)
    assert "already used" in browser.text


def test_a_trusted_browser_is_not_asked_for_the_code_again(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    browser.submit({"code": ada.code(), "trust": "yes"})
    browser.get("/sign-out")
    browser.submit()
    assert browser.address == "/sign-out/done"

    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    assert browser.address == "/account"


def test_an_app_is_linked_at_sign_in_when_there_is_none(browser: Browser, make_holder: Callable[..., Holder]) -> None:
    holder = make_holder(second_factor=False)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    assert browser.heading == "Link your authenticator app"
    secret = shown_secret(browser)
    browser.get(browser.address)
    assert shown_secret(browser) == secret
    assert "<svg" in browser.text
    assert "style=" not in browser.text

    browser.submit({"code": pyotp.TOTP(secret).now()})
    assert browser.address == "/account"
    assert "linked since" in browser.text


def test_an_account_about_to_be_erased_can_be_kept(browser: Browser, make_holder: Callable[..., Holder]) -> None:
    erased = datetime.now(UTC) + timedelta(days=9)
    holder = make_holder(status="erasure_requested", erasure_at=erased)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    browser.submit({"code": holder.code()})
    assert browser.heading == "Your account is about to be erased"
    browser.submit({"decision": "keep"})
    assert browser.address == "/account"


def test_leaving_an_account_about_to_be_erased_signs_nobody_in(
    browser: Browser, make_holder: Callable[..., Holder]
) -> None:
    holder = make_holder(status="erasure_requested", erasure_at=datetime.now(UTC) + timedelta(days=9))
    browser.get("/sign-in")
    browser.submit({"email": holder.address, "password": holder.password})
    browser.submit({"code": holder.code()})
    browser.submit({"decision": "leave"})
    assert browser.heading == "Sign in to your account"
    assert browser.cookie("sesame_session") is None


def test_no_step_can_be_skipped(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    token = browser.form.values["csrf_token"]
    for path in ("/sign-in/second-factor", "/sign-in/keep-account", "/reset/new-password"):
        data = {
            "csrf_token": token,
            "code": "123456",
            "decision": "keep",
            "password": "x" * 20,
            "password_again": "x" * 20,
        }
        answer = browser.client.post(path, data=data)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/code?continue_to=%2Faccount")
    assert browser.get("/account").status_code == 200
    assert browser.heading == "Sign in to your account"


def test_an_expired_attempt_starts_again_and_keeps_the_way(app: Application, browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    with unit_of_work(app, SYSTEM) as work:
        work.session.query(SignIn).update(
            {SignIn.expires_at: work.now, SignIn.created_at: work.now - timedelta(hours=1)}
        )

    browser.submit({"code": ada.code()})
    assert (browser.status, browser.heading) == (410, "This sign-in request has expired")
    assert 'href="/sign-in?continue_to=%2Faccount"' in browser.text
    assert browser.cookie("sesame_sign_in") is None


def test_who_is_signed_in_goes_on_at_once_unless_asked_to_prove_it_again(browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    token = browser.cookie("sesame_session")
    browser.get("/sign-in?continue_to=/account")
    assert browser.address == "/account"

    browser.get("/sign-in?continue_to=/account&reauthenticate=1")
    assert browser.heading == "Sign in to your account"
    browser.submit({"email": ada.address, "password": ada.password})
    browser.submit({"code": ada.code(1)})
    assert browser.address == "/account"
    assert browser.cookie("sesame_session") != token


def test_a_new_session_value_and_new_attempt_value_at_each_rise(browser: Browser, ada: Holder) -> None:
    browser.client.set_cookie("sesame_session", "planted-by-somebody-else")
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": "wrong"})
    before = browser.cookie("sesame_sign_in")
    browser.submit({"email": ada.address, "password": ada.password})
    assert before
    assert browser.cookie("sesame_sign_in") not in (None, before)
    browser.submit({"code": ada.code()})
    assert browser.cookie("sesame_session") != "planted-by-somebody-else"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n/evil.example", "javascript:alert(1)", "http:evil.example", "/%0d%0aSet-Cookie:x=1\r\n", " //evil.example",
        "///evil.example", "evil.example", "/é", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_signing_in_never_ends_on_another_host(browser: Browser, ada: Holder, target: str) -> None:
    browser.get(f"/sign-in?continue_to={quote(target)}")
    browser.submit({"email": ada.address, "password": ada.password})
    answer = browser.post({"code": ada.code()})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    again = browser.client.get(f"/sign-in?continue_to={quote(target)}")
    assert again.headers["Location"] == "/"


def test_the_language_buttons_keep_what_was_typed(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    assert ("set_locale", "fr") in browser.form.buttons
    browser.submit({"email": ada.address, "password": "half of i", "set_locale": "fr"})
    assert browser.status == 200
    assert 'lang="fr"' in browser.text
    assert "Error" not in browser.title
    assert "Erreur" not in browser.title
    assert browser.form.values["email"] == ada.address
    assert "half of i" not in browser.text

    browser.submit({"email": ada.address, "password": ada.password})
    assert '<html lang="fr">' in browser.text
    browser.submit({"code": "123", "trust": "yes", "set_locale": "en"})
    assert '<html lang="en">' in browser.text
    assert (browser.form.values["code"], browser.form.values.get("trust")) == ("123", "yes")


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "fr-BE,fr;q=0.9,en;q=0.8", "fr"),
        ("", "de,nl;q=0.5", "en"),
        ("?ui_locales=de+fr-CA", "en", "fr"),
        ("?ui_locales=xx", "fr", "fr"),
        ("", "fr;q=0,en", "en"),
    ],
)
def test_the_language_of_a_page(app: Application, query: str, accept: str, language: str) -> None:
    browser = Browser(app, language=accept)
    browser.get(f"/sign-in{query}")
    assert f'<html lang="{language}">' in browser.text


def test_the_account_decides_the_language_before_the_browser_does(
    app: Application, make_holder: Callable[..., Holder]
) -> None:
    holder = make_holder(locale="fr-BE")
    browser = Browser(app)
    sign_in(browser, holder)
    assert '<html lang="fr">' in browser.text
    browser.get("/account?ui_locales=en")
    browser.get("/account")
    assert '<html lang="en">' in browser.text


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(
    app: Application, browser: Browser, ada: Holder
) -> None:
    sign_in(browser, ada)
    copy = browser.cookie("sesame_session")
    browser.get("/sign-out")
    assert browser.heading == "Do you want to sign out?"
    browser.submit()
    assert browser.address == "/sign-out/done"

    other = Browser(app)
    other.client.set_cookie("sesame_session", copy or "")
    other.get("/account")
    assert other.heading == "Sign in to your account"
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(Session.end_reason).one() == ("signed_out",)


def test_the_launcher_says_what_it_is_for_when_it_is_empty(browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada, to="/")
    assert browser.heading == "My products"
    assert ada.address in browser.text


def shown_secret(browser: Browser) -> str:
    """The key of an authenticator app, as the page shows it to be typed."""
    shown = browser.text.split('class="secret"', 1)[1].split("</p>", 1)[0]
    return "".join(part.split("</span>")[0] for part in shown.split("<span>")[1:])
