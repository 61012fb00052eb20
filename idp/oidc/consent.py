"""Consent: a person lets a client that is not one of our own products act for them (R-42)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log as audit
from idp.core.ids import uuid7
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import Consent
from idp.work import Work


def needed(
    work: Work, client: RegisteredClient, account_id: UUID, scope: str, *, since: datetime | None = None
) -> bool:
    """Whether the person has to be asked: the client is not trusted and wants more than was agreed to.

    Args:
        since: an agreement from before this instant does not count.
    """
    if client.trusted:
        return False
    given = work.session.execute(
        select(Consent.scope, Consent.given_at).where(Consent.account_id == account_id, Consent.client_id == client.id)
    ).one_or_none()
    if given is None or (since is not None and given.given_at < since):
        return True
    return not set(scope.split()) <= set(given.scope.split())


def give(work: Work, client: RegisteredClient, account_id: UUID, scope: str) -> None:
    """Record the agreement; scopes agreed to earlier stay."""
    given = work.session.scalar(
        select(Consent.scope).where(Consent.account_id == account_id, Consent.client_id == client.id)
    )
    merged = " ".join(sorted({*(given or "").split(), *scope.split()}))
    if given is None:
        try:
            with work.session.begin_nested():
                work.session.execute(
                    insert(Consent).values(
                        id=uuid7(), account_id=account_id, client_id=client.id, scope=merged, given_at=work.now
                    )
                )
        except IntegrityError:  # the same person agreed in another window
            given = ""
    if given is not None:
        work.session.execute(
            update(Consent)
            .where(Consent.account_id == account_id, Consent.client_id == client.id)
            .values(scope=merged, given_at=work.now)
        )
    audit.record(work, "consent.given", ("account", account_id), client_id=client.client_id, scope=merged)
