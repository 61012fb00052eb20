"""What a company has subscribed to: its plan, its seats, and how each product stands; cancelling, coming back, asking
billing for another plan."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from idp.companies import cancellation, subscription_request, subscription_view
from idp.companies.models import SubscriptionRequest
from idp.companies.subscription_view import Overview, ProductSeen
from idp.companies.terms import Terms
from idp.web.api.room import Made, Room
from idp.web.api.shapes import CompanyPath, Flag, Moment, ProductName, Sent, Shown, example
from idp.web.work import open_work

room = Room("subscriptions", "Subscriptions", "The plan, the seats and the products of a company.")
PATH = "/companies/<uuid:company_id>/subscriptions"
ONE = f"{PATH}/<product>"
REQUESTS = "/companies/<uuid:company_id>/subscription-requests"
VIEWS = (subscription_view.VIEWS,)
CHANGES = (subscription_request.CHANGES,)
LARGEST_CONTRACT = 100_000


class SubscribedPath(CompanyPath):
    product: ProductName


class RequestPath(CompanyPath):
    asked_id: UUID


class TermsShown(Shown):
    """Plan and seats per product; `seats` is null where the plan does not count them. What begins with `next` was
    announced, for `changes_at`."""

    plan: str
    seats: int | None
    next_plan: str | None
    next_seats: int | None
    changes_at: Moment | None


class SeatsShown(Shown):
    """How the seats of a product stand: `used` counts those too that open invitations hold, `next` is what one more
    comes to: `accepted`, `confirm_extra_cost` or `seat_limit_reached`."""

    used: int
    of: int | None
    included: int | None
    extra: int
    next: str


class SubscribedShown(Shown):
    """How a product stands at this instant.

    `until` is the end of a trial, a notice or a suspension; `suspends` the end of the grace after a failed payment;
    `kept` until when data and rights of an ended product are kept. `cancels` is when it would end if it were cancelled
    now; null with `may_cancel`: at once.
    """

    product: str
    state: str
    running: bool
    since: Moment
    until: Moment | None
    suspends: Moment | None
    kept: Moment | None
    unpaid: bool
    cancelled: bool
    may_cancel: bool
    cancels: Moment | None
    may_resume: bool
    seats: SeatsShown | None


class RequestShown(Shown):
    """What was asked of billing: another plan or other seats, or a `product`. `outcome` is null while it waits."""

    id: UUID
    plan: str
    seats: int | None
    product: str | None
    wanted_at: Moment | None
    asked_at: Moment
    closed_at: Moment | None
    outcome: Literal["done", "refused", "withdrawn"] | None
    answer: str


class ContractShown(Shown):
    """The contract of a company.

    `addable` are products of the plan that it does not have, `subscribable` those that it tries and can subscribe to;
    either is asked for by a subscription request. `requests` wait, or were refused just now.
    """

    terms: TermsShown | None
    next_renewal: Moment | None
    products: list[SubscribedShown]
    addable: list[str]
    subscribable: list[str]
    requests: list[RequestShown]


class CancellationSent(Sent):
    """`exported` says that the data is exported, or not needed; without it nothing is cancelled."""

    model_config = example(reason="price", exported=True)

    reason: Annotated[str, Field(max_length=cancellation.REASON_MAX)] = ""
    exported: Flag


class RequestSent(Sent):
    """What to ask of billing: a `product` of the plan, or a `plan` with its `seats` (its own number by default)."""

    model_config = example(plan="business", seats=30)

    product: ProductName | None = None
    plan: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    seats: Annotated[int, Field(ge=1, le=LARGEST_CONTRACT, strict=True)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.product is None) == (self.plan is None) or (self.product is not None and self.seats is not None):
            raise ValueError("either a product, or a plan and its seats")
        return self


@room.get(PATH, may=VIEWS, shows=ContractShown)
def show_contract(path: CompanyPath) -> ContractShown:
    """The contract of a company, and how each of its products stands."""
    return contract_shown(subscription_view.overview(open_work(), path.company_id))


@room.get(ONE, may=VIEWS, shows=SubscribedShown, tagged=True)
def show_subscription(path: SubscribedPath) -> SubscribedShown:
    """How one product of a company stands."""
    return subscribed_shown(subscription_view.product(open_work(), path.company_id, path.product))


@room.post(f"{ONE}/cancel", may=(cancellation.CANCELS,), shows=SubscribedShown, status=200)
def cancel_subscription(path: SubscribedPath, body: CancellationSent) -> SubscribedShown:
    """Cancel a product.

    A trial ends at once. What runs ends on the first date of renewal that lies at least as many days ahead as the
    policies say (`min_days` of the notice), that day included; or, where no dates are known, once those days are over.
    Of a suspended product the end is recorded. `cancels` of the product says when before it is done. Everybody
    concerned is written to.
    """
    work = open_work()
    subscription_view.product(work, path.company_id, path.product)
    cancellation.cancel(work, path.company_id, path.product, reason=body.reason, exported=body.exported)
    return subscribed_shown(subscription_view.product(work, path.company_id, path.product))


@room.post(f"{ONE}/resume", may=(cancellation.RESUMES,), shows=SubscribedShown, status=200)
def resume_subscription(path: SubscribedPath) -> SubscribedShown:
    """Take a cancellation back, or come back to a product that ended while its rights are kept."""
    work = open_work()
    subscription_view.product(work, path.company_id, path.product)
    cancellation.resume(work, path.company_id, path.product)
    return subscribed_shown(subscription_view.product(work, path.company_id, path.product))


@room.post(REQUESTS, may=CHANGES, shows=RequestShown)
def ask_billing(path: CompanyPath, body: RequestSent) -> Made:
    """Ask billing for another plan, other seats, or one more product.

    It counts once billing says so: more at once, less from the next date of renewal on.
    """
    work = open_work()
    if body.product is not None:
        asked = subscription_request.ask_product(work, path.company_id, body.product)
    else:
        asked = subscription_request.ask(work, path.company_id, plan=body.plan or "", seats_asked=body.seats)
    return Made(_request(asked), f"/api/v1/companies/{path.company_id}/subscription-requests/{asked.id}")


@room.get(f"{REQUESTS}/<uuid:asked_id>", may=VIEWS, shows=RequestShown, tagged=True)
def show_request(path: RequestPath) -> RequestShown:
    """What was asked of billing, and what became of it."""
    return _request(subscription_request.get(open_work(), path.company_id, path.asked_id))


@room.delete(f"{REQUESTS}/<uuid:asked_id>", may=CHANGES, present=show_request)
def withdraw_request(path: RequestPath) -> None:
    """Take a request back before billing has answered it."""
    subscription_request.withdraw(open_work(), path.company_id, path.asked_id)


def contract_shown(found: Overview) -> ContractShown:
    """A contract as the API shows it, to the company's own people and to staff."""
    return ContractShown(
        terms=_terms(found.terms) if found.terms is not None else None,
        next_renewal=found.next_renewal,
        products=[subscribed_shown(each) for each in found.products],
        addable=list(found.addable),
        subscribable=list(found.on_trial),
        requests=[_request(each) for each in found.requests],
    )


def subscribed_shown(found: ProductSeen) -> SubscribedShown:
    """A product as the API shows it, to the company's own people and to staff."""
    return SubscribedShown.model_validate(found)


def _terms(found: Terms) -> TermsShown:
    return TermsShown.model_validate(found)


def _request(found: SubscriptionRequest) -> RequestShown:
    wanted: datetime | None = found.wanted_at
    return RequestShown(
        id=found.id, plan=found.plan, seats=found.seats, product=found.product or None, wanted_at=wanted,
        asked_at=found.asked_at, closed_at=found.closed_at, outcome=found.outcome, answer=found.answer,
    )  # fmt: skip
