"""What products read with a token: userinfo (OIDC Core §5.3), the person's companies, permission sets."""

import json
from typing import Any

from flask import Blueprint, Response, request

from idp.companies import access
from idp.oidc import introspection, permission_sets
from idp.oidc.errors import InvalidRequest
from idp.oidc.introspection import LiveToken
from idp.oidc.server import PlainRequest, Server, once
from idp.web import cursors
from idp.web.oauth import backchannel
from idp.web.work import open_work
from idp.work import Work

blueprint = backchannel.protect(Blueprint("userinfo", __name__))
PAGE_SIZE = 50
CURSOR = "companies of a token"
FOR_EVER = "private, max-age=31536000, immutable"


@blueprint.route("/oauth/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    work = open_work()
    live = _live(work)
    if isinstance(live, Response):
        return live
    found = introspection.userinfo(work, live)
    if found is None:
        return _challenge("insufficient_scope", "The scope openid is needed.", 403)
    return _json(found)


@blueprint.get("/me/companies")
def companies() -> Response:
    """The companies in which the token's person may use its product, a page at a time."""
    work = open_work()
    live = _live(work)
    if isinstance(live, Response):
        return live
    if live.family is None or "product" not in live.claims:
        return _challenge("insufficient_scope", "The token is not a person's token for a product.", 403)
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
    """The bearer token of this request (RFC 6750 §2.1, §2.2), or the refusal."""
    token = _presented()
    if token is None:
        return _challenge("", "", 401)
    live = introspection.access_token(work, token)
    return live if live is not None else _challenge("invalid_token", "The token is not valid any more.", 401)


def _presented() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    in_header = token.strip() if scheme.lower() == "bearer" else None
    if request.method == "POST" and request.content_length:
        in_body = once(backchannel.plain_form().form).get("access_token")
        if in_body and in_header:
            raise InvalidRequest("The token is sent twice.")
        return in_header or in_body
    if "access_token" in request.args:  # RFC 9700 §4.3.2: a token in an address ends up in logs
        raise InvalidRequest("A token does not belong in the query.")
    return in_header


def _challenge(name: str, description: str, status: int) -> Response:
    """RFC 6750 §3: no error is named when no token was sent."""
    detail = f' error="{name}", error_description="{description}"' if name else ""
    body = {"error": name, "error_description": description} if name else {}
    response = Response(json.dumps(body), status=status, mimetype="application/json")
    response.headers["WWW-Authenticate"] = f'Bearer realm="sesame"{"," + detail if detail else ""}'
    response.headers["Cache-Control"] = "no-store"
    return response


def _json(body: Any) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
