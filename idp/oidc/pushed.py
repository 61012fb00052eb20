"""Where pushed authorization requests wait (RFC 9126): each gives one code, to the client that pushed it.

A browser may come with the address of one again as long as no code was issued for it: people load pages anew, and go
back (§4).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from idp.core import tokens
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import PushedRequest
from idp.work import Work

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=90)
_COLUMNS = ("digest", "client_id", "parameters", "expires_at")
_KEEP = Prepared(insert(PushedRequest).values({name: bindparam(name) for name in _COLUMNS}))
_FIND = Prepared(
    select(PushedRequest.parameters).where(
        PushedRequest.digest == bindparam("pushed"),
        PushedRequest.client_id == bindparam("client"),
        PushedRequest.expires_at > bindparam("now"),
    )
)
_SPEND = Prepared(delete(PushedRequest).where(PushedRequest.digest == bindparam("pushed")))
_ORIGIN = "request_uri"
"""Among the parameters that were found, the digest of where they were; no other request that is taken up has this."""


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


def find(work: Work, client: RegisteredClient, request_uri: str) -> dict[str, str] | None:
    """The parameters behind a `request_uri`, with what `spend` has to know of it; None when it is unknown, used, over,
    or another client's, whose it stays."""
    digest = tokens.digest(request_uri.removeprefix(PREFIX))
    row: Any = _FIND.first(reader(work.session), {"pushed": digest, "client": client.id, "now": work.now})
    return {**row.parameters, _ORIGIN: digest.hex()} if row is not None else None


def spend(work: Work, parameters: dict[str, str]) -> bool:
    """Use up the `request_uri` that these parameters came by (§4, §7.3), however long the person was busy since; True
    for the one caller that may issue a code, and for parameters that were not pushed."""
    if _ORIGIN not in parameters:
        return True
    return _SPEND.run(work.session.connection(), {"pushed": bytes.fromhex(parameters[_ORIGIN])}) == 1


def discard_old(work: Work, before: datetime) -> int:
    """Remove requests that ran out before this instant without a code; answers how many. As long as one that came of
    it is kept for a person, it has to be there to be spent."""
    gone = work.session.execute(delete(PushedRequest).where(PushedRequest.expires_at < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]
