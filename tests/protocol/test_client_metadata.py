"""What clients say of themselves at registration (RFC 7591 §2, OIDC Registration §2): kept, shown, and in force."""

from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import update
from werkzeug.test import TestResponse

from idp.authn.models import Session
from idp.core.tokens import digest
from tests.party import Party, bearer
from tests.stage import Stage

METADATA: dict[str, Any] = {"redirect_uris": ["https://app.company.example/cb"], "client_name": "An application"}


@pytest.fixture
def register(stage: Stage) -> Callable[..., TestResponse]:
    def send(**metadata: Any) -> TestResponse:
        http = stage.app.test_client(use_cookies=False)
        return http.post("/oauth/register", json={**METADATA, **metadata}, headers=bearer(stage.initial_access_token()))

    return send


def assert_refused(answer: TestResponse, error: str) -> None:
    assert (answer.status_code, answer.json["error"]) == (400, error), answer.text
    assert "client_id" not in answer.json


DESCRIBED: dict[str, Any] = {
    "client_name#fr": "Une application",
    "application_type": "web",
    "client_uri": "https://app.company.example/",
    "logo_uri": "https://app.company.example/logo.png",
    "policy_uri": "https://app.company.example/policy",
    "tos_uri": "https://app.company.example/terms",
    "contacts": ["ada@company.example"],
    "default_max_age": 3600,
    "default_acr_values": ["urn:id:acr:2fa"],
    "require_auth_time": True,
    "initiate_login_uri": "https://app.company.example/login",
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "2.2",
    "jwks_uri": "https://app.company.example/jwks",
    "post_logout_redirect_uris": ["https://app.company.example/bye"],
    "token_endpoint_auth_signing_alg": "PS256",
}


def test_all_that_was_registered_is_shown(stage: Stage, register: Callable[..., TestResponse]) -> None:
    made = register(**DESCRIBED, token_endpoint_auth_method="private_key_jwt").json
    read = stage.app.test_client().get(
        f"/oauth/register/{made['client_id']}", headers=bearer(made["registration_access_token"])
    )
    for answer in (made, read.json):
        assert {name: answer.get(name) for name in DESCRIBED} == DESCRIBED
        assert "client_secret" not in answer


def test_defaults_are_shown(register: Callable[..., TestResponse]) -> None:
    made = register().json
    expected = {
        "application_type": "web", "response_types": ["code"], "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "ES256",
        "subject_type": "public", "require_auth_time": False, "introspection_signed_response_alg": "RS256",
    }  # fmt: skip
    assert {name: made.get(name) for name in expected} == expected
    assert not [name for name in made if name.endswith("_enc")], "nothing is encrypted"
    native = register(token_endpoint_auth_method="none", redirect_uris=["com.example.app:/cb"]).json
    assert native["application_type"] == "native"
    assert "introspection_signed_response_alg" not in native, "it is answered nothing"
    service = register(grant_types=["client_credentials"], redirect_uris=[])
    assert service.json["response_types"] == []


@pytest.mark.parametrize("kind", ["id_token", "userinfo", "introspection"])
def test_the_encoding_in_force_is_shown(register: Callable[..., TestResponse], kind: str) -> None:
    """OIDC Registration §2, RFC 9701 §6: A128CBC-HS256 where none is named."""
    jwks = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    made = register(jwks=jwks, **{f"{kind}_encrypted_response_alg": "ECDH-ES"}).json
    assert made[f"{kind}_encrypted_response_enc"] == "A128CBC-HS256"
    chosen = {f"{kind}_encrypted_response_alg": "ECDH-ES", f"{kind}_encrypted_response_enc": "A256GCM"}
    assert register(jwks=jwks, **chosen).json[f"{kind}_encrypted_response_enc"] == "A256GCM"


def test_an_answer_can_be_sent_back_as_it_came(stage: Stage, register: Callable[..., TestResponse]) -> None:
    """RFC 7592 §2.2: with what this server has filled in, and without what it alone sets."""
    made = register(client_name="Registered").json
    own = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
    again = stage.app.test_client().put(
        f"/oauth/register/{made['client_id']}", headers=bearer(made["registration_access_token"]),
        json={name: value for name, value in made.items() if name not in own},
    )  # fmt: skip
    assert again.status_code == 200, again.text
    told = {*own, "client_secret"}
    assert {n: v for n, v in again.json.items() if n not in told} == {n: v for n, v in made.items() if n not in told}


def test_of_names_alone_there_are_variants(register: Callable[..., TestResponse]) -> None:
    """RFC 7591 §2.2."""
    page = "https://app.company.example/privacy"
    made = register(**{"client_name#fr": "Application", "policy_uri": page, "policy_uri#fr": f"{page}/fr"}).json
    assert (made["client_name#fr"], made["policy_uri"]) == ("Application", page)
    assert "policy_uri#fr" not in made


def test_null_is_as_if_it_were_not_there(register: Callable[..., TestResponse]) -> None:
    """RFC 7592 §2.2."""
    made = register(logo_uri=None, contacts=None, jwks=None, grant_types=None, client_uri="")
    assert made.status_code == 201, made.text
    assert not {"logo_uri", "contacts", "jwks", "client_uri"} & set(made.json)


def test_a_software_statement_is_refused_by_name(register: Callable[..., TestResponse]) -> None:
    assert_refused(register(software_statement="eyJ.eyJ.x"), "unapproved_software_statement")


def test_a_web_application_has_no_address_of_a_native_one(register: Callable[..., TestResponse]) -> None:
    """OIDC Registration §2 `application_type`."""
    addresses = {"redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none"}
    assert_refused(register(**addresses, application_type="web"), "invalid_redirect_uri")
    assert register(**addresses, application_type="native").status_code == 201


def test_a_default_age_counts_where_a_request_names_none(stage: Stage, register: Callable[..., TestResponse]) -> None:
    made = register(default_max_age=0, scope="openid").json
    party = Party(stage.app.test_client(use_cookies=False), made["client_id"], None, made["redirect_uris"][0])
    browser = stage.signed_in("ines.moreau")
    assert party.ask(browser, prompt="none", scope="openid")["error"] == "login_required"
    assert party.ask(browser, prompt="none", scope="openid", max_age="3600")["error"] == "consent_required"


def test_a_default_strength_counts_where_a_request_names_none(
    stage: Stage, register: Callable[..., TestResponse]
) -> None:
    made = register(default_acr_values=["urn:id:acr:2fa"], scope="openid").json
    party = Party(stage.app.test_client(use_cookies=False), made["client_id"], None, made["redirect_uris"][0])
    browser = stage.signed_in("ines.moreau")
    with stage.work() as work:
        session = Session.token_digest == digest(browser.cookie("sesame_session") or "")
        work.session.execute(update(Session).where(session).values(acr="urn:id:acr:1fa"))
    assert party.ask(browser, prompt="none", scope="openid")["error"] == "login_required"
    named = party.ask(browser, prompt="none", scope="openid", acr_values="urn:id:acr:1fa")
    assert named["error"] == "consent_required"
