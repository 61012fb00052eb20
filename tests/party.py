"""A relying party: a product as the protocol sees it, with nothing but HTTP."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import Key, KeySet
from werkzeug.test import TestResponse

from tests.web.browser import Browser

ISSUER = "http://localhost"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNATURES = ["ES256", "PS256", "EdDSA", "RS256"]  # that the service makes
READ = [*SIGNATURES, "Ed25519"]  # that it reads
SCOPE = "openid profile email offline_access"


def challenge_of(verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def query_of(location: str) -> dict[str, str]:
    """The parameters of an address; none of them is there twice."""
    pairs = parse_qsl(urlsplit(location).query, keep_blank_values=True, strict_parsing=True)
    assert len({name for name, _ in pairs}) == len(pairs), location
    return dict(pairs)


def basic(client_id: str, secret: str) -> dict[str, str]:
    credentials = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def altered(signed: str) -> str:
    """The same with another signature, whichever it had: one letter of it exchanged. Not the last one, since that may
    stand for as many bits as leave another letter the same."""
    return signed[:-6] + ("B" if signed[-6] == "A" else "A") + signed[-5:]


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unchecked."""
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def header_of(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    return decoded


@dataclass(frozen=True, slots=True)
class Party:
    """One registered application.

    Attributes:
        http: sends without cookies, as a server does.
        method: how it authenticates at the token endpoint.
        key: its own key pair, with which it signs.
    """

    http: FlaskClient
    client_id: str
    secret: str | None
    redirect_uri: str
    method: str = "client_secret_basic"
    resource: str | None = None
    key: Key | None = None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def asking(self, **parameters: str | None) -> str:
        """The address of an authorization request; None takes a usual parameter out."""
        return f"/oauth/authorize?{urlencode(self.parameters(**parameters))}"

    def parameters(self, **parameters: str | None) -> dict[str, str]:
        """Those of an authorization request."""
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPE,
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **parameters}.items() if value is not None}

    def push(self, **parameters: str | None) -> TestResponse:
        """Push an authorization request (RFC 9126)."""
        return self.post("/oauth/par", **self.parameters(**parameters))

    def request_object(self, **changes: Any) -> str:
        """A signed request object (RFC 9101); None takes a usual claim out. `header`, `key` as for `assertion`."""
        now = int(time.time())
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt", **changes.pop("header", {})}
        key = changes.pop("key", self.key)
        usual = {
            **self.parameters(), "iss": self.client_id, "aud": ISSUER, "nbf": now, "exp": now + 60,
            "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        claims = {name: value for name, value in {**usual, **changes}.items() if value is not None}
        kept = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(kept, claims, key, algorithms=[header["alg"]])

    def ask(self, browser: Browser, **parameters: str | None) -> dict[str, str]:
        """Send the browser to the service; what comes back at the redirect address."""
        answer = browser.get(self.asking(**parameters))
        location = answer.headers.get("Location", "")
        expected = parameters.get("redirect_uri") or self.redirect_uri
        assert answer.status_code == 303, (answer.status_code, answer.text[:600])
        assert location.startswith(expected), location
        return query_of(location)

    def code(self, browser: Browser, **parameters: str | None) -> str:
        answer = self.ask(browser, **parameters)
        assert "code" in answer, answer
        return answer["code"]

    def tokens(self, browser: Browser, **parameters: str | None) -> dict[str, Any]:
        """A whole authorization code flow."""
        answer = self.redeem(self.code(browser, **parameters), redirect_uri=parameters.get("redirect_uri"))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json  # type: ignore[assignment]
        return tokens

    def redeem(self, code: str, **parameters: str | None) -> TestResponse:
        """Exchange a code."""
        usual = {"grant_type": "authorization_code", "code": code, "code_verifier": self.verifier}
        redirect_uri = parameters.pop("redirect_uri", None) or self.redirect_uri
        return self.post("/oauth/token", **{**usual, "redirect_uri": redirect_uri, **parameters})

    def refresh(self, token: str, **parameters: str | None) -> TestResponse:
        return self.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **parameters)

    def introspect(self, token: str, **parameters: str | None) -> dict[str, Any]:
        answer = self.post("/oauth/introspect", token=token, **parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json  # type: ignore[assignment]
        return found

    def revoke(self, token: str, **parameters: str | None) -> TestResponse:
        return self.post("/oauth/revoke", token=token, **parameters)

    def userinfo(self, token: str) -> TestResponse:
        return self.http.get("/oauth/userinfo", headers=bearer(token))

    def post(self, path: str, **parameters: str | None) -> TestResponse:
        """A back-channel request, authenticated as this party is registered."""
        sent = {name: value for name, value in parameters.items() if value is not None}
        headers: dict[str, str] = {}
        if self.method == "client_secret_basic":
            headers = basic(self.client_id, self.secret or "")
        else:
            sent.setdefault("client_id", self.client_id)
            if self.method == "private_key_jwt":
                sent.setdefault("client_assertion_type", ASSERTION_TYPE)
                if "client_assertion" not in sent:
                    sent["client_assertion"] = self.assertion()
            if self.method == "client_secret_post":
                sent.setdefault("client_secret", self.secret or "")
        return self.http.post(path, data=sent, headers=headers)

    def assertion(self, **changes: Any) -> str:
        """A client assertion (RFC 7523 §3); None takes a usual claim out. `header` adds to its header."""
        now = int(time.time())
        header = {"alg": "ES256", **changes.pop("header", {})}
        key = changes.pop("key", self.key)
        usual = {
            "iss": self.client_id, "sub": self.client_id, "aud": ISSUER,
            "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        claims = {name: value for name, value in {**usual, **changes}.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def known_as(self, **changes: Any) -> "Party":
        """The same party with something else in its hands."""
        return replace(self, **changes)

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a JWT, once its signature is one of the published keys."""
        published = KeySet.import_key_set(self.http.get("/oauth/jwks").json)  # type: ignore[arg-type]
        decoded = jwt.decode(token, published, algorithms=SIGNATURES)
        return dict(decoded.claims)
