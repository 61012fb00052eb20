"""Telling products that a session is over, one by one: each is kept as a row that operators can follow."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update

from idp.authn.models import Session
from idp.core.ids import uuid7
from idp.oidc.models import Client, LogoutDelivery
from idp.outbox import queue
from idp.work import Work

FACT = "backchannel_logout"
GIVEN_UP_AFTER = timedelta(hours=24)  # as the outbox does


class Ended(NamedTuple):
    """The session that is over at a product."""

    session_id: UUID
    sid: str
    subject: str


def tell(work: Work, client: UUID, client_id: str, ended: Ended, reason: str) -> None:
    """After the commit, send this client a logout token. The caller has seen that it wants one."""
    key = uuid7()
    work.session.execute(
        insert(LogoutDelivery).values(
            id=key, session_id=ended.session_id, client_id=client, reason=reason, created_at=work.now, attempts=0
        )
    )
    queue.fact(work, FACT, client_id=client_id, sid=ended.sid, subject=ended.subject, delivery=str(key))


def note(work: Work, members: Mapping[str, Any], failure: str | None) -> None:
    """Write down an attempt, and commit it: what comes of a failed one is rolled back otherwise."""
    if "delivery" not in members:  # told before there was a row
        return
    work.write()
    work.session.execute(
        update(LogoutDelivery)
        .where(LogoutDelivery.id == UUID(members["delivery"]), LogoutDelivery.delivered_at.is_(None))
        .values(
            attempts=LogoutDelivery.attempts + 1,
            attempted_at=work.now,
            failure=failure,
            delivered_at=None if failure else work.now,
        )
    )
    work.session.commit()


def listing(
    work: Work, *, client_id: str | None = None, undelivered: bool = False, limit: int = 100
) -> list[dict[str, Any]]:
    """The latest deliveries first, each with its `state`: `delivered`, `waiting` or `given_up`.

    Args:
        client_id: of this client alone.
        undelivered: only what has not arrived.
    """
    d = LogoutDelivery
    query = (
        select(
            d.id, Client.client_id, Session.sid, d.reason, d.created_at, d.attempts, d.attempted_at, d.failure,
            d.delivered_at,
        )
        .join(Client, Client.id == d.client_id)
        .join(Session, Session.id == d.session_id)
        .order_by(d.id.desc())
        .limit(limit)
    )  # fmt: skip
    if client_id is not None:
        query = query.where(Client.client_id == client_id)
    if undelivered:
        query = query.where(d.delivered_at.is_(None))
    return [{**row._mapping, "state": _state(work, row)} for row in work.session.execute(query)]


def _state(work: Work, row: Any) -> str:
    if row.delivered_at is not None:
        return "delivered"
    return "given_up" if row.created_at < work.now - GIVEN_UP_AFTER else "waiting"
