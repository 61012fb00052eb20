"""What a proof of possession must say (RFC 9449 §4.3)."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from tests.party import ISSUER, Party, altered
from tests.prover import INVALID, OWN, Prover, refusal


@pytest.fixture
def sent(books: Party, prover: Prover) -> Callable[..., TestResponse]:
    def send(**changes: Any) -> TestResponse:
        return prover.post(books, proof=prover.proof(**changes), **OWN)

    return send


# --- what a proof must say (§4.3) ---

UNUSABLE: list[dict[str, Any]] = [
    {"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 301}, {"jti": "\ud800"},
    {"htm": None}, {"htm": "GET"}, {"htm": "post"}, {"htm": 7},
    {"htu": None}, {"htu": 7}, {"htu": ""}, {"htu": ISSUER}, {"htu": "/oauth/token"},
    {"htu": f"{ISSUER}/oauth/token/"}, {"htu": f"{ISSUER}/oauth/userinfo"}, {"htu": "https://localhost/oauth/token"},
    {"htu": "http://evil.example/oauth/token"}, {"htu": "http://localhost:81/oauth/token"},
    {"htu": "http://x@localhost/oauth/token"}, {"htu": "http://localhost:x/oauth/token"}, {"htu": "http://[/oauth/token"},
    {"iat": None}, {"iat": "now"}, {"iat": True}, {"iat": 1e300}, {"iat": -3600}, {"iat": 3600},
    {"iat": -70}, {"iat": 20}, {"nbf": 3600}, {"exp": -3600}, {"exp": "soon"},
    {"header": {"typ": None}}, {"header": {"typ": "JWT"}}, {"header": {"typ": "DPoP+jwt"}}, {"header": {"typ": 7}},
    {"header": {"alg": None}}, {"header": {"alg": "none"}}, {"header": {"alg": "HS256"}}, {"header": {"alg": "ES384"}},
    {"header": {"jwk": None}}, {"header": {"jwk": "x"}}, {"header": {"jwk": []}}, {"header": {"jwk": {}}},
    {"header": {"jwk": {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXg"}}},
    {"header": {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}},
    {"header": {"jwk": {"kty": "EC", "crv": "P-256"}}}, {"header": {"jwk": {"kty": "EC", "crv": 7, "x": [], "y": {}}}},
    {"header": {"jwk": ECKey.generate_key("P-256").as_dict(private=False)}},
    {"header": {"jwk": ECKey.generate_key("P-384").as_dict(private=False)}},
    {"header": {"jwk": RSAKey.generate_key(2048).as_dict(private=False)}},
    {"header": {"jwk": {**ECKey.generate_key("P-256").as_dict(private=False), "use": "enc"}}},
    {"header": {"crit": ["x"], "x": 1}}, {"header": {"b64": False}},
]  # fmt: skip


def named(changes: dict[str, Any]) -> str:
    """The same in every process that collects the tests: without what was made for this one."""
    key = changes.get("header", {}).get("jwk") if isinstance(changes.get("header"), dict) else None
    made = isinstance(key, dict) and len(str(key)) > 100
    return f"a key of its own, {key['kty']} {key.get('crv')} {key.get('use')}" if made else json.dumps(changes)[:60]


@pytest.mark.parametrize("changes", UNUSABLE, ids=named)
def test_a_proof_that_breaks_a_rule_is_refused(sent: Callable[..., TestResponse], changes: dict[str, Any]) -> None:
    now = int(time.time())
    moments = {
        name: now + value
        for name, value in changes.items()
        if name in ("iat", "nbf", "exp") and isinstance(value, int) and not isinstance(value, bool)
    }
    assert refusal(sent(**{**changes, **moments})) == INVALID


def test_a_private_key_is_refused(books: Party, prover: Prover) -> None:
    answer = prover.post(books, proof=prover.proof(header={"jwk": prover.key.as_dict(private=True)}), **OWN)
    assert refusal(answer) == INVALID


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "e30.e30.", "x" * 20_000, "é.é.é", "a.b.c, a.b.c", "[]"], ids=lambda each: each[:10]
)
def test_what_is_no_proof_is_refused(books: Party, prover: Prover, text: str) -> None:
    assert refusal(prover.post(books, proof=text.encode().decode("latin-1"), **OWN)) == INVALID


def test_two_proofs_are_refused(books: Party, prover: Prover) -> None:
    headers = [("DPoP", prover.proof()), ("DPoP", prover.proof())]
    answer = books.http.post("/oauth/token", data=OWN, headers=headers)
    assert refusal(answer) == INVALID


def test_a_wrong_signature_is_refused(books: Party, prover: Prover) -> None:
    proof = prover.proof()
    assert refusal(prover.post(books, proof=altered(proof), **OWN)) == INVALID


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_key_that_is_too_small_or_too_large_is_refused(books: Party) -> None:
    small = Prover(RSAKey.generate_key(1024), "RS256")
    assert refusal(small.post(books, **OWN)) == INVALID
    public = RSAKey.generate_key(2048).as_dict(private=False)
    huge = {**public, "n": "_" * 1400}
    assert refusal(small.post(books, proof=small.proof(header={"jwk": huge}), **OWN)) == INVALID


@pytest.mark.parametrize("seconds", [-50, 0, 9])
def test_clocks_may_differ(sent: Callable[..., TestResponse], seconds: int) -> None:
    assert sent(iat=int(time.time()) + seconds).status_code == 200


@pytest.mark.parametrize(
    "htu",
    [
        f"{ISSUER}/oauth/token?x=1", f"{ISSUER}/oauth/token#x", "HTTP://LOCALHOST/oauth/token",
        "http://localhost:80/oauth/token", f"{ISSUER}/oauth/tok%65n",
    ],
)  # fmt: skip
def test_the_same_address_written_otherwise_is_the_same(sent: Callable[..., TestResponse], htu: str) -> None:
    assert sent(htu=htu).status_code == 200
