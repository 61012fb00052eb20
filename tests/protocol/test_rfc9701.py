"""Introspection answers as JWTs (RFC 9701), for whoever asks by the media type."""

from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from tests.party import ISSUER, SIGNATURES, Party, basic, bearer, claims_of, header_of
from tests.stage import Stage
from tests.web.browser import Browser

MEDIA_TYPE = "application/token-introspection+jwt"
GRANTS = ["authorization_code", "refresh_token"]


@pytest.fixture(scope="module", autouse=True)
def keys(stage: Stage) -> None:
    """Keys of every algorithm, before anybody has fetched the set, which is kept for a second."""
    for algorithm in SIGNATURES:
        stage.register(signing_algorithm=algorithm)


def introspect(party: Party, token: str, accept: str = MEDIA_TYPE) -> TestResponse:
    headers = {**basic(party.client_id, party.secret or ""), "Accept": accept}
    return party.http.post("/oauth/introspect", data={"token": token}, headers=headers)


@pytest.mark.parametrize(
    "accept", [MEDIA_TYPE, f"application/json;q=0.5, {MEDIA_TYPE}", "Application/Token-Introspection+JWT;q=1"]
)
def test_the_answer_is_signed_for_the_resource_server(books: Party, ines: Browser, accept: str) -> None:
    """RFC 9701 §5."""
    token = books.tokens(ines)["access_token"]
    answer = introspect(books, token, accept)
    assert (answer.status_code, answer.content_type) == (200, MEDIA_TYPE)
    assert answer.headers["Cache-Control"] == "no-store"
    header = header_of(answer.text)
    assert (header["typ"], header["alg"]) == ("token-introspection+jwt", "RS256")
    claims = books.verified(answer.text)
    assert (claims["iss"], claims["aud"]) == (ISSUER, books.client_id)
    assert claims["iat"]
    assert not {"sub", "exp"} & set(claims), "it must not be taken for an access token"
    plain = books.post("/oauth/introspect", token=token).json
    assert claims["token_introspection"] == plain
    assert plain["active"] is True


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/jwt", MEDIA_TYPE + "x"])
def test_others_get_json(books: Party, ines: Browser, accept: str) -> None:
    answer = introspect(books, books.tokens(ines)["access_token"], accept)
    assert answer.content_type == "application/json"
    assert answer.json["active"] is True


@pytest.mark.parametrize("token", ["unknown", "a.b.c"])
def test_what_is_not_the_askers_is_inactive(capture: Party, books: Party, ines: Browser, token: str) -> None:
    for each in (token, books.tokens(ines)["access_token"]):
        answer = introspect(capture, each)
        assert capture.verified(answer.text)["token_introspection"] == {"active": False}


def test_who_does_not_prove_anything_gets_no_signature(mobile: Party, stage: Stage) -> None:
    body = {"token": "x", "client_id": mobile.client_id}
    answer = mobile.http.post("/oauth/introspect", data=body, headers={"Accept": MEDIA_TYPE})
    assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert introspect(mobile.known_as(client_id="unknown"), "x").status_code == 401


def test_the_algorithm_and_the_encryption_are_the_clients(stage: Stage, ines: Browser) -> None:
    """RFC 9701 §6."""
    key = ECKey.generate_key("P-256", {"kid": "enc"})
    options: dict[str, Any] = {
        "jwks": {"keys": [key.as_dict(private=False)]}, "introspection_signed_response_alg": "EdDSA",
        "introspection_encrypted_response_alg": "ECDH-ES", "introspection_encrypted_response_enc": "A256GCM",
    }  # fmt: skip
    party = stage.register(grant_types=GRANTS, options=options)
    sealed = introspect(party, party.tokens(ines)["access_token"]).text
    assert header_of(sealed)["cty"] == "JWT"
    inner = jwe.decrypt_compact(sealed, key, algorithms=["ECDH-ES", "A256GCM"]).plaintext
    assert inner is not None
    assert header_of(inner.decode())["alg"] == "EdDSA"
    assert party.verified(inner.decode())["token_introspection"]["active"] is True


def test_it_is_no_token(books: Party, ines: Browser) -> None:
    """RFC 9701 §8.1."""
    answer = introspect(books, books.tokens(ines)["access_token"]).text
    assert books.http.get("/oauth/userinfo", headers=bearer(answer)).status_code == 401
    assert books.post("/oauth/introspect", token=answer).json == {"active": False}
    assert claims_of(answer)["aud"] == books.client_id
