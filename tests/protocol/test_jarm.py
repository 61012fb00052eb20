"""JWT Secured Authorization Response Mode (JARM): answers that the client can check."""

import time
from typing import Any
from urllib.parse import parse_qsl

import pytest

from idp.core.errors import InvalidInput
from tests.party import SIGNATURES, Party, bearer, header_of, query_of
from tests.protocol.test_form_post import posted
from tests.stage import Stage
from tests.web.browser import Browser


@pytest.fixture(scope="module")
def signed(stage: Stage) -> Party:
    """A client that has registered for signed answers."""
    return stage.register(options={"authorization_signed_response_alg": "ES256"})


def opened(party: Party, values: dict[str, str]) -> dict[str, Any]:
    """The claims of an answer that holds nothing but a JWT (JARM §2.3)."""
    assert set(values) == {"response"}
    return party.verified(values["response"])


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
def test_the_answer_is_a_jwt_for_this_client(stage: Stage, signed: Party, ines: Browser, mode: str) -> None:
    """§2.1: `iss`, `aud` and `exp`, and the parameters that there would be without it. §2.3.4: `jwt` is the query."""
    answer = ines.get(signed.asking(response_mode=mode))
    if mode.startswith("form_post"):
        values = posted(answer, signed)
    else:
        before, _, rest = answer.headers["Location"].partition("#" if mode.startswith("fragment") else "?")
        assert before == signed.redirect_uri
        values = dict(parse_qsl(rest))
    claims = opened(signed, values)
    assert (claims["iss"], claims["aud"], claims["state"]) == (stage.settings.issuer, signed.client_id, "a state")
    assert time.time() < claims["exp"] <= time.time() + 601
    assert header_of(values["response"])["alg"] == "ES256"
    assert signed.redeem(claims["code"]).status_code == 200


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_the_registered_algorithm_signs(stage: Stage, ines: Browser, algorithm: str) -> None:
    party = stage.register(options={"authorization_signed_response_alg": algorithm})
    answer = party.ask(ines, response_mode="jwt")
    assert header_of(answer["response"])["alg"] == algorithm


@pytest.mark.parametrize("wrong", [{"scope": "nothing"}, {"prompt": "none login"}, {"max_age": "x"}])
def test_errors_are_signed_too(signed: Party, ines: Browser, wrong: dict[str, str]) -> None:
    claims = opened(signed, signed.ask(ines, response_mode="jwt", **wrong))
    assert "error" in claims
    assert claims["state"] == "a state"
    assert "code" not in claims


def test_without_a_session_an_error_is_signed(signed: Party, stranger: Browser) -> None:
    assert opened(signed, signed.ask(stranger, response_mode="jwt", prompt="none"))["error"] == "login_required"


def test_plain_answers_stay_possible_unless_the_client_says_otherwise(stage: Stage, ines: Browser) -> None:
    alone = stage.register(
        options={"authorization_signed_response_alg": "ES256", "response_modes": ["query.jwt", "form_post.jwt"]}
    )
    for mode in (None, "query", "fragment", "form_post", "fragment.jwt"):
        claims = opened(alone, alone.ask(ines, response_mode=mode))
        assert ("code" in claims) is (mode is None)


def test_a_client_without_the_algorithm_gets_none(books: Party, ines: Browser) -> None:
    assert books.ask(ines, response_mode="jwt")["error"] == "invalid_request"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS1", "", None, 1])
def test_no_other_algorithm_can_be_registered(stage: Stage, algorithm: Any) -> None:
    if algorithm is None:
        assert stage.register(options={"authorization_signed_response_alg": None}).client_id
        return
    with pytest.raises(InvalidInput) as refused:
        stage.register(options={"authorization_signed_response_alg": algorithm})
    assert refused.value.members["field"] == "authorization_signed_response_alg"


def test_a_signed_answer_is_no_id_token(stage: Stage, signed: Party, ines: Browser) -> None:
    """It says nothing about a person, so it is no hint at one either."""
    response = signed.ask(ines, response_mode="jwt")["response"]
    assert signed.ask(ines, prompt="none", id_token_hint=response)["error"] == "login_required"
    answer = ines._send("GET", f"/oauth/logout?id_token_hint={response}")
    assert answer.headers["Location"].partition("?")[0] == "/sign-out", "the person is asked"
    assert signed.userinfo(response).status_code == 401


@pytest.mark.parametrize("modes", [["query.jwt"], ["jwt"], ["jwt", "query.jwt"]])
def test_a_client_registers_itself_for_it(stage: Stage, ines: Browser, modes: list[str]) -> None:
    """§2.3.4: `jwt` is, for the code, `query.jwt`, which is what the answer then shows."""
    http = stage.app.test_client(use_cookies=False)
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "authorization_signed_response_alg": "ES256", "response_modes": modes,
    }  # fmt: skip
    made = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token())).json
    assert made["authorization_signed_response_alg"] == "ES256"
    assert made["response_modes"] == ["query.jwt"]
    party = Party(http, made["client_id"], made["client_secret"], made["redirect_uris"][0])
    ines.get(party.asking())
    answer = query_of(ines.submit({"decision": "allow"}).headers["Location"])
    assert party.redeem(opened(party, answer)["code"]).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"authorization_signed_response_alg": "HS256"}, {"response_modes": ["query.jwt"]}, {"response_modes": ["jwt"]}],
)
def test_a_registration_that_asks_for_the_impossible_is_refused(stage: Stage, wrong: dict[str, Any]) -> None:
    http = stage.app.test_client(use_cookies=False)
    metadata = {"redirect_uris": ["https://app.company.example/cb"], "client_name": "An application", **wrong}
    answer = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token()))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")
