"""The requests that are measured, as a product and a browser send them."""

import base64
import hashlib
import http.client
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from benchmarks.world import PASSWORD, REDIRECT, World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "openid profile email offline_access"
FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"')

Send = Callable[[str, str, bytes | None, dict[str, str]], tuple[int, dict[str, str], bytes]]


def over(connection: http.client.HTTPConnection) -> Send:
    """Send requests over one kept connection."""

    def send(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        cookies = answer.headers.get_all("Set-Cookie") or []
        return answer.status, {**dict(answer.headers), "Set-Cookie": "\n".join(cookies)}, content

    return send


@dataclass
class Client:
    """A product with its browser.

    Attributes:
        bound: an access token that is bound to the client's key.
        ready: assertions or proofs for the requests to come, signed before; made when needed where there are none.
    """

    world: World
    send: Send
    cookies: dict[str, str] = field(default_factory=dict)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    nonce: str = ""
    bound: str = ""
    ready: deque[str] = field(default_factory=deque)

    def __post_init__(self) -> None:
        pair = base64.b64encode(f"bench:{self.world.client_secret}".encode()).decode()
        self.basic = {"Authorization": f"Basic {pair}"}
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    # The back channel.

    def get(self, path: str) -> None:
        self._expect(200, self.send("GET", path, None, {}))

    def post(self, path: str, values: dict[str, str], *, basic: bool = True) -> dict[str, Any]:
        headers = {**FORM, **(self.basic if basic else {})}
        body = self._expect(200, self.send("POST", path, urlencode(values).encode(), headers))
        answer: dict[str, Any] = json.loads(body)
        return answer

    def client_credentials(self) -> None:
        self.post("/oauth/token", {"grant_type": "client_credentials"})

    def client_credentials_signed(self) -> None:
        """The same with an assertion instead of the secret (`private_key_jwt`)."""
        values = {"client_assertion_type": ASSERTION, "client_assertion": self._ready(self.assertion)}
        self.post("/oauth/token", {"grant_type": "client_credentials", **values}, basic=False)

    def assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": "bench-key", "sub": "bench-key", "aud": self.world.settings.issuer,
            "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        return _signed({}, claims, self.world.client_key)

    def _ready(self, make: Callable[[], str]) -> str:
        return self.ready.popleft() if self.ready else make()

    def userinfo(self, token: str) -> None:
        self._expect(200, self.send("GET", "/oauth/userinfo", None, {"Authorization": f"Bearer {token}"}))

    # The same with a key that is proved (DPoP).

    def proof(self, method: str, path: str, token: str | None = None) -> str:
        """A proof of possession of this client's key, with the nonce of the last answer."""
        claims = {
            "jti": secrets.token_urlsafe(12), "htm": method, "htu": self.world.settings.issuer + path,
            "iat": int(time.time()), "nonce": self.nonce,
        }  # fmt: skip
        if token is not None:
            claims["ath"] = _encoded(hashlib.sha256(token.encode()).digest())
        header = {"typ": "dpop+jwt", "jwk": self.key.as_dict(private=False)}
        return _signed(header, claims, self.key)

    def client_credentials_bound(self) -> None:
        self._prove("POST", "/oauth/token", {"grant_type": "client_credentials"}, self.basic)

    def userinfo_bound(self, token: str) -> None:
        self._prove("GET", "/oauth/userinfo", None, {"Authorization": f"DPoP {token}"}, token)

    def bound_token(self) -> str:
        """A person's access token, bound to the key."""
        code = parse_qs(urlsplit(self._browse("GET", self.authorize())).query)["code"][0]
        values = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
        }  # fmt: skip
        return str(json.loads(self._prove("POST", "/oauth/token", values, self.basic))["access_token"])

    def _prove(
        self, method: str, path: str, values: dict[str, str] | None, headers: dict[str, str], token: str | None = None
    ) -> bytes:
        """Send with a proof, and once more when only the nonce was missing."""
        body = urlencode(values).encode() if values is not None else None
        for _ in range(2):
            proof = self._ready(lambda: self.proof(method, path, token))
            sent = {**headers, **(FORM if values is not None else {}), "DPoP": proof}
            answer = self.send(method, path, body, sent)
            told = {name.lower(): value for name, value in answer[1].items()}
            self.nonce = told["dpop-nonce"]
            if answer[0] == 200:
                return answer[2]
        return self._expect(200, answer)

    def introspect(self, token: str) -> None:
        assert self.post("/oauth/introspect", {"token": token})["active"]

    def refresh(self, token: str) -> str:
        values = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "bench-public"}
        return str(self.post("/oauth/token", values, basic=False)["refresh_token"])

    # The browser.

    def authorize(self, client_id: str = "bench") -> str:
        """The path of an authorization request."""
        return f"/oauth/authorize?{urlencode(self.asked(client_id))}"

    def asked(self, client_id: str = "bench") -> dict[str, str]:
        """The parameters of an authorization request."""
        return {
            "response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT, "scope": SCOPE,
            "state": "s", "nonce": "n", "code_challenge": self.challenge, "code_challenge_method": "S256",
            "company": self.world.company,
        }  # fmt: skip

    def code_flow(self, client_id: str = "bench") -> dict[str, Any]:
        """Authorization request over the session, then the code for tokens."""
        location = self._browse("GET", self.authorize(client_id))
        return self._redeem(location, client_id)

    def pushed_flow(self) -> dict[str, Any]:
        """The same, with the authorization request pushed first."""
        headers = {**FORM, **self.basic}
        answer = self.send("POST", "/oauth/par", urlencode(self.asked()).encode(), headers)
        request_uri = json.loads(self._expect(201, answer))["request_uri"]
        query = urlencode({"client_id": "bench", "request_uri": request_uri})
        return self._redeem(self._browse("GET", f"/oauth/authorize?{query}"), "bench")

    def sign_in(self) -> None:
        """The sign-in itself, for a browser that is signed out: both pages and both forms, until there is a session."""
        self.cookies = {}
        location = self._sign_in("/sign-in")
        assert location == "/", location

    def sign_in_on_the_way(self) -> None:
        """Everything from a product's authorization request to the code, with the sign-in on the way."""
        self.cookies = {}
        location = self._sign_in(self._browse("GET", self.authorize()))
        location = self._browse("GET", location)
        assert "code=" in location, location

    def _sign_in(self, location: str) -> str:
        page = self.read(location)
        values = {"email": self.world.address, "password": PASSWORD, "csrf_token": _token(page)}
        location = self._browse("POST", location, values)
        page = self.read(location)
        code = pyotp.TOTP(self.world.totp_secret).now()
        return self._browse("POST", location, {"code": code, "csrf_token": _token(page)})

    def _redeem(self, location: str, client_id: str) -> dict[str, Any]:
        code = parse_qs(urlsplit(location).query)["code"][0]
        values = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
        }  # fmt: skip
        public = client_id == "bench-public"
        return self.post("/oauth/token", {**values, **({"client_id": client_id} if public else {})}, basic=not public)

    def read(self, path: str) -> str:
        return self._visit(200, "GET", path, None)[1].decode()

    def _browse(self, method: str, path: str, values: dict[str, str] | None = None) -> str:
        return self._visit(303, method, path, values)[0]

    def _visit(self, status: int, method: str, path: str, values: dict[str, str] | None) -> tuple[str, bytes]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if values is not None:
            headers |= {**FORM, "Origin": self.world.settings.issuer, "Sec-Fetch-Site": "same-origin"}
        body = urlencode(values).encode() if values is not None else None
        answer = self.send(method, path, body, headers)
        content = self._expect(status, answer)
        for line in filter(None, answer[1].get("Set-Cookie", "").split("\n")):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer[1].get("Location", answer[1].get("location", "")), content

    @staticmethod
    def _expect(status: int, answer: tuple[int, dict[str, str], bytes]) -> bytes:
        if answer[0] != status:
            raise SystemExit(f"Expected {status}, got {answer[0]}: {answer[2][:400]!r}")
        return answer[2]


def _signed(header: dict[str, Any], claims: dict[str, Any], key: ECKey) -> str:
    text = f"{_encoded(json.dumps({**header, 'alg': 'ES256'}).encode())}.{_encoded(json.dumps(claims).encode())}"
    return f"{text}.{_encoded(JWSRegistry.algorithms['ES256'].sign(text.encode(), key))}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _token(page: str) -> str:
    found = FIELD.search(page)
    assert found is not None, "the page has no form"
    return found.group(1) or found.group(2)
