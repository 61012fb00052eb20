"""The OpenAPI document: well made, and of one mind with the code about what may be sent."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel, ValidationError

from idp.web.api.room import OPERATIONS
from idp.web.api.shapes import AN_ID
from tests.web.api.calling import Callers

pytestmark = pytest.mark.parametrize("demonstration", ["sqlite"], indirect=True, scope="session")

TEXT = {"type": "string", "minLength": 1}
REFERENCE = {
    "type": "object",
    "required": ["$ref"],
    "properties": {"$ref": {"pattern": "^#/components/\\w+/[\\w.-]+$"}},
}
MEDIA = {
    "type": "object", "required": ["schema"], "additionalProperties": False,
    "properties": {"schema": {"type": "object"}, "example": {}},
}  # fmt: skip
CONTENT = {"type": "object", "minProperties": 1, "patternProperties": {"^application/(problem\\+)?json$": MEDIA}}
RESPONSE = {
    "type": "object", "required": ["description"], "additionalProperties": False,
    "properties": {
        "description": TEXT, "content": CONTENT,
        "headers": {"additionalProperties": {"required": ["schema"]}},
    },
}  # fmt: skip
PARAMETER = {
    "type": "object", "required": ["name", "in", "required", "schema"],
    "properties": {
        "name": TEXT, "in": {"enum": ["path", "query", "header"]}, "required": {"type": "boolean"},
        "schema": {"type": "object"}, "description": {"type": "string"},
    },
    "additionalProperties": False, "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}},
}  # fmt: skip
OPERATION = {
    "type": "object", "required": ["summary", "operationId", "responses", "security", "tags"],
    "additionalProperties": False,
    "properties": {
        "summary": TEXT, "description": TEXT, "operationId": {"pattern": "^[a-z_]+$"},
        "tags": {"type": "array", "minItems": 1, "maxItems": 1}, "parameters": {"type": "array", "items": PARAMETER},
        "requestBody": {
            "type": "object", "required": ["content", "required"], "additionalProperties": False,
            "properties": {"content": CONTENT, "required": {"const": True}},
        },
        "responses": {"patternProperties": {"^[2-5][0-9]{2}$": {"anyOf": [REFERENCE, RESPONSE]}}, "minProperties": 2,
                      "additionalProperties": False},
        "security": {"type": "array", "minItems": 1},
    },
}  # fmt: skip
WHOLE = {
    "type": "object", "required": ["openapi", "info", "servers", "paths", "components", "tags"],
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "patternProperties": {"^/api/v1/": {
                "patternProperties": {"^(get|post|put|patch|delete)$": OPERATION}, "additionalProperties": False,
            }},
            "additionalProperties": False,
        },
        "components": {"properties": {
            "responses": {"additionalProperties": RESPONSE}, "schemas": {"additionalProperties": {"type": "object"}},
        }},
    },
}  # fmt: skip
"""What OpenAPI 3.1.0 says of the parts that are used here, and no others."""

VALUES: list[Any] = [
    None, "", "x", "x" * 5001, "1", "true", 0, 1, -1, 10**9, 1.5, True, [], ["x"], [None], {}, {"x": "y"}, {"x": True},
    {"capture": "capture.reader"}, AN_ID, AN_ID.replace("-", ""), "2099-01-31T23:00:00Z", "2099-01-31", "fr", "review",
]  # fmt: skip
"""What is put into every field."""

FORMATS = FormatChecker(formats=("uuid",))


@FORMATS.checks("date-time", raises=ValueError)
def _instant(value: object) -> bool:
    return not isinstance(value, str) or (len(value) > 16 and datetime.fromisoformat(value).tzinfo is not None)


def test_the_document_is_as_openapi_says(callers: Callers) -> None:
    described = callers.document.described
    problems = [
        f"{list(each.path)}: {each.message[:200]}" for each in Draft202012Validator(WHOLE).iter_errors(described)
    ]
    assert not problems, problems[:10]
    for name, schema in described["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == name
    known = {each["name"] for each in described["tags"]}
    for _, path, operation in callers.document.operations():
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), path
        assert set(operation["tags"]) <= known, path


def test_it_has_every_operation_with_the_shapes_of_the_code(callers: Callers) -> None:
    described = {each["operationId"]: each for _, _, each in callers.document.operations()}
    assert set(described) == {each.name for each in OPERATIONS.values()}
    for operation in OPERATIONS.values():
        said = described[operation.name]
        assert _shape(said.get("requestBody")) == (operation.sends.__name__ if operation.sends else None)
        assert _shape(said["responses"][str(operation.status)]) == (
            operation.shows.__name__ if operation.shows else None
        )


def _shape(said: Any) -> str | None:
    content = (said or {}).get("content")
    return content["application/json"]["schema"]["$ref"].rpartition("/")[2] if content else None


def _sent() -> list[type[BaseModel]]:
    return sorted({each.sends for each in OPERATIONS.values() if each.sends}, key=lambda each: each.__name__)


def test_document_and_code_accept_and_refuse_the_same_bodies(callers: Callers) -> None:
    """Each field of each example, replaced by one of many values, or left out; and one field more."""
    asked = 0
    for shape in _sent():
        pointed = json.loads(
            json.dumps({"$ref": f"#/components/schemas/{shape.__name__}", **callers.document.described})
        )
        judge = Draft202012Validator(pointed, format_checker=FORMATS)
        (example,) = shape.model_config["json_schema_extra"]["examples"]  # type: ignore[index, call-overload]
        for body in _bodies(example, list(shape.model_fields)):
            asked += 1
            accepted = _accepted(shape, body)
            assert accepted is None or accepted == judge.is_valid(body), (shape.__name__, body)
    assert asked > 1000


def _bodies(example: dict[str, Any], fields: list[str]) -> list[dict[str, Any]]:
    bodies = [example, {}, {**example, "unheard-of": 1}]
    bodies += [{key: value for key, value in example.items() if key != name} for name in example]
    return bodies + [{**example, name: value} for name in fields for value in VALUES]


def _accepted(shape: type[BaseModel], body: dict[str, Any]) -> bool | None:
    """What the code says; None where it knows a rule between fields, or of dates, which no schema can hold."""
    try:
        shape.model_validate(body)
    except ValidationError as error:
        found = error.errors()
        return None if all(each["type"] == "value_error" and not each["loc"] for each in found) else False
    return True
