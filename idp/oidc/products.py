"""The applications around a person: where each product lives, and which ones a session has opened."""

from uuid import UUID

from sqlalchemy import select

from idp.oidc import clients
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import Grant
from idp.work import Work


def homes(work: Work) -> dict[str, str]:
    """Where each product lives: the first of its own applications that has a home page."""
    found: dict[str, str] = {}
    for client in clients.listing(work):
        if client.trusted and client.product and client.home_uri:
            found.setdefault(client.product, client.home_uri)
    return found


def opened(work: Work, session_id: UUID) -> list[RegisteredClient]:
    """The applications that hold a live grant of this session."""
    keys = set(
        work.session.scalars(
            select(Grant.client_id).where(Grant.session_id == session_id, Grant.revoked_at.is_(None)).distinct()
        )
    )
    return [client for client in clients.listing(work) if client.id in keys] if keys else []
