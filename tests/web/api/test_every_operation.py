"""What holds for every operation of the document, whichever it is."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import route_policy
from tests.stage import Stage
from tests.web.api.calling import BASE, Api, Callers, problem

PARAMETER = re.compile(r"\{(\w+)\}")
QUERIES = ("limit=1&limit=2", "cursor=" + "x" * 3000, "limit=0", "unknown=1", "search=%00", "limit=9999999999999")
NESTED = b'{"a":' * 30_000


def address(path: str, **values: str) -> str:
    """A path with its parameters put in, without the base."""
    return PARAMETER.sub(lambda found: values.get(found[1], str(uuid4())), path).removeprefix(BASE)


def body_of(described: dict[str, Any]) -> dict[str, Any] | None:
    return {} if "requestBody" in described else None


def test_without_a_token_everything_is_refused(callers: Callers) -> None:
    nobody, asked = callers.nobody(), 0
    for method, path, described in callers.document.operations():
        answer = nobody.call(method, address(path), body_of(described))
        assert problem(answer) == (401, "not_authenticated"), path
        asked += 1
    assert asked > 10


def test_without_the_scope_everything_is_refused(callers: Callers) -> None:
    company = str(callers.stage.company("atelier-lumen"))
    for method, path, described in callers.document.operations():
        (scope,) = described["security"][0]["oauth2"]
        others = {"companies.read", "companies.write", "operations.read", "operations.write"} - {scope}
        caller = callers.person("amelie.dubois", f"openid {' '.join(sorted(others))}")
        answer = caller.call(method, address(path, company_id=company), body_of(described))
        assert problem(answer) == (403, "insufficient_scope"), (method, path)
        assert answer.json["scope"] == scope  # type: ignore[index]


def test_a_company_of_others_is_answered_like_one_that_does_not_exist(callers: Callers) -> None:
    """Byte by byte, for people and for services, whatever was sent."""
    foreign = str(callers.stage.company("boulangerie-lemaire"))
    everything = [
        each for line in route_policy.read().values() for each in (*line.needs, *line.any) if line.who == "api"
    ]
    own = sorted({each for each in everything if not each.startswith("operations.")})
    people = [callers.person("ines.moreau"), callers.service(*own, company="atelier-lumen")]
    asked = 0
    for method, path, described in callers.document.operations():
        if "{company_id}" not in path or path.startswith(f"{BASE}/operations"):
            continue
        for caller in people:
            answers = [
                caller.call(method, address(path, company_id=company), body_of(described), match='"x"')
                for company in (foreign, str(uuid4()))
            ]
            assert problem(answers[0]) == (404, "not_found"), (method, path, answers[0].text)
            assert answers[0].data == answers[1].data
            asked += 1
    assert asked > 10


def test_every_operation_says_the_scope_and_the_permission_that_its_route_says(callers: Callers) -> None:
    lines = route_policy.read()
    for method, path, described in callers.document.operations():
        rule = next(
            line for (known, verb), line in lines.items()
            if verb == method and re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", known) == path
        )  # fmt: skip
        assert described["security"] == [{"oauth2": [rule.scope]}]
        assert re.findall(r"`([a-z]+(?:\.[a-z0-9-]+){2})`", described["description"].rpartition("Needs")[2]) == [
            *rule.needs, *rule.any,
        ] or not (rule.needs or rule.any), path  # fmt: skip
        assert described["summary"]
        assert described["operationId"]


def test_operation_names_are_unique_and_every_reference_leads_somewhere(callers: Callers) -> None:
    names = [described["operationId"] for _, _, described in callers.document.operations()]
    assert len(set(names)) == len(names)
    text = json.dumps(callers.document.described)
    components = callers.document.described["components"]
    for kind, name in re.findall(r'"#/components/(\w+)/([\w.-]+)"', text):
        assert name in components[kind], name
    assert callers.document.described["openapi"] == "3.1.0"


def test_what_is_sent_may_be_anything_and_nothing_fails(callers: Callers) -> None:
    """Malformed, huge, deep, repeated, of another kind: a clear refusal, never a failure of ours."""
    company = str(callers.stage.company("cabinet-deltour"))
    nathalie, client = callers.person("nathalie.deltour"), callers.stage.app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {nathalie.token}", "If-Match": '"x"', "Idempotency-Key": "x"}
    bodies: list[tuple[bytes, str]] = [
        (b"", "application/json"), (b"{", "application/json"), (b"[]", "application/json"),
        (b'"{}"', "application/json"),
        (b'{"a": 1, "a": 2}', "application/json"), (b'{"a": NaN}', "application/json"), (NESTED, "application/json"),
        (b"\xff\xfe", "application/json"), (b"{}", "text/plain"), (b"a=b", "application/x-www-form-urlencoded"),
        (b'{"name": "\\u0000"}', "application/json"), (b'{"name": "\\ud800"}', "application/json"),
        (b'{"' + b"x" * 5000 + b'": 1}', "application/json"), (b"x" * 70_000, "application/json"),
    ]  # fmt: skip
    for method, path, described in callers.document.operations():
        target = BASE + address(path, company_id=company)
        if "requestBody" in described:
            for body, kind in bodies:
                answer = client.open(target, method=method, data=body, content_type=kind, headers=headers)
                assert 400 <= answer.status_code < 500, (method, path, body[:40], answer.status_code)
                callers.document.check(method, target, answer)
        for query in QUERIES:
            answer = client.open(f"{target}?{query}", method=method, json={}, headers=headers)
            assert answer.status_code in (400, 403, 404, 409, 412, 422), (
                method,
                path,
                query,
                answer.status_code,
                answer.text,
            )


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def filled(document: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the names of a schema, and whatever under them."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    names = dict.fromkeys(schema.get("properties", {}), ANYTHING)
    return st.fixed_dictionaries({}, optional=names) if names else st.just({})


@pytest.mark.parametrize("who", ["nathalie.deltour", "pieter.claes"])
def test_fields_may_hold_anything_and_nothing_fails(callers: Callers, who: str, stage: Stage) -> None:
    caller = callers.person(who)
    company = str(stage.company("cabinet-deltour"))
    operations = [each for each in callers.document.operations() if "requestBody" in each[2]]

    for method, path, described in operations:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        _try(caller, method, address(path, company_id=company), filled(callers.document.described, schema))


def _try(caller: Api, method: str, path: str, bodies: st.SearchStrategy[dict[str, Any]]) -> None:
    @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(bodies)
    def ask(body: dict[str, Any]) -> None:
        assert caller.call(method, path, body, match='"x"').status_code < 500

    ask()
