"""What products read with a token: userinfo (OIDC Core §5.3), the person's companies, permission sets."""

import json
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from idp.companies import access
from idp.oidc import introspection, permission_sets
from idp.oidc.errors import InvalidRequest
from idp.oidc.introspection import LiveToken
from idp.oidc.server import PlainRequest, PlainResponse, Server, once
from idp.web import cursors
from idp.web.oauth import backchannel
from idp.web.oauth.direct import JSON, Call, Channel, json_answer
from idp.web.work import open_work
from idp.work import Work

channel = Channel(backchannel.protect(Blueprint("userinfo", __name__)))
blueprint = channel.blueprint
PAGE_SIZE = 50
CURSOR = "companies of a token"
GONE = ("invalid_token", "The token is not valid any more.", 401)
IN_QUERY = "A token does not belong in the query."  # RFC 9700 §4.3.2: a token in an address ends up in logs
FOR_EVER = "private, max-age=31536000, immutable"


@channel.endpoint("/oauth/userinfo", "GET", "HEAD", "POST")
def userinfo(call: Call) -> PlainResponse:
    token = _presented(call)
    if token is None:
        return _challenge("", "", 401)
    work = call.work()
    live = introspection.access_token(work, token)
    if live is None:
        return _challenge(*GONE)
    found = introspection.userinfo(work, live)
    return (
        json_answer(found)
        if found is not None
        else _challenge("insufficient_scope", "The scope openid is needed.", 403)
    )


@blueprint.get("/me/companies")
def companies() -> Response:
    """The companies in which the token's person may use its product, a page at a time."""
    work = open_work()
    live = _live(work)
    if isinstance(live, Response):
        return live
    if live.family is None or "product" not in live.claims:
        return backchannel.answer(
            _challenge("insufficient_scope", "The token is not a person's token for a product.", 403)
        )
    asked = once(request.args.items(multi=True))
    after = cursors.read(work, asked.get("cursor"), CURSOR)
    found = access.choices(
        work, live.family.subject.account_id, live.claims["product"],
        search=asked.get("search", "")[:100], after=after, limit=PAGE_SIZE,
    )  # fmt: skip
    rows = [
        {"id": str(row.company_id), "name": row.name, "via": row.via, "roles": list(row.roles)} for row in found.choices
    ]
    return _json({"data": rows, "next": cursors.write(work, found.next, CURSOR)})


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


def _live(work: Work) -> LiveToken | Response:
    """What the bearer token of a request that Flask dispatches is worth, or the refusal."""
    token = _in_header(request.environ.get("HTTP_AUTHORIZATION", ""))
    if "access_token" in request.args:
        raise InvalidRequest(IN_QUERY)
    if token is None:
        return backchannel.answer(_challenge("", "", 401))
    live = introspection.access_token(work, token)
    return live if live is not None else backchannel.answer(_challenge(*GONE))


def _presented(call: Call) -> str | None:
    """The bearer token of this request, by its header or, posted, in its body (RFC 6750 §2.1, §2.2)."""
    environ = call.environ
    in_header = _in_header(environ.get("HTTP_AUTHORIZATION", ""))
    if call.method == "POST" and environ.get("CONTENT_LENGTH", "") not in ("", "0"):
        in_body = once(call.form().form).get("access_token")
        if in_body and in_header:
            raise InvalidRequest("The token is sent twice.")
        return in_header or in_body
    if "access_token" in dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)):
        raise InvalidRequest(IN_QUERY)
    return in_header


def _in_header(value: str) -> str | None:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _challenge(name: str, description: str, status: int) -> PlainResponse:
    """RFC 6750 §3: no error is named when no token was sent."""
    detail = f', error="{name}", error_description="{description}"' if name else ""
    body = {"error": name, "error_description": description} if name else {}
    return PlainResponse(status, json.dumps(body), (JSON, ("WWW-Authenticate", f'Bearer realm="sesame"{detail}')))


def _json(body: Any) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
