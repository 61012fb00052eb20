"""People whom a company may ask about: its own, those who were, and those who work for it from a firm."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from idp.companies import mandate_state, membership, tables
from idp.core.errors import NotFound
from idp.work import Work


def name_of(work: Work, company_id: UUID, account_id: UUID) -> str:
    """What the person is called.

    Raises:
        NotFound: the company has nothing to do with them, or there is nobody.
    """
    a = tables.accounts.c
    if membership.ever(work, company_id, account_id) or _works_here(work, company_id, account_id):
        row = work.session.execute(select(a.given_name, a.family_name).where(a.id == account_id)).one()
        return f"{row.given_name} {row.family_name}".strip()
    raise NotFound(kind="membership")


def working(work: Work, company_id: UUID, account: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether somebody is of the company now, or works for it from a firm whose mandate runs.

    Args:
        account: the column that says whose row it is, in a statement about others than the tables of access.
    """
    s, g, m = tables.memberships.alias().c, tables.assignments.c, tables.mandates.c
    of_firm = tables.memberships.alias().c
    member = exists().where(s.company_id == company_id, s.account_id == account, s.ended_at.is_(None))
    assigned = exists().where(
        m.company_id == company_id,
        m.state.in_(mandate_state.LIVE),
        or_(m.until_at.is_(None), m.until_at > work.now),
        g.firm_id == m.firm_id,
        or_(g.mandate_id == m.id, g.mandate_id.is_(None)),
        g.account_id == account,
        g.ended_at.is_(None),
        of_firm.company_id == g.firm_id,
        of_firm.account_id == g.account_id,
        of_firm.ended_at.is_(None),
    )
    return or_(member, assigned)


def _works_here(work: Work, company_id: UUID, account_id: UUID) -> bool:
    g, m = tables.assignments.c, tables.mandates.c
    given = and_(g.firm_id == m.firm_id, or_(g.mandate_id == m.id, g.mandate_id.is_(None)))
    here = (
        select(g.id)
        .join_from(tables.assignments, tables.mandates, given)
        .where(m.company_id == company_id, g.account_id == account_id)
        .limit(1)
    )
    return work.session.execute(here).first() is not None
