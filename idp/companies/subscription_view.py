"""How the subscriptions of a company stand, for people: what each product is at this instant, until when, and what can
be done about it. Nothing is written down here: a date that has passed counts although no job has been by."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select

from idp.companies import access, renewal, seats, subscription_request, terms
from idp.companies.models import (
    Company,
    Membership,
    ProductRole,
    SubscribedProduct,
    Subscription,
    SubscriptionPeriod,
    SubscriptionRequest,
)
from idp.companies.reach import kept_until, state_now
from idp.companies.seats import Seats
from idp.companies.subscription_state import CANCEL, PAYMENT_RECEIVED, RESUME, SUBSCRIBE, step_of
from idp.companies.terms import Terms
from idp.core.errors import NotFound
from idp.work import Work

RESUMES = "company.subscription.resume"
VIEWS = "company.subscription.view"
STAFF_VIEWS = "operations.subscriptions.view"


@dataclass(frozen=True, slots=True)
class ProductSeen:
    """One product.

    Attributes:
        state: at this instant.
        until: when it ends, where that is known: a trial, a notice, a suspension.
        suspends: a payment failed, and this is when the grace is over.
        kept: an ended product: until when data and rights are kept. Otherwise until when they would be, if it ends.
        cancels: when it would end if it were cancelled now; with `may_cancel` and None, at once.
        unpaid: a payment is missing.
        cancelled: its end was asked for.
        seats: None where the plan does not count them, or nobody can use the product.
    """

    product: str
    state: str
    since: datetime
    until: datetime | None
    suspends: datetime | None
    kept: datetime | None
    may_cancel: bool
    cancels: datetime | None
    may_resume: bool
    running: bool
    unpaid: bool
    cancelled: bool
    seats: Seats | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Attributes:
    addable: products of the plan that the company does not have.
    on_trial: products of the plan that the company tries, and can subscribe to.
    requests: what billing has not answered yet, or has just refused.
    """

    company_id: UUID
    name: str
    kind: str
    terms: Terms | None
    next_renewal: datetime | None
    products: tuple[ProductSeen, ...]
    addable: tuple[str, ...]
    on_trial: tuple[str, ...]
    requests: tuple[SubscriptionRequest, ...]


def overview(work: Work, company_id: UUID) -> Overview:
    """Everything about the contract of a company, for its own people and for staff.

    Raises:
        NotPermitted: the actor may not see it.
        NotFound: the actor has nothing to do with the company.
    """
    _require(work, company_id)
    company = work.session.get(Company, company_id)
    if company is None:
        raise NotFound(kind="company")
    contract = terms.find(work, company_id)
    if contract is None:
        return Overview(company_id, company.name, company.kind, None, None, (), (), (), ())
    seen, now = products(work, contract), terms.now(work, contract)
    held = {each.product for each in seen}
    purged = {each.product for each in seen if not any(step.from_ == each.state for step in work.policies.transitions)}
    tried = {each.product for each in seen if step_of(work.policies, each.state, SUBSCRIBE)}
    plan = work.policies.plans.get(now.plan)
    sold = plan.products if plan else ()
    return Overview(
        company_id=company_id,
        name=company.name,
        kind=company.kind,
        terms=now,
        next_renewal=renewal.next_date(contract, work.now),
        products=tuple(seen),
        addable=tuple(each for each in sold if each not in held or each in purged),
        on_trial=tuple(each for each in sold if each in tried),
        requests=tuple(subscription_request.listing(work, company_id)),
    )


def products(work: Work, contract: Subscription) -> list[ProductSeen]:
    """The products of a contract as they stand, in the order of the catalogue. Who may see them is for the caller."""
    s = SubscribedProduct
    rows = {row.product: row for row in work.session.scalars(select(s).where(s.company_id == contract.company_id))}
    standing = seats.overview(work, contract.company_id)
    return [_seen(work, contract, rows[each], standing.get(each)) for each in work.policies.products if each in rows]


def product(work: Work, company_id: UUID, name: str) -> ProductSeen:
    """One product of a company.

    Raises:
        NotPermitted, NotFound: as `overview`; NotFound also for a product that the company has not.
    """
    found = next((each for each in overview(work, company_id).products if each.product == name), None)
    if found is None:
        raise NotFound(kind="product")
    return found


def holders(work: Work, company_id: UUID, product: str) -> int:
    """How many people of the company have a role in a product."""
    r = ProductRole
    return (
        work.session.scalar(
            select(func.count()).where(
                r.company_id == company_id, r.product == product, r.ended_at.is_(None),
                or_(r.expires_at.is_(None), r.expires_at > work.now),
            )
        )
        or 0
    )  # fmt: skip


def if_cancelled(work: Work, seen: ProductSeen) -> ProductSeen:
    """A product as it would stand once it is cancelled now."""
    step = step_of(work.policies, seen.state, CANCEL)
    if step is None:
        return seen
    over = work.policies.states[step.to].refused
    end = work.now if over else seen.cancels
    ends = min(end, seen.until) if end and seen.until and seen.unpaid else end
    return replace(
        seen, state=step.to, since=work.now, until=None if over else ends, running=not over,
        kept=kept_until(work.policies, seen.state if over else step.to, ends) if ends else None,
    )  # fmt: skip


def announced(terms_now: Terms) -> Terms:
    """The contract that was announced."""
    return Terms(terms_now.next_plan or terms_now.plan, terms_now.next_seats)


def wanted(asked: SubscriptionRequest) -> Terms:
    """The contract that a company asks for."""
    return Terms(asked.plan, asked.seats)


def looked_after(work: Work, account_id: UUID, company_ids: Iterable[UUID]) -> set[UUID]:
    """Of these companies, those whose subscriptions this person may continue. One statement."""
    able = {each.id for each in work.policies.roles.values() if RESUMES in each.permissions}
    m = Membership
    rows = work.session.execute(
        select(m.company_id, m.company_role, m.also).where(
            m.account_id == account_id, m.company_id.in_(list(company_ids)), m.ended_at.is_(None),
            m.suspended_at.is_(None),
        )
    )  # fmt: skip
    return {row.company_id for row in rows if able & {row.company_role, *row.also}}


def state_on(work: Work, company_id: UUID, product: str, at: datetime) -> str | None:
    """The state a product was in at an instant; None before it was subscribed to. From the periods, judged as `reach`
    judges the present: a date that had passed counts although it was written down later."""
    p = SubscriptionPeriod
    found = work.session.scalars(
        select(p)
        .where(p.company_id == company_id, p.product == product, p.began_at <= at)
        .order_by(p.began_at.desc(), p.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    then = work.later(seconds=(at - work.now).total_seconds())
    return state_now(then, found.state, found.began_at, found.until_at)[0]


def attention(work: Work, company_ids: Iterable[UUID]) -> dict[UUID, list[ProductSeen]]:
    """What of these companies' products is not simply running, for people who look after them. One statement."""
    s = SubscribedProduct
    found: dict[UUID, list[ProductSeen]] = {}
    rows = work.session.scalars(
        select(s).where(s.company_id.in_(list(company_ids))).order_by(s.company_id, s.product)
    ).all()
    order = {each: number for number, each in enumerate(work.policies.products)}
    for row in sorted(rows, key=lambda each: order.get(each.product, 0)):
        seen = _seen(work, None, row, None)
        if seen.until is not None or seen.suspends is not None or not seen.running:
            found.setdefault(row.company_id, []).append(seen)
    return found


def _require(work: Work, company_id: UUID) -> None:
    access.require(work, STAFF_VIEWS if STAFF_VIEWS in access.rights_of_actor(work) else VIEWS, company_id)


def _seen(work: Work, contract: Subscription | None, row: SubscribedProduct, held: Seats | None) -> ProductSeen:
    policies, until = work.policies, row.until_at
    state, ended_at = state_now(work, row.state, row.since_at, until, row.suspends_at)
    known, recorded = policies.states[state], policies.states[row.state]
    grace_over = row.suspends_at is not None and row.suspends_at <= work.now
    since = ended_at or (row.suspends_at if grace_over and row.suspends_at else row.since_at)
    if known.max_days:
        longest = since + timedelta(days=known.max_days)
        until = min(until, longest) if until else longest
    if known.refused:
        kept = row.kept_until_at if recorded.refused else kept_until(policies, row.state, since)
    else:
        kept = kept_until(policies, state, until) if until else None
    step = step_of(policies, state, CANCEL)
    recorded_end = step is not None and step.to == state and row.until_at is not None
    may_cancel = step is not None and not recorded_end
    at_once = step is not None and policies.states[step.to].refused
    return ProductSeen(
        product=row.product,
        state=state,
        since=since,
        until=None if known.refused else until,
        suspends=row.suspends_at if not known.refused and not grace_over else None,
        kept=kept,
        may_cancel=may_cancel,
        cancels=renewal.end_of_notice(policies, contract, work.now)
        if contract and may_cancel and not at_once
        else None,
        may_resume=step_of(policies, state, RESUME) is not None and (not known.refused or _kept(work, kept)),
        running=not known.refused,
        unpaid=step_of(policies, state, PAYMENT_RECEIVED) is not None,
        cancelled=not known.refused and (step_of(policies, state, RESUME) is not None or recorded_end),
        seats=held if not known.refused else None,
    )


def _kept(work: Work, kept: datetime | None) -> bool:
    return kept is None or kept > work.now
