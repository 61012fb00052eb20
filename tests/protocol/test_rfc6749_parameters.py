"""What the parameters of a browser are made of (RFC 6749 §3.1, §4.1.2, Appendix A.5 and B): UTF-8, and `state` as it
came."""

from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.party import Party, query_of
from tests.protocol.test_rfc9126 import assert_a_page
from tests.stage import Stage
from tests.web.browser import Browser

FORM = "application/x-www-form-urlencoded"
UNREADABLE = ["%FF", "%FF%FE", "a%C3", "%ED%A0%80", "%C0%80"]
"""Bytes that are no UTF-8: among them half a surrogate pair and a zero written too long."""


def get(browser: Browser, address: str, more: str) -> TestResponse:
    """As it is written: the bytes of `more` are escaped or not."""
    path, _, query = address.partition("?")
    overrides = {"QUERY_STRING": f"{query}&{more}"}
    return browser.client.get(path, environ_overrides=overrides, headers=browser.headers)


def post(browser: Browser, address: str, more: str) -> TestResponse:
    path, _, query = address.partition("?")
    data = f"{query}&{more}".encode("latin-1")
    return browser.client.post(path, data=data, content_type=FORM, headers=browser.headers)


WAYS = [get, post]


@pytest.mark.parametrize("state", ["%20!%22~", "a+b%2Bc", "%C3%A9%F0%9F%A6%89", "%25FF", "x" * 3000])
def test_a_state_comes_back_as_it_was_sent(books: Party, ines: Browser, state: str) -> None:
    answer = get(ines, books.asking(state=None), f"state={state}")
    assert "code" in query_of(answer.headers["Location"])
    assert f"&state={state.replace('%20', '+').replace('!', '%21')}&" in answer.headers["Location"].replace("%7E", "~")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", UNREADABLE)
def test_one_that_is_no_text_is_refused_and_comes_back_byte_for_byte(
    books: Party, ines: Browser, way, state: str
) -> None:  # type: ignore[no-untyped-def]
    location = way(ines, books.asking(state=None), f"state={state}").headers["Location"]
    assert location.startswith(f"{books.redirect_uri}?error=invalid_request&")
    assert f"&state={state}&" in location
    assert "%27state%27+is+not+UTF-8" in location
    assert "code=" not in location


@pytest.mark.parametrize("way", WAYS)
def test_bytes_that_are_not_escaped_are_seen_as_what_they_are(books: Party, ines: Browser, way) -> None:  # type: ignore[no-untyped-def]
    location = way(ines, books.asking(state=None), "state=\xe9").headers["Location"]
    assert "error=invalid_request&" in location
    assert "&state=%E9&" in location


@pytest.mark.parametrize("name", ["nonce", "scope", "unknown", "%FF"])
def test_any_other_parameter_is_refused_too(books: Party, ines: Browser, name: str) -> None:
    answer = get(ines, books.asking(**{name: None} if name in ("nonce", "scope") else {}), f"{name}=%FF")
    told = query_of(answer.headers["Location"])
    assert (told["error"], told["state"]) == ("invalid_request", "a state")
    assert "is not UTF-8" in told["error_description"]


def test_a_form_and_a_signed_answer_cannot_hold_it(stage: Stage, books: Party, ines: Browser) -> None:
    answer = get(ines, books.asking(state=None, response_mode="form_post"), "state=%FF")
    assert answer.status_code == 200
    assert 'value="invalid_request"' in answer.text
    assert 'name="state"' not in answer.text
    signed = stage.register(options={"authorization_signed_response_alg": "ES256"})
    location = get(ines, signed.asking(state=None, response_mode="jwt"), "state=%FF").headers["Location"]
    claims = signed.verified(query_of(location)["response"])
    assert claims["error"] == "invalid_request"
    assert "state" not in claims


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "request_uri"])
@pytest.mark.parametrize("value", ["%FF", "urn:ietf:params:oauth:request_uri:%FF", "http://127.0.0.1:80/%FF"])
def test_nobody_is_redirected_where_the_target_cannot_be_read(
    books: Party, ines: Browser, name: str, value: str
) -> None:
    kept = {name: None} if name != "request_uri" else {}
    assert_a_page(get(ines, books.asking(**kept), f"{name}={value}"))


def test_a_request_that_is_taken_up_by_rubbish_has_ended(ines: Browser) -> None:
    assert get(ines, "/oauth/authorize/continue", "request=%FF").status_code == 410


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", ["%FF", "\xe9"])
def test_a_logout_with_such_a_state_ends_nothing(own_stage: Stage, way, state: str) -> None:  # type: ignore[no-untyped-def]
    """RP-Initiated Logout §2: it would have to go back as it came."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    hint = books.tokens(browser)["id_token"]
    assert_a_page(way(browser, f"/oauth/logout?id_token_hint={hint}", f"state={state}"))
    assert "code" in books.ask(browser, prompt="none")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/device", "/nowhere", "/companies/choose", "/api/v1/companies"])
def test_no_address_fails_by_bytes_that_are_no_text(ines: Browser, path: str) -> None:
    for text in ("ui_locales=\xe9", f"continue_to=\xff&x={quote('é')}\xc3", "cursor=%FF"):
        assert get(ines, path, text).status_code < 500, text
