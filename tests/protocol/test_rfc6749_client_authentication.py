"""Client authentication (RFC 6749 §2.3): one way, the registered one, and nothing malformed gets through."""

import base64

import pytest

from idp.oidc import clients
from tests.party import Party, basic
from tests.stage import Stage

ENDPOINTS = ("/oauth/token", "/oauth/introspect", "/oauth/revoke")
FORM = {"grant_type": "client_credentials", "token": "x"}


@pytest.fixture(scope="module")
def posting(stage: Stage) -> Party:
    return stage.register(
        token_endpoint_auth_method="client_secret_post",
        grant_types=["authorization_code", "refresh_token", "client_credentials"],
    )


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_registered_way_is_accepted(books: Party, posting: Party, path: str) -> None:
    assert books.post(path, **FORM).status_code == 200
    assert posting.post(path, **FORM).status_code == 200


@pytest.mark.parametrize("path", ENDPOINTS)
def test_another_way_than_the_registered_one_is_refused(books: Party, posting: Party, mobile: Party, path: str) -> None:
    wrong = [
        books.known_as(method="client_secret_post"),
        books.known_as(method="none"),
        posting.known_as(method="client_secret_basic"),
        posting.known_as(method="none"),
        mobile.known_as(method="client_secret_basic", secret="anything"),
        mobile.known_as(method="client_secret_post", secret="anything"),
        mobile.known_as(method="client_secret_basic", secret=""),
    ]
    for party in wrong:
        answer = party.post(path, **FORM)
        assert answer.status_code in (400, 401), party
        assert answer.json["error"] == "invalid_client", party


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_wrong_secret_is_refused_and_challenged(books: Party, posting: Party, path: str) -> None:
    for secret in ("wrong", "", (books.secret or "")[:-1], (books.secret or "") + "x", (books.secret or "").swapcase()):
        answer = books.known_as(secret=secret).post(path, **FORM)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="sesame", error=')  # RFC 7617 §2
    answer = posting.known_as(secret="wrong").post(path, **FORM)
    assert (answer.status_code, answer.json["error"]) in ((400, "invalid_client"), (401, "invalid_client"))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_nobody_is_refused(books: Party, path: str) -> None:
    answer = books.http.post(path, data=FORM)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    answer = books.http.post(path, data={**FORM, "client_id": "nobody"})
    assert answer.json["error"] == "invalid_client"


@pytest.mark.parametrize("path", ENDPOINTS)
def test_two_ways_at_once_are_refused(books: Party, posting: Party, path: str) -> None:
    for party in (books, posting):
        answer = party.http.post(
            path,
            data={**FORM, "client_id": party.client_id, "client_secret": party.secret},
            headers=basic(party.client_id, party.secret or ""),
        )
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_that_names_another_client_is_refused(books: Party, capture: Party, path: str) -> None:
    answer = books.post(path, client_id=capture.client_id, **FORM)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert books.post(path, client_id=books.client_id, **FORM).status_code == 200


MALFORMED = {
    "not base64": "Basic !!!!",
    "empty": "Basic ",
    "no value": "Basic",
    "no colon": "Basic " + base64.b64encode(b"demo-accounting").decode(),
    "latin-1": "Basic " + base64.b64encode("démo:sécret".encode("latin-1")).decode(),
    "utf-16": "Basic " + base64.b64encode("demo:secret".encode("utf-16")).decode(),
    "NUL in the name": "Basic " + base64.b64encode(b"demo\x00accounting:secret").decode(),
    "NUL in the secret": "Basic " + base64.b64encode(b"demo-accounting:\x00").decode(),
    "padding missing": "Basic " + base64.b64encode(b"ab:c1").decode().rstrip("="),
    "very long": "Basic " + base64.b64encode(b"demo-accounting:" + b"x" * 6000).decode(),
    "only a colon": "Basic " + base64.b64encode(b":").decode(),
    "unknown scheme": "Digest username=demo-accounting",
    "bearer": "Bearer abc",
    "line feed encoded": "Basic " + base64.b64encode(b"demo\naccounting:secret").decode(),
}


@pytest.mark.parametrize("header", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("path", [*ENDPOINTS, "/permission-sets/ps_x"])
def test_malformed_credentials_are_an_invalid_client(books: Party, header: str, path: str) -> None:
    method = "GET" if path.startswith("/permission") else "POST"
    data = None if method == "GET" else FORM
    answer = books.http.open(path, method=method, data=data, headers={"Authorization": header})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert "no-store" in answer.headers["Cache-Control"]


def test_both_secrets_live_during_a_rotation(own_stage: Stage) -> None:
    books = own_stage.party("demo-accounting")
    with own_stage.work() as work:
        second = clients.rotate_secret(work, books.client_id)
    newer = books.known_as(secret=second)
    assert books.post("/oauth/token", grant_type="client_credentials").status_code == 200
    assert newer.post("/oauth/token", grant_type="client_credentials").status_code == 200
    with own_stage.work() as work:
        third = clients.rotate_secret(work, books.client_id)
    assert books.post("/oauth/token", grant_type="client_credentials").status_code == 401
    for party in (newer, books.known_as(secret=third)):
        assert party.post("/oauth/token", grant_type="client_credentials").status_code == 200


def test_a_deleted_client_is_nobody(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.signed_in("ines.moreau")
    tokens = books.tokens(browser)
    with own_stage.work() as work:
        clients.delete(work, books.client_id)
    assert books.refresh(tokens["refresh_token"]).status_code == 401
    assert books.userinfo(tokens["access_token"]).status_code == 401
    answer = browser.get(books.asking())
    assert answer.status_code == 400
    assert "Location" not in answer.headers
