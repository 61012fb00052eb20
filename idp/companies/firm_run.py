"""Who keeps an accounting firm going: those who can give clients to colleagues."""

from uuid import UUID

from sqlalchemy import or_, select

from idp.companies import tables
from idp.work import Work

ASSIGNS = "practice.colleagues.assign"


def runs_alone(work: Work, account_id: UUID, firm_id: UUID) -> bool:
    """Whether the person is the only one in the firm who can give clients to colleagues."""
    able = [role.id for role in work.policies.roles.values() if ASSIGNS in role.permissions]
    m, r, a = tables.memberships.c, tables.product_roles.c, tables.accounts.c
    holders = set(
        work.session.scalars(
            select(r.account_id)
            .join_from(tables.product_roles, tables.memberships, m.id == r.membership_id)
            .join(tables.accounts, a.id == r.account_id)
            .where(
                r.company_id == firm_id, r.role.in_(able), r.ended_at.is_(None),
                or_(r.expires_at.is_(None), r.expires_at > work.now),
                m.ended_at.is_(None), m.suspended_at.is_(None),
                or_(a.status == "active", a.id == account_id),
            )
        )
    )  # fmt: skip
    return holders == {account_id}
