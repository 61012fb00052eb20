"""Dynamic registration (RFC 7591): closed, opened by a token, strict about every address (R-43)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import update
from werkzeug.test import TestResponse

from idp.core.tokens import digest
from idp.oidc import clients, initial_access
from idp.oidc.models import InitialAccessToken
from tests.party import Party, bearer, query_of
from tests.stage import Stage

METADATA: dict[str, Any] = {"redirect_uris": ["https://app.company.example/cb"], "client_name": "An application"}


KEYS = {"keys": [ECKey.generate_key("P-256", {"kid": "one"}).as_dict(private=False)]}


@pytest.fixture
def opened(stage: Stage) -> str:
    """A token that opens registration many times."""
    with stage.work() as work:
        return initial_access.create(work, note="tests", uses=100, lifetime=timedelta(hours=1))


@pytest.fixture
def register(stage: Stage, opened: str) -> Callable[..., TestResponse]:
    def send(**metadata: Any) -> TestResponse:
        http = stage.app.test_client(use_cookies=False)
        return http.post("/oauth/register", json={**METADATA, **metadata}, headers=bearer(opened))

    return send


def assert_refused(answer: TestResponse, *errors: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] in (errors or ("invalid_client_metadata", "invalid_redirect_uri"))
    assert "client_id" not in answer.json


# --- who may ---


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "bearer  "])
def test_it_is_closed_without_a_token(stage: Stage, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = stage.app.test_client().post("/oauth/register", json=METADATA, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
    assert "client_id" not in answer.json
    named = ', error="invalid_token"' if header == "Bearer x" else ""  # RFC 6750 §3.1
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="sesame"{named}'


def test_a_token_opens_it_as_often_as_it_says(stage: Stage) -> None:
    with stage.work() as work:
        token = initial_access.create(work, note="twice", uses=2, lifetime=timedelta(hours=1))
    http = stage.app.test_client()
    statuses = [http.post("/oauth/register", json=METADATA, headers=bearer(token)).status_code for _ in range(4)]
    assert statuses == [201, 201, 401, 401]


def test_a_token_ends(stage: Stage) -> None:
    with stage.work() as work:
        token = initial_access.create(work, note="old", uses=2, lifetime=timedelta(hours=1))
        work.session.execute(
            update(InitialAccessToken)
            .where(InitialAccessToken.token_digest == digest(token))
            .values(created_at=work.now - timedelta(hours=2), expires_at=work.now - timedelta(hours=1))
        )
    answer = stage.app.test_client().post("/oauth/register", json=METADATA, headers=bearer(token))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"redirect_uris=https://a.example", "application/x-www-form-urlencoded"),
        (b"{}", "text/plain"),
        (b'{"redirect_uris": ' + b"[" * 5000 + b"]" * 5000 + b"}", "application/json"),
    ],
    ids=["empty", "list", "null", "open", "bytes", "form", "text", "deep"],
)
def test_a_body_that_is_no_json_object_is_refused(stage: Stage, opened: str, body: bytes, content_type: str) -> None:
    answer = stage.app.test_client().post(
        "/oauth/register", data=body, content_type=content_type, headers=bearer(opened)
    )
    assert answer.status_code == 400
    assert answer.content_type == "application/json"


# --- what comes out ---


@pytest.mark.parametrize(
    ("grant_types", "scope"),
    [
        (["authorization_code"], "openid profile email"),
        (["authorization_code", "refresh_token"], "openid profile email offline_access"),
    ],
)
def test_a_client_that_names_no_scope_may_ask_for_what_its_grants_are_for(
    register: Callable[..., TestResponse], grant_types: list[str], scope: str
) -> None:
    """RFC 7591 §2: a default set of scopes."""
    assert register(grant_types=grant_types).json["scope"] == scope


def test_a_client_registers_signs_people_in_and_is_not_trusted(
    stage: Stage, register: Callable[..., TestResponse]
) -> None:
    answer = register(scope="openid profile offline_access", grant_types=["authorization_code", "refresh_token"])
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json
    assert made["client_secret_expires_at"] == 0
    assert len(made["client_secret"]) >= 43
    assert made["registration_client_uri"] == f"{stage.settings.issuer}/oauth/register/{made['client_id']}"
    assert made["client_id_issued_at"] > 0
    http = stage.app.test_client(use_cookies=False)
    party = Party(http, made["client_id"], made["client_secret"], made["redirect_uris"][0])
    browser = stage.signed_in("ines.moreau")
    assert party.ask(browser, prompt="none")["error"] == "consent_required"
    browser.get(party.asking())
    assert "An application" in browser.text
    location = browser.submit({"decision": "allow"}).headers["Location"]
    tokens = party.redeem(query_of(location)["code"]).json
    claims = party.verified(tokens["access_token"])
    assert not {"company", "roles", "permissions", "product", "via"} & set(claims), "it has no product"


def test_a_public_client_gets_no_secret(register: Callable[..., TestResponse]) -> None:
    made = register(token_endpoint_auth_method="none").json
    assert "client_secret" not in made
    assert made["token_endpoint_auth_method"] == "none"


def test_unknown_metadata_is_ignored_and_privileges_cannot_be_asked_for(
    stage: Stage, register: Callable[..., TestResponse]
) -> None:
    made = register(
        trusted=True, product="accounting", permissions=["accounting.journals.view"], require_pkce=False,
        token_exchange_targets=["demo-accounting"], client_id="demo-accounting", client_secret="chosen",
        resource="http://localhost:8001/api", home_uri="x", download_uri="https://x.example/",
    )  # fmt: skip
    assert made.status_code == 201
    with stage.work(write=False) as work:
        client = clients.get(work, made.json["client_id"])
    assert (client.trusted, client.product, client.permissions, client.resource) == (False, None, (), None)
    assert client.require_pkce is True
    assert client.options.token_exchange_targets == []
    assert client.options.download_uri is None
    assert client.client_id != "demo-accounting"
    assert not client.check_client_secret("chosen")


def test_unknown_scopes_are_left_out(register: Callable[..., TestResponse]) -> None:
    assert set(register(scope="openid admin email").json["scope"].split()) == {"openid", "email"}


# --- what is refused ---

BAD_ADDRESSES = [
    "javascript:alert(1)",
    "javascript://app.company.example/%0aalert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.company.example/x",
    "about:blank",
    "ftp://app.company.example/cb",
    "ws://app.company.example/cb",
    "http://app.company.example/cb",
    "http://10.0.0.1/cb",
    "http://192.168.1.1/cb",
    "http://169.254.169.254/latest/meta-data",
    "https://169.254.169.254/cb",
    "https://[fe80::1]/cb",
    "https://0.0.0.0/cb",
    "http://0.0.0.0/cb",
    "https://224.0.0.1/cb",
    "http://localhost.evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://2130706433/cb",
    "http://0x7f.1/cb",
    "https://app.company.example/cb#fragment",
    "https://app.company.example/cb#",
    "https://*.company.example/cb",
    "https://app.company.example/*",
    "https://user@app.company.example/cb",
    "https://user:password@app.company.example/cb",
    "https://app.company.example\\@evil.example/cb",
    "HTTPS://app.company.example/cb",
    "Https://app.company.example/cb",
    "https:app.company.example/cb",
    "https:///cb",
    "https://",
    "//app.company.example/cb",
    "/cb",
    "cb",
    "",
    " https://app.company.example/cb",
    "https://app.company.example/cb\n",
    "https://app.company.example/c b",
    "https://app.company.example/cb\x00",
    "https://app.company.example:99999/cb",
    "https://app.company.example:x/cb",
    "https://app.company.exаmple/cb",
    "https://[::1/cb",
    "com.example.app:/cb",
    "custom:/cb",
    "https://app.company.example/" + "x" * 2000,
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("field", ["redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"])
def test_a_dangerous_address_is_refused(register: Callable[..., TestResponse], field: str, address: str) -> None:
    if field == "backchannel_logout_uri":
        if address == "":
            return  # empty is absent there
        assert_refused(register(backchannel_logout_uri=address), "invalid_client_metadata")
        return
    good = "https://app.company.example/cb"
    error = "invalid_redirect_uri" if field == "redirect_uris" else "invalid_client_metadata"
    assert_refused(register(**{field: [address]}), error)
    assert_refused(register(**{field: [good, address]}), error)


@pytest.mark.parametrize("address", ["javascript:/cb", "data:/cb", "file:/cb", "custom:/cb", "x:y", "intent:/cb"])
def test_a_public_client_has_private_schemes_of_a_domain_only(
    register: Callable[..., TestResponse], address: str
) -> None:
    """RFC 8252 §7.1."""
    assert_refused(register(token_endpoint_auth_method="none", redirect_uris=[address]), "invalid_redirect_uri")
    good = register(token_endpoint_auth_method="none", redirect_uris=["com.example.app:/cb"])
    assert good.status_code == 201


@pytest.mark.parametrize(
    "metadata",
    [
        {"redirect_uris": []},
        {"redirect_uris": "https://app.company.example/cb"},
        {"redirect_uris": [1]},
        {"redirect_uris": [["https://a.example"]]},
        {"redirect_uris": None},
        {"grant_types": ["implicit"]},
        {"grant_types": ["password"]},
        {"grant_types": []},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"response_types": ["code", "token"]},
        {"response_types": []},
        {"response_types": ["code"], "grant_types": ["client_credentials"]},
        {"response_types": "code"},
        {"application_type": "desktop"},
        {"client_uri": "javascript:alert(1)"},
        {"logo_uri": "data:image/png;base64,x"},
        {"policy_uri": "http://app.company.example/policy"},
        {"tos_uri": ["https://app.company.example/terms"]},
        {"contacts": "ada@company.example"},
        {"contacts": [7]},
        {"contacts": ["x"] * 11},
        {"contacts": ["a\nb"]},
        {"default_max_age": -1},
        {"default_max_age": "60"},
        {"default_max_age": True},
        {"default_max_age": 1e3},
        {"default_acr_values": "urn:id:acr:2fa"},
        {"require_auth_time": "true"},
        {"initiate_login_uri": "http://app.company.example/login"},
        {"software_id": 7},
        {"client_name#fr": 7},
        {"client_name#fr": "x" * 101},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}},
        {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}},
        {"jwks": {"keys": ["x"]}},
        {"jwks": {"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}]}},
        {"jwks": {"keys": [*KEYS["keys"], {"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [*KEYS["keys"], {"kty": 7}]}},
        {"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}},
        {"jwks": "https://app.company.example/jwks"},
        {"jwks_uri": "http://app.company.example/jwks"},
        {"jwks_uri": "https://u:p@app.company.example/jwks"},
        {"jwks_uri": ["https://app.company.example/jwks"]},
        {"jwks_uri": "https://app.company.example/jwks", "jwks": KEYS},
        {"token_endpoint_auth_signing_alg": "HS256"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": ["none"]},
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"subject_type": "ephemeral"},
        {"client_name": {"en": "x"}},
        {"client_name": "x" * 101},
        {"client_name": "half a character: \ud83d"},
        {"client_name": "moc.knab\u202e"},
        {"client_name": "a\x00b"},
        {"client_name": "a\r\nb"},
        {"scope": ["openid"]},
    ],
)
def test_what_this_server_does_not_do_is_refused(
    register: Callable[..., TestResponse], metadata: dict[str, Any]
) -> None:
    assert_refused(register(**metadata))


def test_a_name_is_shown_as_text(stage: Stage, register: Callable[..., TestResponse]) -> None:
    made = register(client_name="<script>alert(1)</script>").json
    http = stage.app.test_client(use_cookies=False)
    party = Party(http, made["client_id"], made["client_secret"], made["redirect_uris"][0])
    browser = stage.signed_in("ines.moreau")
    browser.get(party.asking())
    assert "<script>alert" not in browser.text
    assert "&lt;script&gt;" in browser.text


# --- races ---


def test_fifty_at_once_make_one_client(stage: Stage) -> None:
    token = stage.initial_access_token()

    def send(number: int) -> int:
        http = stage.app.test_client(use_cookies=False)
        return http.post(
            "/oauth/register", json={**METADATA, "client_name": "Raced"}, headers=bearer(token)
        ).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(send, range(50)))
    assert statuses == [201] + [401] * 49
    with stage.work(write=False) as work:
        assert [client.name("en") for client in clients.listing(work)].count("Raced") == 1


def test_keys_of_kinds_that_are_not_known_are_passed_over(register: Callable[..., TestResponse]) -> None:
    """RFC 7517 §5: a client may have newer ones beside those that are used here; the answer shows what counts."""
    newer = {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "newer"}
    made = register(jwks={"keys": [newer, *KEYS["keys"]]}, token_endpoint_auth_method="private_key_jwt")
    assert made.status_code == 201, made.text
    assert made.json["jwks"] == KEYS  # type: ignore[index]
