"""Reading the log of the whole service, for those who look after it: the newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from idp.audit.models import AuditEvent
from idp.work import Work

LISTED = 50

_e = AuditEvent.__table__.c


@dataclass(frozen=True, slots=True)
class Sought:
    """Which events; what is empty or None is not asked for.

    Attributes:
        event: what their names begin with, such as `session.`.
        subject: the key of what they are about.
        actor: the key of who did it.
        outcome: `done` or `refused`.
        since, until: from when on, and before when.
    """

    event: str = ""
    subject: str = ""
    actor: UUID | None = None
    company_id: UUID | None = None
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class GeneralEntry:
    """One event, whole; the digests of the chain are for `verify`."""

    sequence: int
    id: UUID
    name: str
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    subject_kind: str
    subject_id: str
    company_id: UUID | None
    session_id: UUID | None
    network: str
    user_agent: str
    outcome: str
    details: dict[str, Any]


_COLUMNS = tuple(_e[name] for name in GeneralEntry.__dataclass_fields__)


def page(
    work: Work, sought: Sought, *, older_than: int | None = None, limit: int = LISTED
) -> tuple[list[GeneralEntry], int | None]:
    """A page of the log, and the number to pass as `older_than` for the next; None at its end. Who may read it, and
    that it was read, is for the caller."""
    query = _sought(sought).order_by(_e.sequence.desc()).limit(limit + 1)
    if older_than is not None:
        query = query.where(_e.sequence < older_than)
    rows = [GeneralEntry(*row) for row in work.session.execute(query)]
    return rows[:limit], rows[limit - 1].sequence if len(rows) > limit else None


def _sought(sought: Sought) -> Select[Any]:
    query = select(*_COLUMNS)
    if sought.event:
        query = query.where(_e.name.startswith(sought.event, autoescape=True))
    for column, value in (
        (_e.subject_id, sought.subject or None),
        (_e.actor_id, sought.actor),
        (_e.company_id, sought.company_id),
        (_e.outcome, sought.outcome or None),
    ):
        if value is not None:
            query = query.where(column == value)
    if sought.since is not None:
        query = query.where(_e.at >= sought.since)
    return query.where(_e.at < sought.until) if sought.until is not None else query
