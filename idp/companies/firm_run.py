"""Who keeps an accounting firm going: its practice administrators, and those who can give clients to colleagues."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select

from idp.companies import tables
from idp.work import Work

ADMINISTRATOR = "practice.administrator"
ASSIGNS = "practice.colleagues.assign"


def runs_alone(work: Work, account_id: UUID, firm_id: UUID) -> bool:
    """Whether the firm would be left without a practice administrator: the person is the only one there is or, where
    there is none, the only one who can give clients to colleagues."""
    administrators = _holders(work, account_id, firm_id, [ADMINISTRATOR])
    able = [role.id for role in work.policies.roles.values() if ASSIGNS in role.permissions]
    return (administrators or _holders(work, account_id, firm_id, able)) == {account_id}


def _holders(work: Work, account_id: UUID, firm_id: UUID, roles: Collection[str]) -> set[UUID]:
    """Who holds one of these roles in the firm and can use it; the person, even with an account that is not active."""
    m, r, a = tables.memberships.c, tables.product_roles.c, tables.accounts.c
    return set(
        work.session.scalars(
            select(r.account_id)
            .join_from(tables.product_roles, tables.memberships, m.id == r.membership_id)
            .join(tables.accounts, a.id == r.account_id)
            .where(
                r.company_id == firm_id, r.role.in_(roles), r.ended_at.is_(None),
                or_(r.expires_at.is_(None), r.expires_at > work.now),
                m.ended_at.is_(None), m.suspended_at.is_(None),
                or_(a.status == "active", a.id == account_id),
            )
        )
    )  # fmt: skip
