"""Whoever holds a key and proves it with each request (DPoP, RFC 9449), as a client does."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from joserfc.jwk import ECKey, Key
from joserfc.jws import JWSRegistry
from werkzeug.test import TestResponse

from tests.party import ISSUER, Party, basic

TOKEN = "/oauth/token"
OWN = {"grant_type": "client_credentials"}
INVALID = (400, "invalid_dpop_proof")


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and error of an answer that gives nothing."""
    told: Any = answer.json
    assert "access_token" not in told, told
    return answer.status_code, told["error"]


def thumbprint(key: Key) -> str:
    return str(key.thumbprint())


@dataclass
class Prover:
    """A key, and the nonce that the service gave last."""

    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256"))
    algorithm: str = "ES256"
    nonce: str | None = None
    issuer: str = ISSUER

    @property
    def jkt(self) -> str:
        return thumbprint(self.key)

    def proof(
        self, method: str = "POST", path: str = TOKEN, token: str | None = None, header: Any = None, **changes: Any
    ) -> str:
        """A proof; None takes a usual claim, or member of the header, out."""
        usual: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12), "htm": method, "htu": self.issuer + path, "iat": int(time.time()),
            "nonce": self.nonce,
        }  # fmt: skip
        if token is not None:
            usual["ath"] = encoded(hashlib.sha256(token.encode()).digest())
        jwk = self.key.as_dict(private=False)
        head = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": jwk, **(header or {})}
        return self.signed(_without_none(head), _without_none({**usual, **changes}))

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A compact JWS with any header: what libraries refuse to make."""
        text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
        return f"{text}.{encoded(JWSRegistry.algorithms[self.algorithm].sign(text.encode(), self.key))}"

    def learn(self, http: FlaskClient) -> "Prover":
        """Ask for the nonce, as a client does by its first request."""
        self.keep(http.post(TOKEN, data={"grant_type": "x"}, headers={"DPoP": self.proof()}))
        assert self.nonce
        return self

    def keep(self, answer: TestResponse) -> TestResponse:
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    def post(self, party: Party, proof: str | None = None, **form: str) -> TestResponse:
        """A request of a party at the token endpoint, with a proof."""
        headers = {"DPoP": self.proof() if proof is None else proof}
        if party.method == "client_secret_basic":
            headers |= basic(party.client_id, party.secret or "")
        else:
            form["client_id"] = party.client_id
        return self.keep(party.http.post(TOKEN, data=form, headers=headers))

    def redeem(self, party: Party, code: str, **changes: Any) -> TestResponse:
        form = {
            "grant_type": "authorization_code", "code": code, "code_verifier": party.verifier,
            "redirect_uri": party.redirect_uri,
        }  # fmt: skip
        return self.post(party, **form, **changes)

    def refresh(self, party: Party, token: str, **changes: Any) -> TestResponse:
        return self.post(party, grant_type="refresh_token", refresh_token=token, **changes)

    def get(self, party: Party, path: str, token: str, proof: str | None = None, **headers: str) -> TestResponse:
        """A request for a resource."""
        proof = self.proof("GET", path, token) if proof is None else proof
        sent = {"Authorization": f"DPoP {token}", "DPoP": proof, **headers}
        return self.keep(party.http.get(path, headers=sent))


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
