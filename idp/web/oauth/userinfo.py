"""What products read with a token: userinfo (OIDC Core §5.3), the person's companies, permission sets."""

import json
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from flask import Blueprint, Response, request

from idp.companies import access
from idp.oidc import introspection, permission_sets, signed_answers
from idp.oidc.errors import InvalidRequest, ProtocolError
from idp.oidc.server import PlainRequest, PlainResponse, Server, once
from idp.web import cursors
from idp.web.oauth import backchannel, resource
from idp.web.oauth.direct import Call, Channel, json_answer
from idp.web.work import open_work, parts
from idp.work import Work

channel = Channel(backchannel.protect(Blueprint("userinfo", __name__)))
blueprint = channel.blueprint
PAGE_SIZE = 50
AS_JWT = ("Content-Type", "application/jwt")
CURSOR = "companies of a token"
IN_QUERY = "A token does not belong in the query."  # RFC 9700 §4.3.2: a token in an address ends up in logs
FOR_EVER = "private, max-age=31536000, immutable"


@channel.endpoint("/oauth/userinfo", "GET", "HEAD", "POST", pages=True)
def userinfo(call: Call) -> PlainResponse:
    try:
        scheme, token = _sent(call)
    except ProtocolError as problem:
        return resource.unreadable(problem)
    if token is None:
        return resource.nothing_sent()
    work = call.work()
    shown = resource.presented(work, call.environ, scheme, token, call.certificate())
    live = resource.worth(work, shown)
    if isinstance(live, PlainResponse):
        return live
    found = introspection.userinfo(work, live)
    if found is None:
        return resource.refuse(work, shown, "insufficient_scope", "The scope openid is needed.", 403)
    signed = signed_answers.userinfo(work, live, found)
    answer = json_answer(found) if signed is None else PlainResponse(200, signed, (AS_JWT,))
    return resource.accepted(work, shown, answer)


@blueprint.get("/me/companies")
def companies() -> Response:
    """The companies in which the token's person may use its product, a page at a time."""
    if "access_token" in request.args:
        return backchannel.answer(resource.unreadable(InvalidRequest(IN_QUERY)))
    scheme, token = resource.in_header(request.environ.get("HTTP_AUTHORIZATION", ""))
    if token is None:
        return backchannel.answer(resource.nothing_sent())
    work = open_work()
    shown = resource.presented(work, request.environ, scheme, token, parts().certificates.shown(request.environ))
    live = resource.worth(work, shown)
    if isinstance(live, PlainResponse):
        return backchannel.answer(live)
    if live.family is None or "product" not in live.claims:
        refusal = ("insufficient_scope", "The token is not a person's token for a product.", 403)
        return backchannel.answer(resource.refuse(work, shown, *refusal))
    found = json_answer(_companies(work, live.family.subject.account_id, live.claims["product"]))
    return backchannel.answer(resource.accepted(work, shown, found))


def _companies(work: Work, account_id: UUID, product: str) -> dict[str, Any]:
    asked = once(request.args.items(multi=True))
    after = cursors.read(work, asked.get("cursor"), CURSOR)
    found = access.choices(
        work, account_id, product,
        search=asked.get("search", "")[:100], after=after, limit=PAGE_SIZE,
    )  # fmt: skip
    rows = [
        {"id": str(row.company_id), "name": row.name, "via": row.via, "roles": list(row.roles)} for row in found.choices
    ]
    return {"data": rows, "next": cursors.write(work, found.next, CURSOR)}


@blueprint.get("/permission-sets/<set_id>")
@backchannel.as_result
def permission_set(set_id: str) -> Response:
    """The list behind `permission_set`, for a client of its product; immutable."""
    work = open_work()
    server = Server(work)
    plain = PlainRequest("POST", request.path, headers=backchannel.authorization())
    client = server.authenticate_client(server.create_oauth2_request(plain))
    found = permission_sets.find(work, set_id, client.product) if client.product else None
    if found is None:
        return backchannel.error("not_found", "No such permission set for this client.", 404)
    response = _json({"id": set_id, "product": client.product, "permissions": found})
    response.headers["Cache-Control"] = FOR_EVER
    return response


def _sent(call: Call) -> tuple[str, str | None]:
    """The token of this request, by its header or, a bearer token that is posted, in its body (RFC 6750 §2.1, §2.2)."""
    environ = call.environ
    scheme, in_header = resource.in_header(environ.get("HTTP_AUTHORIZATION", ""))
    announced = environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
    if call.method == "POST" and announced:
        in_body = once(call.form().form).get("access_token")
        if in_body and in_header:
            raise InvalidRequest("The token is sent twice.")
        return (scheme, in_header) if in_header else (resource.BEARER, in_body)
    if "access_token" in dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)):
        raise InvalidRequest(IN_QUERY)
    return scheme, in_header


def _json(body: Any) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
