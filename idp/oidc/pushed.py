"""Where pushed authorization requests wait (RFC 9126): each is taken up once, by the client that pushed it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert

from idp.core import tokens
from idp.core.prepared import Prepared
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import PushedRequest
from idp.work import Work

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=90)
_COLUMNS = ("digest", "client_id", "parameters", "expires_at")
_KEEP = Prepared(insert(PushedRequest).values({name: bindparam(name) for name in _COLUMNS}))
_TAKE = Prepared(
    delete(PushedRequest)
    .where(
        PushedRequest.digest == bindparam("pushed"),
        PushedRequest.client_id == bindparam("client"),
        PushedRequest.expires_at > bindparam("now"),
    )
    .returning(PushedRequest.parameters)
)


def is_ours(request_uri: str) -> bool:
    """Whether a `request_uri` is one that this service gives. Any other is never fetched (R-34)."""
    return request_uri.startswith(PREFIX)


def keep(work: Work, client: RegisteredClient, parameters: dict[str, str]) -> str:
    """Keep the parameters of a request; answers the `request_uri` for it (RFC 9126 §2.2). It holds 256 bits that cannot
    be guessed (§7.1) and is kept as a digest."""
    token = tokens.new()
    _KEEP.run(
        work.session.connection(),
        {
            "digest": tokens.digest(token),
            "client_id": client.id,
            "parameters": parameters,
            "expires_at": work.now + LIFETIME,
        },
    )
    return PREFIX + token


def take(work: Work, client: RegisteredClient, request_uri: str) -> dict[str, str] | None:
    """The parameters behind a `request_uri`, for the one caller that comes first (§4, §7.3); None when it is unknown,
    used, over, or another client's, whose it stays."""
    digest = tokens.digest(request_uri.removeprefix(PREFIX))
    row: Any = _TAKE.first(work.session.connection(), {"pushed": digest, "client": client.id, "now": work.now})
    return row.parameters if row is not None else None


def discard_old(work: Work) -> int:
    """Remove requests that nobody has taken up in time; answers how many."""
    gone = work.session.execute(delete(PushedRequest).where(PushedRequest.expires_at < work.now))
    return int(gone.rowcount)  # type: ignore[attr-defined]
