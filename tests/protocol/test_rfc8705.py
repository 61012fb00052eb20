"""Certificates of clients, and tokens bound to them (RFC 8705). They come from a proxy, whom else nobody believes."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.core.errors import InvalidInput
from idp.oidc import client_keys
from tests.certified import HEADER, Certified, issue
from tests.core import web_server
from tests.party import Party, basic, bearer, claims_of
from tests.prover import OWN, Prover
from tests.stage import Demonstration, Stage
from tests.web.browser import Browser

PROXY, STRANGER = "192.0.2.10", "198.51.100.7"
ORIGIN = "https://mtls.company.example"
GRANTS = ["authorization_code", "refresh_token", "client_credentials"]
AUTHORITY, OLD_AUTHORITY = issue("authority"), issue("old authority", ends=0, begins=-9)
NAMES = [
    ("tls_client_auth_subject_dn", "CN=client,C=FR", (), "CN=other,C=FR"),
    ("tls_client_auth_san_dns", "api.company.example", (x509.DNSName("API.company.example"),), "company.example"),
    (
        "tls_client_auth_san_uri", "urn:client:1", (x509.UniformResourceIdentifier("urn:client:1"),), "urn:client:2",
    ),
    ("tls_client_auth_san_ip", "192.0.2.1", (x509.IPAddress(ip_address("192.0.2.1")),), "192.0.2.2"),
    ("tls_client_auth_san_email", "a@company.example", (x509.RFC822Name("a@company.example"),), "b@company.example"),
]  # fmt: skip

pytestmark = pytest.mark.parametrize("demonstration", ["sqlite"], indirect=True, scope="session")


@pytest.fixture(scope="module")
def stage(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("certificates")
    authorities = folder / "authorities.pem"
    authorities.write_text(AUTHORITY.pem + OLD_AUTHORITY.pem)
    settings: dict[str, Any] = {
        "client_certificate_header": HEADER, "client_certificate_proxies": f"{PROXY}/32,127.0.0.1",
        "client_certificate_authorities": authorities, "mtls_origin": ORIGIN,
    }  # fmt: skip
    with demonstration.stage(folder, **settings) as made:
        yield made


def party(stage: Stage, method: str, **options: Any) -> Party:
    return stage.register(token_endpoint_auth_method=method, grant_types=GRANTS, options=options)


@pytest.fixture(scope="module")
def by_authority(stage: Stage) -> Party:
    return party(stage, "tls_client_auth", tls_client_auth_subject_dn="CN=client,C=FR")


def send(client: Party, header: dict[str, str], *, sender: str = PROXY, **form: str) -> TestResponse:
    """A request at the token endpoint, as it comes from somebody in front."""
    sent = {**(form or OWN), "client_id": client.client_id}
    return client.http.post("/oauth/token", data=sent, headers=header, environ_overrides={"REMOTE_ADDR": sender})


def assert_refused(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), answer.text


# --- who a client is (§2) ---


@pytest.mark.parametrize(("option", "value", "others", "another"), NAMES, ids=[each[0] for each in NAMES])
def test_a_certificate_of_an_authority_proves_who_it_names(
    stage: Stage, option: str, value: str, others: tuple[x509.GeneralName, ...], another: str
) -> None:
    client, other = (party(stage, "tls_client_auth", **{option: each}) for each in (value, another))
    held = issue("client", *others, by=AUTHORITY)
    assert send(client, held.header).status_code == 200
    assert_refused(send(other, held.header))
    if others:
        assert_refused(send(client, issue("client", by=AUTHORITY).header))


@pytest.mark.parametrize(
    "wrong",
    [
        issue("client"),
        issue("client", by=issue("authority")),
        issue("client", by=OLD_AUTHORITY),
        issue("client", by=AUTHORITY, begins=1),
        issue("client", by=AUTHORITY, begins=-9, ends=-1),
        issue("client", by=AUTHORITY, uses=[ExtendedKeyUsageOID.SERVER_AUTH]),
        issue("other", by=AUTHORITY),
    ],
    ids=["self-signed", "namesake", "old authority", "not yet", "no more", "of a server", "of another"],
)
def test_another_certificate_proves_nothing(by_authority: Party, wrong: Certified) -> None:
    assert_refused(send(by_authority, wrong.header))


def test_one_that_says_that_it_is_for_clients_does(by_authority: Party) -> None:
    held = issue("client", by=AUTHORITY, uses=[ExtendedKeyUsageOID.CLIENT_AUTH])
    assert send(by_authority, held.header).status_code == 200


def test_a_self_signed_certificate_is_the_one_that_was_registered(stage: Stage) -> None:
    held, other = issue("a"), issue("b")
    client = party(stage, "self_signed_tls_client_auth", jwks={"keys": [other.jwk, held.jwk]})
    for each in (held, other):
        assert send(client, each.header).status_code == 200
    for wrong in (issue("a"), issue("a", by=AUTHORITY)):
        assert_refused(send(client, wrong.header))
    old = issue("a", begins=-9, ends=-1)
    late = party(stage, "self_signed_tls_client_auth", jwks={"keys": [old.jwk]})
    assert_refused(send(late, old.header))


def test_a_self_signed_certificate_may_be_published(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """§2.2.2: beside the keys at `jwks_uri`, where it may change."""
    held, newer, mixed = issue("a"), issue("a"), issue("a")
    published: list[dict[str, Any]] = [held.jwk]

    def respond(handler: BaseHTTPRequestHandler) -> None:
        web_server.send(handler, json.dumps({"keys": published}).encode())

    with web_server.serving(respond) as port:
        client = party(stage, "self_signed_tls_client_auth", jwks_uri=f"http://127.0.0.1:{port}/jwks")
        assert send(client, held.header).status_code == 200
        assert_refused(send(client, newer.header))
        published[:] = [newer.jwk, {**issue("a").jwk, "x5c": mixed.jwk["x5c"]}]
        monkeypatch.setattr(client_keys, "AGAIN_AFTER", 0.0)  # as if a minute had passed
        assert send(client, newer.header).status_code == 200, "one that is not known is looked for"
        assert_refused(send(client, held.header))
        assert_refused(send(client, mixed.header))  # it stands beside another key


def test_every_way_in_which_proxies_write_it_is_read(by_authority: Party) -> None:
    held = issue("client", by=AUTHORITY)
    plain = base64.b64encode(held.der).decode()
    for text in (quote(held.pem), quote(held.pem, safe="+/="), held.pem.replace("\n", " "), plain, f":{plain}:"):
        assert send(by_authority, {HEADER: text}).status_code == 200, text[:40]


@pytest.mark.parametrize(
    "text",
    [
        "x", "(null)", "%", "%00", "-----BEGIN CERTIFICATE-----", "AAAA", "é", "A" * 16_001, "MIIB" + "A" * 400,
        pytest.param(base64.b64encode(AUTHORITY.der[:-9]).decode(), id="cut short"),
        pytest.param(base64.b64encode(AUTHORITY.der).decode() + ", AAAA", id="two at once"),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_certificate_proves_nothing(by_authority: Party, text: str) -> None:
    assert_refused(send(by_authority, {HEADER: text.encode().decode("latin-1")}))


def test_without_a_certificate_and_by_other_means_it_is_nobody(by_authority: Party) -> None:
    assert_refused(send(by_authority, {}))
    assert_refused(send(by_authority, {HEADER: ""}))
    secret = by_authority.http.post("/oauth/token", data=OWN, headers=basic(by_authority.client_id, "x"))
    assert_refused(secret)


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_it_counts_at_every_endpoint_of_clients(by_authority: Party, path: str) -> None:
    held = issue("client", by=AUTHORITY)
    data = {"client_id": by_authority.client_id, "token": "x"}
    for header, status in ((held.header, 200), ({}, 401)):
        answer = by_authority.http.post(path, data=data, headers=header, environ_overrides={"REMOTE_ADDR": PROXY})
        assert answer.status_code == status


def test_a_certificate_is_no_way_in_for_other_clients(stage: Stage, books: Party) -> None:
    held = issue("client", by=AUTHORITY)
    assert_refused(send(books, held.header))
    assert send(stage.party("demo-mobile"), held.header).status_code in (400, 401)


# --- who is believed (the header is written by anybody) ---


@pytest.mark.parametrize("sender", [STRANGER, "192.0.2.11", "::1", ""])
def test_from_anybody_but_the_proxies_a_certificate_is_not_there(by_authority: Party, sender: str) -> None:
    assert_refused(send(by_authority, issue("client", by=AUTHORITY).header, sender=sender))


def test_forwarding_headers_make_nobody_a_proxy(by_authority: Party) -> None:
    headers = {**issue("client", by=AUTHORITY).header, "X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}"}
    assert_refused(send(by_authority, headers, sender=STRANGER))


def test_behind_proxies_that_forward_it_is_the_connection_that_counts(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    authorities = tmp_path / "authorities.pem"
    authorities.write_text(AUTHORITY.pem)
    settings: dict[str, Any] = {
        "client_certificate_header": HEADER, "client_certificate_proxies": PROXY, "trusted_proxies": 1,
        "client_certificate_authorities": authorities,
    }  # fmt: skip
    with demonstration.stage(tmp_path, **settings) as stage:
        client = party(stage, "tls_client_auth", tls_client_auth_subject_dn="CN=client,C=FR")
        held = issue("client", by=AUTHORITY).header
        assert send(client, {**held, "X-Forwarded-For": STRANGER}).status_code == 200
        assert_refused(send(client, {**held, "X-Forwarded-For": PROXY}, sender=STRANGER))
        assert "mtls_endpoint_aliases" not in client.http.get("/.well-known/openid-configuration").json


def test_a_service_that_was_told_of_no_proxy_knows_no_certificates(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    with demonstration.stage(tmp_path) as stage:
        client = party(stage, "tls_client_auth", tls_client_auth_subject_dn="CN=client,C=FR")
        assert_refused(send(client, issue("client", by=AUTHORITY).header))
        told = client.http.get("/.well-known/openid-configuration").json
        assert "tls_client_auth" not in told["token_endpoint_auth_methods_supported"]
        assert "tls_client_certificate_bound_access_tokens" not in told


# --- tokens bound to a certificate (§3) ---


def userinfo(client: Party, token: str, header: dict[str, str], sender: str = PROXY) -> TestResponse:
    headers = {**bearer(token), **header}
    return client.http.get("/oauth/userinfo", headers=headers, environ_overrides={"REMOTE_ADDR": sender})


def code_form(client: Party, browser: Browser) -> dict[str, str]:
    return {
        "grant_type": "authorization_code", "code": client.code(browser), "code_verifier": client.verifier,
        "redirect_uri": client.redirect_uri,
    }  # fmt: skip


@pytest.fixture(scope="module")
def binding_public(stage: Stage) -> Party:
    """A public client (§4)."""
    options = {"tls_client_certificate_bound_access_tokens": True}
    return stage.register(token_endpoint_auth_method="none", options=options)


def test_a_token_is_bound_to_the_certificate_of_its_request(binding_public: Party, ines: Browser) -> None:
    held, other = issue("device"), issue("device")
    answer = send(binding_public, held.header, **code_form(binding_public, ines))
    assert (answer.status_code, answer.json["token_type"]) == (200, "Bearer")
    token, refresh = answer.json["access_token"], answer.json["refresh_token"]
    assert claims_of(token)["cnf"] == {"x5t#S256": held.thumbprint}
    assert userinfo(binding_public, token, held.header).status_code == 200
    for wrong in (userinfo(binding_public, token, {}), userinfo(binding_public, token, other.header),
                  userinfo(binding_public, token, held.header, STRANGER),
                  userinfo(binding_public, token, {HEADER: "x"})):  # fmt: skip
        assert wrong.status_code == 401
        assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    asking = {"grant_type": "refresh_token", "refresh_token": refresh}
    for header, error in ((other.header, "invalid_grant"), ({}, "invalid_request")):
        assert send(binding_public, header, **asking).json["error"] == error
    again = send(binding_public, held.header, **asking)
    assert claims_of(again.json["access_token"])["cnf"] == {"x5t#S256": held.thumbprint}


def test_without_a_certificate_there_is_no_token(binding_public: Party, ines: Browser) -> None:
    answer = send(binding_public, {}, **code_form(binding_public, ines))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    expired = send(binding_public, issue("a", begins=-9, ends=-1).header, **code_form(binding_public, ines))
    assert (expired.status_code, expired.json["error"]) == (400, "invalid_request")


def test_introspection_tells_what_a_token_is_bound_to(stage: Stage) -> None:
    held = issue("client", by=AUTHORITY)
    options = {"tls_client_auth_subject_dn": "CN=client,C=FR", "tls_client_certificate_bound_access_tokens": True}
    client = party(stage, "tls_client_auth", **options)
    token = send(client, held.header).json["access_token"]
    data = {"client_id": client.client_id, "token": token}
    told = client.http.post(
        "/oauth/introspect", data=data, headers=held.header, environ_overrides={"REMOTE_ADDR": PROXY}
    ).json
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "Bearer", {"x5t#S256": held.thumbprint})


def test_a_client_without_the_option_gets_bearer_tokens(by_authority: Party) -> None:
    token = send(by_authority, issue("client", by=AUTHORITY).header).json["access_token"]
    assert "cnf" not in claims_of(token)


def test_a_token_may_be_bound_to_a_key_too(binding_public: Party, ines: Browser) -> None:
    held, prover = issue("device"), Prover().learn(binding_public.http)
    sent = {**held.header, "DPoP": prover.proof()}
    answer = send(binding_public, sent, **code_form(binding_public, ines))
    token = answer.json["access_token"]
    assert answer.json["token_type"] == "DPoP"
    assert claims_of(token)["cnf"] == {"jkt": prover.jkt, "x5t#S256": held.thumbprint}
    assert userinfo(binding_public, token, held.header).status_code == 401
    path = "/oauth/userinfo"
    for header, status in ((held.header, 200), (issue("x").header, 401), ({}, 401)):
        assert prover.get(binding_public, path, token, **header).status_code == status


def test_the_api_asks_for_the_certificate(stage: Stage) -> None:
    held = issue("client", by=AUTHORITY)
    options = {"tls_client_auth_subject_dn": "CN=client,C=FR", "tls_client_certificate_bound_access_tokens": True}
    service = stage.register(
        token_endpoint_auth_method="tls_client_auth", grant_types=["client_credentials"], options=options,
        resource="http://localhost/api/v1", scope="companies.read", permissions=["company.profile.view"],
        company_id=stage.company("atelier-lumen"),
    )  # fmt: skip
    token = send(service, held.header).json["access_token"]
    for header, status in ((held.header, 200), ({}, 401), (issue("x").header, 401)):
        answer = service.http.get(
            "/api/v1/companies", headers={**bearer(token), **header}, environ_overrides={"REMOTE_ADDR": PROXY}
        )
        assert answer.status_code == status, answer.text
    assert answer.json["type"] == "/problems/invalid_token"


# --- metadata and registration (§3.3, §3.4, §5) ---


def test_discovery_says_it_and_where(by_authority: Party) -> None:
    told = by_authority.http.get("/.well-known/openid-configuration").json
    for name in ("token", "introspection", "revocation"):
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(
            told[f"{name}_endpoint_auth_methods_supported"]
        )
    assert told["tls_client_certificate_bound_access_tokens"] is True
    aliases = told["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{ORIGIN}/oauth/token"
    assert aliases["userinfo_endpoint"] == f"{ORIGIN}/oauth/userinfo"
    assert "authorization_endpoint" not in aliases


def test_the_other_address_answers_and_proofs_may_name_it(by_authority: Party) -> None:
    held, prover = issue("client", by=AUTHORITY), Prover().learn(by_authority.http)
    sent = {**held.header, "DPoP": prover.proof(htu=f"{ORIGIN}/oauth/token"), "Host": "mtls.company.example"}
    assert send(by_authority, sent).json["token_type"] == "DPoP"


@pytest.mark.parametrize(
    ("method", "options", "field"),
    [
        ("tls_client_auth", {}, "tls_client_auth_subject_dn"),
        (
            "tls_client_auth", {"tls_client_auth_san_dns": "a", "tls_client_auth_san_uri": "b"},
            "tls_client_auth_san_uri",
        ),
        ("tls_client_auth", {"tls_client_auth_subject_dn": "client"}, "tls_client_auth_subject_dn"),
        ("tls_client_auth", {"tls_client_auth_san_ip": "localhost"}, "tls_client_auth_san_ip"),
        ("self_signed_tls_client_auth", {}, "jwks"),
        (
            "self_signed_tls_client_auth",
            {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}}, "jwks",
        ),
        ("self_signed_tls_client_auth", {"jwks": {"keys": [{**issue().jwk, "x5c": issue().jwk["x5c"]}]}}, "jwks"),
        ("self_signed_tls_client_auth", {"jwks": {"keys": [{**issue().jwk, "x5c": ["AAAA"]}]}}, "jwks"),
        ("self_signed_tls_client_auth", {"jwks": {"keys": [{**issue().jwk, "x5c": []}]}}, "jwks"),
        ("self_signed_tls_client_auth", {"jwks": {"keys": [{**issue().jwk, "x5c": [7]}]}}, "jwks"),
    ],
)  # fmt: skip
def test_what_could_never_be_proved_is_not_registered(
    stage: Stage, method: str, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        party(stage, method, **options)
    assert refused.value.members["field"] == field


def test_a_client_registers_itself_with_its_certificate(stage: Stage) -> None:
    held = issue("a")
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": {"keys": [held.jwk]},
        "tls_client_certificate_bound_access_tokens": True,
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    made = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token())).json
    assert made["tls_client_certificate_bound_access_tokens"] is True
    assert "client_secret" not in made
    client = Party(http, made["client_id"], None, made["redirect_uris"][0], "self_signed_tls_client_auth")
    wrong = send(client, held.header, grant_type="authorization_code", code="x", redirect_uri=client.redirect_uri)
    assert wrong.json["error"] == "invalid_grant"
