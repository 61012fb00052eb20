"""Keeping the periods of what is changed in place: called by every command that changes such a row, after its flush.

Nothing is ever rewritten but within one instant: what began and ended at the same moment never held. Where the clock
of another process was ahead, a period begins when the one before did: none ends before its beginning, no two overlap.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, select, update

from idp.companies.models import (
    Company,
    CustomRole,
    CustomRoleRevision,
    Membership,
    MembershipPeriod,
    ServicePeriod,
)
from idp.core.ids import uuid7
from idp.work import Work

Period = type[MembershipPeriod] | type[ServicePeriod] | type[CustomRoleRevision]


def of_membership(work: Work, membership: Membership) -> None:
    """The membership has begun, ended, or changed: its company roles, its services, or whether it is suspended."""
    values = {
        "company_role": membership.company_role,
        "also": list(membership.also),
        "services": list(membership.services),
        "suspended": membership.suspended_at is not None,
    }
    key = {"membership_id": membership.id}
    _turn(work, MembershipPeriod, key, None if membership.ended_at is not None else values)


def of_services(work: Work, company: Company) -> None:
    """The company has begun, or its connected services were switched."""
    _turn(work, ServicePeriod, {"company_id": company.id}, {"services": sorted(company.services)})


def of_custom_role(work: Work, role: CustomRole) -> None:
    """The role was made, has a new revision, or was deleted."""
    values = {
        "revision": role.revision,
        "name": role.name,
        "labels": dict(role.labels),
        "permissions": list(role.permissions),
    }
    _turn(work, CustomRoleRevision, {"custom_role_id": role.id}, None if role.deleted_at is not None else values)


def end_custom_roles(work: Work, company_id: UUID, product: str) -> None:
    """Every role of the company's own in this product was deleted at once."""
    r, v = CustomRole, CustomRoleRevision
    theirs = select(r.id).where(r.company_id == company_id, r.product == product)
    end = case((v.began_at > work.now, v.began_at), else_=work.now)
    work.session.execute(
        update(v).where(v.custom_role_id.in_(theirs), v.ended_at.is_(None)).values(ended_at=end),
        execution_options={"synchronize_session": False},
    )


def _turn(work: Work, model: Period, key: Mapping[str, Any], values: Mapping[str, Any] | None) -> None:
    """Close the open period and begin one with these values; None begins no other."""
    before: Any = work.session.scalar(select(model).filter_by(**key, ended_at=None))
    begins = max(work.now, before.began_at) if before is not None else work.now
    if before is not None:
        if values is not None and all(getattr(before, name) == value for name, value in values.items()):
            return
        if before.began_at == begins:
            work.session.execute(delete(model).where(model.id == before.id))
            work.session.expunge(before)
        else:
            before.ended_at = begins
        work.session.flush()
    if values is not None:
        work.session.add(model(id=uuid7(), **key, **values, began_at=begins, ended_at=None))
        work.session.flush()
