"""The FAPI 2.0 Security Profile (§5.3.2) for a client that is registered for all of it: a key instead of a secret,
pushed requests, bound tokens. What holds for every client is in the tests of its specification: traceability.yaml."""

from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from tests.party import ASSERTION_TYPE, Party, claims_of, query_of
from tests.prover import TOKEN, Prover
from tests.stage import Stage
from tests.web.browser import Browser

GRANTS = ["authorization_code", "refresh_token"]
PROFILE = {"require_pushed_authorization_requests": True, "dpop_bound_access_tokens": True}


@pytest.fixture(scope="module")
def client(stage: Stage) -> Party:
    return stage.register(token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS, options=dict(PROFILE))


@pytest.fixture
def holder(stage: Stage) -> Prover:
    return Prover().learn(stage.app.test_client(use_cookies=False))


def send(client: Party, holder: Prover | None, **form: Any) -> TestResponse:
    """A request at the token endpoint with a fresh assertion, and with a proof where there is a key."""
    proved = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": client.assertion()}
    headers = {"DPoP": holder.proof()} if holder else {}
    answer = client.http.post(TOKEN, data={"client_id": client.client_id, **proved, **form}, headers=headers)
    return holder.keep(answer) if holder else answer


def code_for(client: Party, browser: Browser, **parameters: str) -> str:
    answer = client.push(**parameters)
    assert answer.status_code == 201, answer.text
    asked = {"client_id": client.client_id, "request_uri": answer.json["request_uri"]}
    back = browser.get(f"/oauth/authorize?{urlencode(asked)}")
    assert back.status_code == 303
    return query_of(back.headers["Location"])["code"]


def redeem(client: Party, holder: Prover | None, code: str) -> TestResponse:
    form = {"code": code, "code_verifier": client.verifier, "redirect_uri": client.redirect_uri}
    return send(client, holder, grant_type="authorization_code", **form)


def test_a_pushed_request_ends_in_tokens(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.2: pushed, for less than ten minutes."""
    assert 0 < client.push().json["expires_in"] < 600
    answer = redeem(client, holder, code_for(client, ines))
    assert (answer.status_code, answer.json["token_type"]) == (200, "DPoP")
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": holder.jkt}


def test_the_client_has_to_prove_itself(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.1: by its key, and in no other way."""
    code = code_for(client, ines)
    form = {
        "grant_type": "authorization_code", "code": code, "code_verifier": client.verifier,
        "redirect_uri": client.redirect_uri, "client_id": client.client_id,
    }  # fmt: skip
    for more in ({}, {"client_secret": "x"}, {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}):
        answer = client.http.post(TOKEN, data={**form, **more}, headers={"DPoP": holder.proof()})
        holder.keep(answer)
        assert answer.status_code in (400, 401), more
        assert answer.json["error"] == "invalid_client", more
    assert redeem(client, holder, code).status_code == 200, "strangers have not spent the code"


def test_tokens_are_bound_or_not_given(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.1."""
    code = code_for(client, ines)
    answer = redeem(client, None, code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")
    tokens = redeem(client, holder, code).json
    assert client.userinfo(tokens["access_token"]).status_code == 401, "without a proof the token opens nothing"
    assert holder.get(client, "/oauth/userinfo", tokens["access_token"]).status_code == 200


def test_a_refresh_token_stays_the_same(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.1: no rotation."""
    tokens = redeem(client, holder, code_for(client, ines)).json
    for _ in range(2):
        again = send(client, holder, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
        assert again["token_type"] == "DPoP"
        assert again.get("refresh_token", tokens["refresh_token"]) == tokens["refresh_token"]


def test_a_request_that_was_not_pushed_is_refused(client: Party, ines: Browser) -> None:
    """§5.3.2.2: by query and by POST."""
    assert client.ask(ines)["error"] == "invalid_request"
    path, _, query = client.asking().partition("?")
    by_post = ines._send("POST", path, data=query, content_type="application/x-www-form-urlencoded")
    assert "code" not in by_post.headers.get("Location", "").partition("error")[0]
    assert query_of(by_post.headers["Location"])["error"] == "invalid_request"


def test_nothing_is_pushed_without_proof_of_the_client(client: Party) -> None:
    """§5.3.2.2."""
    for more in ({}, {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}):
        answer = client.http.post("/oauth/par", data={**client.parameters(), **more})
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    once = client.assertion()
    assert client.push(client_assertion=once).status_code == 201
    assert client.push(client_assertion=once).json["error"] == "invalid_client", "an assertion counts once"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://other.example/cb"},
        {"response_type": "code id_token"},
    ],
    ids=str,
)
def test_a_pushed_request_needs_challenge_and_address(client: Party, wrong: dict[str, str | None]) -> None:
    """§5.3.2.2: S256, `redirect_uri`, `response_type=code`."""
    answer = client.push(**wrong)
    assert answer.status_code == 400
    assert "request_uri" not in answer.json
