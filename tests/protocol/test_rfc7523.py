"""Client authentication by a signed assertion, `private_key_jwt` (RFC 7523 §3, OIDC Core §9, R-33)."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.test import TestResponse

from idp.core.errors import InvalidInput
from tests.party import ASSERTION_TYPE, ISSUER, READ, Party, altered, bearer, claims_of
from tests.stage import Stage

ENDPOINTS = ("/oauth/token", "/oauth/introspect", "/oauth/revoke")
FORM = {"grant_type": "client_credentials", "token": "x"}
GRANTS = ["authorization_code", "refresh_token", "client_credentials"]


@pytest.fixture(scope="module")
def signing(stage: Stage) -> Party:
    return stage.register(token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS)


@pytest.fixture
def sent(signing: Party) -> Callable[..., TestResponse]:
    def send(path: str = "/oauth/token", **changes: Any) -> TestResponse:
        return signing.post(path, **FORM, client_assertion=signing.assertion(**changes))

    return send


def assert_refused(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), answer.text
    assert "access_token" not in answer.json


# --- what is accepted ---


@pytest.mark.parametrize("path", ENDPOINTS)
def test_an_assertion_proves_the_client_at_every_endpoint(signing: Party, path: str) -> None:
    assert signing.post(path, **FORM).status_code == 200


def test_the_parameter_client_id_may_be_left_out(signing: Party) -> None:
    answer = signing.http.post(
        "/oauth/token",
        data={**FORM, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signing.assertion()},
    )
    assert answer.status_code == 200
    assert claims_of(answer.json["access_token"])["sub"] == signing.client_id


def test_a_whole_code_flow_and_a_refresh(stage: Stage, signing: Party) -> None:
    tokens = signing.tokens(stage.signed_in("ines.moreau"))
    assert signing.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "key",
    [ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519"), RSAKey.generate_key(2048)],
    ids=["EC", "OKP", "RSA"],
)
def test_every_listed_algorithm(stage: Stage, key: Any) -> None:
    party = stage.register(token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS, key=key)
    fitting = {"EC": ["ES256"], "OKP": ["EdDSA", "Ed25519"], "RSA": ["PS256", "RS256"]}[key.key_type]
    for algorithm in READ:
        header = {"alg": algorithm}
        if algorithm in fitting:
            answer = party.post("/oauth/token", **FORM, client_assertion=party.assertion(header=header))
            assert answer.status_code == 200, algorithm


@pytest.mark.parametrize("seconds", [-9, 0, 9])
def test_clocks_may_differ_by_ten_seconds(sent: Callable[..., TestResponse], seconds: int) -> None:
    now = int(time.time()) + seconds
    assert sent(iat=now, nbf=now, exp=now + 60).status_code == 200


def test_a_key_is_found_by_its_name_among_several(stage: Stage) -> None:
    old, new = (ECKey.generate_key("P-256", {"kid": name}) for name in ("old", "new"))
    jwks = {"keys": [old.as_dict(private=False), new.as_dict(private=False)]}
    party = stage.register(
        token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS, key=new, options={"jwks": jwks}
    )
    for key, kid in ((old, "old"), (new, "new"), (new, None)):
        header = {"kid": kid} if kid else {}
        assert party.post("/oauth/token", **FORM, client_assertion=party.assertion(key=key, header=header)).json[
            "access_token"
        ]
    for key, kid in ((old, "new"), (new, "old"), (new, "other")):
        assert_refused(
            party.post("/oauth/token", **FORM, client_assertion=party.assertion(key=key, header={"kid": kid}))
        )


@pytest.mark.parametrize("operations", [["deriveKey"], ["sign"], [], ["encrypt", "wrapKey"]])
def test_a_key_for_something_else_is_passed_over(stage: Stage, operations: list[str]) -> None:
    """RFC 7517 §4.3; alone it is no key for this, which is told as any wrong proof."""
    other, own = (ECKey.generate_key("P-256") for _ in range(2))
    for members, accepted in (
        ([{**other.as_dict(private=False), "key_ops": operations}, own.as_dict(private=False)], True),
        ([{**other.as_dict(private=False), "key_ops": operations}], False),
    ):
        party = stage.register(
            token_endpoint_auth_method="private_key_jwt",
            grant_types=GRANTS,
            key=own,
            options={"jwks": {"keys": members}},
        )
        assert (party.post("/oauth/token", **FORM, client_assertion=party.assertion()).status_code == 200) is accepted
        assert_refused(party.post("/oauth/token", **FORM, client_assertion=party.assertion(key=other)))


# --- what is refused ---


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": "https://other.example"},
        {"aud": ISSUER + "/"},
        {"aud": None},
        {"iss": "demo-accounting"},
        {"iss": None},
        {"sub": "demo-accounting"},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 301},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": timedelta(seconds=-3600)},
        {"exp": timedelta(seconds=3600)},
        {"iat": timedelta(seconds=70)},
        {"nbf": timedelta(seconds=70)},
    ],
    ids=count(),
)
def test_an_assertion_that_breaks_a_rule_is_refused(sent: Callable[..., TestResponse], changes: dict[str, Any]) -> None:
    moments = {
        name: int(time.time() + value.total_seconds())
        for name, value in changes.items()
        if isinstance(value, timedelta)
    }
    assert_refused(sent(**{**changes, **moments}))


def test_it_counts_once(signing: Party) -> None:
    assertion = signing.assertion()
    assert signing.post("/oauth/token", **FORM, client_assertion=assertion).status_code == 200
    for path in ENDPOINTS:
        assert_refused(signing.post(path, **FORM, client_assertion=assertion))


def test_it_is_used_up_even_where_the_request_fails(signing: Party) -> None:
    assertion = signing.assertion()
    assert signing.redeem("unknown", client_assertion=assertion).json["error"] == "invalid_grant"
    assert_refused(signing.post("/oauth/token", **FORM, client_assertion=assertion))


def test_two_clients_may_use_the_same_name(stage: Stage, signing: Party) -> None:
    other = stage.register(token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS)
    for party in (signing, other):
        assert party.post("/oauth/token", **FORM, client_assertion=party.assertion(jti="the same")).status_code == 200


def test_only_the_registered_algorithm_counts(stage: Stage) -> None:
    party = stage.register(
        token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS, key=RSAKey.generate_key(2048),
        options={"token_endpoint_auth_signing_alg": "PS256"},
    )  # fmt: skip
    for algorithm, status in (("PS256", 200), ("RS256", 401)):
        assertion = party.assertion(header={"alg": algorithm})
        assert party.post("/oauth/token", **FORM, client_assertion=assertion).status_code == status


def test_nothing_in_the_header_chooses_a_key(signing: Party) -> None:
    foreign = ECKey.generate_key("P-256")
    public = foreign.as_dict(private=False)
    for header in (
        {"jwk": public},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x"},
        {"x5c": ["AAAA"]},
        {},
    ):
        signed = signed_by_hand(foreign, {"alg": "ES256", **header}, claims_of(signing.assertion()))
        assert_refused(signing.post("/oauth/token", **FORM, client_assertion=signed))


def test_unsigned_and_symmetric_ones_are_refused(signing: Party) -> None:
    claims = claims_of(signing.assertion())
    public = signing.key.as_pem(private=False)  # type: ignore[union-attr]
    forged = [
        signed_by_hand(None, {"alg": "none"}, claims),
        signed_by_hand(signing.key, {"alg": "ES256", "crit": ["x"], "x": 1}, claims),
        signed_by_hand(signing.key, {"alg": "ES256", "b64": False}, claims),
        signed_by_hand(public, {"alg": "HS256"}, claims),
        altered(signing.assertion()),
        "a.b.c",
        "x" * 20_000,
        "",
        "é.é.é",
        signing.assertion() + ".x",
    ]
    for each in forged:
        assert_refused(signing.post("/oauth/token", **FORM, client_assertion=each))


@pytest.mark.parametrize("kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_the_type_of_the_assertion_is_named(signing: Party, kind: str | None) -> None:
    assert_refused(signing.post("/oauth/token", **FORM, client_assertion_type=kind or ""))


def test_no_secret_beside_it(signing: Party) -> None:
    answer = signing.post("/oauth/token", **FORM, client_secret="x")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_another_client_than_its_own_is_refused(signing: Party, books: Party) -> None:
    assert_refused(signing.post("/oauth/token", **FORM, client_id=books.client_id))
    about = signing.assertion(iss=books.client_id, sub=books.client_id)
    assert_refused(signing.post("/oauth/token", **FORM, client_id=books.client_id, client_assertion=about))


def test_whoever_registered_a_key_has_no_secret(stage: Stage, signing: Party) -> None:
    assert signing.secret is None
    for method in ("client_secret_post", "none"):
        assert_refused_in_any_way(signing.known_as(method=method, secret="x"))


def assert_refused_in_any_way(party: Party) -> None:
    answer = party.post("/oauth/token", **FORM)
    assert answer.status_code in (400, 401)
    assert answer.json["error"] == "invalid_client"


# --- what can be registered ---

PUBLIC = ECKey.generate_key("P-256").as_dict(private=False)


@pytest.mark.parametrize(
    "jwks",
    [
        None,
        {},
        {"keys": []},
        {"keys": "x"},
        {"keys": ["x"]},
        {"keys": [{}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXg"}]},
        {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]},
        {"keys": [PUBLIC] * 17},
        {"keys": [{**PUBLIC, "x": "AA"}]},
    ],
    ids=range(10),
)
def test_keys_that_cannot_be_used_are_refused(stage: Stage, jwks: dict[str, Any] | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(token_endpoint_auth_method="private_key_jwt", options={"jwks": jwks})
    assert refused.value.members["field"] == "jwks"


def test_a_client_registers_itself_with_its_key(stage: Stage) -> None:
    key = ECKey.generate_key("P-256")
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    made = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token())).json
    assert "client_secret" not in made
    assert made["jwks"] == metadata["jwks"]
    assert made["token_endpoint_auth_signing_alg"] == "ES256"
    party = Party(http, made["client_id"], None, made["redirect_uris"][0], "private_key_jwt", key=key)
    assert party.redeem("unknown").json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [{"jwks": []}, {"jwks": {"keys": []}}, {"token_endpoint_auth_signing_alg": "HS256"}, {"jwks": None}, {}],
    ids=str,
)
def test_a_registration_without_a_usable_key_is_refused(stage: Stage, wrong: dict[str, Any]) -> None:
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "token_endpoint_auth_method": "private_key_jwt", **wrong,
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    answer = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token()))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")


def signed_by_hand(key: Any, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A compact JWS with any header: what libraries refuse to make."""

    def encoded(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    text = f"{encoded(header)}.{encoded(claims)}"
    signature = b""
    if isinstance(key, bytes):
        signature = hmac.digest(key, text.encode(), "sha256")
    elif key is not None:
        signature = JWSRegistry.algorithms["ES256"].sign(text.encode(), key)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("claims", [{"sub": "\ud800", "iss": "\ud800"}, {"sub": "a\x00", "iss": "a\x00"}])
def test_a_text_that_cannot_be_written_is_refused_before_anybody_is_looked_for(stage: Stage, claims: Any) -> None:
    """Nothing of it is verified yet, so anybody can send it."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({"alg": "ES256"}, claims)
    ]
    made = ".".join([*parts, "AA"])
    form = {**FORM, "client_assertion_type": ASSERTION_TYPE, "client_assertion": made}
    http = stage.app.test_client(use_cookies=False)
    for path in ENDPOINTS:
        assert_refused(http.post(path, data=form))
        assert http.post(path, data=FORM, headers={**bearer(made), "Origin": "https://x.example"}).status_code < 500
    shown = {**bearer(made), "Origin": "https://x.example"}
    assert http.get("/oauth/userinfo", headers=shown).status_code == 401
