"""Management of a registration (RFC 7592), by its own access token."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.core.errors import Conflict
from idp.oidc import clients, initial_access
from tests.party import Party, bearer
from tests.stage import Stage

METADATA: dict[str, Any] = {
    "redirect_uris": ["https://app.company.example/cb"],
    "client_name": "An application",
    "grant_types": ["authorization_code", "client_credentials"],
}


@pytest.fixture
def made(stage: Stage) -> dict[str, Any]:
    """A registration, as it was answered."""
    with stage.work() as work:
        token = initial_access.create(work, note="tests", uses=1, lifetime=timedelta(hours=1))
    answer = stage.app.test_client().post("/oauth/register", json=METADATA, headers=bearer(token))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json  # type: ignore[assignment]
    return found


def send(stage: Stage, made: dict[str, Any], method: str, **options: Any) -> TestResponse:
    options.setdefault("headers", bearer(made["registration_access_token"]))
    return stage.app.test_client().open(f"/oauth/register/{made['client_id']}", method=method, **options)


def party_of(stage: Stage, made: dict[str, Any]) -> Party:
    http = stage.app.test_client(use_cookies=False)
    return Party(http, made["client_id"], made["client_secret"], made["redirect_uris"][0])


def test_it_is_read(stage: Stage, made: dict[str, Any]) -> None:
    answer = send(stage, made, "GET")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    for name in ("client_id", "redirect_uris", "client_name", "grant_types", "scope"):
        assert answer.json[name] == made[name]
    assert "client_secret" not in answer.json, "only its digest is kept"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_wrong_token_and_an_unknown_client_are_the_same(stage: Stage, made: dict[str, Any], method: str) -> None:
    body = {"json": {**METADATA, "client_id": made["client_id"]}} if method == "PUT" else {}
    wrong = send(stage, made, method, headers=bearer("wrong"), **body)
    none = send(stage, made, method, headers={}, **body)
    unknown = send(stage, {**made, "client_id": "c_unknown"}, method, **body)
    operators = send(stage, {**made, "client_id": "demo-accounting"}, method, **body)
    assert {answer.status_code for answer in (wrong, none, unknown, operators)} == {401}
    assert wrong.json == unknown.json == operators.json == none.json
    assert wrong.json["error"] == "invalid_token"
    named = 'Bearer realm="sesame", error="invalid_token"'  # RFC 6750 §3.1: what shows no token hears no error
    assert {answer.headers["WWW-Authenticate"] for answer in (wrong, unknown, operators)} == {named}
    assert none.headers["WWW-Authenticate"] == 'Bearer realm="sesame"'
    assert send(stage, made, "GET").status_code == 200


def test_an_update_replaces_everything(stage: Stage, made: dict[str, Any]) -> None:
    body = {
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "redirect_uris": ["https://new.company.example/cb"],
        "client_name": "Renamed",
    }
    answer = send(stage, made, "PUT", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json["redirect_uris"] == body["redirect_uris"]
    assert answer.json["grant_types"] == ["authorization_code"], "what is not sent takes its default"
    party, browser = party_of(stage, made), stage.signed_in("ines.moreau")
    assert browser.get(party.asking()).status_code == 400, "the old address is gone"
    token = party.post("/oauth/token", grant_type="client_credentials")
    assert token.json["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"client_secret": "wrong"},
        {"client_secret": 7},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://evil.example"},
        {"client_secret_expires_at": 1},
        {"client_id_issued_at": 1},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["https://app.company.example/#x"]},
        {"backchannel_logout_uri": "http://169.254.169.254/"},
        {"token_endpoint_auth_method": "none"},
        {"grant_types": ["implicit"]},
    ],
)
def test_an_update_follows_the_rules_of_a_registration(
    stage: Stage, made: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = send(stage, made, "PUT", json={**METADATA, "client_id": made["client_id"], **change})
    assert answer.status_code == 400, answer.text
    assert send(stage, made, "GET").json["redirect_uris"] == METADATA["redirect_uris"]


def test_an_update_cannot_raise_itself(stage: Stage, made: dict[str, Any]) -> None:
    body = {**METADATA, "client_id": made["client_id"], "trusted": True, "product": "accounting", "require_pkce": False}
    assert send(stage, made, "PUT", json=body).status_code == 200
    with stage.work(write=False) as work:
        client = clients.get(work, made["client_id"])
    assert (client.trusted, client.product, client.require_pkce) == (False, None, True)


def test_a_deleted_registration_is_gone_for_good(stage: Stage, made: dict[str, Any]) -> None:
    party = party_of(stage, made)
    own = party.post("/oauth/token", grant_type="client_credentials")
    assert own.status_code == 200
    answer = send(stage, made, "DELETE")
    assert (answer.status_code, answer.data) == (204, b"")
    for method in ("GET", "DELETE"):
        assert send(stage, made, method).status_code == 401
    assert party.post("/oauth/token", grant_type="client_credentials").status_code == 401
    assert stage.signed_in("ines.moreau").get(party.asking()).status_code == 400
    with pytest.raises(Conflict):  # its identifier is never given again
        stage.register(client_id=made["client_id"])


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_methods_are_answered_in_json(stage: Stage, made: dict[str, Any], method: str) -> None:
    answer = send(stage, made, method)
    assert answer.status_code == 405
    assert answer.content_type == "application/json"


def test_a_client_renews_its_secret_and_both_live(stage: Stage, made: dict[str, Any]) -> None:
    """R-32: two live at a time."""
    body = {**METADATA, "client_id": made["client_id"], "rotate_client_secret": True}
    answer = send(stage, made, "PUT", json=body)
    assert answer.status_code == 200, answer.text
    secrets = [made["client_secret"], answer.json["client_secret"]]
    party = party_of(stage, made)

    def works() -> list[bool]:
        asking = [party.known_as(secret=secret) for secret in secrets]
        return [each.post("/oauth/token", grant_type="client_credentials").status_code == 200 for each in asking]

    assert works() == [True, True]
    secrets.append(send(stage, made, "PUT", json=body).json["client_secret"])
    assert works() == [False, True, True]
    with stage.work() as work:
        clients.retire_secret(work, made["client_id"])
    assert works() == [False, False, True]
    with pytest.raises(Conflict), stage.work() as work:
        clients.retire_secret(work, made["client_id"])
    assert "client_secret" not in send(stage, made, "PUT", json={**body, "rotate_client_secret": False}).json
    assert send(stage, made, "PUT", json={**body, "rotate_client_secret": "yes"}).status_code == 400
