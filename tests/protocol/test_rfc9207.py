"""`iss` in every authorization answer, errors included (RFC 9207, R-30)."""

import pytest

from tests.party import Party, query_of
from tests.stage import Stage
from tests.web.browser import Browser

ERRORS = {
    "login": {"prompt": "none"},
    "scope": {"scope": "nothing we know"},
    "response type": {"response_type": "token"},
    "prompt": {"prompt": "none login"},
    "challenge": {"code_challenge": None},
    "request object": {"request": "x"},
    "resource": {"resource": "https://other.example/api"},
    "max_age": {"max_age": "-1"},
}


def test_success_names_the_issuer(stage: Stage, books: Party, ines: Browser) -> None:
    answer = books.ask(ines)
    assert set(answer) == {"code", "state", "iss"}
    assert answer["iss"] == stage.settings.issuer


@pytest.mark.parametrize("parameters", ERRORS.values(), ids=ERRORS.keys())
def test_errors_name_the_issuer_and_give_the_state_back(
    stage: Stage, books: Party, stranger: Browser, parameters: dict[str, str | None]
) -> None:
    answer = books.ask(stranger, **parameters)
    assert "error" in answer
    assert "code" not in answer
    assert (answer["iss"], answer["state"]) == (stage.settings.issuer, "a state")


def test_a_denied_consent_names_the_issuer(stage: Stage, ines: Browser) -> None:
    party = stage.register(trusted=False)
    ines.get(party.asking())
    assert ines.address.startswith("/consent?")
    location = ines.submit({"decision": "refuse"}).headers["Location"]
    assert location.startswith(party.redirect_uri)
    answer = query_of(location)
    assert (answer["error"], answer["iss"], answer["state"]) == ("access_denied", stage.settings.issuer, "a state")


@pytest.mark.parametrize("state", ["plain", "a b&c=d#e?f", "é€𝄞", "%00%0d%0a", "x" * 2000, '{"j":1}'])
def test_the_state_comes_back_as_it_was_sent(books: Party, ines: Browser, state: str) -> None:
    assert books.ask(ines, state=state)["state"] == state
    assert books.ask(ines, state=state, scope="nothing")["state"] == state


def test_without_a_state_none_comes_back(books: Party, ines: Browser) -> None:
    assert "state" not in books.ask(ines, state=None)


def test_an_answer_joins_the_query_of_the_redirect_address(stage: Stage, ines: Browser) -> None:
    party = stage.register(redirect_uris=["https://app.company.example/cb?tenant=7"])
    answer = party.ask(ines)
    assert answer["tenant"] == "7"
    assert party.redeem(answer["code"]).status_code == 200
