"""Metadata (OIDC Discovery §3, RFC 8414 §2) equals behaviour: what is listed works, what is not is refused."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from idp.authn.session import ACR_ONE, ACR_TWO
from idp.core.tokens import digest
from idp.oidc import certificates
from idp.oidc.clients import AUTH_METHODS
from idp.oidc.exchange import ACCESS_TOKEN
from idp.oidc.grant_types import DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE
from idp.web.published import KEPT_SECONDS
from tests.party import Party, claims_of, header_of, query_of
from tests.stage import Stage
from tests.web.browser import Browser

OFFERED = [each for each in AUTH_METHODS if each not in certificates.METHODS]
"""Without a proxy that hands certificates on."""


@pytest.fixture(scope="module")
def metadata(stage: Stage) -> dict[str, Any]:
    answer = stage.app.test_client().get("/.well-known/openid-configuration")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    found: dict[str, Any] = answer.json  # type: ignore[assignment]
    return found


def path_of(metadata: dict[str, Any], name: str) -> str:
    address: str = metadata[name]
    assert address.startswith(metadata["issuer"] + "/")
    return urlsplit(address).path


def test_both_addresses_answer_the_same(stage: Stage, metadata: dict[str, Any]) -> None:
    again = stage.app.test_client().get("/.well-known/oauth-authorization-server")
    assert again.json == metadata
    assert metadata["issuer"] == stage.settings.issuer
    assert "public" in again.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "method", "expected"),
    [
        ("authorization_endpoint", "GET", 400),  # no client: a page, not a redirect
        ("token_endpoint", "POST", 400),
        ("userinfo_endpoint", "GET", 401),
        ("jwks_uri", "GET", 200),
        ("registration_endpoint", "POST", 400),
        ("pushed_authorization_request_endpoint", "POST", 400),
        ("introspection_endpoint", "POST", 400),
        ("revocation_endpoint", "POST", 400),
        ("end_session_endpoint", "GET", 303),
        ("device_authorization_endpoint", "POST", 400),
    ],
)
def test_each_listed_endpoint_answers(
    stage: Stage, metadata: dict[str, Any], name: str, method: str, expected: int
) -> None:
    answer = stage.app.test_client().open(path_of(metadata, name), method=method)
    assert answer.status_code == expected


def test_each_endpoint_that_exists_is_listed(stage: Stage, metadata: dict[str, Any]) -> None:
    listed = {path_of(metadata, name) for name in metadata if name.endswith(("_endpoint", "_uri"))}
    routes = {rule.rule for rule in stage.app.url_map.iter_rules() if rule.rule.startswith("/oauth/")}
    assert routes - listed == {"/oauth/authorize/continue", "/oauth/register/<client_id>"}


def test_each_listed_grant_type_works(stage: Stage, metadata: dict[str, Any], books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    works = {"authorization_code"}
    if books.refresh(tokens["refresh_token"]).status_code == 200:
        works.add("refresh_token")
    if books.post("/oauth/token", grant_type="client_credentials").status_code == 200:
        works.add("client_credentials")
    device = stage.register(grant_types=[DEVICE_CODE])
    codes = device.post("/oauth/device_authorization", scope="openid").json
    if device.post("/oauth/token", grant_type=DEVICE_CODE, **codes).json["error"] == "authorization_pending":
        works.add(DEVICE_CODE)
    exchange = {"subject_token": tokens["access_token"], "subject_token_type": ACCESS_TOKEN, "audience": "x"}
    back_end = stage.register(grant_types=[TOKEN_EXCHANGE], resource=books.resource)
    if back_end.post("/oauth/token", grant_type=TOKEN_EXCHANGE, **exchange).json["error"] == "invalid_target":
        works.add(TOKEN_EXCHANGE)
    brings = stage.register(grant_types=[JWT_BEARER])
    if brings.post("/oauth/token", grant_type=JWT_BEARER, assertion="a.b.c").json["error"] == "invalid_grant":
        works.add(JWT_BEARER)
    assert works == set(metadata["grant_types_supported"])


@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "implicit",
        f"{DEVICE_CODE} ",
        f"{JWT_BEARER} ",
        f"{TOKEN_EXCHANGE} ",
        "authorization_code ",
        "AUTHORIZATION_CODE",
        "",
    ],
)
def test_other_grant_types_are_refused(books: Party, grant_type: str) -> None:
    answer = books.post("/oauth/token", grant_type=grant_type, username="ines", password="secret", code="x")
    assert answer.status_code == 400
    assert answer.json["error"] in ("unsupported_grant_type", "invalid_request")


@pytest.mark.parametrize("method", OFFERED)
def test_each_listed_way_of_client_authentication_works(stage: Stage, metadata: dict[str, Any], method: str) -> None:
    assert method in metadata["token_endpoint_auth_methods_supported"]
    party = stage.register(token_endpoint_auth_method=method, redirect_uris=["https://app.company.example/cb"])
    answer = party.redeem("unknown")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    assert party.revoke("unknown").status_code == 200
    listed = method in metadata["introspection_endpoint_auth_methods_supported"]
    assert listed is (method != "none")
    asked = party.post("/oauth/introspect", token="unknown")
    assert (asked.status_code, asked.json.get("error")) == ((200, None) if listed else (401, "invalid_client"))


def test_no_other_way_of_client_authentication_is_known(stage: Stage, metadata: dict[str, Any], books: Party) -> None:
    assert set(metadata["token_endpoint_auth_methods_supported"]) == set(OFFERED)
    answer = books.http.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": "a.b.c",
        },
    )
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("response_type", "response_mode"),
    [
        (kind, mode)
        for kind in ("token", "id_token", "code token", "code id_token", "id_token token", "none", "code code", "")
        for mode in (None, "query", "web_message", "query.jwt")
    ],
)
def test_only_the_code_flow_is_served(
    books: Party, ines: Browser, response_type: str, response_mode: str | None
) -> None:
    answer = books.ask(ines, response_type=response_type, response_mode=response_mode)
    assert answer["error"] in ("unsupported_response_type", "invalid_request")
    assert "code" not in answer
    assert "access_token" not in answer


def test_each_listed_response_mode_is_served(stage: Stage, metadata: dict[str, Any], ines: Browser) -> None:
    party = stage.register(options={"authorization_signed_response_alg": "ES256"})
    for mode in metadata["response_modes_supported"]:
        answer = ines.get(party.asking(response_mode=mode))
        signed = mode.endswith("jwt")
        assert ("response" if signed else "code") in (answer.headers.get("Location") or answer.text), mode
    assert query_of(ines.get(party.asking(response_mode="web_message")).headers["Location"])["error"]


def test_what_is_said_not_to_be_supported_is_refused(metadata: dict[str, Any], books: Party, ines: Browser) -> None:
    assert metadata["request_uri_parameter_supported"] is False
    assert books.ask(ines, request_uri="https://evil.example/r")["error"] == "request_uri_not_supported"
    assert books.ask(ines, registration="{}")["error"] == "registration_not_supported"


def test_each_listed_prompt_is_understood_and_no_other(metadata: dict[str, Any], books: Party, ines: Browser) -> None:
    for prompt in metadata["prompt_values_supported"]:
        answer = ines.get(books.asking(prompt=prompt))
        assert "invalid_request" not in answer.headers.get("Location", ""), prompt
    for prompt in {"none", "login", "consent", "select_account", "create", "other"} - set(
        metadata["prompt_values_supported"]
    ):
        assert books.ask(ines, prompt=prompt)["error"] == "invalid_request", prompt


def test_each_listed_strength_is_told_and_no_other(stage: Stage, metadata: dict[str, Any]) -> None:
    """Of sessions that have it, to a client without product."""
    party, told = stage.register(), set()
    for acr in (ACR_ONE, ACR_TWO):
        browser = stage.signed_in("ines.moreau")
        with stage.work() as work:
            session = Session.token_digest == digest(browser.cookie("sesame_session") or "")
            work.session.execute(update(Session).where(session).values(acr=acr))
        told.add(claims_of(party.tokens(browser, acr_values=acr, prompt="none")["id_token"])["acr"])
    assert told == set(metadata["acr_values_supported"])
    demand = '{"id_token": {"acr": {"essential": true, "value": "urn:other"}}}'
    assert party.ask(browser, claims=demand, prompt="none")["error"] == "unmet_authentication_requirements"


def test_each_listed_way_of_proving_possession_works_and_no_other(
    metadata: dict[str, Any], books: Party, ines: Browser
) -> None:
    for method in ("S256", "plain", "S512"):
        listed = method in metadata["code_challenge_methods_supported"]
        assert ("code" in books.ask(ines, code_challenge_method=method)) is listed, method


def test_each_listed_language_is_spoken(stage: Stage, metadata: dict[str, Any], books: Party) -> None:
    for language in metadata["ui_locales_supported"]:
        browser = stage.browser()
        browser.get(books.asking(ui_locales=language))
        assert f'<html lang="{language}"' in browser.text


def test_each_listed_signing_algorithm_signs(stage: Stage, metadata: dict[str, Any]) -> None:
    browser = stage.signed_in("ines.moreau")
    offered = metadata["id_token_signing_alg_values_supported"]
    parties = {algorithm: stage.register(signing_algorithm=algorithm) for algorithm in offered}
    time.sleep(KEPT_SECONDS)  # the set of keys is answered from memory for this long
    for algorithm, party in parties.items():
        token = party.tokens(browser)["id_token"]
        assert header_of(token)["alg"] == algorithm
        assert party.verified(token)["aud"] == party.client_id


def test_listed_claims_cover_what_is_told(metadata: dict[str, Any], books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    told = set(books.userinfo(tokens["access_token"]).json) | set(books.verified(tokens["id_token"]))
    assert told - set(metadata["claims_supported"]) == set()
    rarer = {"firm", "until", "subscription_until", "restrictions"}  # of mandates, of what ends, of fewer rights
    assert rarer <= set(metadata["claims_supported"])
    assert len(metadata["claims_supported"]) == len(set(metadata["claims_supported"]))


def test_listed_scopes_are_granted_and_unknown_ones_ignored(
    metadata: dict[str, Any], books: Party, ines: Browser
) -> None:
    asked = " ".join([*metadata["scopes_supported"], "phone", "address", "admin"])
    wish = json.dumps({"userinfo": {"phone_number": {"essential": True}}})
    tokens = books.tokens(ines, scope=asked, claims=wish)
    assert set(tokens["scope"].split()) == set(metadata["scopes_supported"])
    told = {*books.userinfo(tokens["access_token"]).json, *books.verified(tokens["id_token"])}
    assert not told & {"phone_number", "phone_number_verified", "address"}, "Inès has one, to recover her account"
