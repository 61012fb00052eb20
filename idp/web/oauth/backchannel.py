"""What the endpoints that no browser page uses have in common: plain requests in, JSON out, no session, no CSRF token.

This is for those that Flask dispatches; the four that are called all day are in `direct.py`.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.exc import DBAPIError, TimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from idp.core.errors import InvalidInput, Unavailable
from idp.oidc.errors import ProtocolError
from idp.oidc.server import PlainResponse, answer_error

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_NAMES = {400: "invalid_request", 404: "not_found", 405: "invalid_request", 413: "invalid_request"}


def authorization() -> dict[str, str]:
    """The one header that the protocol reads."""
    value = request.environ.get("HTTP_AUTHORIZATION")
    return {"Authorization": value} if value is not None else {}


def answer(plain: PlainResponse) -> Response:
    """A plain answer as Flask sends it."""
    response = Response(plain.body, status=plain.status)
    for name, value in plain.headers:
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def json_answer(body: Any, status: int = 200) -> Response:
    """A JSON answer that nobody keeps."""
    return Response(json.dumps(body), status=status, mimetype="application/json", headers=NO_STORE)


def error(name: str, description: str, status: int) -> Response:
    """A JSON error of RFC 6749 §5.2."""
    body: dict[str, Any] = {"error": name, "error_description": description}
    return json_answer(body, status)


def as_result(view: Callable[..., Response]) -> Callable[..., Response]:
    """Make the refusals of a view results: what they recorded (a failed authentication) is committed with the answer.
    Authlib does the same for its own endpoints; an exception that leaves the view rolls back."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Response:
        try:
            return view(*args, **kwargs)
        except ProtocolError as problem:
            return answer(answer_error(problem))

    return answered


def protect(blueprint: Blueprint) -> Blueprint:
    """Give a blueprint the oauth face of errors: RFC 6749 §5.2 JSON for whatever goes wrong in it."""

    @blueprint.errorhandler(ProtocolError)
    def refused(problem: ProtocolError) -> Response:
        return answer(answer_error(problem))

    @blueprint.errorhandler(HTTPException)
    def unusable(problem: HTTPException) -> Response:
        status = problem.code or 400
        if isinstance(problem, RequestEntityTooLarge):
            return error("invalid_request", "The body is too large.", status)
        return error(_NAMES.get(status, "invalid_request"), problem.name, status)

    @blueprint.errorhandler(InvalidInput)
    def invalid(problem: InvalidInput) -> Response:
        return error("invalid_request", f"The field {problem.members.get('field', '')} is not usable.", 400)

    @blueprint.errorhandler(Unavailable)
    @blueprint.errorhandler(DBAPIError)
    @blueprint.errorhandler(TimeoutError)
    def short(problem: Exception) -> Response:
        response = error("temporarily_unavailable", "Try again in a moment.", 503)
        response.headers["Retry-After"] = "2"
        return response

    return blueprint
