"""Security best current practice (RFC 9700): what the tests of no other specification show; see traceability.yaml."""

import json
from typing import Any

import pytest

from idp.core.errors import InvalidInput
from tests.party import Party, bearer, claims_of
from tests.stage import Stage
from tests.web.browser import Browser

ORIGINS = ["https://app.company.example", "http://localhost:8001", "null"]
API = "http://localhost/api/v1"


def test_what_was_typed_is_never_forwarded(stage: Stage, books: Party) -> None:
    """§2.1, §4.12: from the form with the password to the client every redirect is 303, which a browser follows by a
    GET without the form; and so is that of an authorization request that was sent by POST."""
    person, browser = stage.person("ines.moreau"), stage.browser()
    stage.forget_steps("ines.moreau")
    browser.get(books.asking())
    seen = []
    for values in ({"email": person.address, "password": person.password}, {"code": person.code()}):
        answer = browser.post(values)
        while answer.status_code in range(300, 400):
            seen.append((answer.status_code, answer.headers["Location"]))
            if answer.headers["Location"].startswith(books.redirect_uri):
                break
            answer = browser._send("GET", answer.headers["Location"])
    assert {status for status, _ in seen} == {303}
    assert seen[-1][1].startswith(f"{books.redirect_uri}?")
    assert person.password not in str(seen)
    path, _, query = books.asking().partition("?")
    by_post = browser._send("POST", path, data=query, content_type="application/x-www-form-urlencoded")
    assert by_post.status_code == 303


def test_metadata_says_that_proof_keys_are_supported(stage: Stage) -> None:
    """§2.1.1, §4.7.1."""
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        assert stage.app.test_client().get(path).json["code_challenge_methods_supported"] == ["S256"]


def test_the_api_refuses_tokens_for_other_resources(stage: Stage, books: Party, ines: Browser) -> None:
    """§2.3: the service is a resource too."""
    tool = stage.register(resource=API, scope="openid companies.read", redirect_uris=["https://tool.example/cb"])
    http = stage.app.test_client(use_cookies=False)
    own = tool.tokens(ines, scope="openid companies.read")["access_token"]
    assert claims_of(own)["aud"] == API
    assert http.get("/api/v1/companies", headers=bearer(own)).status_code == 200
    answer = http.get("/api/v1/companies", headers=bearer(books.tokens(ines)["access_token"]))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("address", "public", "accepted"),
    [
        ("http://app.company.example/callback", False, False),
        ("http://app.company.example/callback", True, False),
        ("http://192.168.0.7/callback", True, False),
        ("http://localhost.company.example/callback", True, False),
        ("https://app.company.example/callback", False, True),
        ("http://127.0.0.1/callback", True, True),
        ("http://[::1]/callback", True, True),
    ],
)
def test_no_redirect_address_without_encryption_but_on_the_loopback_interface(
    own_stage: Stage, address: str, public: bool, accepted: bool
) -> None:
    """§2.6, FAPI 2.0 §5.3.2.2: outside of development, where every loopback address may be used."""
    fields: dict[str, Any] = {"redirect_uris": [address]}
    if public:
        fields["token_endpoint_auth_method"] = "none"
    if accepted:
        assert own_stage.register(**fields).redirect_uri == address
        return
    with pytest.raises(InvalidInput):
        own_stage.register(**fields)


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_origin_reads_what_the_authorization_endpoint_answers(
    stage: Stage, books: Party, ines: Browser, origin: str
) -> None:
    """§2.6: whoever may read other endpoints may not read this one."""
    for method in ("GET", "POST", "OPTIONS"):
        headers = {"Origin": origin, "Access-Control-Request-Method": method}
        answer = ines.client.open(books.asking(), method=method, headers=headers)
        assert not [name for name, _ in answer.headers.items() if name.lower().startswith("access-control-")], method


def test_only_clients_that_registered_for_it_get_refresh_tokens(stage: Stage, ines: Browser) -> None:
    """§4.14.2: whatever scope is asked for."""
    without = stage.register(grant_types=["authorization_code"])
    assert "refresh_token" not in without.tokens(ines)
    having = stage.register(grant_types=["authorization_code", "refresh_token"])
    assert "refresh_token" in having.tokens(ines)


def test_a_client_cannot_choose_to_look_like_a_person(stage: Stage, books: Party, ines: Browser) -> None:
    """§4.15.1: the identifier of a client that registers itself is ours, and no subject looks like one."""
    subject = claims_of(books.tokens(ines)["id_token"])["sub"]
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_id": subject, "sub": subject,
        "client_name": subject,
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    answer = http.post(
        "/oauth/register", data=json.dumps(metadata), content_type="application/json",
        headers=bearer(stage.initial_access_token()),
    )  # fmt: skip
    if answer.status_code == 201:
        assert answer.json["client_id"].startswith("c_")
        assert answer.json["client_id"] != subject
    own = claims_of(books.post("/oauth/token", grant_type="client_credentials").json["access_token"])
    assert own["sub"] == own["client_id"] == books.client_id
    assert not subject.startswith("c_")
