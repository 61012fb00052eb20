"""Front-channel logout (OIDC Front-Channel Logout 1.0): products close sessions in frames of our page."""

from urllib.parse import urlencode, urlsplit
from uuid import UUID

from sqlalchemy import select

from idp.oidc import clients, sectors
from idp.oidc.models import Client, Grant
from idp.work import Work


def frames(work: Work, session_id: UUID, sid: str) -> tuple[str, ...]:
    """The addresses that close a session at the products it reached, in this browser. Issuer and session are always
    named (§2), so that nobody can sign a person out of a product by its address alone."""
    reached = work.session.scalars(
        select(Client.client_id)
        .join(Grant, Grant.client_id == Client.id)
        .where(Grant.session_id == session_id)
        .distinct()
    )
    found = []
    for client_id in sorted(reached):
        client = clients.find(work, client_id)
        uri = client.options.frontchannel_logout_uri if client is not None else None
        if client is not None and uri:
            told = urlencode({"iss": work.issuer, "sid": sectors.sid(work, client, sid)})
            found.append(f"{uri}{'&' if urlsplit(uri).query else '?'}{told}")
    return tuple(found)
