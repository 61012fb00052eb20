"""What the staff read about companies: who they are and how large, never who their people are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from idp.companies import access
from idp.companies.mandate_state import LIVE
from idp.companies.models import Company, Mandate, Membership
from idp.core.errors import NotFound
from idp.work import Work

VIEWS = "operations.companies.view"
LISTED = 50


@dataclass(frozen=True, slots=True)
class CompanySeen:
    """A company as the staff see it. `people` counts its own, `mandates` those that it gives, or has as a firm."""

    id: UUID
    reference: str
    name: str
    kind: str
    country: str
    city: str
    locale: str
    services: tuple[str, ...]
    trusted_devices: bool
    people: int
    mandates: int
    created_at: datetime
    closed_at: datetime | None
    suspended_at: datetime | None


def listed(
    work: Work, *, search: str = "", reference: str = "", after: UUID | None = None, limit: int = LISTED
) -> tuple[list[CompanySeen], UUID | None]:
    """Companies, the newest first, and where the page ends; None at the end of the list.

    Args:
        search: a part of the name, in any case.
        reference: the one that billing and operators know by this name.

    Raises:
        NotPermitted: the actor may not see companies.
    """
    access.require(work, VIEWS)
    c = Company
    query = _reading().order_by(c.id.desc()).limit(limit + 1)
    wanted = search.replace("\x00", "").strip()
    if wanted:
        query = query.where(c.name.icontains(wanted, autoescape=True))
    if reference:
        query = query.where(c.reference == reference.replace("\x00", ""))
    if after is not None:
        query = query.where(c.id < after)
    rows = [_seen(row) for row in work.session.execute(query)]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def one(work: Work, company_id: UUID) -> CompanySeen:
    """One company.

    Raises:
        NotPermitted: the actor may not see companies.
        NotFound: there is none.
    """
    access.require(work, VIEWS)
    row = work.session.execute(_reading().where(Company.id == company_id)).one_or_none()
    if row is None:
        raise NotFound(kind="company")
    return _seen(row)


def _reading() -> Select[Any]:
    c, m, g = Company, Membership, Mandate
    people = select(func.count()).where(m.company_id == c.id, m.ended_at.is_(None)).correlate(c).scalar_subquery()
    live = g.state.in_(LIVE)
    given = select(func.count()).where(g.company_id == c.id, live).correlate(c).scalar_subquery()
    received = select(func.count()).where(g.firm_id == c.id, live).correlate(c).scalar_subquery()
    return select(c, people.label("people"), (given + received).label("mandates"))


def _seen(row: Any) -> CompanySeen:
    found: Company = row[0]
    return CompanySeen(
        id=found.id, reference=found.reference, name=found.name, kind=found.kind, country=found.country,
        city=found.city, locale=found.locale, services=tuple(found.services), trusted_devices=found.trusted_devices,
        people=row.people, mandates=row.mandates, created_at=found.created_at, closed_at=found.closed_at,
        suspended_at=found.suspended_at,
    )  # fmt: skip
