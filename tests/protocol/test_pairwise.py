"""Pairwise subjects (OIDC Core §8.1): stable in a sector, different in another, read back here."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.accounts.models import Account
from idp.authn.models import Session
from idp.core.errors import InvalidInput
from idp.oidc import api_clients, client_options, clients, logout, sectors
from idp.oidc.grant_types import TOKEN_EXCHANGE
from tests.core.web_server import send, serving
from tests.party import Party, bearer, claims_of
from tests.protocol.receiver import receiving
from tests.stage import Stage, scalar
from tests.web.browser import Browser

PAIRWISE = {"subject_type": "pairwise"}
GRANTS = ["authorization_code", "refresh_token"]


def registered(stage: Stage, host: str, **fields: Any) -> Party:
    options = {**PAIRWISE, **fields.pop("options", {})}
    fields.setdefault("redirect_uris", [f"https://{host}/callback"])
    return stage.register(options=options, grant_types=GRANTS, **fields)


@pytest.fixture(scope="module")
def one(stage: Stage) -> Party:
    return registered(stage, "one.example")


@pytest.fixture(scope="module")
def other(stage: Stage) -> Party:
    return registered(stage, "other.example")


@pytest.fixture
def real(stage: Stage) -> str:
    found: str = scalar(stage, Account.subject, Account.id == stage.person("ines.moreau").id)
    return found


def identity(party: Party, browser: Browser) -> dict[str, Any]:
    return claims_of(party.tokens(browser)["id_token"])


# --- what clients see ---


def test_it_is_stable_and_differs_by_sector(stage: Stage, one: Party, other: Party, ines: Browser, real: str) -> None:
    first, second, elsewhere = identity(one, ines), identity(one, ines), identity(other, ines)
    assert first["sub"] == second["sub"]
    assert len({first["sub"], elsewhere["sub"], real}) == 3
    assert len(first["sub"]) <= 255
    assert first["sub"].isascii()
    neighbour = registered(stage, "one.example")
    assert identity(neighbour, ines)["sub"] == first["sub"], "the same host is the same sector"
    public = stage.register(grant_types=GRANTS)
    assert identity(public, ines)["sub"] == real


def test_two_people_differ(stage: Stage, one: Party, ines: Browser, julien: Browser) -> None:
    assert identity(one, ines)["sub"] != identity(one, julien)["sub"]


def test_the_session_cannot_be_compared_either(one: Party, other: Party, ines: Browser) -> None:
    first, again, elsewhere = identity(one, ines), identity(one, ines), identity(other, ines)
    assert first["sid"] == again["sid"]
    assert first["sid"] != elsewhere["sid"]


def test_nothing_given_to_a_client_holds_the_real_names(stage: Stage, one: Party, ines: Browser, real: str) -> None:
    sid = scalar(stage, Session.sid, Session.account_id == stage.person("ines.moreau").id)
    tokens = one.tokens(ines, scope="openid offline_access")
    sub = claims_of(tokens["id_token"])["sub"]
    access = claims_of(tokens["access_token"])
    userinfo = one.http.get("/oauth/userinfo", headers=bearer(tokens["access_token"])).json
    about_access = one.post("/oauth/introspect", token=tokens["access_token"]).json
    about_refresh = one.post("/oauth/introspect", token=tokens["refresh_token"]).json
    renewed = one.refresh(tokens["refresh_token"]).json
    seen = [access, userinfo, about_access, about_refresh, claims_of(renewed["id_token"])]
    assert [each["sub"] for each in seen] == [sub] * 5
    text = json.dumps([*seen, claims_of(tokens["id_token"])])
    assert real not in text
    assert sid not in text
    assert str(stage.person("ines.moreau").id) not in text


def test_logout_tokens_name_person_and_session_as_the_client_knows_them(stage: Stage, real: str) -> None:
    browser = stage.sign_in("ines.moreau")
    with receiving() as receiver:
        party = registered(stage, "told.example", backchannel_logout_uri=receiver.address)
        known = identity(party, browser)
        with stage.work(write=False) as work:
            client = clients.get(work, party.client_id)
            sid = sectors.sid_read(work, client, known["sid"])
            assert sectors.subject_read(work, client, known["sub"]) == real
            token = logout.logout_token(work, client, str(sid), real)
    claims = party.verified(token)
    assert (claims["sub"], claims["sid"]) == (known["sub"], known["sid"])


def test_the_api_finds_the_person(stage: Stage, ines: Browser) -> None:
    """The token says a name of the sector; who it is, the grant says."""
    with stage.work(write=False) as work:
        resource = api_clients.resource(work)
    tool = registered(stage, "tool.example", resource=resource, scope="openid companies.read", trusted=True)
    token = tool.tokens(ines, scope="openid companies.read")["access_token"]
    answer = tool.http.get("/api/v1/companies", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    assert [row["name"] for row in answer.json["data"]]


# --- what clients send back ---


def test_a_hint_is_read_back(one: Party, other: Party, ines: Browser, julien: Browser) -> None:
    hint = one.tokens(ines)["id_token"]
    assert "code" in one.ask(ines, prompt="none", id_token_hint=hint)
    assert one.ask(julien, prompt="none", id_token_hint=hint)["error"] == "login_required"


def test_a_session_is_ended_by_its_hint(stage: Stage, one: Party) -> None:
    browser = stage.sign_in("ines.moreau")
    hint = one.tokens(browser)["id_token"]
    stage.change_client(one.client_id, post_logout_redirect_uris=["https://one.example/bye"])
    browser.get(f"/oauth/logout?id_token_hint={hint}&post_logout_redirect_uri=https://one.example/bye")
    assert one.ask(browser, prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("value", ["", "x", "é", "A" * 600, "====", "AAAA", None, 7])
def test_what_is_no_name_of_the_sector_is_nobody(stage: Stage, one: Party, value: Any) -> None:
    with stage.work(write=False) as work:
        client = clients.get(work, one.client_id)
        assert sectors.subject_read(work, client, value) is None
        assert sectors.sid_read(work, client, value) is None


def test_names_of_one_kind_and_sector_do_for_no_other(stage: Stage, one: Party, other: Party) -> None:
    with stage.work(write=False) as work:
        first, second = clients.get(work, one.client_id), clients.get(work, other.client_id)
        name = sectors.subject(work, first, "somebody")
        assert sectors.subject_read(work, first, name) == "somebody"
        assert sectors.sid_read(work, first, name) is None
        assert sectors.subject_read(work, second, name) is None


# --- registration ---


@pytest.fixture
def published() -> Iterator[dict[str, Any]]:
    """A sector file: `body` is answered, with `status`; `uri` is where."""
    made: dict[str, Any] = {"body": b"[]", "status": 200}

    def respond(handler: BaseHTTPRequestHandler) -> None:
        send(handler, made["body"], made["status"])

    with serving(respond) as port:
        made["uri"] = f"http://127.0.0.1:{port}/sector.json"
        yield made


@pytest.fixture
def register(stage: Stage) -> Callable[..., TestResponse]:
    def post(**metadata: Any) -> TestResponse:
        http = stage.app.test_client(use_cookies=False)
        body = {"redirect_uris": ["https://a.example/cb", "https://b.example/cb"], "client_name": "Both", **metadata}
        return http.post("/oauth/register", json=body, headers=bearer(stage.initial_access_token()))

    return post


def test_a_sector_file_joins_hosts(
    stage: Stage, register: Callable[..., TestResponse], published: dict[str, Any]
) -> None:
    published["body"] = json.dumps(["https://b.example/cb", "https://a.example/cb", "https://c.example/cb"]).encode()
    made = register(subject_type="pairwise", sector_identifier_uri=published["uri"])
    assert made.status_code == 201, made.text
    assert (made.json["subject_type"], made.json["sector_identifier_uri"]) == ("pairwise", published["uri"])
    with stage.work(write=False) as work:
        assert clients.get(work, made.json["client_id"]).sector == "127.0.0.1"


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"{}", b'["https://a.example/cb"]', b'["https://a.example/cb", 7, "https://b.example/cb"]',
     b"[" * 30_000, b'"https://a.example/cb https://b.example/cb"', b" " * 70_000],
    ids=range(8),
)  # fmt: skip
def test_a_sector_file_that_does_not_name_every_address_is_refused(
    register: Callable[..., TestResponse], published: dict[str, Any], body: bytes
) -> None:
    published["body"] = body
    for subject_type in ("pairwise", "public"):
        answer = register(subject_type=subject_type, sector_identifier_uri=published["uri"])
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")


def test_a_refused_sector_file_leaves_the_token_unspent(
    stage: Stage, register: Callable[..., TestResponse], published: dict[str, Any]
) -> None:
    token, http = stage.initial_access_token(), stage.app.test_client(use_cookies=False)
    body = {"redirect_uris": ["https://a.example/cb"], "sector_identifier_uri": published["uri"]}
    assert http.post("/oauth/register", json=body, headers=bearer(token)).status_code == 400
    published["body"] = b'["https://a.example/cb"]'
    assert http.post("/oauth/register", json=body, headers=bearer(token)).status_code == 201


def test_an_update_is_compared_with_the_sector_file_too(
    stage: Stage, register: Callable[..., TestResponse], published: dict[str, Any]
) -> None:
    published["body"] = b'["https://a.example/cb"]'
    made = register(redirect_uris=["https://a.example/cb"], sector_identifier_uri=published["uri"]).json
    body = {
        "client_id": made["client_id"], "redirect_uris": ["https://evil.example/cb"],
        "sector_identifier_uri": published["uri"],
    }  # fmt: skip
    answer = stage.app.test_client().put(
        f"/oauth/register/{made['client_id']}", json=body, headers=bearer(made["registration_access_token"])
    )
    assert answer.status_code == 400
    with stage.work(write=False) as work:
        assert clients.get(work, made["client_id"]).redirect_uris == ("https://a.example/cb",)


def test_without_one_the_addresses_have_one_host(register: Callable[..., TestResponse]) -> None:
    assert register(subject_type="pairwise").status_code == 400
    same = ["https://a.example/cb", "https://a.example:8443/other"]
    assert register(subject_type="pairwise", redirect_uris=same).status_code == 201
    native = {"redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none"}
    assert register(subject_type="pairwise", **native).status_code == 400
    assert register(subject_type="somewhere").status_code == 400


def test_a_product_has_public_subjects(stage: Stage) -> None:
    with pytest.raises(InvalidInput) as refused, stage.work() as work:
        clients.change(
            work, "demo-accounting", development=True, options=client_options.read({"subject_type": "pairwise"})
        )
    assert refused.value.members["field"] == "subject_type"


@pytest.mark.parametrize("grants", [["authorization_code", TOKEN_EXCHANGE], ["authorization_code"]])
def test_who_exchanges_tokens_has_public_subjects(stage: Stage, grants: list[str]) -> None:
    """An exchanged token names the person as the other client knows them, and could be compared."""
    options = PAIRWISE if TOKEN_EXCHANGE in grants else {**PAIRWISE, "token_exchange_targets": ["demo-accounting"]}
    with pytest.raises(InvalidInput) as refused:
        stage.register(trusted=True, grant_types=grants, options=options, resource="https://there.example/api")
    assert refused.value.members["field"] == "subject_type"


def test_a_client_with_public_subjects_costs_no_statement_more(stage: Stage, books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    with stage.statements() as seen:
        assert books.http.get("/oauth/userinfo", headers=bearer(token)).status_code == 200
    assert not [each for each in seen if "FROM clients" in each]


def test_accounts_know_nothing_of_sectors(stage: Stage, real: str) -> None:
    with stage.work(write=False) as work:
        assert work.session.scalar(select(Account.id).where(Account.subject == real))
