"""Logout asked by a product (RP-Initiated Logout) and told to the others (Back-Channel Logout), R-40."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import update

from idp.authn.facts import HANDLERS
from idp.authn.models import Session
from idp.core import tokens as bearer_values
from idp.oidc import logout, tokens
from idp.outbox.deliver import Deliverer
from idp.outbox.models import OutboxMessage
from idp.outbox.smtp import mailer
from idp.work import Work
from tests.party import Party, altered, claims_of, header_of, query_of
from tests.protocol.receiver import Receiver, receiving
from tests.stage import Stage, scalar
from tests.web.browser import Browser

HOME = "http://localhost:8001/"


@pytest.fixture
def signed(own_stage: Stage) -> tuple[Stage, Party, Browser, dict[str, str]]:
    """A person signed in at a product, with its tokens."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    return own_stage, books, browser, books.tokens(browser)


def logout_address(**parameters: str) -> str:
    return f"/oauth/logout?{urlencode(parameters)}"


def is_over(stage: Stage, sid: str) -> bool:
    return scalar(stage, Session.ended_at, Session.sid == sid) is not None


def assert_asked(browser: Browser, answer) -> None:  # type: ignore[no-untyped-def]
    """Nobody is signed out or redirected away without being asked."""
    assert browser.address.startswith("/sign-out"), browser.address
    assert answer.status_code == 200
    browser.get("/account")
    assert browser.address == "/account"


# --- asked by a product ---


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_good_hint_ends_the_session_and_leads_back(signed, method: str) -> None:  # type: ignore[no-untyped-def]
    stage, books, browser, told = signed
    parameters = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": HOME, "state": "s&1"}
    if method == "GET":
        answer = browser._send("GET", logout_address(**parameters))
    else:
        answer = browser._send("POST", "/oauth/logout", data=parameters)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{HOME}?state=s%261"
    assert browser.cookie("sesame_session") is None
    assert is_over(stage, claims_of(told["id_token"])["sid"])
    assert books.ask(browser, prompt="none")["error"] == "login_required"
    assert books.userinfo(told["access_token"]).status_code == 401
    assert books.refresh(told["refresh_token"]).json["error"] == "invalid_grant"


def test_an_expired_hint_still_names_the_session(signed) -> None:  # type: ignore[no-untyped-def]
    """RP-Initiated Logout §2: the hint's expiry does not count."""
    stage, _, browser, told = signed
    claims = {**claims_of(told["id_token"]), "iat": 1, "exp": 2}
    with stage.work() as work:
        old = tokens.sign(work, claims)
    answer = browser._send("GET", logout_address(id_token_hint=old, post_logout_redirect_uri=HOME))
    assert answer.headers["Location"] == HOME
    assert is_over(stage, claims["sid"])


def test_without_an_address_a_page_says_that_it_is_done(signed) -> None:  # type: ignore[no-untyped-def]
    stage, _, browser, told = signed
    answer = browser._send("GET", logout_address(id_token_hint=told["id_token"]))
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert is_over(stage, claims_of(told["id_token"])["sid"])


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8001",
        "http://localhost:8001//",
        "http://localhost:8001/?x=1",
        "http://localhost:8001/#x",
        "http://localhost:8001/callback",
        "http://localhost:8002/",
        "https://evil.example/",
        "http://localhost:8001@evil.example/",
        "//evil.example/",
        "/account",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_is_not_registered_is_never_gone_to(signed, address: str) -> None:  # type: ignore[no-untyped-def]
    stage, _, browser, told = signed
    answer = browser._send("GET", logout_address(id_token_hint=told["id_token"], post_logout_redirect_uri=address))
    assert "Location" not in answer.headers
    assert is_over(stage, claims_of(told["id_token"])["sid"]), "the session ends all the same"
    assert ("n’est pas valable" in answer.text) is bool(address), "and the page says why nobody is led on (§3)"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"id_token_hint": "x", "client_id": "demo-accounting", "post_logout_redirect_uri": HOME}, True),
        ({"post_logout_redirect_uri": HOME}, True),
        ({"client_id": "demo-accounting", "post_logout_redirect_uri": "https://evil.example/"}, True),
        ({"client_id": "demo-accounting", "post_logout_redirect_uri": HOME}, False),
        ({"id_token_hint": "x"}, False),
        ({}, False),
    ],
    ids=["bad hint", "nobody's address", "other address", "no hint", "bad hint alone", "nothing"],
)
def test_whoever_is_not_led_on_reads_why(signed, parameters: dict[str, str], said: bool) -> None:  # type: ignore[no-untyped-def]
    """RP-Initiated Logout §3, §4: the person is asked, and told afterwards that the request is not valid."""
    _, _, browser, _ = signed
    browser.get(logout_address(**parameters))
    browser.submit()
    assert "Your session is closed</h1>" in browser.text
    assert ("Its request is not valid" in browser.text) is said


@pytest.mark.parametrize("hint", [None, "", "x", "a.b.c", "access", "altered", "é"])
def test_without_a_valid_hint_the_person_is_asked(signed, hint: str | None) -> None:  # type: ignore[no-untyped-def]
    stage, books, browser, told = signed
    value = {"access": told["access_token"], "altered": altered(told["id_token"])}.get(hint or "", hint)
    parameters = {"post_logout_redirect_uri": HOME, "client_id": books.client_id}
    if value is not None:
        parameters["id_token_hint"] = value
    answer = browser.get(logout_address(**parameters))
    assert_asked(browser, answer)
    assert not is_over(stage, claims_of(told["id_token"])["sid"])


def test_a_hint_of_another_client_is_no_hint(signed) -> None:  # type: ignore[no-untyped-def]
    _, _, browser, told = signed
    answer = browser.get(
        logout_address(id_token_hint=told["id_token"], client_id="demo-capture", post_logout_redirect_uri=HOME)
    )
    assert_asked(browser, answer)


def test_a_hint_of_another_person_ends_nothing_here(signed) -> None:  # type: ignore[no-untyped-def]
    stage, books, browser, told = signed
    julien = stage.sign_in("julien.mercier")
    other = books.tokens(julien, company=str(stage.company("atelier-lumen")))
    answer = browser.get(logout_address(id_token_hint=other["id_token"], post_logout_redirect_uri=HOME))
    assert_asked(browser, answer)
    assert not is_over(stage, claims_of(other["id_token"])["sid"])
    assert not is_over(stage, claims_of(told["id_token"])["sid"])


def test_a_product_can_sign_out_whose_browser_session_is_gone(signed) -> None:  # type: ignore[no-untyped-def]
    stage, _, _, told = signed
    answer = stage.browser()._send("GET", logout_address(id_token_hint=told["id_token"], post_logout_redirect_uri=HOME))
    assert answer.headers["Location"] == HOME
    assert is_over(stage, claims_of(told["id_token"])["sid"])


def test_repeated_parameters_are_an_error(signed) -> None:  # type: ignore[no-untyped-def]
    stage, _, browser, told = signed
    address = logout_address(id_token_hint=told["id_token"]) + "&id_token_hint=x"
    answer = browser._send("GET", address)
    assert answer.status_code == 400
    assert "We could not sign you out</h1>" in answer.text
    assert 'href="/sign-out"' in answer.text
    assert not is_over(stage, claims_of(told["id_token"])["sid"])


# --- told to the others ---


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


def deliverer(stage: Stage) -> Deliverer:
    @contextmanager
    def open_work() -> Iterator[Work]:
        with stage.work(write=False) as work:
            yield work

    return Deliverer(
        open_work,
        mailer(stage.settings),
        handlers={**HANDLERS, "session.ended": logout.session_ended},
        callers={"backchannel_logout": logout.deliver},
    )


def sign_out(browser: Browser) -> None:
    browser.get("/sign-out")
    browser.submit()


def test_every_product_of_the_session_is_told(own_stage: Stage, receiver: Receiver) -> None:
    stage = own_stage
    for client_id in ("demo-accounting", "demo-capture"):
        stage.change_client(client_id, backchannel_logout_uri=receiver.address)
    stage.change_client("demo-invoicing", backchannel_logout_uri=receiver.address)  # not used in this session
    books, capture, browser = stage.party("demo-accounting"), stage.party("demo-capture"), stage.sign_in("ines.moreau")
    told, other = books.tokens(browser), capture.tokens(browser)
    books.tokens(browser)  # twice at one product is told once
    sign_out(browser)
    deliverer(stage).run_due()

    assert len(receiver.tokens) == 2
    schema = Draft202012Validator(books.http.get("/schemas/logout-token.json").json)
    for path, headers, form in receiver.received:
        assert path == "/backchannel-logout"
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert set(form) == {"logout_token"}
    for token in receiver.tokens:
        claims = books.verified(token)
        assert not list(schema.iter_errors(claims))
        assert header_of(token)["typ"] == "logout+jwt"
        assert claims["iss"] == stage.settings.issuer
        assert claims["sid"] == claims_of(told["id_token"])["sid"] == claims_of(other["id_token"])["sid"]
        assert claims["sub"] == claims_of(told["id_token"])["sub"]
        assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
        assert "nonce" not in claims
        assert claims["exp"] - claims["iat"] <= 120
    assert {claims_of(token)["aud"] for token in receiver.tokens} == {books.client_id, capture.client_id}
    assert len({claims_of(token)["jti"] for token in receiver.tokens}) == 2

    deliverer(stage).run_due()
    assert len(receiver.tokens) == 2, "once"


def test_a_logout_token_is_good_for_nothing_else(own_stage: Stage, receiver: Receiver) -> None:
    stage = own_stage
    stage.change_client("demo-accounting", backchannel_logout_uri=receiver.address)
    books, browser = stage.party("demo-accounting"), stage.sign_in("ines.moreau")
    books.tokens(browser)
    sign_out(browser)
    deliverer(stage).run_due()
    (token,) = receiver.tokens
    assert books.userinfo(token).status_code == 401
    assert books.introspect(token) == {"active": False}
    again = stage.sign_in("ines.moreau")
    assert books.ask(again, prompt="none", id_token_hint=token)["error"] == "login_required"
    again.get(logout_address(id_token_hint=token, post_logout_redirect_uri=HOME))
    assert again.address.startswith("/sign-out")


def test_it_arrives_within_five_seconds(own_stage: Stage, receiver: Receiver) -> None:
    stage = own_stage
    stage.change_client("demo-accounting", backchannel_logout_uri=receiver.address)
    books, browser = stage.party("demo-accounting"), stage.sign_in("ines.moreau")
    books.tokens(browser)
    stop = threading.Event()
    runner = threading.Thread(target=deliverer(stage).run, args=(stop,))
    runner.start()
    try:
        sign_out(browser)
        began = time.monotonic()
        while not receiver.received and time.monotonic() - began < 5:
            time.sleep(0.05)
    finally:
        stop.set()
        runner.join(timeout=20)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [500, 404, 302, 400])
def test_a_refusal_is_tried_again_and_no_redirect_is_followed(
    own_stage: Stage, receiver: Receiver, status: int
) -> None:
    stage = own_stage
    stage.change_client("demo-accounting", backchannel_logout_uri=receiver.address)
    books, browser = stage.party("demo-accounting"), stage.sign_in("ines.moreau")
    books.tokens(browser)
    sign_out(browser)
    receiver.answers = [status]
    receiver.location = receiver.address if status == 302 else ""
    deliverer(stage).run_due()
    assert len(receiver.received) == 1
    with stage.work() as work:
        waiting = (
            work.session.query(OutboxMessage)
            .filter(OutboxMessage.finished_at.is_(None), OutboxMessage.name == "backchannel_logout")
            .one()
        )
        assert (waiting.name, waiting.failure, waiting.attempts) == ("backchannel_logout", "DeliveryFailed", 1)
        work.session.execute(update(OutboxMessage).values(due_at=work.now))
    receiver.location = ""
    deliverer(stage).run_due()
    assert len(receiver.received) == 2
    first, second = (claims_of(token) for token in receiver.tokens)
    assert first["sid"] == second["sid"]
    assert first["jti"] != second["jti"]


def test_nothing_of_the_session_is_in_the_outbox_in_clear(signed) -> None:  # type: ignore[no-untyped-def]
    stage, _, browser, told = signed
    cookie = browser.cookie("sesame_session")
    sign_out(browser)
    sid = claims_of(told["id_token"])["sid"].encode()
    with stage.work(write=False) as work:
        for message in work.session.query(OutboxMessage):
            assert sid not in (message.payload or b"")
            assert bearer_values.digest(cookie) not in (message.payload or b"")


def test_the_answer_of_a_logout_carries_no_token(signed) -> None:  # type: ignore[no-untyped-def]
    """R-45: nothing of a credential goes on in an address."""
    _, books, browser, told = signed
    answer = browser._send("GET", logout_address(id_token_hint=told["id_token"], post_logout_redirect_uri=HOME))
    assert told["id_token"] not in str(answer.headers)
    assert query_of(books.asking())["client_id"] == books.client_id
