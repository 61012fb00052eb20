"""Roles that a company or firm made itself, once they are there: what they hold now and held before, and who has them.

`role.create_custom` makes them. What a role holds is felt by everybody who has it, with the next token.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, union, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, clock, company, paged, period, role, role_content, tables
from idp.companies.errors import CustomRoleRefused, RoleChanged, RoleInUse
from idp.companies.models import CustomRole, CustomRoleRevision
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import NotFound
from idp.work import Work

VIEWS = "company.roles.view"
FIRM_VIEWS = "practice.roles.view"
EDITS = "company.roles.edit"
DELETES = "company.roles.delete"
NAMED = 20  # holders that a refusal names


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has a role.

    Attributes:
        people: how many persons, here or for clients, suspended ones included.
        names: of some of them, in order.
        clients: of a firm's role, at how many of its clients it is used.
        invited: how many open invitations offer it.
    """

    people: int = 0
    names: tuple[str, ...] = ()
    clients: int = 0
    invited: int = 0

    def __bool__(self) -> bool:
        return bool(self.people or self.invited)


@dataclass(frozen=True, slots=True)
class Revision:
    number: int
    name: str
    labels: Mapping[str, str]
    permissions: tuple[str, ...]
    began_at: datetime
    ended_at: datetime | None


def require_reader(work: Work, company_id: UUID) -> None:
    """Go on only if the actor may see the roles of this company or firm.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    firm = company.get(work, company_id).kind == "firm"
    access.require_one(work, (VIEWS, FIRM_VIEWS) if firm else (VIEWS,), company_id)


def get(work: Work, company_id: UUID, role_id: UUID) -> CustomRole:
    """A role that this company made. Who may see it is for the caller.

    Raises:
        NotFound: it made none with this key, or deleted it.
    """
    found = work.session.scalar(
        select(CustomRole).where(
            CustomRole.id == role_id, CustomRole.company_id == company_id, CustomRole.deleted_at.is_(None)
        )
    )
    if found is None:
        raise NotFound(kind="custom_role")
    return found


def change(
    work: Work,
    company_id: UUID,
    role_id: UUID,
    *,
    seen: int,
    labels: Mapping[str, str] | None = None,
    permissions: Iterable[str] | None = None,
) -> CustomRole:
    """Give a role another name, or other permissions: its next revision. What it was stays in its history.

    Args:
        seen: the revision that the change was made from.
        labels: what people read from now on; None leaves it.
        permissions: what it holds from now on; None leaves it. What it holds already may stay, also where the actor
            could not give it.

    Raises:
        NotPermitted: the actor may not edit roles here.
        NotFound: the company made no such role.
        RoleChanged: somebody else changed it since.
        CustomRoleRefused, NotSubscribed, RoleNotAssignable, InvalidInput: as `role.create_custom`.
    """
    role.require_one(work, company_id, EDITS)
    made = _locked(work, company_id, role_id)
    role_content.require_builder(work, company_id, made.product)
    before = (dict(made.labels), list(made.permissions))
    texts = role_content.checked_labels(labels) if labels is not None else before[0]
    wanted = before[1]
    if permissions is not None:
        wanted = role_content.checked(work, company_id, made.product, permissions, before[1])
    if made.revision != seen:
        raise RoleChanged(revision=made.revision)
    if (texts, wanted) == (before[0], sorted(before[1])):
        return made
    clock.company(work, company_id)  # who comes second sees what the first one made
    policy = work.policies.products[made.product]
    name = made.name if texts == before[0] else next(iter(texts.values()))
    role_content.require_free(work, company_id, policy, (name, *texts.values()), but=made.id)
    _move(work, made, seen, name=name, labels=texts, permissions=wanted)
    log.record(
        work, "custom_role.changed", ("custom_role", made.id), company_id=company_id, product=made.product,
        before={"title": next(iter(before[0].values())), "held": sorted(before[1])},
        after={"title": next(iter(texts.values())), "held": sorted(wanted)},
        called=next(iter(texts.values())), revision=made.revision,
        added=sorted(set(wanted) - set(before[1])), taken=sorted(set(before[1]) - set(wanted)),
    )  # fmt: skip
    return made


def delete(work: Work, company_id: UUID, role_id: UUID) -> None:
    """Delete a role that nobody holds and no open invitation offers. Its history stays.

    Raises:
        NotPermitted: the actor may not delete roles here.
        NotFound: the company made no such role.
        RoleNotAssignable: none of the actor's roles builds roles in this product.
        RoleInUse: somebody holds it, or is invited to.
    """
    role.require_one(work, company_id, DELETES)
    made = _locked(work, company_id, role_id, alone=True)
    role_content.require_hands(work, company_id, made.product)
    clock.company(work, company_id)
    held = holders(work, company_id, made.id)
    if held:
        raise RoleInUse(people=held.people, clients=held.clients, invited=held.invited)
    made.deleted_at = work.now
    work.session.flush()
    period.of_custom_role(work, made)
    log.record(
        work, "custom_role.deleted", ("custom_role", made.id),
        company_id=company_id, product=made.product, called=next(iter(made.labels.values())),
        before={"title": next(iter(made.labels.values())), "held": sorted(made.permissions)}, after=None,
    )  # fmt: skip


def revisions(
    work: Work,
    company_id: UUID,
    role_id: UUID,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Revision]:
    """What a role held and holds, the latest first.

    Raises:
        NotFound: the company made no such role.
    """
    made, v = get(work, company_id, role_id), CustomRoleRevision
    r = tables.custom_role_revisions.c
    found = paged.page(
        work, select(v).where(v.custom_role_id == made.id), Order((r.revision,), r.id, latest_first=True),
        after=after, before=before, limit=limit,
    )  # fmt: skip
    return found.seen([_revision(row[0]) for row in found.rows])


def revision(work: Work, company_id: UUID, role_id: UUID, number: int) -> Revision | None:
    """One revision of a role, to compare another one with; None if there is none of this number.

    Raises:
        NotFound: the company made no such role.
    """
    made, v = get(work, company_id, role_id), CustomRoleRevision
    row = work.session.scalar(select(v).where(v.custom_role_id == made.id, v.revision == number))
    return _revision(row) if row is not None else None


def _revision(row: CustomRoleRevision) -> Revision:
    return Revision(row.revision, row.name, row.labels, tuple(row.permissions), row.began_at, row.ended_at)


def holders(work: Work, company_id: UUID, role_id: UUID) -> Holders:
    """Who has this role of the company's own, or is invited to it."""
    r, a, p = tables.product_roles.c, tables.assignments.c, tables.accounts.c
    people = union(
        select(r.account_id).where(r.company_id == company_id, r.custom_role_id == role_id, *_current(work)),
        select(a.account_id).where(a.firm_id == company_id, a.custom_role_id == role_id, a.ended_at.is_(None)),
    ).subquery()
    named = (
        select(p.given_name, p.family_name)
        .where(p.id.in_(select(people.c.account_id)))
        .order_by(p.family_name, p.given_name, p.id)
        .limit(NAMED)
    )
    count = select(func.count()).select_from(people)
    return Holders(
        people=work.session.scalar(count) or 0,
        names=tuple(f"{row.given_name} {row.family_name}".strip() for row in work.session.execute(named)),
        clients=_clients(work, company_id, role_id),
        invited=_invited(work, company_id, role_id),
    )


def _locked(work: Work, company_id: UUID, role_id: UUID, *, alone: bool = False) -> CustomRole:
    """As `get`, locked until the commit: before the clock, as whoever gives the role does.

    Args:
        alone: whoever is about to give it waits, or is waited for (`role.own`).
    """
    work.write()
    found = work.session.scalar(
        select(CustomRole)
        .where(CustomRole.id == role_id, CustomRole.company_id == company_id, CustomRole.deleted_at.is_(None))
        .with_for_update(key_share=not alone)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(kind="custom_role")
    return found


def _invited(work: Work, company_id: UUID, role_id: UUID) -> int:
    i, o = tables.invitations.c, tables.invited_roles.c
    counted = (
        select(func.count(i.id.distinct()))
        .join_from(tables.invitations, tables.invited_roles, o.invitation_id == i.id)
        .where(i.company_id == company_id, i.closed_at.is_(None), i.expires_at > work.now)
        .where(o.custom_role_id == role_id)
    )
    return work.session.scalar(counted) or 0


def _current(work: Work) -> tuple[ColumnElement[bool], ...]:
    r = tables.product_roles.c
    return r.ended_at.is_(None), or_(r.expires_at.is_(None), r.expires_at > work.now)


def _clients(work: Work, firm_id: UUID, role_id: UUID) -> int:
    a, m = tables.assignments.c, tables.mandates.c
    given = and_(a.firm_id == m.firm_id, or_(a.mandate_id == m.id, a.mandate_id.is_(None)))
    counted = (
        select(func.count(m.company_id.distinct()))
        .join_from(tables.assignments, tables.mandates, given)
        .where(a.firm_id == firm_id, a.custom_role_id == role_id, a.ended_at.is_(None), m.state == "active")
        .where(or_(m.until_at.is_(None), m.until_at > work.now))
    )
    return work.session.scalar(counted) or 0


def _move(work: Work, made: CustomRole, seen: int, **values: Any) -> None:
    """The next revision, for one of several who change the role together."""
    try:
        moved = work.session.execute(
            update(CustomRole)
            .where(CustomRole.id == made.id, CustomRole.revision == seen, CustomRole.deleted_at.is_(None))
            .values(revision=seen + 1, **values)
            .returning(CustomRole.id)
        ).one_or_none()
    except IntegrityError as error:  # uq_custom_roles_name
        raise CustomRoleRefused(reason="name_taken", product=made.product) from error
    work.session.refresh(made)
    if moved is None:
        raise RoleChanged(revision=made.revision)
    period.of_custom_role(work, made)
