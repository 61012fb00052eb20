"""Protected resource metadata of the API (RFC 9728): found from a refusal, and true."""

import re
from typing import Any
from urllib.parse import urlsplit

from idp.oidc import api_clients
from tests.party import Party, bearer
from tests.stage import Stage

API = "/api/v1/companies"


def described(stage: Stage) -> dict[str, Any]:
    """What a client finds that knows nothing but an address of the API."""
    refused = stage.app.test_client().get(API)
    assert refused.status_code == 401
    addresses = set(re.findall('resource_metadata="([^"]*)"', refused.headers["WWW-Authenticate"]))
    (address,) = addresses
    answer = stage.app.test_client().get(urlsplit(address).path)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert "public" in answer.headers["Cache-Control"]
    found: dict[str, Any] = answer.json  # type: ignore[assignment]
    # §3.3: the resource is that from whose identifier the address was made.
    parts = urlsplit(found["resource"])
    assert address == f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"
    assert API.startswith(parts.path)
    return found


def test_a_refusal_leads_to_the_server_that_gives_tokens(stage: Stage) -> None:
    found = described(stage)
    (issuer,) = found["authorization_servers"]
    server = stage.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert server["issuer"] == issuer  # type: ignore[index]
    assert found["resource"] in server["protected_resources"]  # type: ignore[index]


def test_what_is_listed_is_what_the_api_takes(stage: Stage) -> None:
    found = described(stage)
    assert found["scopes_supported"] == list(api_clients.SCOPES)
    assert found["bearer_methods_supported"] == ["header"]
    party: Party = stage.register(
        resource=found["resource"], grant_types=["client_credentials"], scope="operations.read",
        permissions=["operations.companies.view"],
    )  # fmt: skip
    token = party.post("/oauth/token", grant_type="client_credentials").json["access_token"]  # type: ignore[index]
    http = stage.app.test_client()
    assert http.get("/api/v1/operations/companies", headers=bearer(token)).status_code == 200
    assert http.get(f"/api/v1/operations/companies?access_token={token}").status_code in (401, 422)
    body = http.get("/api/v1/operations/companies", data={"access_token": token})
    assert body.status_code == 401


def test_every_refusal_of_a_token_names_it(stage: Stage) -> None:
    for headers in ({}, bearer("x"), {"Authorization": "DPoP x"}, {"Authorization": "Basic x"}):
        answer = stage.app.test_client().get(API, headers=headers)
        assert answer.status_code == 401
        assert "resource_metadata=" in answer.headers["WWW-Authenticate"], headers
