"""What a company has subscribed to, and the states of its products."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from idp.audit import log
from idp.companies import access, clock, company, subscription_state, terms
from idp.companies.errors import NotSubscribed, TransitionRefused
from idp.companies.models import SubscribedProduct, Subscription
from idp.companies.reach import state_now
from idp.core.errors import Conflict, InvalidInput
from idp.core.ids import uuid7
from idp.policy.agreements import Plan
from idp.work import Work

SETS_STATE = "operations.subscriptions.set-state"


def start(
    work: Work, company_id: UUID, *, plan: str, seats: int | None = None, next_renewal_at: datetime | None = None
) -> Subscription:
    """Give a company its contract; products follow by `set_state`.

    Args:
        seats: seats per product; by default those the plan includes, and None where it does not count them.

    Raises:
        NotPermitted: the actor may not.
        InvalidInput: no such plan, one for the other kind of company, or seats it does not have.
        Conflict: the company has a subscription already.
    """
    access.require(work, SETS_STATE, company_id)
    count = terms.seats_for(terms.plan_for(work, plan, company.get(work, company_id).kind), seats)
    if of(work, company_id) is not None:
        raise Conflict(field="company_id")
    subscription = Subscription(
        id=uuid7(),
        company_id=company_id,
        plan=plan,
        seats=count,
        told_seats=count,
        started_at=work.now,
        next_renewal_at=next_renewal_at,
    )
    work.session.add(subscription)
    work.session.flush()
    clock.company(work, company_id)
    log.record(
        work, "subscription.started", ("company", company_id), company_id=company_id, plan=plan, seats=count,
        before=None, after={"plan": plan, "seats": count},
    )  # fmt: skip
    return subscription


def set_state(
    work: Work,
    company_id: UUID,
    product: str,
    state: str,
    *,
    since_at: datetime | None = None,
    until_at: datetime | None = None,
    kept_until_at: datetime | None = None,
) -> SubscribedProduct:
    """Record the state of one product, as billing says.

    Args:
        since_at: when it began; now by default.
        until_at: when a trial, a notice or a cancelled suspension ends.
        kept_until_at: for an ended product, until when data and rights are kept.

    Raises:
        NotPermitted: the actor may not.
        InvalidInput: no such product in the plan, no such state, or dates that contradict each other.
        NotSubscribed: the company has no subscription.
        TransitionRefused: the product does not go from its state to this one.
    """
    access.require(work, SETS_STATE, company_id)
    began = since_at or work.now
    if state not in work.policies.states:
        raise InvalidInput(field="state")
    for field, instant in (("until_at", until_at), ("kept_until_at", kept_until_at)):
        if instant is not None and instant <= began:
            raise InvalidInput(field=field)
    if until_at is not None and subscription_state.ends_by(work.policies, state) is None:
        raise InvalidInput(field="until_at")
    subscription = of(work, company_id)
    if subscription is None:
        raise NotSubscribed(product=product)
    row = product_of(work, company_id, product)
    if row is None:
        if product not in work.policies.plans[subscription.plan].products:
            raise InvalidInput(field="product")
        row = SubscribedProduct(id=uuid7(), subscription_id=subscription.id, company_id=company_id, product=product)
    elif row.state != state and not _allowed(work, row.state, state):
        raise TransitionRefused(product=product, before=row.state, after=state)
    subscription_state.write(
        work, row, state, subscription_state.RECORDED, began=began, until=until_at, kept=kept_until_at
    )
    return row


def of(work: Work, company_id: UUID) -> Subscription | None:
    """The contract of a company."""
    return terms.find(work, company_id)


def product_of(work: Work, company_id: UUID, product: str) -> SubscribedProduct | None:
    """The state of one product, as recorded; `reach.state_now` says what it is at this instant."""
    return work.session.scalar(
        select(SubscribedProduct).where(
            SubscribedProduct.company_id == company_id, SubscribedProduct.product == product
        )
    )


def now(work: Work, row: SubscribedProduct) -> tuple[str, datetime | None]:
    """The state of a product at this instant, whatever was written down last, and when it ended if it has."""
    return state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)


def usable(work: Work, company_id: UUID) -> dict[str, str]:
    """The products a company can use now, be it for viewing only, with their states."""
    rows = work.session.scalars(select(SubscribedProduct).where(SubscribedProduct.company_id == company_id))
    states = {row.product: now(work, row) for row in rows}
    return {product: state for product, (state, ended_at) in states.items() if ended_at is None}


def plan_with(work: Work, company_id: UUID, product: str) -> Plan:
    """The plan under which a company can use the product now, be it for viewing only.

    Raises:
        NotSubscribed: it cannot.
    """
    subscription, row = of(work, company_id), product_of(work, company_id, product)
    plan = work.policies.plans.get(terms.now(work, subscription).plan) if subscription is not None else None
    if row is None or plan is None:
        raise NotSubscribed(product=product)
    if now(work, row)[1] is not None:
        raise NotSubscribed(product=product)
    return plan


def _allowed(work: Work, before: str, after: str) -> bool:
    return any(each.from_ == before and each.to == after for each in work.policies.transitions)
