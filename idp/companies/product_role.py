"""The one role a member has in a product of the company: giving it, replacing it, taking it away.

A change ends the row of before and inserts another, so that who could do what on a date is answered by the rows.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access_end, acting_on, clock, role, role_wish, seats
from idp.companies.errors import ChangedMeanwhile, RoleExists
from idp.companies.models import Membership, ProductRole
from idp.companies.role_wish import Wish
from idp.core.errors import NotFound
from idp.core.ids import uuid7
from idp.work import Work

EDITS = ("company.users.edit-access", "practice.colleagues.edit-access")
"""Either is enough; the second one exists in a firm only."""


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
        NotPermitted: the actor may not, acts on themselves, on the owner or on a higher role, or may not give this one.
        NotFound: the person is no member here.
        NotSubscribed, RoleNotOffered, RoleExists, SeatLimitReached, ExtraCostUnconfirmed, InvalidInput
    """
    membership = acting_on.editable(work, EDITS, company_id, account_id)
    wish = Wish(role_id, custom_role_id, switches or {}, restrictions or {}, expires_at)
    values = role_wish.columns(work, company_id, product, wish)
    _require_none(work, membership, product)  # nobody is asked about the cost of what cannot be
    bought = values["uses_seat"] and seats.reserve(work, company_id, product, extra_cost=extra_cost)
    over = _require_none(work, membership, product)
    if over is not None:
        _end(work, over)
    granted = _insert(work, membership, product, values)
    seats.tell_bought(work, company_id, {product: 1} if bought else {})
    log.record(
        work, "role.granted", ("account", account_id), company_id=company_id, product=product, role=wish.named,
        before=None, after=told(granted), extra_cost=bought,
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
    seen: UUID | None = None,
) -> ProductRole:
    """Replace a member's role in one product, its switches, its limits or its end; arguments and refusals as for
    `grant_role`.

    The seat is kept when both roles take one. Products feel it with the next token, at most ten minutes later.

    Args:
        seen: the row of the role that the actor was shown; None not to ask.

    Raises:
        NotFound: the person is no member here, or holds no role in the product.
        RoleNotAssignable: also when the actor could not have given the role of before.
        ChangedMeanwhile: it is another row by now.
    """
    membership = acting_on.editable(work, EDITS, company_id, account_id)
    before = _held(work, membership, product, seen)
    wish = Wish(role_id, custom_role_id, switches or {}, restrictions or {}, expires_at)
    values = role_wish.columns(work, company_id, product, wish, held=before.switches)
    bought = False
    if values["uses_seat"]:
        seats.lock(work, company_id)  # closes a temporary right that has run out: it holds no seat any more
        if not before.uses_seat or _over(work, before):
            bought = seats.reserve(work, company_id, product, extra_cost=extra_cost)
    was = told(before)
    if before.ended_at is None:
        _end(work, before)
    granted = _insert(work, membership, product, values)
    seats.tell_bought(work, company_id, {product: 1} if bought else {})
    log.record(
        work, "role.changed", ("account", account_id), company_id=company_id, product=product, role=wish.named,
        before=was, after=told(granted), extra_cost=bought,
    )  # fmt: skip
    return granted


def revoke_role(work: Work, company_id: UUID, account_id: UUID, product: str, *, seen: UUID | None = None) -> None:
    """Take away a member's role in one product; the person stays a member, the seat is free.

    Args:
        seen: the row of the role that the actor was shown; None not to ask.

    Raises:
        NotPermitted: the actor may not, acts on themselves, on the owner or on a higher role, or could not have given
            this one.
        NotFound: the person is no member here, or holds no role in the product.
        ChangedMeanwhile: it is another row by now.
    """
    membership = acting_on.editable(work, EDITS, company_id, account_id)
    held = _held(work, membership, product, seen)
    _end(work, held)
    clock.person(work, account_id)
    access_end.tell(work, account_id=account_id, company_id=company_id, product=product)
    log.record(
        work, "role.revoked", ("account", account_id), company_id=company_id, product=product,
        before=told(held), after=None,
    )  # fmt: skip


def current(work: Work, membership: Membership, product: str) -> ProductRole | None:
    """The role a member has in a product; its time may be over."""
    return work.session.scalar(
        select(ProductRole)
        .where(
            ProductRole.account_id == membership.account_id, ProductRole.company_id == membership.company_id,
            ProductRole.product == product, ProductRole.ended_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )  # fmt: skip


def of_row(work: Work, membership: Membership, key: UUID) -> ProductRole | None:
    """A role this member has, or has had, by the key of its row."""
    return work.session.scalar(
        select(ProductRole).where(
            ProductRole.id == key, ProductRole.account_id == membership.account_id,
            ProductRole.company_id == membership.company_id,
        )
    )  # fmt: skip


def told(held: ProductRole) -> dict[str, Any]:
    """A role as the audit log tells it."""
    return {
        "role": held.role or str(held.custom_role_id),
        "switches": held.switches,
        "restrictions": held.restrictions,
        "until": held.expires_at.isoformat() if held.expires_at else None,
    }


def _require_none(work: Work, membership: Membership, product: str) -> ProductRole | None:
    """Go on only if the member holds no role in the product; answers a temporary right that has run out.

    Raises:
        RoleExists: they do.
    """
    held = current(work, membership, product)
    if held is not None and not _over(work, held):
        raise RoleExists(product=product)
    return held


def _held(work: Work, membership: Membership, product: str, seen: UUID | None) -> ProductRole:
    """The role the actor is about to replace or to take away: one that they could have given."""
    before = current(work, membership, product)
    if seen is not None and (before is None or before.id != seen):
        raise ChangedMeanwhile()
    if before is None:
        raise NotFound(kind="product_role")
    known = work.policies.roles.get(before.role) if before.role else None
    if known is not None:
        role.require_assignable(work, membership.company_id, known)
    return before


def _over(work: Work, held: ProductRole) -> bool:
    return held.expires_at is not None and held.expires_at <= work.now


def _end(work: Work, held: ProductRole) -> None:
    """End a role now, or when its time was over; of several who do so together one succeeds, and no seat is kept that
    another gave back.

    Raises:
        ChangedMeanwhile: somebody was faster.
    """
    ended = work.session.execute(
        update(ProductRole)
        .where(ProductRole.id == held.id, ProductRole.ended_at.is_(None))
        .values(ended_at=held.expires_at if _over(work, held) else work.now),
        execution_options={"synchronize_session": "fetch"},
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise ChangedMeanwhile()


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
