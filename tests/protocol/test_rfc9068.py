"""JWT access tokens (RFC 9068), and that no token is taken for one of another kind (R-35, R-36)."""

import base64
import json
from typing import Any

import pytest

from tests.party import Party, altered, bearer, claims_of, header_of
from tests.stage import Stage
from tests.web.browser import Browser


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_header_and_required_claims(books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    assert set(header_of(token)) == {"alg", "kid", "typ"}
    assert header_of(token)["typ"] == "at+jwt"
    claims = books.verified(token)
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "auth_time", "acr", "amr", "scope"} <= set(claims)
    assert (claims["client_id"], claims["aud"]) == (books.client_id, books.resource)
    assert 0 < claims["exp"] - claims["iat"] <= 600
    assert claims["auth_time"] <= claims["iat"]
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert "nonce" not in claims


def test_no_name_or_address_is_in_an_access_token(stage: Stage, books: Party, ines: Browser) -> None:
    claims = json.dumps(claims_of(books.tokens(ines)["access_token"]), ensure_ascii=False)
    for personal in (stage.person("ines.moreau").address, "Inès", "Moreau", "Atelier"):
        assert personal not in claims


def test_identifiers_are_never_repeated(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    more = [books.refresh(tokens["refresh_token"]).json["access_token"] for _ in range(5)]
    assert len({claims_of(token)["jti"] for token in [tokens["access_token"], *more]}) == 6


def test_the_subject_is_the_same_for_every_product(books: Party, capture: Party, ines: Browser) -> None:
    subjects = {
        claims_of(party.tokens(ines)[name])["sub"]
        for party in (books, capture)
        for name in ("id_token", "access_token")
    }
    assert len(subjects) == 1


def test_an_id_token_is_no_access_token(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    assert books.userinfo(tokens["id_token"]).status_code == 401
    assert books.http.get("/me/companies", headers=bearer(tokens["id_token"])).status_code == 401
    assert books.introspect(tokens["id_token"]) == {"active": False}
    assert books.refresh(tokens["id_token"]).json["error"] == "invalid_grant"


def test_an_access_token_is_no_hint(books: Party, ines: Browser) -> None:
    access_token = books.tokens(ines)["access_token"]
    assert books.ask(ines, prompt="none", id_token_hint=access_token)["error"] == "login_required"
    answer = books.http.get("/oauth/logout", query_string={"id_token_hint": access_token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-out")


def test_a_refresh_token_is_no_access_token(books: Party, ines: Browser) -> None:
    assert books.userinfo(books.tokens(ines)["refresh_token"]).status_code == 401


def forged(token: str, public: dict[str, Any]) -> dict[str, str]:
    header, payload, signature = token.split(".")
    claims, head = claims_of(token), header_of(token)
    hmac_key = encoded(public)
    return {
        "unsigned": f"{encoded({**head, 'alg': 'none'})}.{payload}.",
        "no signature": f"{header}.{payload}.",
        "altered claims": f"{header}.{encoded({**claims, 'roles': ['accounting.administrator']})}.{signature}",
        "altered signature": f"{header}.{payload}.{altered(signature)}",
        "hmac with the public key": f"{encoded({**head, 'alg': 'HS256'})}.{payload}.{hmac_key}",
        "other algorithm": f"{encoded({**head, 'alg': 'RS256'})}.{payload}.{signature}",
        "own key in the header": f"{encoded({**head, 'jwk': public})}.{payload}.{signature}",
        "key address": f"{encoded({**head, 'jku': 'https://evil.example/jwks'})}.{payload}.{signature}",
        "critical header": f"{encoded({**head, 'crit': ['x'], 'x': 1})}.{payload}.{signature}",
        "no key": f"{encoded({name: head[name] for name in ('alg', 'typ')})}.{payload}.{signature}",
        "unknown key": f"{encoded({**head, 'kid': 'nobody'})}.{payload}.{signature}",
        "list as key": f"{encoded({**head, 'kid': ['a']})}.{payload}.{signature}",
        "other type": f"{encoded({**head, 'typ': 'JWT'})}.{payload}.{signature}",
        "five parts": f"{header}.{payload}.{signature}.x.y",
        "two parts": f"{header}.{payload}",
        "blanks": f"{header}.{payload}.{signature} x",
        "not ascii": f"{header}.{payload}.é",
        "rubbish": "a.b.c",
        "dots": "..",
        "json list": f"{encoded([])}.{payload}.{signature}",  # type: ignore[arg-type]
    }


def test_no_forgery_is_accepted(books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    assert books.userinfo(token).status_code == 200
    public = books.http.get("/oauth/jwks").json["keys"][0]
    for name, forgery in forged(token, public).items():
        answer = books.http.get(
            "/oauth/userinfo", headers={"Authorization": f"Bearer {forgery}".encode().decode("latin-1")}
        )
        assert answer.status_code == 401, name
        assert books.introspect(forgery) == {"active": False}, name


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_access_tokens_are_signed_by_es256_whatever_the_id_tokens_are(
    stage: Stage, ines: Browser, algorithm: str
) -> None:
    party = stage.register(signing_algorithm=algorithm)
    tokens = party.tokens(ines)
    assert header_of(tokens["access_token"])["alg"] == "ES256"
    assert header_of(tokens["id_token"]) == {**header_of(tokens["id_token"]), "alg": algorithm, "typ": "JWT"}
