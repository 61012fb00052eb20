"""Calls by script from the pages of browser applications (CORS, Fetch standard §3.2), client by client."""

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from idp.core.errors import InvalidInput
from idp.oidc import client_options, clients
from idp.oidc.client_options import Options
from tests.party import Party, bearer
from tests.stage import Stage
from tests.web.browser import Browser

PAGE = "https://app.company.example"
OTHER = "https://other.company.example"
FOR_PAGES = {
    "/oauth/token": "POST",
    "/oauth/revoke": "POST",
    "/oauth/userinfo": "GET, HEAD, POST",
    "/oauth/par": "POST",
    "/oauth/device_authorization": "POST",
}
OPEN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth/jwks")
NOT_FOR_PAGES = ("/oauth/introspect", "/oauth/register", "/oauth/authorize", "/oauth/logout", "/account")


@pytest.fixture
def spa(stage: Stage) -> Iterator[Party]:
    """A browser application: a public client whose page is at the origin of its redirect address."""
    party = stage.register(token_endpoint_auth_method="none", redirect_uris=[f"{PAGE}/callback"])
    yield party
    with stage.work() as work:
        clients.delete(work, party.client_id)


@pytest.fixture
def neighbour(stage: Stage) -> Party:
    """Another one, at another origin."""
    return stage.register(token_endpoint_auth_method="none", redirect_uris=[f"{OTHER}/callback"])


def from_page(party: Party, origin: str, path: str, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
    headers = {"Origin": origin, **(headers or {})}
    return party.http.post(path, data=form, headers=headers) if form else party.http.get(path, headers=headers)


def preflight(party: Party, origin: str, path: str) -> TestResponse:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
    return party.http.open(path, method="OPTIONS", headers=asked)


def shared_with(answer: TestResponse) -> str | None:
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert len(answer.headers.getlist("Access-Control-Allow-Origin")) <= 1
    return answer.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("path", FOR_PAGES)
def test_a_preflight_of_a_page_that_is_known(spa: Party, path: str) -> None:
    answer = preflight(spa, PAGE, path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert shared_with(answer) == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == FOR_PAGES[path]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert set(allowed) == {"authorization", "content-type", "dpop"}
    assert "Origin" in answer.headers["Vary"]
    assert int(answer.headers["Access-Control-Max-Age"]) <= 600


@pytest.mark.parametrize("path", FOR_PAGES)
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://app.company.example", f"{PAGE}:8443", f"{PAGE}.evil.example", f"{PAGE}/"],
)
def test_a_preflight_of_any_other_page(spa: Party, path: str, origin: str) -> None:
    answer = preflight(spa, origin, path)
    assert shared_with(answer) is None
    assert answer.status_code == 204


def test_a_whole_flow_from_a_page(spa: Party, neighbour: Party, ines: Browser) -> None:
    code = spa_code(spa, ines)
    form = {
        "grant_type": "authorization_code", "client_id": spa.client_id, "code": code,
        "code_verifier": spa.verifier, "redirect_uri": spa.redirect_uri,
    }  # fmt: skip
    answer = from_page(spa, PAGE, "/oauth/token", **form)
    assert (answer.status_code, shared_with(answer)) == (200, PAGE)
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    told = answer.json
    again = from_page(spa, PAGE, "/oauth/token", **form)
    assert (again.status_code, shared_with(again)) == (400, PAGE), "a script can read why it was refused"

    for origin, seen in ((PAGE, PAGE), (OTHER, None), ("https://evil.example", None)):
        assert shared_with(from_page(spa, origin, "/oauth/userinfo", bearer(told["access_token"]))) == seen
        revoked = from_page(spa, origin, "/oauth/revoke", client_id=spa.client_id, token=told["refresh_token"])
        assert shared_with(revoked) == seen
        assert "Origin" in revoked.headers["Vary"]


def spa_code(spa: Party, browser: Browser) -> str:
    return spa.code(browser, scope="openid email")


def test_each_client_has_its_own_pages(spa: Party, neighbour: Party) -> None:
    """The page of one client does not read what another one gets, though both are known."""
    wrong = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": spa.client_id}
    assert shared_with(from_page(spa, PAGE, "/oauth/token", **wrong)) == PAGE
    assert shared_with(from_page(spa, OTHER, "/oauth/token", **wrong)) is None
    assert shared_with(from_page(spa, OTHER, "/oauth/token", **{**wrong, "client_id": neighbour.client_id})) == OTHER
    assert shared_with(preflight(spa, OTHER, "/oauth/token")) == OTHER


def test_a_confidential_client_has_no_page_of_its_own(stage: Stage, books: Party) -> None:
    origin = books.redirect_uri.rsplit("/", 1)[0]
    assert shared_with(preflight(books, origin, "/oauth/token")) is None
    answer = books.post("/oauth/token", grant_type="client_credentials")
    assert shared_with(answer) is None


def test_pages_can_be_registered_apart_from_the_redirect_addresses(stage: Stage) -> None:
    registered = ["https://pages.company.example", "http://localhost:5173"]
    party = stage.register(
        token_endpoint_auth_method="none", redirect_uris=["https://sso.company.example/callback"],
        options={"allowed_origins": registered},
    )  # fmt: skip
    for origin in registered:
        assert shared_with(preflight(party, origin, "/oauth/token")) == origin
    assert shared_with(preflight(party, "https://sso.company.example", "/oauth/token")) is None
    stage.change_client(party.client_id, options=registered_options([]))
    assert shared_with(preflight(party, registered[0], "/oauth/token")) is None, "none at all"


def registered_options(origins: list[str]) -> Options:
    return client_options.read({"allowed_origins": origins})


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "", "https://app.example/", "https://app.example/path", "https://app.example:443", "http://app.example",
        "https://APP.example", "https://*.app.example", "https://user@app.example", "file://app", "https://app.example\n",
        "https://[::1", "https://app.example:99999", 7,
    ],
)  # fmt: skip
def test_what_is_no_origin_is_not_registered(stage: Stage, origin: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(token_endpoint_auth_method="none", options={"allowed_origins": [origin]})
    assert refused.value.members["field"] == "allowed_origins"


def test_it_is_registered_dynamically_too(stage: Stage) -> None:
    http = stage.app.test_client(use_cookies=False)
    metadata = {
        "client_name": "Pages", "redirect_uris": [f"{PAGE}/callback"], "token_endpoint_auth_method": "none",
        "allowed_origins": [OTHER],
    }  # fmt: skip
    answer = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token()))
    assert (answer.status_code, answer.json["allowed_origins"]) == (201, [OTHER])  # type: ignore[index]


@pytest.mark.parametrize("path", OPEN)
def test_discovery_and_keys_are_for_everybody(books: Party, path: str) -> None:
    answer = books.http.get(path, headers={"Origin": "https://anything.example"})
    assert (answer.status_code, shared_with(answer)) == (200, "*")
    assert shared_with(preflight(books, "https://anything.example", path)) == "*"


@pytest.mark.parametrize("path", NOT_FOR_PAGES)
def test_the_rest_is_shared_with_no_page(spa: Party, path: str) -> None:
    assert shared_with(preflight(spa, PAGE, path)) is None
    assert shared_with(from_page(spa, PAGE, path)) is None


def test_who_sends_no_origin_costs_nothing_and_sees_nothing(spa: Party) -> None:
    answer = spa.post("/oauth/token", grant_type="refresh_token", refresh_token="x")
    assert shared_with(answer) is None
    assert "Origin" not in answer.headers.get("Vary", "")
