"""`acr_values` and `max_age` (OIDC Core §3.1.2.1, RFC 9470 §4): they can only ask for more, and get it or an error."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from idp.authn.session import ACR_ONE, ACR_TWO
from idp.core.tokens import digest
from tests.party import Party, query_of
from tests.stage import Stage
from tests.web.browser import Browser

TWO = "urn:id:acr:2fa"
FIVE_MINUTES = {"acr_values": TWO, "max_age": "300"}


def shift(stage: Stage, browser: Browser, **seconds: int | None) -> None:
    """Let the proofs of this browser's session be that long ago, or never have been given (None)."""
    cookie = browser.cookie("sesame_session")
    assert cookie is not None
    with stage.work() as work:
        values = {
            name: None if ago is None else work.now - timedelta(seconds=ago) for name, ago in seconds.items()
        }  # fmt: skip
        work.session.execute(update(Session).where(Session.token_digest == digest(cookie)).values(**values))


def weaken(stage: Stage, browser: Browser) -> None:
    """Let the session have proved a password alone."""
    cookie = browser.cookie("sesame_session")
    assert cookie is not None
    with stage.work() as work:
        weak = {"acr": ACR_ONE, "amr": "pwd", "second_factor_at": None}
        work.session.execute(update(Session).where(Session.token_digest == digest(cookie)).values(**weak))


def code_again(stage: Stage, browser: Browser, name: str = "ines.moreau") -> str:
    """Type a code on the page the browser is on; where that leads outside the service."""
    stage.forget_steps(name)
    location: str = browser.submit({"code": stage.person(name).code()}).headers["Location"]
    return location


def test_a_second_factor_that_is_too_old_is_asked_again_alone(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    shift(own_stage, browser, auth_time=400, second_factor_at=400, password_at=400)
    first = books.verified(books.tokens(browser)["id_token"])
    assert books.ask(browser, prompt="none", **FIVE_MINUTES)["error"] == "login_required"

    browser.get(books.asking(**FIVE_MINUTES))
    assert browser.address.startswith("/sign-in/code")
    location = code_again(own_stage, browser)

    second = books.verified(books.redeem(query_of(location)["code"]).json["id_token"])
    assert second["acr"] == TWO
    assert second["auth_time"] >= first["auth_time"] + 390
    assert second["sid"] == first["sid"]
    assert "code" in books.ask(browser, prompt="none", **FIVE_MINUTES)


def test_a_trusted_browser_is_not_a_second_factor_of_now(own_stage: Stage) -> None:
    """docs/decisions/0003: a step-up never accepts it."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau", trust=True)
    browser.get("/sign-out")
    browser.submit()
    ines = own_stage.person("ines.moreau")
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ines.address, "password": ines.password})
    assert browser.address == "/account"
    claims = books.verified(books.tokens(browser)["id_token"])
    assert (claims["acr"], claims["amr"]) == (TWO, ["pwd", "mfa"])
    assert "code" in books.ask(browser, prompt="none", acr_values=TWO)

    assert books.ask(browser, prompt="none", **FIVE_MINUTES)["error"] == "login_required"
    browser.get(books.asking(**FIVE_MINUTES))
    assert browser.address.startswith("/sign-in/code")
    location = code_again(own_stage, browser)
    claims = books.verified(books.redeem(query_of(location)["code"]).json["id_token"])
    assert claims["amr"] == ["pwd", "otp", "mfa"]


def test_max_age_zero_with_acr_asks_for_a_code_each_time(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    for _ in range(2):
        browser.get(books.asking(acr_values=TWO, max_age="0"))
        assert browser.address.startswith("/sign-in/code")
        assert "code" in query_of(code_again(own_stage, browser))


def test_a_wrong_code_does_not_pass(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    shift(own_stage, browser, auth_time=400, second_factor_at=400)
    browser.get(books.asking(**FIVE_MINUTES))
    waiting = browser.address
    browser.submit({"code": "000000"})
    assert browser.status == 422
    kept = query_of(waiting)["continue_to"]
    browser.get(kept)
    assert browser.address.startswith("/sign-in/code"), "the kept request asks again"


def test_max_age_alone_asks_for_everything(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    shift(own_stage, browser, auth_time=400)
    browser.get(books.asking(max_age="300"))
    assert browser.address.startswith("/sign-in?")
    assert "reauthenticate=1" in browser.address


@pytest.mark.parametrize("prompt", [None, "none"])
def test_strengths_of_other_providers_are_no_demand(books: Party, ines: Browser, prompt: str | None) -> None:
    """OIDC Core §3.1.2.1: `acr_values` are a wish, which §15.1 has every provider take without an error."""
    claims = books.verified(books.tokens(ines, acr_values="urn:other:acr phr", prompt=prompt)["id_token"])
    assert claims["acr"] == TWO, "what was really reached"


def test_a_stranger_signs_in_whatever_strength_is_named(books: Party, stranger: Browser) -> None:
    assert books.ask(stranger, acr_values="urn:other:acr phr", prompt="none")["error"] == "login_required"
    stranger.get(books.asking(acr_values="urn:other:acr phr"))
    assert stranger.address.startswith("/sign-in?")


def test_an_unknown_strength_asks_for_no_second_factor(own_stage: Stage) -> None:
    """As without: a client without product lets a person in who proved a password alone."""
    party, browser = own_stage.register(), own_stage.signed_in("ines.moreau")
    weaken(own_stage, browser)
    assert party.verified(party.tokens(browser, acr_values="urn:other:acr")["id_token"])["acr"] == ACR_ONE
    assert party.ask(browser, acr_values=f"urn:other:acr {TWO}", prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("prompt", [None, "none"])
def test_an_essential_strength_nobody_can_reach_is_an_error(
    books: Party, ines: Browser, stranger: Browser, prompt: str | None
) -> None:
    """OIDC Core §5.5.1.1; there is no page for it, whoever asks, and no known `acr_values` beside it help."""
    demand = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:other:acr"}}})
    for browser in (ines, stranger):
        answer = books.ask(browser, claims=demand, acr_values=TWO, prompt=prompt)
        assert answer["error"] == "unmet_authentication_requirements"
        assert answer["state"] == "a state"
        assert "iss" in answer


def test_one_of_several_strengths_is_enough(books: Party, ines: Browser) -> None:
    for wanted in (f"urn:other:acr {TWO}", ACR_ONE, f"{ACR_TWO} {ACR_ONE}", ACR_TWO):
        assert "code" in books.ask(ines, acr_values=wanted, prompt="none"), wanted


# --- a role that demands more is not minted with less (token contract) ---


@pytest.mark.parametrize("asked", [{}, {"acr_values": TWO}, {"acr_values": ACR_ONE}])
def test_a_session_of_one_factor_gets_no_code_for_a_product(own_stage: Stage, asked: dict[str, str]) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    weaken(own_stage, browser)
    assert books.ask(browser, prompt="none", **asked)["error"] == "login_required"
    browser.get(books.asking(**asked))
    assert "reauthenticate=1" in browser.address
    ines = own_stage.person("ines.moreau")
    own_stage.forget_steps("ines.moreau")
    browser.submit({"email": ines.address, "password": ines.password})
    location = browser.submit({"code": ines.code()}).headers["Location"]
    claims = books.verified(books.redeem(query_of(location)["code"]).json["id_token"])
    assert (claims["acr"], claims["amr"]) == (TWO, ["pwd", "otp", "mfa"])


def test_a_session_that_is_weakened_later_gets_no_tokens(own_stage: Stage) -> None:
    """At the code exchange and at each refresh the session is looked at again (R-38)."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    tokens = books.tokens(browser)
    code = books.code(browser)
    weaken(own_stage, browser)
    for answer in (books.redeem(code), books.refresh(tokens["refresh_token"])):
        assert answer.status_code in (400, 401)
        assert answer.json["error"] == "insufficient_user_authentication"


def test_what_was_proved_before_is_left_behind_by_a_new_beginning(own_stage: Stage) -> None:
    """`amr` speaks of the same sign-in as `auth_time`: a code typed hours ago is not told with the time of now."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau", trust=True)
    assert books.verified(books.tokens(browser)["id_token"])["amr"] == ["pwd", "otp", "mfa"]
    ines = own_stage.person("ines.moreau")
    browser.get(books.asking(prompt="login"))
    location = browser.submit({"email": ines.address, "password": ines.password}).headers["Location"]
    claims = books.verified(books.redeem(query_of(location)["code"]).json["id_token"])
    assert claims["amr"] == ["pwd", "mfa"]
