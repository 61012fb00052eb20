"""Passkeys on the pages: what the browser fetches, what it posts, and where that leads."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from idp.authn import passkey_proof, throttle
from idp.authn.models import Passkey, PasskeyChallenge, Session
from idp.web.work import unit_of_work
from tests.authn.authenticator import Authenticator
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, sign_in

NEW = "/account/authenticators/new-passkey"


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


def ask(browser: Browser, address: str) -> str:
    """Fetch options as `passkey.js` does, from the page the browser is on."""
    answer = browser.client.post(
        address, data={"csrf_token": browser.form.values["csrf_token"]}, headers=browser.headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text


def post(browser: Browser, address: str, credential: str, **more: str):
    """Post the answer as `passkey.js` does."""
    data = {"csrf_token": browser.form.values["csrf_token"], "credential": credential, **more}
    return browser._follow(browser._send("POST", address, data=data))


@pytest.fixture
def enrolled(browser, ada, phone) -> Authenticator:
    """A passkey that Ada added on the page of her account."""
    sign_in(browser, ada)
    browser.get(NEW)
    assert browser.heading == "Add a passkey"
    browser.submit({"credential": phone.create(ask(browser, f"{NEW}/options")), "name": "My phone"})
    assert browser.address == "/account/authenticators?done=passkey"
    return phone


def alone(browser: Browser, device: Authenticator, *, to: str = "/account", **wrong) -> None:
    browser.get(f"/sign-in?continue_to={to}")
    options = ask(browser, "/sign-in/passkey/options")
    post(browser, f"/sign-in/passkey?continue_to={to}", device.get(options, **wrong))


def session_of(app, browser: Browser) -> tuple[str, str]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        return work.session.execute(
            select(Session.amr, Session.acr).where(Session.ended_at.is_(None)).order_by(Session.created_at.desc())
        ).first()


# --- alone ---


def test_signing_in_by_passkey_alone(app, enrolled):
    browser = Browser(app)
    alone(browser, enrolled)

    assert browser.address == "/account"
    assert tuple(session_of(app, browser)) == ("pop user mfa", "urn:id:acr:2fa")
    browser.get(NEW)  # a passkey is a fresh proof
    assert browser.heading == "Add a passkey"


def test_the_sign_in_page_offers_it_without_a_second_form(browser):
    browser.get("/sign-in?continue_to=/account")

    assert 'autocomplete="username webauthn"' in browser.text
    assert 'data-action="/sign-in/passkey?continue_to=/account"' in browser.text
    assert "passkey.js" in browser.text
    assert browser.text.count("<form ") == 1
    assert "style=" not in browser.text


def test_the_options_say_nothing_about_anybody_and_open_no_session(browser, enrolled, app):
    stranger = Browser(app)
    stranger.get("/sign-in")
    first, second = (json.loads(ask(stranger, "/sign-in/passkey/options")) for _ in range(2))

    assert first.pop("challenge") != second.pop("challenge")
    assert first == second
    assert first["allowCredentials"] == []
    assert stranger.cookie("sesame_passkey")
    assert stranger.cookie("sesame_sign_in") is None


def test_a_network_that_asks_for_ever_is_told_to_wait(browser, app):
    browser.get("/sign-in")
    with unit_of_work(app, SYSTEM) as work:
        for _ in range(passkey_proof.STRANGERS.max):
            throttle.take(work, passkey_proof.KIND_NETWORK, "127.0.0.1", passkey_proof.STRANGERS, in_a_row=None)
    token = {"csrf_token": browser.form.values["csrf_token"]}
    asked = browser.client.post("/sign-in/passkey/options", data=token, headers=browser.headers)
    assert (asked.status_code, asked.json) == (429, {})
    assert int(asked.headers["Retry-After"]) > 0
    browser.client.set_cookie("sesame_passkey", "x" * 43)
    tried = browser.client.post("/sign-in/passkey", data={**token, "credential": "{}"}, headers=browser.headers)
    assert tried.status_code == 429
    assert "Too many tries from your network" in tried.text


def test_an_answer_of_another_browser_is_refused(app, enrolled):
    mine, theirs = Browser(app), Browser(app)
    for each in (mine, theirs):
        each.get("/sign-in?continue_to=/account")
    answer = enrolled.get(ask(theirs, "/sign-in/passkey/options"))
    ask(mine, "/sign-in/passkey/options")
    post(mine, "/sign-in/passkey?continue_to=/account", answer)

    assert mine.status == 422
    assert "That passkey was not accepted" in mine.text
    assert mine.cookie("sesame_session") is None
    # the page goes on as the sign-in page: the password form is posted to its own address
    assert mine.form.action == "/sign-in?continue_to=/account"


def test_a_passkey_of_a_blocked_account_reads_like_an_unknown_one(app, enrolled, ada):
    from idp.accounts.models import Account

    unknown = Browser(app)
    alone(unknown, Authenticator())
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Account).where(Account.id == ada.id).values(status="blocked"))
    blocked = Browser(app)
    alone(blocked, enrolled)

    assert blocked.status == unknown.status == 422
    assert "That passkey was not accepted" in blocked.text
    assert blocked.cookie("sesame_session") is None


@pytest.mark.parametrize("sent", ["", "{}", "nonsense", "x" * 30_000])
def test_what_is_no_answer_is_refused_with_a_sentence(browser, sent):
    browser.get("/sign-in")
    ask(browser, "/sign-in/passkey/options")
    post(browser, "/sign-in/passkey", sent)

    assert browser.status == 422
    assert browser.heading == "Sign in to your account"
    assert browser.cookie("sesame_session") is None


def test_a_foreign_page_gets_no_options_and_signs_nobody_in(browser, enrolled, app):
    stranger = Browser(app)
    stranger.get("/sign-in")
    token = {"csrf_token": stranger.form.values["csrf_token"]}
    foreign = {**stranger.headers, "Sec-Fetch-Site": "cross-site"}
    assert stranger.client.post("/sign-in/passkey/options", data=token, headers=foreign).status_code == 403
    assert stranger.client.post("/sign-in/passkey/options", headers=stranger.headers).status_code == 410
    assert stranger.client.post("/sign-in/passkey", data=token, headers=foreign).status_code == 403


def test_no_passkeys_under_an_address_without_a_name(make_app):
    browser = Browser(make_app(issuer="http://127.0.0.1:8000"))
    browser.get("/sign-in")
    assert "passkey" not in browser.text


def test_the_challenge_dies_after_five_minutes(app, enrolled):
    browser = Browser(app)
    browser.get("/sign-in?continue_to=/account")
    answer = enrolled.get(ask(browser, "/sign-in/passkey/options"))
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(PasskeyChallenge).values(created_at=work.now - timedelta(minutes=5, seconds=1)))
        work.session.execute(update(PasskeyChallenge).values(expires_at=work.now - timedelta(seconds=1)))
    post(browser, "/sign-in/passkey?continue_to=/account", answer)
    assert browser.cookie("sesame_session") is None


# --- as a second factor ---


def test_in_place_of_the_code(app, enrolled, ada):
    browser = Browser(app)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    assert browser.heading == "Enter the code from your app"
    assert "Use my passkey" in browser.text

    browser.get("/sign-in/code/passkey?continue_to=/account")
    assert browser.heading == "Confirm with your passkey"
    assert "Use another way" in browser.text
    options = ask(browser, "/sign-in/code/passkey/options")
    browser.submit({"credential": enrolled.get(options, origin="http://localhost:8001")})
    assert browser.status == 422

    browser.submit({"credential": ""})
    assert "Passkeys need JavaScript" in browser.text

    browser.submit({"credential": enrolled.get(ask(browser, "/sign-in/code/passkey/options"))})
    assert browser.address == "/account"
    assert tuple(session_of(app, browser)) == ("pwd pop user mfa", "urn:id:acr:2fa")


def test_who_has_only_a_passkey_is_asked_for_it(app, enrolled, ada):
    from idp.authn.models import TotpAuthenticator

    with unit_of_work(app, SYSTEM) as work:
        work.session.query(TotpAuthenticator).delete()
    browser = Browser(app)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})

    assert browser.heading == "Confirm with your passkey"
    assert "Use the code from my app" not in browser.text
    browser.get("/sign-in/other-ways")
    assert "Use a passkey" in browser.text
    assert "Use a code from the authenticator app" not in browser.text


def test_a_step_up_and_a_new_sign_in_take_it_too(app, enrolled, ada):
    browser = Browser(app)
    alone(browser, enrolled)
    before = browser.cookie("sesame_session")

    browser.get("/sign-in?step_up=1&continue_to=/account")
    browser.get("/sign-in/code/passkey?continue_to=/account")
    browser.submit({"credential": enrolled.get(ask(browser, "/sign-in/code/passkey/options"))})
    assert browser.address == "/account"
    assert browser.cookie("sesame_session") not in (None, before)

    browser.get("/sign-in?reauthenticate=1&continue_to=/account")
    options = ask(browser, "/sign-in/passkey/options")
    post(browser, "/sign-in/passkey?reauthenticate=1&continue_to=/account", enrolled.get(options))
    assert browser.address == "/account"
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert (
            len(work.session.scalars(select(Session.id).where(Session.ended_at.is_(None))).all()) == 2
        )  # and Ada's first


# --- instead of an app ---


def test_enrolling_a_passkey_instead_of_an_app(app, make_holder, phone):
    eve = make_holder("eve@company.example", second_factor=False)
    browser = Browser(app)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": eve.address, "password": eve.password})
    assert browser.heading == "Link your authenticator app"
    assert "Use a passkey instead" in browser.text

    browser.get("/sign-in/second-factor/passkey?continue_to=/account")
    assert browser.heading == "Create a passkey"
    browser.submit({})
    assert "Passkeys need JavaScript" in browser.text
    browser.submit({"credential": phone.create(ask(browser, "/sign-in/second-factor/passkey/options"))})
    assert browser.address == "/account"
    assert tuple(session_of(app, browser)) == ("pwd pop user mfa", "urn:id:acr:2fa")
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.scalar(select(Passkey.account_id)) == eve.id

    browser.get("/sign-in/second-factor/passkey")
    assert browser.heading != "Create a passkey"


@pytest.mark.parametrize(
    "path", ["/sign-in/code/passkey", "/sign-in/second-factor/passkey", "/sign-in/code/passkey/options"]
)
def test_without_an_attempt_these_pages_begin_anew(browser, path):
    browser.get("/sign-in")
    data = {"csrf_token": browser.form.values["csrf_token"], "credential": "{}"}
    assert browser._send("POST", path, data=data).status_code == 410
