"""A small real issuer on its own port, with its own ES256 key, and a sample product that talks to it.

The issuer is no part of the service: it lets the samples be tested alone, and it can be told to misbehave in ways the
service never would.
"""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from flask import Flask, jsonify, redirect, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from examples.accounting.product import PRODUCT
from examples.sample.app import create_app
from examples.sample.config import Config
from examples.sample.product import Text

READER = ["accounting.dashboard.view", "accounting.journals.view", "accounting.journals.create"]


class Issuer:
    """The issuer's state. Tests change the public attributes and look at what was asked of it."""

    def __init__(self) -> None:
        self.url = ""
        self.key = new_key()
        self.published = [self.key]
        self.client_secret = secrets.token_urlsafe(32)
        self.sets: dict[str, list[str]] = {"ps_reader": READER, "ps_bank": ["accounting.bank.view"]}
        self.companies = {"c1": "Atelier Lumen SARL", "c2": "Boulangerie Lemaire SRL"}
        self.sid = "sid-1"
        self.epoch = 1
        self.permission_set = "ps_reader"
        self.lifetime = 600
        self.refresh_error: str | None = None
        self.refresh_reason: str | None = None
        self.answers: dict[str, str] | None = None  # overrides the authorization response
        self.id_claims: dict[str, Any] = {}
        self.asked: list[str] = []
        self.authorize_parameters: dict[str, str] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.revoked: list[str] = []

    def sign(self, claims: dict[str, Any], typ: str, key: ECKey | None = None, **header: Any) -> str:
        used = key or self.key
        return jwt.encode({"alg": "ES256", "kid": used.kid, "typ": typ, **header}, claims, used)

    def access_claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url,
            "sub": "person-1",
            "aud": "http://localhost:8001/api",
            "client_id": "demo-accounting",
            "iat": now,
            "exp": now + self.lifetime,
            "jti": secrets.token_hex(8),
            "sid": self.sid,
            "company": "c1",
            "product": "accounting",
            "permission_set": self.permission_set,
            "epoch": self.epoch,
            "via": "membership",
            "subscription": "active",
        } | changes

    def access_token(self, **changes: Any) -> str:
        return self.sign(self.access_claims(**changes), "at+jwt")

    def id_token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "person-1",
            "aud": "demo-accounting",
            "iat": now,
            "exp": now + 600,
            "sid": self.sid,
            "name": "Inès Moreau",
            "given_name": "Inès",
            "company": "c1",
            "company_name": "Atelier Lumen SARL",
        }
        return self.sign(claims | self.id_claims | changes, "JWT")

    def logout_claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": "demo-accounting",
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(8),
            "sid": self.sid,
            "sub": "person-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        } | changes

    def tokens(self, company: str, **id_claims: Any) -> dict[str, Any]:
        return {
            "access_token": self.access_token(company=company),
            "id_token": self.id_token(company=company, company_name=self.companies[company], **id_claims),
            "refresh_token": "refresh-1",
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig", "alg": "ES256"})


def issuer_app(issuer: Issuer) -> Flask:
    app = Flask("issuer")

    @app.before_request
    def note() -> None:
        issuer.asked.append(request.path)

    publish(app, issuer)
    give_tokens(app, issuer)
    answer_products(app, issuer)
    return app


def publish(app: Flask, issuer: Issuer) -> None:
    """What anyone may read: discovery and keys."""

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Any:
        names = ("authorization", "token", "userinfo", "end_session", "revocation")
        return jsonify(
            issuer=issuer.url,
            jwks_uri=f"{issuer.url}/jwks",
            id_token_signing_alg_values_supported=["ES256"],
            **{f"{name}_endpoint": f"{issuer.url}/{name}" for name in names},
        )

    @app.get("/jwks")
    def jwks() -> Any:
        return jsonify(keys=[key.as_dict(private=False) for key in issuer.published])


def give_tokens(app: Flask, issuer: Issuer) -> None:
    """The way to tokens, for the one client there is."""

    @app.get("/authorization")
    def authorize() -> Any:
        asked = request.args.to_dict()
        issuer.authorize_parameters = asked
        code = secrets.token_urlsafe(8)
        issuer.codes[code] = asked
        answer = issuer.answers or {"code": code, "iss": issuer.url}
        return redirect(f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], **answer})}")

    @app.post("/token")
    def token() -> Any:
        if not known_client(issuer):
            return jsonify(error="invalid_client"), 401
        if request.form["resource"] != "http://localhost:8001/api":
            return jsonify(error="invalid_target"), 400
        if request.form["grant_type"] == "refresh_token":
            if issuer.refresh_error:
                return jsonify(error=issuer.refresh_error, reason=issuer.refresh_reason), 400
            return jsonify(issuer.tokens(request.form.get("company", "c1")))
        asked = issuer.codes.pop(request.form["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        if asked is None or digest.rstrip(b"=").decode() != asked["code_challenge"]:
            return jsonify(error="invalid_grant"), 400
        return jsonify(issuer.tokens(asked.get("company", "c1"), nonce=issuer.id_claims.get("nonce", asked["nonce"])))


def answer_products(app: Flask, issuer: Issuer) -> None:
    """What a product asks once it has tokens."""

    @app.get("/userinfo")
    def userinfo() -> Any:
        return jsonify(sub="person-1", email="ines@example.test", permissions=issuer.sets[issuer.permission_set])

    @app.get("/permission-sets/<set_id>")
    def permission_set(set_id: str) -> Any:
        if not known_client(issuer):
            return jsonify(error="invalid_client"), 401
        return jsonify(id=set_id, permissions=issuer.sets[set_id])

    @app.get("/me/companies")
    def companies() -> Any:
        return jsonify(data=[{"id": key, "name": name} for key, name in issuer.companies.items()], next=None)

    @app.post("/revocation")
    def revoke() -> Any:
        issuer.revoked.append(request.form["token"])
        return ""


def known_client(issuer: Issuer) -> bool:
    presented = request.authorization
    return (
        presented is not None and presented.username == "demo-accounting" and presented.password == issuer.client_secret
    )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    state = Issuer()
    server = make_server("127.0.0.1", 0, issuer_app(state), threaded=True)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def config(issuer: Issuer) -> Config:
    return Config(
        issuer=issuer.url,
        client_id="demo-accounting",
        client_secret=issuer.client_secret,
        base_url="http://localhost:8001",
        secret_key=secrets.token_bytes(32),
        listen_address="127.0.0.1",
        listen_port=8001,
        other_name=Text("Capture de documents", "Document capture"),
        other_url="http://localhost:8002",
    )


@pytest.fixture
def product(config: Config) -> Flask:
    return create_app(PRODUCT, config)


class Person:
    """A browser in front of the sample product."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, language: str = "en") -> Any:
        return self.client.get(path, headers={"Accept-Language": language})

    def ask_issuer(self, path: str = "/login") -> str:
        """Begin to sign in and let the issuer answer; the address it sends the browser back to."""
        answer = self.get(path)
        assert answer.status_code == 303
        back = requests.get(answer.location, allow_redirects=False, timeout=5)
        return back.headers["Location"].removeprefix("http://localhost:8001")

    def sign_in(self, path: str = "/login") -> Any:
        return self.get(self.ask_issuer(path))

    def post(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data={"form_token": self.form_token(), **fields})

    def form_token(self) -> str:
        page = self.get("/").text
        return page.split('name="form_token" value="', 1)[1].split('"', 1)[0]


@pytest.fixture
def person(product: Flask) -> Person:
    return Person(product.test_client())


@pytest.fixture
def another_person(product: Flask) -> Person:
    return Person(product.test_client())


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def parameters() -> Any:
    return query
