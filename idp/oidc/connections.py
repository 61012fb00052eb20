"""The applications that are connected to a person's account: what each was allowed, and its end (R-42)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, delete, func, select

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn.models import Session
from idp.core.errors import NotFound
from idp.oidc import clients, families, logout_delivery
from idp.oidc.clients import RegisteredClient
from idp.oidc.logout_delivery import Ended
from idp.oidc.models import AuthorizationCode, Consent, DeviceRequest, Grant
from idp.work import Work

REASON = "withdrawn_by_person"


@dataclass(frozen=True, slots=True)
class Connection:
    """An application and one person.

    Attributes:
        own: one of our own products, which needs no agreement.
        scope: what it was allowed, and what its live grants hold; sorted.
        since: when the person agreed; for an own product, when the oldest of its live grants began.
        last_used_at: when it last asked for tokens; None when it never did.
        live: how many sessions it holds tokens of now.
    """

    client: RegisteredClient
    own: bool
    scope: tuple[str, ...]
    since: datetime
    last_used_at: datetime | None
    live: int


def listing(work: Work, account_id: UUID) -> tuple[Connection, ...]:
    """The applications a person agreed to, and those that hold live grants; the one used last comes first."""
    agreed = {
        row.client_id: row
        for row in work.session.execute(
            select(Consent.client_id, Consent.scope, Consent.given_at).where(Consent.account_id == account_id)
        )
    }
    used: dict[UUID, list[Any]] = {}
    for row in work.session.execute(_used(account_id), families.live_at(work)):
        used.setdefault(row.client_id, []).append(row)
    if not agreed and not used:
        return ()
    found = [
        connection
        for client in clients.listing(work)
        if (connection := _connection(client, agreed.get(client.id), used.get(client.id, [])))
    ]
    return tuple(sorted(found, key=lambda each: each.last_used_at or each.since, reverse=True))


def get(work: Work, account_id: UUID, client_id: str) -> Connection:
    """The connection of this client.

    Raises:
        NotFound: it is not connected, or there is no such client.
    """
    for connection in listing(work, account_id):
        if connection.client.client_id == client_id:
            return connection
    raise NotFound(kind="connection")


def withdraw(work: Work, account_id: UUID, client_id: str) -> None:
    """Take back what an application was allowed: its agreement is gone, its tokens are dead, and it is told.

    A product of our own keeps its place: it is signed out of, in every session, and opens again when asked to.

    Raises:
        NotFound: it is not connected.
    """
    work.write()
    client = get(work, account_id, client_id).client
    # In this order: a code that is being redeemed right now is waited for, and its grant is then there to be revoked.
    work.session.execute(
        delete(AuthorizationCode).where(
            AuthorizationCode.expires_at > work.now,
            AuthorizationCode.account_id == account_id,
            AuthorizationCode.client_id == client.id,
            AuthorizationCode.used_at.is_(None),
        ),
        execution_options={"synchronize_session": False},
    )
    work.session.execute(
        delete(DeviceRequest).where(
            DeviceRequest.account_id == account_id,
            DeviceRequest.client_id == client.id,
            DeviceRequest.used_at.is_(None),
        ),
        execution_options={"synchronize_session": False},
    )
    agreed = work.session.execute(
        delete(Consent).where(Consent.account_id == account_id, Consent.client_id == client.id).returning(Consent.id),
        execution_options={"synchronize_session": False},
    ).all()
    revoked = families.revoke_all(work, account_id, client.id, REASON)
    _tell(work, client, account_id, revoked)
    subject = ("account", account_id)
    if agreed:
        audit.record(work, "consent.withdrawn", subject, client_id=client.client_id, grants=len(revoked))
    else:
        audit.record(work, "grant.revoked", subject, reason=REASON, client_id=client.client_id, grants=len(revoked))


def _tell(work: Work, client: RegisteredClient, account_id: UUID, sessions: Iterable[UUID]) -> None:
    """Send it a logout token for each session it held tokens of (OIDC Back-Channel Logout)."""
    if not client.backchannel_logout_uri:
        return
    told = (
        select(Session.id, Session.sid, Account.subject)
        .join(Account, Account.id == Session.account_id)
        .where(Session.id.in_(set(sessions)), Account.id == account_id)
    )
    for ended in work.session.execute(told).all():
        logout_delivery.tell(work, client.id, client.client_id, Ended(*ended), REASON)


def _used(account_id: UUID) -> Any:
    """One row for each application and scope: since when, last use, live grants, and in how many sessions."""
    live = and_(*families.LIVE)
    return (
        select(
            Grant.client_id,
            Grant.scope,
            func.max(Grant.last_used_at).label("last_used_at"),
            func.min(case((live, Grant.created_at))).label("since"),
            func.count(case((live, Grant.session_id)).distinct()).label("live"),
        )
        .join(Session, Session.id == Grant.session_id)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.account_id == account_id)
        .group_by(Grant.client_id, Grant.scope)
    )


def _connection(client: RegisteredClient, agreed: Any, used: list[Any]) -> Connection | None:
    live = [row for row in used if row.live]
    if agreed is None and not live:
        return None
    scopes = {scope for row in live for scope in row.scope.split()}
    since = agreed.given_at if agreed is not None else min(row.since for row in live)
    return Connection(
        client=client,
        own=client.trusted,
        scope=tuple(sorted(scopes | set(agreed.scope.split() if agreed is not None else ()))),
        since=since,
        last_used_at=max((row.last_used_at for row in used), default=None),
        live=sum(row.live for row in live),
    )
