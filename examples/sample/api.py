"""The product's API: the pages' areas as JSON, for programs that hold an access token of this product."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request

from examples.sample.parts import parts
from examples.sample.permissions import Access, NotPermitted, ProofNeeded
from examples.sample.product import Cell, Text
from examples.sample.tokens import ServiceUnavailable, TokenRefused

views = Blueprint("api", __name__, url_prefix="/api")


class NoToken(Exception):
    """The request carries no bearer token."""


def bearer() -> str:
    """The access token of the Authorization header; RFC 6750's two other places are not accepted (RFC 9700 §4.3.2)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NoToken
    return token.strip()


def required() -> Access:
    """The access of the presented token, checked here and now without asking the service."""
    here = parts()
    return here.gate.access(here.verifier.access_token(bearer()))


@views.get("/<area_id>")
def read(area_id: str) -> Response:
    here = parts()
    access = required()
    area = here.product.area(area_id)
    if area is None:
        return _answer(404, {"error": "not_found"})
    here.gate.require(access, area)
    columns = [column.en for column in area.columns]
    return _answer(
        200,
        {
            "area": area.id,
            "company": access.company,
            "data": [dict(zip(columns, map(_value, row), strict=True)) for row in area.rows()],
        },
    )


@views.errorhandler(NoToken)
def no_token(_: NoToken) -> Response:
    return _challenge(401, {})  # RFC 6750 §3.1: a request without a token is told no error code


@views.errorhandler(TokenRefused)
def token_refused(refused: TokenRefused) -> Response:
    return _challenge(401, {"error": "invalid_token", "error_description": str(refused)})


@views.errorhandler(NotPermitted)
def not_permitted(refused: NotPermitted) -> Response:
    return _challenge(
        403, {"error": "insufficient_scope", "error_description": f"{refused.area.id} is not open to you"}
    )


@views.errorhandler(ProofNeeded)
def proof_needed(needed: ProofNeeded) -> Response:
    """RFC 9470 §3: the client takes `acr_values` and `max_age` along to the authorization endpoint."""
    description = "a second factor of the last minutes is needed"
    return _challenge(
        401, {"error": "insufficient_user_authentication", "error_description": description, **needed.demand}
    )


@views.errorhandler(ServiceUnavailable)
def service_unavailable(_: ServiceUnavailable) -> Response:
    answer = _answer(503, {"error": "temporarily_unavailable"})
    answer.headers["Retry-After"] = "5"
    return answer


def _challenge(status: int, error: dict[str, str]) -> Response:
    answer = _answer(status, error or {"error": "unauthorized"})
    said = "".join(f', {name}="{_quotable(value)}"' for name, value in error.items())
    answer.headers["WWW-Authenticate"] = f'Bearer realm="{parts().product.id}"{said}'
    return answer


def _quotable(value: str) -> str:
    """RFC 6750 §3: an error description has neither quotation marks nor backslashes nor anything beyond ASCII."""
    return "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "'" for c in value)[:200]


def _answer(status: int, body: dict[str, Any]) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _value(cell: Cell) -> str | int:
    if isinstance(cell, Text):
        return cell.en
    if isinstance(cell, Decimal):
        return str(cell)
    return cell.isoformat() if isinstance(cell, date) else cell
