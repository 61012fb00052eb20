"""ID tokens and userinfo as a client has registered them: signed by its algorithm, encrypted under its key (OIDC Core
§5.3.2, §10.2)."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.core.errors import InvalidInput
from idp.oidc import client_keys, client_options
from idp.oidc.client_metadata import ENCODINGS, ENCRYPTING
from tests.core.web_server import send, serving
from tests.party import SIGNATURES, Party, bearer, claims_of, header_of
from tests.stage import Stage
from tests.web.browser import Browser

GRANTS = ["authorization_code", "refresh_token"]
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "enc"})
X25519 = OKPKey.generate_key("X25519", {"kid": "x", "use": "enc"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "enc"})
SIGNING = ECKey.generate_key("P-256", {"kid": "sig", "use": "sig"})


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def registered(stage: Stage, key: Any, **options: Any) -> Party:
    return stage.register(grant_types=GRANTS, options={"jwks": public(SIGNING, key), **options})


def opened(token: str, key: Any) -> str:
    """The plain text of a JWE."""
    header = header_of(token)
    decrypted = jwe.decrypt_compact(token, key, algorithms=[header["alg"], header["enc"]])
    assert decrypted.plaintext is not None
    return decrypted.plaintext.decode()


# --- ID tokens ---


@pytest.fixture(scope="module", autouse=True)
def keys(stage: Stage) -> None:
    """Keys of every algorithm, before anybody has fetched the set, which is kept for a second."""
    for algorithm in SIGNATURES:
        stage.register(signing_algorithm=algorithm)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("algorithm", "key"),
    [(each, key) for each in ENCRYPTING for key in ((RSA,) if each.startswith("RSA") else (EC, X25519))],
    ids=lambda value: value if isinstance(value, str) else value.kid,
)
def test_an_id_token_is_signed_and_then_encrypted(
    stage: Stage, ines: Browser, algorithm: str, key: Any, encoding: str
) -> None:
    party = registered(stage, key, id_token_encrypted_response_alg=algorithm, id_token_encrypted_response_enc=encoding)
    sealed = party.tokens(ines)["id_token"]
    header = header_of(sealed)
    assert {name: header.get(name) for name in ("alg", "enc", "cty", "kid")} == {
        "alg": algorithm, "enc": encoding, "cty": "JWT", "kid": key.kid,
    }  # fmt: skip
    claims = party.verified(opened(sealed, key))
    assert claims["aud"] == party.client_id
    assert claims["nonce"] == "a nonce"


def test_the_encoding_has_a_default_and_a_refresh_is_encrypted_too(stage: Stage, ines: Browser) -> None:
    party = registered(stage, RSA, id_token_encrypted_response_alg="RSA-OAEP-256")
    tokens = party.tokens(ines)
    assert header_of(tokens["id_token"])["enc"] == "A128CBC-HS256"
    assert len(tokens["access_token"].split(".")) == 3, "the access token is for the resource server"
    renewed = party.refresh(tokens["refresh_token"]).json
    assert party.verified(opened(renewed["id_token"], RSA))["sub"]


@pytest.mark.parametrize(
    ("algorithm", "key", "operations"),
    [
        ("RSA-OAEP-256", RSA, ["wrapKey"]), ("RSA-OAEP-256", RSA, ["encrypt"]),
        ("ECDH-ES", EC, ["deriveBits"]), ("ECDH-ES", EC, ["deriveKey", "deriveBits"]),
        ("ECDH-ES", X25519, ["deriveKey"]),
    ],
)  # fmt: skip
def test_a_key_for_what_its_operations_allow(
    stage: Stage, ines: Browser, algorithm: str, key: Any, operations: list[str]
) -> None:
    """RFC 7517 §4.3, as browsers export keys; the signing key stands first and is passed over."""
    sealing = {**bare(key), "key_ops": operations}
    jwks = {"keys": [{**bare(SIGNING), "key_ops": ["verify"]}, sealing]}
    party = stage.register(grant_types=GRANTS, options={"jwks": jwks, "id_token_encrypted_response_alg": algorithm})
    assert party.verified(opened(party.tokens(ines)["id_token"], key))["aud"] == party.client_id


def test_a_set_without_a_key_to_encrypt_for_is_refused(stage: Stage) -> None:
    jwks = {"keys": [{**bare(EC), "key_ops": ["verify"]}]}
    with pytest.raises(InvalidInput):
        stage.register(grant_types=GRANTS, options={"jwks": jwks, "id_token_encrypted_response_alg": "ECDH-ES"})


def bare(key: Any) -> dict[str, Any]:
    """The public key without `use`, which `key_ops` stands for."""
    return {name: value for name, value in key.as_dict(private=False).items() if name != "use"}


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_an_id_token_is_signed_by_the_clients_algorithm(stage: Stage, ines: Browser, algorithm: str) -> None:
    party = stage.register(grant_types=GRANTS, signing_algorithm=algorithm)
    token = party.tokens(ines)["id_token"]
    assert header_of(token)["alg"] == algorithm
    assert party.verified(token)["aud"] == party.client_id


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"id_token_encrypted_response_alg": "RSA-OAEP-256"}, "jwks"),
        ({"id_token_encrypted_response_alg": "RSA-OAEP-256", "jwks": public(EC)}, "jwks"),
        ({"id_token_encrypted_response_alg": "ECDH-ES", "jwks": public(SIGNING)}, "jwks"),
        ({"userinfo_encrypted_response_alg": "ECDH-ES", "jwks": public(RSA)}, "jwks"),
        ({"id_token_encrypted_response_enc": "A128GCM", "jwks": public(EC)}, "id_token_encrypted_response_enc"),
        ({"id_token_encrypted_response_alg": "RSA1_5", "jwks": public(RSA)}, "id_token_encrypted_response_alg"),
        ({"id_token_encrypted_response_alg": "RSA-OAEP", "jwks": public(RSA)}, "id_token_encrypted_response_alg"),
        ({"id_token_encrypted_response_alg": "dir"}, "id_token_encrypted_response_alg"),
        ({"userinfo_signed_response_alg": "none"}, "userinfo_signed_response_alg"),
        ({"userinfo_signed_response_alg": "HS256"}, "userinfo_signed_response_alg"),
    ],
)
def test_what_cannot_be_done_is_not_registered(stage: Stage, options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(grant_types=GRANTS, options=options)
    assert refused.value.members["field"] == field


# --- keys that a client publishes ---


@pytest.fixture
def published() -> Iterator[dict[str, Any]]:
    made: dict[str, Any] = {"status": 200, "body": json.dumps(public(EC)).encode()}

    def respond(handler: BaseHTTPRequestHandler) -> None:
        send(handler, made["body"], made["status"])

    with serving(respond) as port:
        made["uri"] = f"http://127.0.0.1:{port}/jwks"
        yield made


def test_a_published_key_is_encrypted_for(stage: Stage, ines: Browser, published: dict[str, Any]) -> None:
    options = {"jwks_uri": published["uri"], "id_token_encrypted_response_alg": "ECDH-ES"}
    party = stage.register(grant_types=GRANTS, options=options)
    assert party.verified(opened(party.tokens(ines)["id_token"], EC))


def test_without_a_key_nothing_leaves_in_clear_and_the_code_is_not_spent(
    stage: Stage, ines: Browser, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_keys, "AGAIN_AFTER", 0.0)
    published["status"] = 503
    options = {"jwks_uri": published["uri"], "id_token_encrypted_response_alg": "ECDH-ES"}
    party = stage.register(grant_types=GRANTS, options=options, trusted=True)
    code = party.ask(ines, prompt="none")["code"]
    refused = party.redeem(code)
    assert refused.status_code == 400
    assert "access_token" not in refused.json
    published["status"] = 200
    assert party.redeem(code).status_code == 200


# --- userinfo ---


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_userinfo_is_signed_for_a_client_that_registered_it(stage: Stage, ines: Browser, algorithm: str) -> None:
    party = stage.register(grant_types=GRANTS, options={"userinfo_signed_response_alg": algorithm})
    tokens = party.tokens(ines)
    answer = party.http.get("/oauth/userinfo", headers=bearer(tokens["access_token"]))
    assert answer.content_type == "application/jwt"
    assert header_of(answer.text)["alg"] == algorithm
    claims = party.verified(answer.text)
    assert (claims["iss"], claims["aud"]) == (claims_of(tokens["id_token"])["iss"], party.client_id)
    assert claims["sub"] == claims_of(tokens["id_token"])["sub"]
    assert claims["email"]


def test_signed_userinfo_is_no_id_token(stage: Stage, ines: Browser) -> None:
    """RFC 8725 §3.11."""
    party = stage.register(grant_types=GRANTS, options={"userinfo_signed_response_alg": "ES256"}, trusted=True)
    answer = party.http.get("/oauth/userinfo", headers=bearer(party.tokens(ines)["access_token"]))
    assert header_of(answer.text)["typ"] != "JWT"
    assert party.ask(ines, prompt="none", id_token_hint=answer.text)["error"] == "login_required"
    for path in ("/oauth/userinfo", "/me/companies"):
        assert party.http.get(path, headers=bearer(answer.text)).status_code == 401


def test_userinfo_is_encrypted_alone_or_after_signing(stage: Stage, ines: Browser) -> None:
    wanted = {"userinfo_encrypted_response_alg": "ECDH-ES+A256KW", "userinfo_encrypted_response_enc": "A256GCM"}
    plain = registered(stage, EC, **wanted)
    both = registered(stage, EC, **wanted, userinfo_signed_response_alg="PS256")
    answers = [
        party.http.get("/oauth/userinfo", headers=bearer(party.tokens(ines)["access_token"])) for party in (plain, both)
    ]
    assert {answer.content_type for answer in answers} == {"application/jwt"}
    assert "cty" not in header_of(answers[0].text)
    assert json.loads(opened(answers[0].text, EC))["email"]
    assert header_of(answers[1].text)["cty"] == "JWT"
    assert both.verified(opened(answers[1].text, EC))["aud"] == both.client_id


def test_a_client_without_wishes_gets_json(books: Party, ines: Browser) -> None:
    answer = books.http.get("/oauth/userinfo", headers=bearer(books.tokens(ines)["access_token"]))
    assert answer.content_type == "application/json"


def test_registration_shows_what_was_asked(stage: Stage) -> None:
    wanted = {
        "jwks": public(EC), "id_token_signed_response_alg": "EdDSA", "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM", "userinfo_signed_response_alg": "PS256",
        "userinfo_encrypted_response_alg": "ECDH-ES+A128KW", "introspection_signed_response_alg": "ES256",
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    body = {"redirect_uris": ["https://a.example/cb"], **wanted}
    made = http.post("/oauth/register", json=body, headers=bearer(stage.initial_access_token()))
    assert made.status_code == 201, made.text
    assert {name: made.json.get(name) for name in wanted} == wanted
    assert client_options.read(made.json["jwks"] and {"jwks": made.json["jwks"]})
