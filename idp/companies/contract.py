"""What billing says of a contract: its plan, its seats, its dates, its products, and whether it is paid for.

Nobody loses anything by a smaller contract: what is too much stays, and nothing more is added until it fits (`seats`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from idp.audit import log
from idp.companies import access, clock, subscription_notice, subscription_request, terms
from idp.companies import seats as seats_held
from idp.companies.errors import DatePassed, NotSubscribed, PlanLacksProduct, TransitionRefused, UnknownProduct
from idp.companies.models import SubscribedProduct, Subscription
from idp.companies.reach import PAYMENT_FAILED
from idp.companies.subscription_notice import Told
from idp.companies.subscription_state import (
    END_REACHED,
    MAX_REACHED,
    PAYMENT_RECEIVED,
    RECORDED,
    RESUME,
    SUBSCRIBE,
    TRIAL_EXPIRED,
    Change,
    locked,
    move,
    step_of,
    tell,
    write,
)
from idp.core.errors import InvalidInput
from idp.core.ids import uuid7
from idp.work import Work

SETS_STATE = "operations.subscriptions.set-state"
_ENDINGS = (TRIAL_EXPIRED, END_REACHED, MAX_REACHED)


def add_product(
    work: Work, company_id: UUID, product: str, *, trial_until: datetime | None = None, at: datetime | None = None
) -> SubscribedProduct:
    """A company begins with a product of its plan, subscribes to one it has on trial, or comes back to one that ended.
    One whose rights were erased begins anew.

    Args:
        trial_until: it is a trial, with this end.
        at: when it began; now by default.

    Raises:
        NotPermitted: the actor may not.
        NotSubscribed: the company has no contract.
        UnknownProduct: the plan does not have it.
        DatePassed: the end of the trial is over.
        TransitionRefused: it has the product already.
    """
    contract = _contract(work, company_id)
    if product not in work.policies.plans[terms.now(work, contract).plan].products:
        raise UnknownProduct(field="product")
    if trial_until is not None and trial_until <= work.now:
        raise DatePassed(field="trial_until")
    row = next(iter(locked(work, company_id, [product])), None)
    begins = min(at or work.now, work.now)
    if row is None:
        row = SubscribedProduct(id=uuid7(), subscription_id=contract.id, company_id=company_id, product=product)
    elif any(step.from_ == row.state for step in work.policies.transitions):
        if trial_until is not None:
            raise TransitionRefused(product=product, state=row.state, by="trial")
        by = SUBSCRIBE if step_of(work.policies, row.state, SUBSCRIBE) else RESUME
        tell(work, company_id, [move(work, row, by, at=begins)])
        subscription_request.answered(work, company_id, product=product)
        return row
    state = next(
        each.from_ if trial_until is not None else each.to for each in work.policies.transitions if each.by == SUBSCRIBE
    )
    write(work, row, state, RECORDED, began=begins, until=trial_until)
    subscription_request.answered(work, company_id, product=product)
    return row


def change(
    work: Work, company_id: UUID, *, plan: str | None = None, seats: int | None = None, at: datetime | None = None
) -> Subscription:
    """Another plan, or another number of seats per product, now or from an instant that is announced.

    Args:
        plan: the present one by default; its own number of seats counts unless `seats` says another.

    Raises:
        NotPermitted, NotSubscribed
        UnknownPlan: there is no such plan for this kind of company.
        InvalidInput: the plan does not sell so many seats, or so few.
        PlanLacksProduct: the company uses a product that the plan does not have.
        DatePassed: the instant is over.
    """
    contract = _contract(work, company_id)
    before = terms.now(work, contract)
    if at is not None and at <= work.now:
        raise DatePassed(field="effective")
    wanted = terms.plan_for(work, plan or before.plan, terms.kind_of(work, company_id))
    number = terms.seats_for(wanted, seats)
    for row in locked(work, company_id):
        if not work.policies.states[row.state].refused and row.product not in wanted.products:
            raise PlanLacksProduct(product=row.product, plan=wanted.id)
    if at is None:
        contract.plan, contract.seats = wanted.id, number
        contract.told_seats = number
        contract.next_plan = contract.next_seats = contract.changes_at = None
    else:
        contract.next_plan, contract.next_seats, contract.changes_at = wanted.id, number, at
    work.session.flush()
    clock.company(work, company_id)
    log.record(
        work, "subscription.changed", ("company", company_id), company_id=company_id,
        before={"plan": before.plan, "seats": before.seats}, after={"plan": wanted.id, "seats": number},
        from_=at.isoformat() if at else None,
    )  # fmt: skip
    subscription_request.answered(work, company_id)
    used = {product: each.used for product, each in seats_held.overview(work, company_id).items()}
    over = [product for product, each in used.items() if number is not None and each > number]
    if over:
        subscription_notice.tell_lowered(work, company_id, over, seats=number or 0, used=max(used.values()), day=at)
    return contract


def renew(work: Work, company_id: UUID, dates: Sequence[datetime], *, months: int | None = None) -> Subscription:
    """The next dates of renewal.

    Args:
        dates: in their order, one at least, none of them over.
        months: how far apart the dates after these are; as before by default.

    Raises:
        NotPermitted, NotSubscribed
        DatePassed: the first one is over.
        InvalidInput: they are not in their order.
    """
    contract = _contract(work, company_id)
    if not dates or list(dates) != sorted(set(dates)):
        raise InvalidInput(field="renewals")
    if dates[0] <= work.now:
        raise DatePassed(field="renewals")
    before = contract.renewals[0] if contract.renewals else None
    contract.renewals, contract.next_renewal_at = [each.isoformat() for each in dates], dates[0]
    contract.renewal_months = months or contract.renewal_months
    work.session.flush()
    log.record(
        work, "subscription.renewed", ("company", company_id), company_id=company_id, next=contract.renewals[0],
        before={"renewal": before}, after={"renewal": contract.renewals[0]},
    )  # fmt: skip
    return contract


def payment_failed(work: Work, company_id: UUID, products: Iterable[str] | None, at: datetime) -> list[str]:
    """A payment failed at this instant: from the end of the grace on, products are for viewing only. A second failure
    in the meantime changes nothing.

    Args:
        products: those alone; by default all that can be suspended.

    Raises:
        NotPermitted, NotSubscribed, UnknownProduct
        TransitionRefused: one that was named is in a state that a payment does not change.
    """
    _contract(work, company_id)
    failed: list[str] = []
    rows = _named(work, company_id, products)
    for row in rows:
        step = step_of(work.policies, row.state, PAYMENT_FAILED)
        if step is None:
            if products is not None and not step_of(work.policies, row.state, PAYMENT_RECEIVED):
                raise TransitionRefused(product=row.product, state=row.state, by=PAYMENT_FAILED)
        elif row.suspends_at is None:
            row.suspends_at = max(min(at, work.now), row.since_at) + timedelta(days=step.grace_days)
            failed.append(row.product)
    if failed:
        work.session.flush()
        log.record(
            work, "subscription.payment_failed", ("company", company_id), company_id=company_id, products=failed,
            before={"standing": "paid"}, after={"standing": "unpaid"},
        )  # fmt: skip
        grace = {row.product: row.suspends_at for row in rows if row.product in failed}
        told = [Told(each, "failed", at) for each, at in grace.items() if at and at > work.now]
        subscription_notice.tell(work, company_id, told)
        locked(work, company_id, failed)  # told late, the grace may be over already
    return failed


def payment_received(work: Work, company_id: UUID, products: Iterable[str] | None = None) -> list[str]:
    """What was owed is paid: a grace is over, and a suspended product is open again. Answers which.

    Raises:
        NotPermitted, NotSubscribed, UnknownProduct
    """
    _contract(work, company_id)
    paid: list[str] = []
    changes: list[Change] = []
    for row in _named(work, company_id, products):
        if row.suspends_at is not None:
            row.suspends_at = None
            paid.append(row.product)
        elif step_of(work.policies, row.state, PAYMENT_RECEIVED):
            changes.append(move(work, row, PAYMENT_RECEIVED))
            paid.append(row.product)
    if paid:
        work.session.flush()
        log.record(
            work, "subscription.payment_received", ("company", company_id), company_id=company_id, products=paid,
            before={"standing": "unpaid"}, after={"standing": "paid"},
        )  # fmt: skip
        tell(work, company_id, changes)
    return paid


def end(work: Work, company_id: UUID, products: Iterable[str] | None, *, only: str | None = None) -> list[str]:
    """Products are over, as billing says: a trial, a notice or a suspension.

    Args:
        products: by default all that can end now.
        only: this transition alone.

    Raises:
        NotPermitted, NotSubscribed, UnknownProduct
        TransitionRefused: a product cannot end in its state, or none can.
    """
    _contract(work, company_id)
    ended: list[Change] = []
    for row in _named(work, company_id, products):
        by = next((each for each in _ENDINGS if only in (None, each) and step_of(work.policies, row.state, each)), None)
        if by is not None:
            ended.append(move(work, row, by))
        elif products is not None:
            raise TransitionRefused(product=row.product, state=row.state, by=only or END_REACHED)
    if not ended:
        raise TransitionRefused(by=only or END_REACHED)
    tell(work, company_id, ended)
    return [each.product for each in ended]


def _contract(work: Work, company_id: UUID) -> Subscription:
    """The contract, held, for an actor who may say how it stands."""
    access.require(work, SETS_STATE, company_id)
    contract = terms.find(work, company_id, lock=True)
    if contract is None:
        raise NotSubscribed()
    terms.settle(work, contract)
    return contract


def _named(work: Work, company_id: UUID, products: Iterable[str] | None) -> list[SubscribedProduct]:
    """The products named, or all of them; each has to be there."""
    wanted = None if products is None else sorted(set(products))
    rows = locked(work, company_id, wanted)
    if wanted is not None and len(rows) < len(wanted):
        raise UnknownProduct(field="products")
    return rows
