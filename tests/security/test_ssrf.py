"""Addresses that clients register must not lead into our own network (R-70): tried through the whole service."""

import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.core.calling import Outbound
from idp.core.destinations import Destinations, networks
from idp.oidc import logout
from tests.core.web_server import certificate, send, serving
from tests.party import bearer
from tests.stage import Stage

INSIDE = [
    "https://127.0.0.1/x", "https://localhost.localdomain:22/x", "https://10.0.0.1/x", "https://192.168.1.1/x",
    "https://172.16.0.1/x", "https://169.254.169.254/latest/meta-data", "https://100.100.100.200/x",
    "https://168.63.129.16/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://[64:ff9b::7f00:1]/x",
    "https://[fd00:ec2::254]/x", "https://[fe80::1]/x", "https://0.0.0.0/x", "https://224.0.0.1/x",
    "https://app.example:6379/x", "https://app.example:25/x", "http://app.example/x", "gopher://app.example/x",
    "file:///etc/passwd", "https://user:secret@app.example/x",
]  # fmt: skip
FIELDS = ["jwks_uri", "sector_identifier_uri", "backchannel_logout_uri"]


@pytest.fixture(scope="module")
def outside(demonstration: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The service as it is in production: not in development."""
    with demonstration.stage(tmp_path_factory.mktemp("outside"), development=False) as made:
        yield made


@pytest.fixture
def register(outside: Stage) -> Callable[..., TestResponse]:
    def post(**metadata: Any) -> TestResponse:
        http = outside.app.test_client(use_cookies=False)
        body = {"redirect_uris": ["https://app.example/cb"], **metadata}
        return http.post("/oauth/register", json=body, headers=bearer(outside.initial_access_token()))

    return post


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let every name resolve to these addresses, one answer after the other; answers the names asked for."""
    asked: list[str] = []

    def teach(*answers: list[str]) -> list[str]:
        left = list(answers)

        def getaddrinfo(host: Any, port: Any, *_: Any, **__: Any) -> Any:
            asked.append(host)
            found = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return teach


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_registered(register: Callable[..., TestResponse], field: str, address: str) -> None:
    answer = register(**{field: address})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata"), answer.text
    assert "client_id" not in answer.json


def test_a_name_that_leads_inside_is_not_fetched(
    outside: Stage, register: Callable[..., TestResponse], resolver: Callable[..., list[str]]
) -> None:
    """Nothing of the form of the address tells; the refusal says no more than that it cannot be read."""
    hits: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        hits.append(handler.path)
        send(handler, b'["https://app.example/cb"]')

    with serving(respond) as port:
        for answer in (["127.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "127.0.0.1"]):
            resolver(answer)
            refused = register(sector_identifier_uri=f"https://inside.example:{port}/sector.json")
            assert refused.status_code == 400
            assert "127.0.0.1" not in refused.text
    assert hits == []


def test_keys_are_not_fetched_from_inside(outside: Stage, resolver: Callable[..., list[str]]) -> None:
    key = ECKey.generate_key("P-256", {"kid": "one"})
    hits: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        hits.append(handler.path)
        send(handler, json.dumps({"keys": [key.as_dict(private=False)]}).encode())

    with serving(respond) as port:
        party = outside.register(
            token_endpoint_auth_method="private_key_jwt", grant_types=["client_credentials"], redirect_uris=[], key=key,
            options={"jwks_uri": f"https://keys.example:{port}/jwks"},
        )  # fmt: skip
        asked = resolver(["127.0.0.1"])
        assert party.post("/oauth/token", grant_type="client_credentials").status_code == 401
        assert asked == ["keys.example"]
    assert hits == []


def test_a_sign_out_is_not_told_to_inside(outside: Stage, resolver: Callable[..., list[str]]) -> None:
    party = outside.register(backchannel_logout_uri="https://logout.example/told")
    resolver(["169.254.169.254"])
    members = {"client_id": party.client_id, "sid": "x", "subject": "y"}
    with outside.work(write=False) as work, pytest.raises(logout.DeliveryFailed, match="NotAllowed"):
        logout.deliver(work, members)


def test_a_redirect_leads_nowhere(tmp_path: Path) -> None:
    """A public address that sends us inside: the answer is the end of it."""
    inside: list[str] = []

    def secret(handler: BaseHTTPRequestHandler) -> None:
        inside.append(handler.path)
        send(handler, b"{}")

    cert = certificate(tmp_path, "127.0.0.1")
    door = Outbound(Destinations(networks=networks("127.0.0.0/8")), cert)
    with serving(secret) as hidden:
        location = f"http://127.0.0.1:{hidden}/admin"
        with serving(lambda handler: send(handler, b"", 302, Location=location), cert=cert) as port:
            assert door.send(f"https://127.0.0.1:{port}/", b"", {}) == 302
    assert inside == []
