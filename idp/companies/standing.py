"""Whether others depend on a person: owners, administrators, people of a firm, the staff of this service."""

from uuid import UUID

from sqlalchemy import or_, select

from idp.companies import tables
from idp.companies.access import EDITS_ACCESS
from idp.work import Work


def others_depend(work: Work, account_id: UUID) -> bool:
    """Whether somebody who took over this account could reach others: a change of its address waits (J7)."""
    m, c, s = tables.memberships.c, tables.companies.c, tables.staff_roles.c
    able = [role.id for role in work.policies.roles.values() if EDITS_ACCESS in role.permissions]
    rows = work.session.execute(
        select(m.also)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), c.closed_at.is_(None))
        .add_columns(or_(m.unique_role, c.kind == "firm", m.company_role.in_(able)).label("weighty"))
    ).all()
    if any(row.weighty or set(row.also) & set(able) for row in rows):
        return True
    staff = select(s.id).where(s.account_id == account_id, s.ended_at.is_(None)).limit(1)
    return work.session.execute(staff).first() is not None
