"""Events from billing: each takes effect once, in the order of their numbers, or not at all.

Numbers count per company. The last one wins: an event with a number that is not greater than the last one changes
nothing and is acknowledged all the same. A number that was skipped is noted, and nobody waits for it. Who sends two at
once meets the row of the company's stream, which a single update moves on.

What cannot be applied is a result and no exception: nothing of it stays, the number is not spent, and an alarm does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.audit import log
from idp.companies import billing_kinds, company
from idp.companies.errors import EventReused, UnknownCompany
from idp.companies.models import BillingEvent, BillingStream
from idp.core.errors import IdpError, InvalidInput
from idp.work import Actor, Work

BILLING = Actor(kind="system", name="billing")
CLOCKS_DIFFER_BY = timedelta(minutes=5)
NUMBER_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Event:
    """What billing says has happened.

    Attributes:
        id: given by billing, never twice.
        number: of the event about this company, counted from one.
        reference: of the company.
        happened_at: by billing's clock.
        data: what the kind of event says, already read into its shape.
        digest: of the message, to know an id that was given to another one.
    """

    id: str
    number: int
    reference: str
    kind: str
    happened_at: datetime
    data: Mapping[str, Any]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event.

    Attributes:
        outcome: `applied`, `duplicate`, `older` or `refused`.
        missed: how many numbers are missing before it.
        last_number: the last one of this company.
        error: why it was refused.
    """

    outcome: str
    missed: int = 0
    last_number: int = 0
    error: IdpError | None = None


def receive(work: Work, event: Event) -> Receipt:
    """Take an event whose signature was found good."""
    work = _by_billing(work)
    work.write()
    try:
        with work.session.begin_nested():
            return _taken(work, event)
    except IdpError as error:
        log.record(
            work, "billing.event_refused", ("billing_event", event.id), outcome="refused",
            kind=event.kind, number=event.number, error=error.code, field=str(error.members.get("field", "")),
        )  # fmt: skip
        return Receipt("refused", error=error)


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event that was taken, as operators see it. `missed` numbers before it never came, or came too late."""

    id: str
    company: str
    number: int
    kind: str
    outcome: str
    missed: int
    happened_at: datetime
    received_at: datetime


def listing(work: Work, *, reference: str | None = None, limit: int = 50) -> list[EventSeen]:
    """Events that were taken, the latest first, of one company or of all."""
    e = BillingEvent
    wanted = select(e.id, e.reference, e.number, e.kind, e.outcome, e.missed, e.happened_at, e.received_at)
    if reference is not None:
        wanted = wanted.where(e.reference == reference)
    rows = work.session.execute(wanted.order_by(e.received_at.desc(), e.number.desc()).limit(limit))
    return [EventSeen(*row) for row in rows]


def _taken(work: Work, event: Event) -> Receipt:
    _ensure_stream(work, event.reference)
    s = BillingStream
    before = work.session.scalars(select(s.last_number).where(s.reference == event.reference).with_for_update()).one()
    known = work.session.execute(
        select(BillingEvent.digest, BillingEvent.missed).where(BillingEvent.id == event.id)
    ).one_or_none()
    if known is not None:
        if known.digest != event.digest:
            raise EventReused(id=event.id)
        return Receipt("duplicate", known.missed, before)
    missed = event.number - before - 1
    moved = work.session.execute(
        update(s)
        .where(s.reference == event.reference, s.last_number < event.number)
        .values(last_number=event.number, missing=s.missing + missed)
        .returning(s.last_number)
    ).one_or_none()
    if moved is None:
        _keep(work, event, _company_id(work, event), "older", 0)
        return Receipt("older", 0, before)
    if event.happened_at > work.now + CLOCKS_DIFFER_BY:
        raise InvalidInput(field="at")
    company_id = _apply(work, event)
    _keep(work, event, company_id, "applied", missed)
    return Receipt("applied", missed, event.number)


def _apply(work: Work, event: Event) -> UUID:
    """Let the event take effect; answers the company it is about."""
    opening = billing_kinds.OPENING.get(event.kind)
    if opening is not None:
        return opening(work, event.reference, event.happened_at, event.data)
    found = company.find(work, event.reference)
    if found is None or found.closed_at is not None:
        raise UnknownCompany(field="company")
    billing_kinds.KINDS[event.kind](work, found.id, event.happened_at, event.data)
    return found.id


def _keep(work: Work, event: Event, company_id: UUID | None, outcome: str, missed: int) -> None:
    work.session.execute(
        insert(BillingEvent).values(
            id=event.id, reference=event.reference, company_id=company_id, number=event.number, kind=event.kind,
            digest=event.digest, outcome=outcome, missed=missed, happened_at=event.happened_at, received_at=work.now,
        )
    )  # fmt: skip
    log.record(
        work, "billing.event_taken", ("billing_event", event.id), company_id=company_id,
        kind=event.kind, number=event.number, effect=outcome, missed=missed,
    )  # fmt: skip


def _company_id(work: Work, event: Event) -> UUID | None:
    found = company.find(work, event.reference)
    return found.id if found is not None else None


def _ensure_stream(work: Work, reference: str) -> None:
    """The row that all events about this company wait for; the first one makes it."""
    dialect = work.session.get_bind().dialect.name
    made: Any = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(BillingStream)
    work.session.execute(
        made.values(reference=reference, last_number=0, missing=0).on_conflict_do_nothing(
            index_elements=[BillingStream.reference]
        )
    )


def _by_billing(work: Work) -> Work:
    return work.acting(Actor(BILLING.kind, name=BILLING.name, network=work.actor.network))
