"""Discovery, keys and schemas: the same bytes for everybody, from memory."""

import json
from pathlib import Path

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import DBAPIError, TimeoutError

from idp.oidc import keys, metadata, protected_resource
from idp.web.oauth import backchannel
from idp.web.work import open_work, parts

blueprint = backchannel.protect(Blueprint("metadata", __name__))
LAST_KNOWN = "sesame last known keys"
SCHEMAS = Path(__file__).resolve().parents[2] / "oidc" / "schemas"
_CACHE = {"Cache-Control": "public, max-age=3600"}
_SHORT_CACHE = {"Cache-Control": "public, max-age=300"}


@blueprint.after_request
def for_every_page(response: Response) -> Response:
    """What is here is the same for everybody, so any page may read it (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Headers"] = "*"
    return response


PATHS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    protected_resource.PATH,
    "/oauth/jwks",
)
"""What is answered from memory, see `web/published.py`."""


@blueprint.get("/.well-known/openid-configuration")
@blueprint.get("/.well-known/oauth-authorization-server")
def discovery() -> Response:
    settings = parts().settings
    document = metadata.describe(settings.issuer, pushed_only=settings.require_pushed_authorization_requests)
    if settings.client_certificate_header:
        document = metadata.with_certificates(document, settings.issuer, settings.mtls_origin)
    return Response(json.dumps(document), mimetype="application/json", headers=_CACHE)


@blueprint.get(protected_resource.PATH)
def resource() -> Response:
    """What the API says of itself (RFC 9728)."""
    document = json.dumps(protected_resource.describe(parts().settings.issuer))
    return Response(document, mimetype="application/json", headers=_CACHE)


@blueprint.get("/oauth/jwks")
def jwks() -> Response:
    """The public keys; the last known ones while the database is away (docs/operations.md)."""
    last_known = current_app.extensions.setdefault(LAST_KNOWN, {})
    try:
        last_known["jwks"] = keys.current(open_work()).jwks
    except (DBAPIError, TimeoutError):
        if "jwks" not in last_known:
            raise
    return Response(last_known["jwks"], mimetype="application/json", headers=_SHORT_CACHE)


@blueprint.get("/schemas/<name>.json")
def schema(name: str) -> Response:
    """A JSON Schema of the token contract: `access-token`, `id-token`, `userinfo` or `logout-token`."""
    known = {file.stem: file for file in SCHEMAS.glob("*.json")}
    if name not in known:
        return backchannel.error("not_found", "No such schema.", 404)
    return Response(known[name].read_bytes(), mimetype="application/schema+json", headers=_CACHE)
