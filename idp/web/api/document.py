"""The OpenAPI document of the API, made from its operations and their shapes."""

import json
from functools import cache
from typing import Any, Literal

from flask import Blueprint, Response, current_app
from flask_openapi3 import OpenAPI
from pydantic import BaseModel

from idp.oidc import api_clients
from idp.web.api.room import OPERATIONS, Operation
from idp.web.api.shapes import Problem, example_of

PATH = f"{api_clients.PATH}/openapi.json"
_PROBLEMS = {
    400: "The body, or the request, cannot be read.",
    401: "No token, one that is not valid here, or a proof that has to be given again (RFC 6750, RFC 9470).",
    403: "The token lacks the scope, or the caller the permission.",
    404: "There is no such thing, or the caller may not know of it; the two look the same.",
    409: "The state of things does not allow it now; the code says why.",
    410: "It existed, and its time is over.",
    412: "What is to be changed has changed since it was read.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A parameter or a field cannot be used as it was sent.",
    428: "A change needs `If-Match`.",
    429: "Too many calls; `Retry-After` says when to go on.",
    503: "A resource is short at the moment; nothing was done.",
}
_SCOPES = {
    "companies.read": "See the people and the settings of companies.",
    "companies.write": "Change the people and the settings of companies.",
    "operations.read": "See accounts, companies, subscriptions, clients, keys, catalogue and the audit log as staff.",
    "operations.write": "Act on them as staff.",
}
Mode = Literal["validation", "serialization"]
_ABOUT = (
    "Companies, their people, roles, invitations, subscriptions and mandates, and the running of this service. Rights "
    "are read at every call: a token carries scopes, and what its person may do in a company decides."
)

blueprint = Blueprint("api_document", __name__)


@blueprint.get(PATH)
def openapi() -> Response:
    """The document, the same for everybody."""
    response = Response(_written(current_app._get_current_object()), mimetype="application/json")  # type: ignore[attr-defined]
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@cache
def _written(app: OpenAPI) -> str:
    return json.dumps(document(app), ensure_ascii=False)


def document(app: OpenAPI) -> dict[str, Any]:
    """OpenAPI 3.1, as flask-openapi3 puts it together, with what is the same for every operation."""
    issuer = app.extensions["sesame"].settings.issuer
    made: dict[str, Any] = json.loads(json.dumps(app.api_doc))
    made["info"] = {"title": "Sésame API", "version": "1", "description": _ABOUT}
    made["servers"] = [{"url": issuer}]
    schemas = made["components"]["schemas"]
    schemas.clear()  # written by hand there, and poorer than what the shapes say of themselves
    for operation in OPERATIONS.values():
        _describe(schemas, operation.sends, "validation")
        _describe(schemas, operation.shows, "serialization")
    _describe(schemas, Problem, "serialization")
    made["components"]["responses"] = {_named(status): _problem(text) for status, text in _PROBLEMS.items()}
    made["components"]["securitySchemes"] = {"oauth2": _security(issuer)}
    by_place = {(_place(each), each.method.lower()): each for each in OPERATIONS.values()}
    for path, methods in made["paths"].items():
        for method, described in methods.items():
            _complete(described, by_place[path, method])
    made["paths"] = dict(sorted(made["paths"].items()))
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    return made


def _place(operation: Operation) -> str:
    rule = api_clients.PATH + operation.rule
    for opening in ("<uuid:", "<"):
        rule = rule.replace(opening, "{")
    return rule.replace(">", "}")


def _named(status: int) -> str:
    return f"Problem{status}"


def _problem(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


def _describe(
    schemas: dict[str, Any], model: type[BaseModel] | None, mode: Literal["validation", "serialization"]
) -> None:
    """Put in the schema of a shape, and those that it is made of. A name stands for one shape."""
    if model is None:
        return
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    for name, found in {**schema.pop("$defs", {}), model.__name__: schema}.items():
        if schemas.setdefault(name, found) != found:
            raise RuntimeError(f"two shapes of the API are called {name}")


def _security(issuer: str) -> dict[str, Any]:
    endpoint = f"{issuer}/oauth/token"
    people = {
        "authorizationUrl": f"{issuer}/oauth/authorize", "tokenUrl": endpoint, "refreshUrl": endpoint,
        "scopes": _SCOPES,
    }  # fmt: skip
    return {
        "type": "oauth2",
        "description": "Access tokens of this service for the resource of its API, as bearer tokens or bound (DPoP).",
        "flows": {"authorizationCode": people, "clientCredentials": {"tokenUrl": endpoint, "scopes": _SCOPES}},
    }


def _complete(described: dict[str, Any], operation: Operation) -> None:
    """What the operation says of itself, and flask-openapi3 does not know."""
    if operation.sends is not None:
        described["requestBody"]["required"] = True
        described["requestBody"]["content"]["application/json"]["example"] = example_of(operation.sends)
    responses = described["responses"]
    responses.pop("422", None)  # its own, which is another shape than ours
    success = responses[str(operation.status)]
    headers = _answer_headers(operation)
    if headers:
        success["headers"] = headers
    for status in _statuses(operation):
        responses[str(status)] = {"$ref": f"#/components/responses/{_named(status)}"}
    described["parameters"] = [*described.get("parameters", ()), *_sent_headers(operation)]
    if not described["parameters"]:
        del described["parameters"]


def _statuses(operation: Operation) -> list[int]:
    found = {400, 401, 403, 404, 422, 429, 503}
    if not operation.safe:
        found |= {409, 410, 413}
    if operation.sends is not None:
        found |= {413, 415}
    if operation.present is not None:
        found |= {412, 428}
    return sorted(found)


def _sent_headers(operation: Operation) -> list[dict[str, Any]]:
    found = []
    if operation.once:
        text = "The same call with the same key is done once; the answer is kept for a day."
        found.append(("Idempotency-Key", False, text, {"type": "string", "minLength": 1, "maxLength": 200}))
    if operation.present is not None:
        text = "The `ETag` of what is to be changed, as it was read."
        found.append(("If-Match", True, text, {"type": "string", "minLength": 1}))
    return [
        {"name": name, "in": "header", "required": required, "description": text, "schema": schema}
        for name, required, text, schema in found
    ]


def _answer_headers(operation: Operation) -> dict[str, Any]:
    found = {}
    if operation.tagged and operation.shows is not None:
        found["ETag"] = {"description": "Of this representation, for `If-Match`.", "schema": {"type": "string"}}
    if operation.status == 201:
        found["Location"] = {"description": "Where it is read.", "schema": {"type": "string"}}
    return found
