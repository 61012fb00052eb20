"""Reading the audit log for one person: what happened to their account, the newest first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, func, select, union_all

from idp.audit.models import AuditEvent
from idp.work import Work

LISTED = 25

_e: Table = AuditEvent.__table__  # type: ignore[assignment]
_COLUMNS = (
    _e.c.id, _e.c.sequence, _e.c.name, _e.c.at, _e.c.actor_kind, _e.c.actor_id, _e.c.company_id, _e.c.session_id,
    _e.c.network, _e.c.user_agent, _e.c.outcome, _e.c.details,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """What events are about: kind and key, and from when on they concern the reader; None: always."""

    kind: str
    key: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, as far as the person it is about may know it."""

    id: UUID
    sequence: int
    name: str
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    company_id: UUID | None
    session_id: UUID | None
    network: str
    user_agent: str
    outcome: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Events, the newest first.

    Attributes:
        first: the number of the first one shown, counted from one at the newest.
        previous: what to pass as `newer_than`; None at the newest.
        next: what to pass as `older_than`; None at the oldest.
    """

    entries: tuple[Entry, ...]
    first: int
    total: int
    previous: int | None
    next: int | None


def about(
    work: Work,
    subjects: Sequence[Subject],
    *,
    leaving_out: Collection[str] = (),
    older_than: int | None = None,
    newer_than: int | None = None,
    limit: int = LISTED,
) -> HistoryPage:
    """A page of the events about these subjects; three statements, each on the index of the log by subject.

    Args:
        leaving_out: names of events that are not for the reader.
        older_than: the number of an event (`HistoryPage.next`).
        newer_than: the number of an event (`HistoryPage.previous`).
    """
    if newer_than is not None:
        asked = [_of(each, leaving_out).where(_e.c.sequence > newer_than).order_by(_e.c.sequence) for each in subjects]
        rows = _merged(work, asked, limit, newest_first=False)[::-1]
    else:
        asked = [_of(each, leaving_out).order_by(_e.c.sequence.desc()) for each in subjects]
        if older_than is not None:
            asked = [each.where(_e.c.sequence < older_than) for each in asked]
        rows = _merged(work, asked, limit, newest_first=True)
    total = _count(work, subjects, leaving_out, None)
    if not rows:
        return HistoryPage((), 1, total, None, None)
    begin, end = rows[0].sequence, rows[-1].sequence
    first = _count(work, subjects, leaving_out, begin) + 1
    more = first + len(rows) - 1 < total
    return HistoryPage(tuple(rows), first, total, begin if first > 1 else None, end if more else None)


def _of(subject: Subject, leaving_out: Collection[str]) -> Select[Any]:
    found = select(*_COLUMNS).where(_e.c.subject_kind == subject.kind, _e.c.subject_id == subject.key)
    found = found.where(_e.c.name.not_in(leaving_out)) if leaving_out else found
    return found.where(_e.c.at >= subject.since) if subject.since is not None else found


def _merged(work: Work, asked: list[Select[Any]], limit: int, *, newest_first: bool) -> list[Entry]:
    """The first of each, put together: the database reads no more of a long history than it gives."""
    parts = union_all(*(select(each.limit(limit).subquery()) for each in asked)).subquery()
    order = parts.c.sequence.desc() if newest_first else parts.c.sequence
    rows = work.session.execute(select(parts).order_by(order).limit(limit))
    return [Entry(*row) for row in rows]


def _count(work: Work, subjects: Sequence[Subject], leaving_out: Collection[str], newer_than: int | None) -> int:
    """How many there are in all, or newer than one."""
    asked = [_of(each, leaving_out) for each in subjects]
    if newer_than is not None:
        asked = [each.where(_e.c.sequence > newer_than) for each in asked]
    parts = union_all(*(each.with_only_columns(_e.c.id) for each in asked)).subquery()
    return int(work.session.execute(select(func.count()).select_from(parts)).scalar_one())
