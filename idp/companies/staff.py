"""Roles of the people who run this service. They open `operations.*` permissions and never reach a product's token."""

from uuid import UUID

from sqlalchemy import select

from idp.accounts import profile
from idp.audit import log
from idp.companies import access
from idp.companies.errors import RoleExists, RoleNotOffered
from idp.companies.models import StaffRole
from idp.core.errors import NotPermitted
from idp.core.ids import uuid7
from idp.work import Work


def grant(work: Work, account_id: UUID, role: str) -> StaffRole:
    """Make a person one of the staff, by an operator.

    Raises:
        NotPermitted: the actor is no operator.
        NotFound: no such account.
        RoleNotOffered: not a role for staff.
        RoleExists: the person holds it.
    """
    if not access.trusted(work):
        raise NotPermitted(permission="operations.staff.grant")
    profile.get(work, account_id)
    found = work.policies.roles.get(role)
    if found is None or "staff" not in found.held_by:
        raise RoleNotOffered(role=role)
    if role in roles_ever(work, account_id, current=True):
        raise RoleExists(role=role)
    granted = StaffRole(id=uuid7(), account_id=account_id, role=role, created_at=work.now)
    work.session.add(granted)
    work.session.flush()
    log.record(work, "staff_role.granted", ("account", account_id), role=role, before=None, after={"role": role})
    return granted


def roles_ever(work: Work, account_id: UUID, *, current: bool = False) -> frozenset[str]:
    """The staff roles a person has had, or has now."""
    statement = select(StaffRole.role).where(StaffRole.account_id == account_id)
    return frozenset(work.session.scalars(statement.where(StaffRole.ended_at.is_(None)) if current else statement))
