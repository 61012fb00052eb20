"""Resource indicators (RFC 8707): a client's tokens are for its one resource."""

import json

import pytest

from tests.party import Party, basic, query_of
from tests.web.browser import Browser


def test_the_own_resource_may_be_named(books: Party, ines: Browser) -> None:
    assert books.resource is not None
    code = books.code(ines, resource=books.resource)
    answer = books.redeem(code, resource=books.resource)
    assert answer.status_code == 200
    assert books.verified(answer.json["access_token"])["aud"] == books.resource
    again = books.refresh(answer.json["refresh_token"], resource=books.resource)
    assert books.verified(again.json["access_token"])["aud"] == books.resource
    own = books.post("/oauth/token", grant_type="client_credentials", resource=books.resource)
    assert books.verified(own.json["access_token"])["aud"] == books.resource


OTHERS = ["https://evil.example/api", "http://localhost:8002/api", "http://localhost:8001/api/", "not an address", "*"]


@pytest.mark.parametrize("resource", OTHERS)
def test_another_resource_is_an_invalid_target(books: Party, ines: Browser, resource: str) -> None:
    assert books.ask(ines, resource=resource)["error"] == "invalid_target"
    tokens = books.tokens(ines)
    for answer in (
        books.redeem(books.code(ines), resource=resource),
        books.refresh(tokens["refresh_token"], resource=resource),
        books.post("/oauth/token", grant_type="client_credentials", resource=resource),
    ):
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")
        assert "access_token" not in answer.json


def test_several_resources_are_an_invalid_target(books: Party, ines: Browser) -> None:
    assert books.resource is not None
    answer = books.http.post(
        "/oauth/token", headers=basic(books.client_id, books.secret or ""),
        data={"grant_type": "client_credentials", "resource": [books.resource, "http://localhost:8002/api"]},
    )  # fmt: skip
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")
    sent = ines._send("GET", f"{books.asking()}&resource={books.resource}&resource={books.resource}")
    assert query_of(sent.headers["Location"])["error"] == "invalid_target"


def test_a_token_for_one_product_says_nothing_of_another(books: Party, capture: Party, ines: Browser) -> None:
    one, other = (party.verified(party.tokens(ines)["access_token"]) for party in (books, capture))
    assert one["aud"] != other["aud"]
    assert one["product"] == "accounting"
    assert other["product"] == "capture"
    assert "capture" not in json.dumps(one)
    assert capture.introspect(books.tokens(ines)["access_token"]) == {"active": False}
