"""Whether companies have to do with each other, as seen from one of their people."""

from collections.abc import Collection
from itertools import combinations
from uuid import UUID

from sqlalchemy import select

from idp.companies import tables
from idp.work import Work

Pair = frozenset[UUID]


def unrelated(work: Work, account_id: UUID, companies: Collection[UUID]) -> set[Pair]:
    """The pairs among these companies that nothing ties together.

    A company and its firm are related; so are the clients of a firm for a colleague of that firm, and the companies
    of which one person is the owner.
    """
    if len(companies) < 2:
        return set()
    ties = [*_mandates(work, account_id, companies), *_owners(work, companies)]
    return {
        frozenset(pair) for pair in combinations(sorted(set(companies)), 2) if not any(set(pair) <= tie for tie in ties)
    }


def names(work: Work, companies: Collection[UUID]) -> list[str]:
    """The names of these companies, as far as they still exist."""
    c = tables.companies.c
    return list(work.session.scalars(select(c.name).where(c.id.in_(companies)).order_by(c.name)))


def _mandates(work: Work, account_id: UUID, companies: Collection[UUID]) -> list[set[UUID]]:
    """A company and its firm, each; and every client together with the firm for which this person works."""
    m, p = tables.mandates.c, tables.memberships.c
    rows = work.session.execute(
        select(m.company_id, m.firm_id).where(
            m.state == "active", m.company_id.in_(companies) | m.firm_id.in_(companies)
        )
    ).all()
    own = set(work.session.scalars(select(p.company_id).where(p.account_id == account_id, p.ended_at.is_(None))))
    ties: list[set[UUID]] = [{row.company_id, row.firm_id} for row in rows]
    for firm in own & {row.firm_id for row in rows}:
        ties.append({firm} | {row.company_id for row in rows if row.firm_id == firm})
    return ties


def _owners(work: Work, companies: Collection[UUID]) -> list[set[UUID]]:
    m = tables.memberships.c
    rows = work.session.execute(
        select(m.account_id, m.company_id).where(m.company_id.in_(companies), m.unique_role, m.ended_at.is_(None))
    )
    held: dict[UUID, set[UUID]] = {}
    for row in rows:
        held.setdefault(row.account_id, set()).add(row.company_id)
    return list(held.values())
