"""Set-up at a sign-in: recovery contact, recovery codes, half-way and back."""

import base64
import re
from collections.abc import Callable

import pytest

from idp.web.work import Application
from tests.web.browser import Browser
from tests.web.conftest import Holder, complete, sent_code

HOME = "ada@perso.example"


@pytest.fixture
def half_way(make_holder: Callable[..., Holder]) -> Holder:
    """Somebody with a password and an app, and nothing to recover the account with."""
    return make_holder(contact=False, kept=False)


def prove(browser: Browser, holder: Holder, steps: int = 0) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    browser.submit({"code": holder.code(steps)})


def test_the_account_is_complete_before_it_opens(app: Application, browser: Browser, half_way: Holder) -> None:
    prove(browser, half_way)
    assert browser.address == "/sign-in/recovery-contact?continue_to=%2Faccount"
    assert "Step 2 of 3" in browser.text
    for elsewhere in ("/account", "/sign-in/recovery-codes", "/sign-in/code"):
        browser.get(elsewhere)
        assert browser.address.startswith(("/sign-in?", "/sign-in/recovery-contact")), elsewhere
    browser.get("/sign-in/recovery-contact?continue_to=/account")
    complete(browser, app, HOME)
    assert browser.address == "/account"


def test_leaving_half_way_resumes_at_the_same_step(app: Application, half_way: Holder) -> None:
    first = Browser(app)
    prove(first, half_way, -1)
    first.submit({"recovery_contact": HOME})
    first.submit({"code": sent_code(app)})
    assert first.heading == "Keep your recovery codes"
    first.submit()
    codes = re.findall(r"<code>([0-9A-Z-]{19})</code>", first.text)

    later = Browser(app)
    prove(later, half_way)
    assert later.heading == "Keep your recovery codes"
    assert "Your codes were shown before" in later.text
    assert not set(codes) & set(re.findall(r"[0-9A-Z-]{19}", later.text))
    later.submit({"code": codes[9]})
    assert later.address == "/account"


def test_codes_are_shown_once_and_a_reload_makes_no_others(
    app: Application, browser: Browser, half_way: Holder
) -> None:
    prove(browser, half_way)
    browser.submit({"recovery_contact": HOME})
    browser.submit({"code": sent_code(app)})
    form = browser.form
    browser.submit()
    codes = re.findall(r"<code>([0-9A-Z-]{19})</code>", browser.text)
    assert len(codes) == 10
    link = re.search(r'href="data:text/plain;charset=utf-8;base64,([^"]+)" download="([^"]+)"', browser.text)
    assert link is not None
    text = base64.b64decode(link[1]).decode()
    assert all(code in text for code in codes)
    assert half_way.address in text
    assert link[2] == "sesame-recovery-codes.txt"
    assert browser.answer is not None
    assert "no-store" in browser.answer.headers["Cache-Control"]

    again = browser.client.post("/sign-in/recovery-codes", data=form.values, headers=browser.headers)  # a reload
    assert again.status_code == 303
    browser.get("/sign-in/recovery-codes")
    assert "Your codes were shown before" in browser.text
    assert not any(code in browser.text for code in codes)
    browser.submit({"code": "0000-0000-0000-0000"})
    assert (browser.status, "not one of your latest codes" in browser.text) == (422, True)
    assert 'value="0000' not in browser.text
    browser.submit({"code": codes[0].replace("-", " ").lower()})
    assert browser.address == "/account"


def test_a_new_set_can_be_made_for_codes_that_were_not_kept(
    app: Application, browser: Browser, half_way: Holder
) -> None:
    prove(browser, half_way)
    browser.submit({"recovery_contact": HOME})
    browser.submit({"code": sent_code(app)})
    browser.submit()
    old = re.findall(r"<code>([0-9A-Z-]{19})</code>", browser.text)
    browser.get("/sign-in/recovery-codes")
    mark = re.search(r'name="shown" value="([^"]+)"', browser.text)
    assert mark is not None
    made = browser._send(
        "POST", "/sign-in/recovery-codes", data={"csrf_token": browser.form.values["csrf_token"], "shown": mark[1]}
    )
    new = re.findall(r"<code>([0-9A-Z-]{19})</code>", made.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    browser.submit({"code": old[0]})
    assert browser.status == 422
    browser.submit({"code": new[0]})
    assert browser.address == "/account"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Please fill in this field."),
        ("ADA@company.example", "must differ from your sign-in address"),
        ("nobody", "such as name@"),
        ("+33639980011", "such as name@"),  # no text messages can be sent from here
        ("\x07@perso.example", "cannot be typed"),
    ],
)
def test_a_contact_that_cannot_help_is_explained(browser: Browser, half_way: Holder, typed: str, said: str) -> None:
    prove(browser, half_way)
    browser.submit({"recovery_contact": typed})
    assert (browser.status, said in browser.text) == (422, True), browser.text
    assert browser.title.startswith("Error:")


def test_phones_are_offered_where_messages_can_be_sent(make_app: Callable[..., Application], half_way: Holder) -> None:
    app = make_app(development=True, listen_host="127.0.0.1")
    browser = Browser(app)
    prove(browser, half_way)
    assert "or a mobile number" in browser.text
    for typed, said in (
        ("+33 1 44 55 66 77", "Take a mobile number"),
        ("+1 202 555 0123", "no text messages to this country"),
        ("12", "with its country code"),
    ):
        browser.submit({"recovery_contact": typed})
        assert (browser.status, said in browser.text) == (422, True), typed
        assert f'value="{typed}"' in browser.text  # what was typed stays
    complete(browser, app, "+33 6 39 98 00 11")
    assert browser.address == "/account"


def test_a_wrong_code_is_explained_and_another_one_can_be_asked_for(
    app: Application, browser: Browser, half_way: Holder
) -> None:
    prove(browser, half_way)
    browser.submit({"recovery_contact": HOME})
    assert "a•••@perso.example" in browser.text
    assert HOME not in browser.text
    wrong = f"{(int(sent_code(app)) + 1) % 1_000_000:06d}"
    browser.submit({"code": wrong})
    assert (browser.status, "That code is not right" in browser.text) == (422, True)
    for code in ("12345", "１２３４５６"):
        browser.submit({"code": code})
        assert (browser.status, "six digits" in browser.text) == (422, True)
    token = {"csrf_token": browser.form.values["csrf_token"]}
    assert browser._send("POST", "/sign-in/recovery-contact/again", data=token).status_code == 303
    browser.get("/sign-in/recovery-contact/code")
    for _ in range(4):
        browser.submit({"code": f"{(int(sent_code(app)) + 1) % 1_000_000:06d}"})
    assert browser.status == 429
    assert "Too many wrong codes. Try again at" in browser.text
    browser.submit({"code": sent_code(app)})
    assert browser.status == 429


def test_another_contact_can_be_taken_instead(app: Application, browser: Browser, half_way: Holder) -> None:
    prove(browser, half_way)
    browser.submit({"recovery_contact": "mistyped@perso.example"})
    browser.get("/sign-in/recovery-contact")
    assert 'value="mistyped@perso.example"' in browser.text
    complete(browser, app, HOME)
    assert browser.address != "/sign-in/recovery-codes"


def test_codes_are_sent_five_times_an_hour(browser: Browser, half_way: Holder) -> None:
    prove(browser, half_way)
    for number in range(6):
        browser.get("/sign-in/recovery-contact")
        browser.submit({"recovery_contact": f"ada{number}@perso.example"})
    assert (browser.status, "Too many codes were sent" in browser.text) == (429, True)


def test_an_app_is_linked_by_a_tap_on_a_phone(browser: Browser, make_holder: Callable[..., Holder]) -> None:
    holder = make_holder(second_factor=False, contact=False, kept=False)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": holder.address, "password": holder.password})
    assert browser.heading == "Link your authenticator app"
    assert re.search(
        r'class="touch"><a class="button secondary" href="otpauth://totp/[^"]+secret=[A-Z2-7]{32}', browser.text
    )
    assert "What is an authenticator app?" in browser.text
    assert "Step 1 of 3" in browser.text
