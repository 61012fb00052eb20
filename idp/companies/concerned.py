"""People whom a company may ask about: its own, those who were, and those who work for it from a firm."""

from uuid import UUID

from sqlalchemy import and_, or_, select

from idp.companies import membership, tables
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
