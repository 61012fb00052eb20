"""What a company asks of billing: another plan, more or fewer seats, one more product. It counts once billing says so.

More is asked for at once, less from the next date of renewal on. Fewer seats than are used are refused: somebody
decides first who gives a seat up, and nobody is removed by a number.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from idp.audit import log
from idp.companies import access, billing_message, renewal, seats, terms
from idp.companies.errors import (
    ChangeBlocked,
    LoweringBelowUse,
    NotSubscribed,
    PlanLacksProduct,
    TransitionRefused,
    UnknownProduct,
)
from idp.companies.models import SubscribedProduct, Subscription, SubscriptionRequest
from idp.companies.subscription_state import SUBSCRIBE, locked, step_of
from idp.companies.terms import Terms
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.policy.agreements import Plan
from idp.work import Work

CHANGES = "company.subscription.change"
TERMS, PRODUCT = "terms", "product"


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that could be asked for.

    Attributes:
        wanted_at: from when on; None for at once.
    """

    plan: Plan
    seats: int | None
    wanted_at: datetime | None


def wish(work: Work, company_id: UUID, *, plan: str, seats_asked: int | None) -> Wish:
    """What asking for this plan and number of seats would come to; nothing is changed.

    Raises:
        NotPermitted: the actor may not change the contract. NotFound: nothing to do with the company.
        NotSubscribed: there is no contract.
        UnknownPlan: no such plan for this kind of company.
        InvalidInput: the plan does not sell so many seats, or so few; or nothing would change.
        PlanLacksProduct: the company uses a product that the plan does not have.
        LoweringBelowUse: more seats are used.
        ChangeBlocked: no product is left that the contract could be changed for.
    """
    access.require(work, CHANGES, company_id)
    contract, rows = _contract(work, company_id)
    now = terms.now(work, contract)
    wanted = terms.plan_for(work, plan, terms.kind_of(work, company_id))
    number = terms.seats_for(wanted, seats_asked)
    if (wanted.id, number) == (now.plan, now.seats):
        raise InvalidInput(field="seats", reason="unchanged")
    _refuse_blocked(work, rows)
    for row in rows:
        if not work.policies.states[row.state].refused and row.product not in wanted.products:
            raise PlanLacksProduct(product=row.product, plan=wanted.id)
    standing = seats.overview(work, company_id)
    over = {product: each.used for product, each in standing.items() if number is not None and each.used > number}
    if over:
        raise LoweringBelowUse(products=", ".join(over), used=max(over.values()), seats=number)
    return Wish(wanted, number, renewal.next_date(contract, work.now) if _smaller(now, number) else None)


def ask(work: Work, company_id: UUID, *, plan: str, seats_asked: int | None) -> SubscriptionRequest:
    """Ask for another plan or another number of seats, in place of what was asked before. Refusals as for `wish`."""
    found = wish(work, company_id, plan=plan, seats_asked=seats_asked)
    _close(work, company_id, TERMS, "", "withdrawn")
    return _put(
        work, company_id, TERMS, "terms.requested", plan=found.plan.id, seats=found.seats, wanted_at=found.wanted_at
    )


def ask_product(work: Work, company_id: UUID, product: str) -> SubscriptionRequest:
    """Ask for a product of the plan that the company does not have, or has on trial alone.

    Raises:
        NotPermitted, NotFound, NotSubscribed
        UnknownProduct: the plan does not have it.
        TransitionRefused: the company has it, or may continue it by itself.
        Conflict: it was asked for already.
    """
    access.require(work, CHANGES, company_id)
    contract, rows = _contract(work, company_id)
    plan = terms.now(work, contract).plan
    if product not in work.policies.plans[plan].products:
        raise UnknownProduct(field="product")
    held = next((row for row in rows if row.product == product), None)
    lives = held is not None and any(step.from_ == held.state for step in work.policies.transitions)
    if held is not None and lives and step_of(work.policies, held.state, SUBSCRIBE) is None:
        raise TransitionRefused(product=product, state=held.state, by=SUBSCRIBE)
    if any(each.product == product and each.closed_at is None for each in listing(work, company_id)):
        raise Conflict(field="product", product=product)
    return _put(work, company_id, PRODUCT, "product.requested", plan=plan, product=product)


def withdraw(work: Work, company_id: UUID, request_id: UUID) -> None:
    """Take a request back before it was answered.

    Raises:
        NotPermitted: the actor may not.
        NotFound: the company has no such open request.
    """
    access.require(work, CHANGES, company_id)
    r = SubscriptionRequest
    if not _end(work, r.id == request_id, r.company_id == company_id, outcome="withdrawn"):
        raise NotFound(kind="request")
    billing_message.put(work, company_id, "request.withdrawn", request=str(request_id))
    log.record(
        work, "subscription.request_closed", ("company", company_id),
        company_id=company_id, request=str(request_id), result="withdrawn",
    )  # fmt: skip


def refuse(work: Work, company_id: UUID, request_id: UUID, answer: str) -> None:
    """Billing does not do what was asked; `answer` is what the company reads.

    Raises:
        NotPermitted: the actor may not say how subscriptions stand.
        NotFound: the company has no such open request.
    """
    access.require(work, "operations.subscriptions.set-state", company_id)
    r = SubscriptionRequest
    if not _end(work, r.id == request_id, r.company_id == company_id, outcome="refused", answer=answer):
        raise NotFound(kind="request")
    log.record(
        work, "subscription.request_closed", ("company", company_id),
        company_id=company_id, request=str(request_id), result="refused",
    )  # fmt: skip


def answered(work: Work, company_id: UUID, *, product: str = "") -> None:
    """Billing has changed the contract, or added a product: what was asked about it is done."""
    _close(work, company_id, PRODUCT if product else TERMS, product, "done")


def get(work: Work, company_id: UUID, request_id: UUID) -> SubscriptionRequest:
    """One request of a company, open or not. Who may see it is for the caller.

    Raises:
        NotFound: the company has no such request; that of another one answers the same.
    """
    r = SubscriptionRequest
    found = work.session.scalar(select(r).where(r.id == request_id, r.company_id == company_id))
    if found is None:
        raise NotFound(kind="request")
    return found


def listing(work: Work, company_id: UUID) -> list[SubscriptionRequest]:
    """The open requests of a company, and the last one that was refused if nothing followed it."""
    r = SubscriptionRequest
    mine = select(r).where(r.company_id == company_id).order_by(r.id.desc())
    last = work.session.scalar(mine.limit(1))
    found = list(work.session.scalars(mine.where(r.closed_at.is_(None))))
    return [last, *found] if last is not None and last.outcome == "refused" else found


def _contract(work: Work, company_id: UUID) -> tuple[Subscription, list[SubscribedProduct]]:
    contract = terms.find(work, company_id, lock=True)
    if contract is None:
        raise NotSubscribed()
    terms.settle(work, contract)
    return contract, locked(work, company_id)


def _refuse_blocked(work: Work, rows: list[SubscribedProduct]) -> None:
    """A state may block the change of a contract; with a product in another state there is something to change."""
    states = [work.policies.states[row.state] for row in rows]
    if not any(not state.refused and CHANGES not in state.blocked_actions for state in states):
        raise ChangeBlocked()


def _smaller(now: Terms, number: int | None) -> bool:
    return number is not None and (now.seats is None or number < now.seats)


def _put(
    work: Work, company_id: UUID, kind: str, message: str, *, plan: str, seats: int | None = None, product: str = "",
    wanted_at: datetime | None = None,
) -> SubscriptionRequest:  # fmt: skip
    request = SubscriptionRequest(
        id=uuid7(), company_id=company_id, kind=kind, plan=plan, seats=seats, product=product, wanted_at=wanted_at,
        asked_at=work.now, answer="",
    )  # fmt: skip
    work.session.add(request)
    work.session.flush()  # the contract is locked: nobody else has asked meanwhile
    asked = {"product": product} if product else {"plan": plan, "seats": seats}
    billing_message.put(
        work, company_id, message, request=str(request.id), **asked,
        effective=wanted_at.isoformat() if wanted_at else None,
    )  # fmt: skip
    log.record(
        work, "subscription.requested", ("company", company_id), company_id=company_id, request=str(request.id), **asked
    )
    return request


def _close(work: Work, company_id: UUID, kind: str, product: str, outcome: str) -> None:
    r = SubscriptionRequest
    _end(work, r.company_id == company_id, r.kind == kind, r.product == product, outcome=outcome)


def _end(work: Work, *which: object, outcome: str, answer: str = "") -> bool:
    """Close what is open of these, in one update that matches for a single caller."""
    r = SubscriptionRequest
    closed = work.session.scalars(
        update(r)
        .where(*which, r.closed_at.is_(None))  # type: ignore[arg-type]
        .values(closed_at=work.now, outcome=outcome, answer=answer)
        .returning(r.id),
        execution_options={"synchronize_session": False},
    ).all()
    work.session.expire_all()
    return bool(closed)
