"""A product says which of its applications are activated at a company, with its own credentials (EMP-12)."""

import json

import pytest

from tests.party import Party, basic
from tests.stage import Stage


@pytest.fixture
def invoicing(own_stage: Stage) -> Party:
    return own_stage.party("demo-invoicing")


def told(party: Party, path: str, body: object) -> tuple[int, dict]:
    answer = party.http.put(path, json=body, headers=basic(party.client_id, party.secret or ""))
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.status_code, answer.json


def test_a_product_tells_the_whole_list_and_reads_it_back(own_stage: Stage, invoicing: Party) -> None:
    path = f"/modules/{own_stage.company('toitures-vanderlinden')}"
    credentials = basic(invoicing.client_id, invoicing.secret or "")
    before = invoicing.http.get(path, headers=credentials).json
    assert (before["product"], before["off"]) == ("invoicing", [])
    on = [each for each in before["on"] if each != "stock"]
    after = {"product": "invoicing", "on": on, "off": ["stock"]}
    assert told(invoicing, path, {"on": on}) == (200, after)
    assert told(invoicing, path, {"on": on}) == (200, after)
    assert invoicing.http.get(path, headers=credentials).json == after


def test_only_the_product_itself_and_only_where_it_is_used(own_stage: Stage, invoicing: Party) -> None:
    """A company that does not exist and one that does not use the product look the same."""
    lumen = f"/modules/{own_stage.company('atelier-lumen')}"
    missing = "/modules/0199e1aa-0000-7000-8000-000000000000"
    practice = own_stage.party("demo-practice")
    assert told(practice, lumen, {"on": []}) == told(practice, missing, {"on": []})
    assert told(practice, lumen, {"on": []})[0] == 404
    assert told(invoicing.known_as(secret="wrong"), lumen, {"on": []})[0] == 401
    assert invoicing.http.put(lumen, json={"on": []}).status_code == 401
    assert invoicing.http.get(lumen).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"on": ["customers"]}, {"on": ["no-such-area"]}, {"on": "stock"}, {"on": [1]}, {"off": ["stock"]}, {}, [],
        {"on": [], "more": 1}, {"on": ["\x00"]}, {"on": ["x" * 65]}, {"on": ["stock"] * 201},
    ],
)  # fmt: skip
def test_bad_input_is_named(own_stage: Stage, invoicing: Party, body: object) -> None:
    status, answer = told(invoicing, f"/modules/{own_stage.company('toitures-vanderlinden')}", body)
    assert (status, answer["error"]) == (400, "invalid_request")
    assert "field on" in answer["error_description"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"), (b"\xff", "application/json"), (b'{"on":[]}', "text/plain"),
        (b" " * 20_000, "application/json"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(own_stage: Stage, invoicing: Party, content: bytes, kind: str) -> None:
    path = f"/modules/{own_stage.company('toitures-vanderlinden')}"
    headers = basic(invoicing.client_id, invoicing.secret or "")
    answer = invoicing.http.put(path, data=content, content_type=kind, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert json.loads(answer.data)
