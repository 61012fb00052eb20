"""The shape of a back-channel request (RFC 6749 §3.2, R-31): a form in the body, each parameter once, no query."""

import json

import pytest

from tests.party import Party, basic

PATHS = ("/oauth/token", "/oauth/introspect", "/oauth/revoke")
FORM = "application/x-www-form-urlencoded"


def send(party: Party, path: str, body: bytes, content_type: str = FORM, query: str = ""):  # type: ignore[no-untyped-def]
    return party.http.post(
        path + query, data=body, content_type=content_type, headers=basic(party.client_id, party.secret or "")
    )


def assert_invalid_request(answer, status: int = 400) -> None:  # type: ignore[no-untyped-def]
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    assert answer.json["error"] == "invalid_request"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["grant_type", "token", "client_id", "scope", "unknown"])
def test_a_repeated_parameter_is_refused(books: Party, path: str, name: str) -> None:
    body = f"grant_type=client_credentials&token=x&{name}=a&{name}=a"
    answer = send(books, path, body.encode())
    assert_invalid_request(answer)
    assert answer.json["error_description"] == f"The parameter '{name}' is repeated."


@pytest.mark.parametrize("name", ["%22", "%0d%0aX", "é", "a" * 100])
def test_a_name_that_cannot_be_shown_is_not(books: Party, name: str) -> None:
    answer = send(books, "/oauth/token", f"grant_type=client_credentials&{name}=a&{name}=a".encode())
    assert_invalid_request(answer)
    assert answer.json["error_description"] == "A parameter is repeated."


@pytest.mark.parametrize("body", [b"", b"grant_type=", b"code=x"])
def test_a_request_names_its_grant_type(books: Party, body: bytes) -> None:
    answer = send(books, "/oauth/token", body)
    assert_invalid_request(answer)
    assert answer.json["error_description"] == "Missing 'grant_type'."


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["?grant_type=client_credentials", "?token=x", "?client_secret=x", "?a", "?x=1"])
def test_a_query_string_is_refused(books: Party, path: str, query: str) -> None:
    assert_invalid_request(send(books, path, b"grant_type=client_credentials&token=x", query=query))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/octet-stream", "", "nonsense"],
)
def test_another_content_type_is_refused(books: Party, path: str, content_type: str) -> None:
    body = json.dumps({"grant_type": "client_credentials", "token": "x"}).encode()
    assert_invalid_request(send(books, path, body, content_type))


@pytest.mark.parametrize("path", PATHS)
def test_a_charset_beside_the_content_type_is_fine(books: Party, path: str) -> None:
    answer = send(books, path, b"grant_type=client_credentials&token=x", f"{FORM}; charset=UTF-8")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", [*PATHS, "/oauth/userinfo"])
def test_a_body_over_64_kib_is_too_large(books: Party, path: str) -> None:
    answer = send(books, path, b"grant_type=client_credentials&token=" + b"x" * 65_536)
    assert_invalid_request(answer, 413)


def test_a_registration_over_64_kib_is_too_large(books: Party) -> None:
    answer = books.http.post(
        "/oauth/register", data=b'{"client_name": "' + b"x" * 66_000, content_type="application/json"
    )
    assert_invalid_request(answer, 413)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_answered_in_json(books: Party, path: str, method: str) -> None:
    answer = books.http.open(path, method=method)
    assert answer.status_code == 405
    assert answer.content_type == "application/json"
    assert answer.json["error"] == "invalid_request"
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe=1",
        b"grant_type=%ff%fe",
        b"grant_type=client_credentials&x=\x00",
        b"grant_type=client_credentials&x=%00",
        b"grant_type=client_credentials&token=x&" + b"&".join(b"p%d=1" % n for n in range(120)),
        b"&&&&=&=",
        b"",
        b"=",
    ],
    ids=["bytes", "percent", "nul", "encoded nul", "many", "separators", "empty", "equals"],
)
@pytest.mark.parametrize("path", PATHS)
def test_an_unreadable_form_is_refused(books: Party, path: str, body: bytes) -> None:
    answer = send(books, path, body)
    assert answer.status_code == 400
    assert answer.json["error"] in ("invalid_request", "unsupported_grant_type")


@pytest.mark.parametrize("missing", ["grant_type", "code", "redirect_uri", "code_verifier"])
def test_a_code_exchange_needs_all_its_parameters(books: Party, ines, missing: str) -> None:  # type: ignore[no-untyped-def]
    body = {
        "grant_type": "authorization_code",
        "code": books.code(ines),
        "redirect_uri": books.redirect_uri,
        "code_verifier": books.verifier,
    }
    answer = books.post("/oauth/token", **{**body, missing: None})
    assert answer.status_code == 400
    assert answer.json["error"] in ("invalid_request", "invalid_grant", "unsupported_grant_type")
    assert "access_token" not in answer.json


def test_answers_with_tokens_are_never_cached(books: Party, ines) -> None:  # type: ignore[no-untyped-def]
    answer = books.redeem(books.code(ines))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers.getlist("Set-Cookie") == []
    assert answer.json["token_type"] == "Bearer"
