"""Reading the audit log: what happened to one account, or in one company, the newest first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, and_, func, or_, select, union_all

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


@dataclass(frozen=True, slots=True)
class CompanyEntry:
    """One event in a company, for who reads its log."""

    id: UUID
    sequence: int
    name: str
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    subject_kind: str
    subject_id: str
    network: str
    outcome: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """As `HistoryPage`."""

    entries: tuple[CompanyEntry, ...]
    first: int
    total: int
    previous: int | None
    next: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events of a company.

    Attributes:
        beginning: what their names begin with, any of these; empty for all.
        people: keys of accounts who did it, or whom it was done to; None for anybody.
        since, until: from when on, and before when.
    """

    beginning: tuple[str, ...] = ()
    people: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


_IN_COMPANY = tuple(_e.c[name] for name in CompanyEntry.__dataclass_fields__)


def in_company(
    work: Work,
    company_id: UUID,
    wanted: Wanted,
    *,
    older_than: int | None = None,
    newer_than: int | None = None,
    limit: int = LISTED,
) -> CompanyPage:
    """A page of the events in a company, and no other company's; three statements, on the index of the log by company.

    Args:
        older_than: the number of an event (`CompanyPage.next`).
        newer_than: the number of an event (`CompanyPage.previous`).
    """
    found = _wanted(company_id, wanted)
    if newer_than is not None:
        later = found.where(_e.c.sequence > newer_than).order_by(_e.c.sequence).limit(limit)
        rows = list(work.session.execute(later))[::-1]
    else:
        earlier = found if older_than is None else found.where(_e.c.sequence < older_than)
        rows = list(work.session.execute(earlier.order_by(_e.c.sequence.desc()).limit(limit)))
    counted = found.with_only_columns(func.count())
    total = int(work.session.execute(counted).scalar_one())
    if not rows:
        return CompanyPage((), 1, total, None, None)
    begin, end = rows[0].sequence, rows[-1].sequence
    first = int(work.session.execute(counted.where(_e.c.sequence > begin)).scalar_one()) + 1
    more = first + len(rows) - 1 < total
    entries = tuple(CompanyEntry(*row) for row in rows)
    return CompanyPage(entries, first, total, begin if first > 1 else None, end if more else None)


def _wanted(company_id: UUID, wanted: Wanted) -> Select[Any]:
    found = select(*_IN_COMPANY).where(_e.c.company_id == company_id)
    if wanted.beginning:
        found = found.where(or_(*(_e.c.name.startswith(each, autoescape=True) for each in wanted.beginning)))
    if wanted.people is not None:
        keys = [str(each) for each in wanted.people]
        about = and_(_e.c.subject_kind == "account", _e.c.subject_id.in_(keys))
        found = found.where(or_(_e.c.actor_id.in_(wanted.people), about))
    if wanted.since is not None:
        found = found.where(_e.c.at >= wanted.since)
    return found.where(_e.c.at < wanted.until) if wanted.until is not None else found


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
