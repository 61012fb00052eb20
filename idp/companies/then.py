"""What stood in the rows at an instant, from the periods of what is changed in place and the dates of all the rest.

Every function answers for a few people at once and in one statement or two, whatever their number.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from idp.companies import tables
from idp.companies.models import (
    Company,
    CustomRoleRevision,
    MembershipPeriod,
    ServicePeriod,
    SubscribedProduct,
    SubscriptionPeriod,
)
from idp.work import Work


def covers(begin: Any, end: Any, at: datetime) -> ColumnElement[bool]:
    """Whether a span of two columns, of which the end may be open, holds an instant."""
    return and_(begin <= at, or_(end.is_(None), end > at))


@dataclass(frozen=True, slots=True)
class StateThen:
    """The state of a product's subscription, with the dates by which it went on by itself."""

    state: str
    since: datetime
    until: datetime | None
    suspends: datetime | None


@dataclass(frozen=True, slots=True)
class RoleThen:
    """What a role of a company's own held."""

    id: UUID
    revision: int
    permissions: tuple[str, ...]
    labels: dict[str, str]


def company(work: Work, company_id: UUID, at: datetime) -> tuple[Company, list[str]]:
    """The company, and its connected services that were on."""
    found = work.session.get_one(Company, company_id)
    p = ServicePeriod
    on = work.session.scalar(select(p.services).where(p.company_id == company_id, covers(p.began_at, p.ended_at, at)))
    return found, on or []


def suspended(work: Work, company_ids: Collection[UUID], at: datetime) -> dict[UUID, datetime]:
    """Those of these companies that staff had stopped, and since when."""
    s = tables.company_suspensions.c
    wanted = select(s.company_id, s.began_at).where(s.company_id.in_(company_ids), covers(s.began_at, s.ended_at, at))
    return {row.company_id: row.began_at for row in work.session.execute(wanted)}


def states(work: Work, company_ids: Collection[UUID], at: datetime) -> dict[tuple[UUID, str], StateThen]:
    """The states of every product of these companies. One that was written down again goes on since its beginning."""
    p, s = SubscriptionPeriod, SubscribedProduct
    live = {
        (row.company_id, row.product): row.suspends_at
        for row in work.session.execute(
            select(s.company_id, s.product, s.suspends_at).where(s.company_id.in_(company_ids))
        )
    }
    found: dict[tuple[UUID, str], StateThen] = {}
    rows = work.session.scalars(
        select(p)
        .where(p.company_id.in_(company_ids), p.began_at <= at)
        .order_by(p.began_at, p.ended_at.is_(None), p.id)
    )
    for row in rows:
        key = row.company_id, row.product
        before = found.get(key)
        since = before.since if before is not None and before.state == row.state else row.began_at
        suspends = live.get(key) if row.ended_at is None else None  # written down once it has come true
        found[key] = StateThen(row.state, since, row.until_at, suspends)
    return found


def memberships(work: Work, company_ids: Collection[UUID], people: Collection[UUID], at: datetime) -> list[Any]:
    """How these people belonged to these companies."""
    m, p = tables.memberships.c, MembershipPeriod
    return list(
        work.session.execute(
            select(
                m.id, m.account_id, m.company_id, p.company_role, p.also, p.services, p.suspended, p.began_at
            )
            .join_from(tables.memberships, p, p.membership_id == m.id)
            .where(m.company_id.in_(company_ids), m.account_id.in_(people), covers(m.created_at, m.ended_at, at))
            .where(covers(p.began_at, p.ended_at, at))
        )
    )  # fmt: skip


def product_roles(
    work: Work, company_ids: Collection[UUID], people: Collection[UUID], at: datetime
) -> dict[tuple[UUID, UUID], list[Any]]:
    """The roles these people had in products of these companies, by company and person."""
    r = tables.product_roles.c
    found: dict[tuple[UUID, UUID], list[Any]] = {}
    rows = work.session.execute(
        select(
            r.company_id, r.account_id, r.product, r.role, r.custom_role_id, r.switches, r.restrictions, r.expires_at
        )
        .where(r.company_id.in_(company_ids), r.account_id.in_(people), covers(r.created_at, r.ended_at, at))
        .order_by(r.created_at, r.id)
    )  # fmt: skip
    for row in rows:
        found.setdefault((row.company_id, row.account_id), []).append(row)
    return found


def assignments(work: Work, firm_ids: Collection[UUID], people: Collection[UUID], at: datetime) -> list[Any]:
    """What these firms had given these people."""
    a = tables.assignments.c
    return list(
        work.session.execute(
            select(a.firm_id, a.account_id, a.mandate_id, a.product, a.role, a.custom_role_id)
            .where(a.firm_id.in_(firm_ids), a.account_id.in_(people), covers(a.created_at, a.ended_at, at))
            .order_by(a.created_at, a.id)
        )
    )


def own_roles(work: Work, role_ids: Iterable[UUID | None], at: datetime) -> dict[UUID, RoleThen]:
    """What these roles of companies' own held; one that was not there, or was deleted, is missing."""
    v, wanted = CustomRoleRevision, {each for each in role_ids if each is not None}
    rows = work.session.scalars(
        select(v).where(v.custom_role_id.in_(wanted), covers(v.began_at, v.ended_at, at))
    )  # fmt: skip
    return {
        row.custom_role_id: RoleThen(row.custom_role_id, row.revision, tuple(row.permissions), dict(row.labels))
        for row in rows
    }


def people(work: Work, company_id: UUID, mandate_terms: Any, at: datetime) -> Select[Any]:
    """Who belonged to the company, or worked for it from a firm."""
    m, a, t = tables.memberships.c, tables.assignments.c, mandate_terms
    own = select(m.account_id).where(m.company_id == company_id, covers(m.created_at, m.ended_at, at))
    working = select(a.account_id).where(
        a.firm_id == t.firm_id, or_(a.mandate_id == t.mandate_id, a.mandate_id.is_(None)),
        covers(a.created_at, a.ended_at, at), t.company_id == company_id, covers(t.from_at, t.until_at, at),
    )  # fmt: skip
    return select(own.union(working).subquery().c.account_id)
