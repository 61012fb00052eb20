"""Dynamic client registration (RFC 7591) and its management (RFC 7592)."""

from typing import Any

from flask import Blueprint, Response, request

from idp.oidc import registration
from idp.oidc.errors import InvalidRequest
from idp.oidc.server import PlainRequest
from idp.web.oauth import backchannel
from idp.web.work import open_work, parts

blueprint = backchannel.protect(Blueprint("register", __name__))


@blueprint.post("/oauth/register")
def register() -> Response:
    return _answer()


@blueprint.route("/oauth/register/<client_id>", methods=["GET", "PUT", "DELETE"])
def configure(client_id: str) -> Response:
    return _answer()


def _answer() -> Response:
    data: dict[str, Any] = {}
    if request.method in ("POST", "PUT"):
        if request.query_string or not request.is_json:
            raise InvalidRequest("The body must be application/json, without a query.")
        try:
            sent = request.get_json(silent=True)
        except RecursionError as error:  # lists in lists, deeper than Python reads
            raise InvalidRequest("The body is nested too deeply.") from error
        if not isinstance(sent, dict):
            raise InvalidRequest("The body is not a JSON object.")
        data = sent
    plain = PlainRequest(request.method, request.path, headers=backchannel.authorization())
    work = open_work(write=True)
    return backchannel.answer(registration.handle(work, plain, data, development=parts().settings.development))
