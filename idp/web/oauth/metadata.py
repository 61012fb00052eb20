"""Discovery, keys and schemas: the same bytes for everybody, from memory."""

import json
import time
from pathlib import Path

from flask import Blueprint, Response, current_app
from sqlalchemy.exc import DBAPIError, TimeoutError

from idp.oidc import keys, metadata
from idp.web.oauth import backchannel
from idp.web.work import open_work, parts

blueprint = backchannel.protect(Blueprint("metadata", __name__))
RECHECKED_AFTER_SECONDS = 1.0
SCHEMAS = Path(__file__).resolve().parents[2] / "oidc" / "schemas"
_CACHE = {"Cache-Control": "public, max-age=3600"}
_SHORT_CACHE = {"Cache-Control": "public, max-age=300"}


class Published:
    """The bytes of this process, read again from the database once a second at most."""

    def __init__(self) -> None:
        self.discovery = b""
        self.jwks = b""
        self.checked = float("-inf")


def published() -> Published:
    """What this application publishes."""
    found: Published = current_app.extensions.setdefault("sesame_published", Published())
    return found


@blueprint.get("/.well-known/openid-configuration")
@blueprint.get("/.well-known/oauth-authorization-server")
def discovery() -> Response:
    memory = published()
    if not memory.discovery:
        memory.discovery = json.dumps(metadata.describe(parts().settings.issuer)).encode()
    return Response(memory.discovery, mimetype="application/json", headers=_CACHE)


@blueprint.get("/oauth/jwks")
def jwks() -> Response:
    """The public keys. Answered from memory while the database is away (security.md F-21)."""
    memory = published()
    now = time.monotonic()
    if now - memory.checked > RECHECKED_AFTER_SECONDS:
        try:
            memory.jwks = keys.current(open_work()).jwks
        except (DBAPIError, TimeoutError):
            if not memory.jwks:
                raise
        memory.checked = now
    return Response(memory.jwks, mimetype="application/json", headers=_SHORT_CACHE)


@blueprint.get("/schemas/<name>.json")
def schema(name: str) -> Response:
    """A JSON Schema of the token contract: `access-token`, `id-token`, `userinfo` or `logout-token`."""
    known = {file.stem: file for file in SCHEMAS.glob("*.json")}
    if name not in known:
        return backchannel.error("not_found", "No such schema.", 404)
    return Response(known[name].read_bytes(), mimetype="application/schema+json", headers=_CACHE)
