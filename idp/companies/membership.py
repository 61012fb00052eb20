"""People in companies, and the one role each has in a product."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import profile
from idp.audit import log
from idp.companies import access, access_end, clock, company, period, role, role_wish, seats
from idp.companies.errors import (
    AlreadyMember,
    NotOnYourself,
    OwnerNotEditable,
    RoleExists,
    RoleNotOffered,
    UniqueRoleTaken,
)
from idp.companies.models import Assignment, Membership, ProductRole
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.work import Work

INVITES = "company.users.invite"
EDITS = "company.users.edit-access"
SUSPENDS = "company.users.suspend"
REMOVES = "company.users.remove"


def add(
    work: Work,
    company_id: UUID,
    account_id: UUID,
    *,
    company_role: str,
    also: Iterable[str] = (),
    services: Iterable[str] = (),
) -> Membership:
    """Make a person one of the company's own, with one company role.

    Args:
        also: further company roles that may be combined with it.
        services: per-person connected services that are on.

    Raises:
        NotPermitted: the actor may not, or none of the actor's roles may give one of these.
        NotFound: no such company or account.
        RoleNotOffered: not a company role, or one that cannot be combined.
        UniqueRoleTaken: the role has one holder per company, and has one.
        AlreadyMember: the person is.
    """
    access.require(work, INVITES, company_id)
    where = company.get(work, company_id)
    if where.closed_at is not None:
        raise NotFound(kind="company")
    profile.get(work, account_id)
    administration = next(each for each in work.policies.products.values() if each.kind == "administration")
    given = role.built_in(work, administration.id, company_role, "member")
    others = [role.built_in(work, administration.id, each, "member") for each in sorted(set(also))]
    for each in (given, *others):
        role.require_assignable(work, company_id, each)
        if each is not given and not each.entry.combinable:
            raise RoleNotOffered(product=administration.id, role=each.id)
    unknown = [each for each in services if each not in work.policies.services]
    if unknown:
        raise InvalidInput(field="services", unknown=unknown)
    if find(work, company_id, account_id) is not None:
        raise AlreadyMember()

    membership = Membership(
        id=uuid7(),
        account_id=account_id,
        company_id=company_id,
        company_role=company_role,
        unique_role=given.entry.unique,
        also=[each.id for each in others],
        services=sorted(services),
        epoch=clock.person(work, account_id),
        created_at=work.now,
        added_by=work.actor.id if work.actor.kind == "account" else None,
    )
    work.session.add(membership)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_memberships_unique_role, or uq_memberships_current in a race
        raise (UniqueRoleTaken(role=company_role) if given.entry.unique else AlreadyMember()) from error
    period.of_membership(work, membership)
    log.record(work, "membership.added", ("account", account_id), company_id=company_id, role=company_role)
    return membership


def grant_role(
    work: Work,
    company_id: UUID,
    account_id: UUID,
    product: str,
    *,
    role_id: str | None = None,
    custom_role_id: UUID | None = None,
    switches: Mapping[str, bool] | None = None,
    restrictions: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    extra_cost: bool = False,
) -> ProductRole:
    """Give a member a role in one product: a built-in one, or one of the company's own.

    Args:
        switches: areas turned on or off, over the defaults of a role with switches.
        restrictions: limits by name, as the product's rules define them.
        expires_at: end of a temporary right.
        extra_cost: the cost of a seat beyond the plan was confirmed.

    Raises:
        NotPermitted: the actor may not, acts on themselves or on the owner, or may not give this role.
        NotFound: the person is no member here.
        NotSubscribed, RoleNotOffered, RoleExists, SeatLimitReached, ExtraCostUnconfirmed, InvalidInput
    """
    membership = _editable(work, EDITS, company_id, account_id)
    if _current(work, membership, product) is not None:
        raise RoleExists(product=product)
    wish = Wish(role_id, custom_role_id, switches or {}, restrictions or {}, expires_at)
    values = role_wish.columns(work, company_id, product, wish)
    bought = values["uses_seat"] and seats.reserve(work, company_id, product, extra_cost=extra_cost)
    granted = _insert(work, membership, product, values)
    seats.tell_bought(work, company_id, {product: 1} if bought else {})
    log.record(
        work, "role.granted", ("account", account_id),
        company_id=company_id, product=product, role=wish.named, extra_cost=bought,
    )  # fmt: skip
    return granted


def change_role(
    work: Work,
    company_id: UUID,
    account_id: UUID,
    product: str,
    *,
    role_id: str | None = None,
    custom_role_id: UUID | None = None,
    switches: Mapping[str, bool] | None = None,
    restrictions: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    extra_cost: bool = False,
) -> ProductRole:
    """Replace a member's role in one product; arguments and refusals as for `grant_role`.

    The seat is kept when both roles take one. Products feel it with the next token, at most ten minutes later.

    Raises:
        NotFound: the person is no member here, or holds no role in the product.
    """
    membership = _editable(work, EDITS, company_id, account_id)
    before = _current(work, membership, product)
    if before is None:
        raise NotFound(kind="product_role")
    wish = Wish(role_id, custom_role_id, switches or {}, restrictions or {}, expires_at)
    values = role_wish.columns(work, company_id, product, wish)
    bought = False
    if values["uses_seat"]:
        seats.lock(work, company_id)  # closes a temporary right that has run out: it holds no seat any more
        if not before.uses_seat or before.ended_at is not None:
            bought = seats.reserve(work, company_id, product, extra_cost=extra_cost)
    if before.ended_at is None:
        _end(work, before)
    granted = _insert(work, membership, product, values)
    seats.tell_bought(work, company_id, {product: 1} if bought else {})
    log.record(
        work, "role.changed", ("account", account_id), company_id=company_id, product=product,
        before=before.role or str(before.custom_role_id), role=wish.named, extra_cost=bought,
    )  # fmt: skip
    return granted


def revoke_role(work: Work, company_id: UUID, account_id: UUID, product: str) -> None:
    """Take away a member's role in one product; the person stays a member, the seat is free.

    Raises:
        NotPermitted: the actor may not, or acts on themselves or on the owner.
        NotFound: the person is no member here, or holds no role in the product.
    """
    membership = _editable(work, EDITS, company_id, account_id)
    held = _current(work, membership, product)
    if held is None:
        raise NotFound(kind="product_role")
    _end(work, held)
    clock.person(work, account_id)
    log.record(work, "role.revoked", ("account", account_id), company_id=company_id, product=product)


def suspend(work: Work, company_id: UUID, account_id: UUID) -> None:
    """Refuse a member everything here for the time being; roles and seats are kept."""
    membership = _editable(work, SUSPENDS, company_id, account_id)
    if membership.suspended_at is None:
        membership.suspended_at = work.now
        work.session.flush()
        period.of_membership(work, membership)
        clock.person(work, account_id)
        log.record(work, "membership.suspended", ("account", account_id), company_id=company_id)


def resume(work: Work, company_id: UUID, account_id: UUID) -> None:
    """Take back a suspension."""
    membership = _editable(work, SUSPENDS, company_id, account_id)
    if membership.suspended_at is not None:
        membership.suspended_at = None
        work.session.flush()
        period.of_membership(work, membership)
        clock.person(work, account_id)
        log.record(work, "membership.resumed", ("account", account_id), company_id=company_id)


def remove(work: Work, company_id: UUID, account_id: UUID) -> None:
    """Remove a member: roles end, seats are free, and in a firm every client is lost at once.

    Raises:
        NotPermitted: the actor may not, or acts on themselves, or on the holder of the unique role.
        NotFound: the person is no member here.
    """
    membership = _editable(work, REMOVES, company_id, account_id)
    if membership.unique_role:
        raise OwnerNotEditable()
    clock.person(work, account_id)
    for table, firm in ((ProductRole, ProductRole.company_id), (Assignment, Assignment.firm_id)):
        work.session.execute(
            update(table)
            .where(table.account_id == account_id, firm == company_id, table.ended_at.is_(None))
            .values(ended_at=work.now)
        )
    membership.ended_at = work.now
    work.session.flush()
    period.of_membership(work, membership)
    access_end.tell(work, account_id=account_id, logout=True)  # of a firm: at every client, whatever its name
    log.record(work, "membership.removed", ("account", account_id), company_id=company_id)


def find(work: Work, company_id: UUID, account_id: UUID) -> Membership | None:
    """The current membership, suspended or not."""
    return work.session.scalar(
        select(Membership).where(
            Membership.account_id == account_id, Membership.company_id == company_id, Membership.ended_at.is_(None)
        )
    )


def ever(work: Work, company_id: UUID, account_id: UUID) -> bool:
    """Whether the person is a member here, or has been one."""
    statement = select(Membership.id).where(Membership.account_id == account_id, Membership.company_id == company_id)
    return work.session.execute(statement.limit(1)).first() is not None


def _editable(work: Work, permission: str, company_id: UUID, account_id: UUID) -> Membership:
    """The membership, if the actor may act on it. The permission is asked first, so that nobody learns who is here."""
    access.require(work, permission, company_id)
    membership = find(work, company_id, account_id)
    if membership is None:
        raise NotFound(kind="membership")
    if access.trusted(work):
        return membership
    administration = work.policies.products[permission.partition(".")[0]]
    if work.actor.id == account_id and not administration.rules.self_edit_of_own_access:
        raise NotOnYourself()
    if membership.unique_role and not administration.rules.owner_editable_by_others:
        raise OwnerNotEditable()
    return membership


def _current(work: Work, membership: Membership, product: str) -> ProductRole | None:
    return work.session.scalar(
        select(ProductRole).where(
            ProductRole.account_id == membership.account_id, ProductRole.company_id == membership.company_id,
            ProductRole.product == product, ProductRole.ended_at.is_(None),
        )
    )  # fmt: skip


def _end(work: Work, held: ProductRole) -> None:
    """End a role; of several who do so together one succeeds, and no seat is kept that another gave back.

    Raises:
        NotFound: somebody was faster.
    """
    ended = work.session.execute(
        update(ProductRole).where(ProductRole.id == held.id, ProductRole.ended_at.is_(None)).values(ended_at=work.now),
        execution_options={"synchronize_session": "fetch"},
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="product_role")


def _insert(work: Work, membership: Membership, product: str, values: dict[str, Any]) -> ProductRole:
    granted = ProductRole(
        id=uuid7(),
        membership_id=membership.id,
        account_id=membership.account_id,
        company_id=membership.company_id,
        product=product,
        created_at=work.now,
        granted_by=work.actor.id if work.actor.kind == "account" else None,
        **values,
    )
    work.session.add(granted)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_product_roles_current
        raise RoleExists(product=product) from error
    clock.person(work, membership.account_id)
    return granted
