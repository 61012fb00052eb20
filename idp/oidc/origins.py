"""From which browser pages a client may call the protocol by script (CORS, Fetch standard §3.2)."""

from joserfc.util import urlsafe_b64decode
from sqlalchemy import select

from idp.core import wire
from idp.oidc import cache, client_options, uris
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import Client
from idp.work import Work


def of(client: RegisteredClient) -> frozenset[str]:
    """The origins of one client: those it registered, otherwise those of the redirect addresses of a public client.
    A client with a secret has no page that could keep it."""
    return _origins(client.options.allowed_origins, client.redirect_uris if client.public else ())


def known(work: Work) -> frozenset[str]:
    """The origins of every client, from memory unless a client has changed. A preflight names no client."""
    remembered = cache.current(work)
    if remembered.origins is None:
        revision = remembered.revisions.get("clients")
        columns = (Client.options, Client.redirect_uris, Client.token_endpoint_auth_method)
        found: set[str] = set()
        for options, addresses, method in work.session.execute(select(*columns).where(Client.disabled_at.is_(None))):
            registered = client_options.read(options).allowed_origins
            found |= _origins(registered, addresses if method == "none" else ())
        if remembered.revisions.get("clients") == revision:  # otherwise a client has changed meanwhile
            remembered.origins = frozenset(found)
        return frozenset(found)
    return remembered.origins


def _origins(registered: list[str] | None, addresses: tuple[str, ...] | list[str]) -> frozenset[str]:
    if registered is not None:
        return frozenset(registered)
    return frozenset(filter(None, map(uris.page_origin, addresses)))


def unproved_client(header: str) -> str:
    """The client that a token in an `Authorization` header says it was given to; nothing of it is verified, and it is
    empty when it cannot be read."""
    _, _, token = header.partition(" ")
    try:
        claims = wire.read(urlsafe_b64decode(token.strip().split(".")[1].encode("ascii")))
        client_id = claims["client_id"]
    except (IndexError, ValueError, TypeError, KeyError):
        return ""
    return client_id if isinstance(client_id, str) else ""
