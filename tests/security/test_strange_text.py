"""Bytes that a database or an encoder does not take are refused as any other wrong value, never with a failure."""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from idp.oidc import client_options, initial_access, registration
from tests.party import basic, bearer
from tests.stage import Stage

STRANGE = {
    "nul": "\x00",
    "nul inside": "a\x00b",
    "surrogate": "\ud800",
    "bidi": "\u202e",
    "line break": "a\r\nb",
    "long": "x" * 3000,
    "quote": "'\"--;",
    "escape": "\x1b[31m",
    "last": "\U0010ffff",
    "percent": "%00%ff",
}
PAGES = [
    ("/sign-in", "continue_to"),
    ("/sign-in", "login_hint"),
    ("/sign-in", "ui_locales"),
    ("/reset", "continue_to"),
    ("/oauth/authorize", "client_id"),
    ("/oauth/authorize/continue", "request"),
    ("/oauth/logout", "id_token_hint"),
    ("/oauth/logout", "client_id"),
    ("/companies/choose", "request"),
    ("/consent", "request"),
]


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize(("path", "name"), PAGES)
def test_in_the_address_of_a_page(stage: Stage, path: str, name: str, text: str) -> None:
    browser = stage.signed_in("ines.moreau")
    for client in (browser.client, stage.app.test_client()):
        answer = client.get(path, query_string={name: text.encode("utf-8", "surrogatepass")})
        assert answer.status_code < 500


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("path", ["/permission-sets/", "/oauth/register/", "/activation/", "/reset/", "/schemas/", "/"])
def test_in_a_path(stage: Stage, path: str, text: str) -> None:
    books = stage.party("demo-accounting")
    headers: list[dict[str, str]] = [{}, basic(books.client_id, books.secret or ""), bearer("x")]
    for sent in headers:
        answer = books.http.get(path + quote(text.encode("utf-8", "surrogatepass"), safe=""), headers=sent)
        assert answer.status_code < 500


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize(
    "name", ["code", "refresh_token", "scope", "company", "resource", "redirect_uri", "client_id", "token"]
)
def test_in_a_back_channel_request(stage: Stage, name: str, text: str) -> None:
    books = stage.party("demo-accounting")
    tokens = books.tokens(stage.signed_in("ines.moreau"))
    value: Any = text.encode("utf-8", "surrogatepass")
    for path, usual in (
        ("/oauth/token", {"grant_type": "authorization_code", "code": "x"}),
        ("/oauth/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}),
        ("/oauth/token", {"grant_type": "client_credentials"}),
        ("/oauth/introspect", {"token": "x"}),
        ("/oauth/revoke", {"token": "x"}),
    ):
        sent = {**usual, name: value}
        answer = books.http.post(path, data=sent, headers=basic(books.client_id, books.secret or ""))
        assert answer.status_code < 500, (path, answer.text)


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_in_the_search_for_a_company(stage: Stage, text: str) -> None:
    books = stage.party("demo-accounting")
    token = books.tokens(stage.signed_in("ines.moreau"))["access_token"]
    for name in ("search", "cursor"):
        value = text.encode("utf-8", "surrogatepass")
        answer = books.http.get("/me/companies", query_string={name: value}, headers=bearer(token))
        assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("name", ["client_name", "scope", "unknown", *client_options.NAMES, *registration._FIELDS])
def test_in_a_registration(stage: Stage, name: str, text: str) -> None:
    with stage.work() as work:
        token = initial_access.create(work, note="tests", uses=1, lifetime=timedelta(hours=1))
    of_list = name.endswith(("uris", "origins", "targets", "types"))
    metadata = {"redirect_uris": ["https://app.company.example/cb"], name: [text] if of_list else text}
    answer = stage.app.test_client().post(
        "/oauth/register", data=json.dumps(metadata), content_type="application/json", headers=bearer(token)
    )
    assert answer.status_code in (201, 400), answer.text


def test_a_refusal_never_repeats_what_an_answer_cannot_hold(stage: Stage) -> None:
    with stage.work() as work:
        token = initial_access.create(work, note="tests", uses=1, lifetime=timedelta(hours=1))
    told = []
    for name, value in (("allowed_origins", ["https://a.example/"]), ("tls_client_auth_san_ip", 'a"b\\é')):
        metadata = {"redirect_uris": ["https://app.company.example/cb"], name: value}
        answer = stage.app.test_client().post("/oauth/register", json=metadata, headers=bearer(token))
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata"), answer.text
        told.append(answer.json["error_description"])
    assert told == [
        "The field allowed_origins does not have the form that is needed.",
        "The field tls_client_auth_san_ip is no network address.",
    ]


def test_in_the_secret_of_an_update(stage: Stage) -> None:
    with stage.work() as work:
        token = initial_access.create(work, note="tests", uses=1, lifetime=timedelta(hours=1))
    http, metadata = stage.app.test_client(), {"redirect_uris": ["https://app.company.example/cb"]}
    made = http.post("/oauth/register", json=metadata, headers=bearer(token)).json
    body = json.dumps({**metadata, "client_id": made["client_id"], "client_secret": "\ud800"})
    answer = http.put(
        f"/oauth/register/{made['client_id']}", data=body, content_type="application/json",
        headers=bearer(made["registration_access_token"]),
    )  # fmt: skip
    assert answer.status_code == 400, answer.text


def test_lists_in_lists_in_a_token(stage: Stage) -> None:
    """Deeper than Python reads, in whatever is to be a token of ours; nobody need have proved anything for it."""
    books, ines = stage.party("demo-accounting"), stage.signed_in("ines.moreau")
    deep = base64.urlsafe_b64encode(b"[" * 3000).rstrip(b"=").decode()
    for token in (f"{deep}.e30.AAAA", f"e30.{deep}.AAAA"):
        for path in ("/oauth/userinfo", "/me/companies", "/api/v1/companies"):
            for more in ({}, {"Origin": "https://evil.example"}):
                assert books.http.get(path, headers={**bearer(token), **more}).status_code == 401, path
        assert books.post("/oauth/introspect", token=token).json == {"active": False}
        assert books.post("/oauth/revoke", token=token).status_code == 200
        for client in (stage.app.test_client(), ines.client):
            for path in ("/oauth/logout", "/oauth/authorize"):
                asked = {"id_token_hint": token, "client_id": books.client_id}
                assert client.get(path, query_string=asked).status_code < 500, path


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("name", ["email", "password", "csrf_token", "set_locale"])
def test_in_the_form_of_a_sign_in(stage: Stage, name: str, text: str) -> None:
    browser = stage.browser()
    browser.get("/sign-in")
    values: dict[str, Any] = {"email": "nobody@company.example", "password": "not a password at all"}
    browser.post({**values, name: text.encode("utf-8", "surrogatepass")})  # type: ignore[dict-item]
    assert browser.status < 500


@pytest.mark.parametrize("name", ["User-Agent", "Accept-Language", "Cookie", "Origin", "Referer", "Sec-Fetch-Site"])
def test_in_a_header(stage: Stage, name: str) -> None:
    for value in ("é\xff", "x" * 5000, "sesame_session=\xff; sesame_sign_in=\x80", ";;;===", "fr;q=é", "\t"):
        for path in ("/sign-in", "/account", "/oauth/authorize"):
            answer = stage.app.test_client(use_cookies=False).get(path, headers={name: value})
            assert answer.status_code < 500, (path, value)
