"""What each kind of event from billing does. `KINDS` are about a company that is here, `OPENING` may bring it about.

A kind is added with its shape (`web/api/billing.py`), its words in docs/billing.md, and its command here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from idp.companies import cancellation, contract, onboarding, subscription_request, terms
from idp.companies.errors import DatePassed, UnknownProduct
from idp.companies.onboarding import Order
from idp.companies.subscription_state import TRIAL_EXPIRED
from idp.work import Work

Data = Mapping[str, Any]
Kind = Callable[[Work, UUID, datetime, Data], None]
Opening = Callable[[Work, str, datetime, Data], UUID]


def _ordered(work: Work, reference: str, at: datetime, data: Data) -> UUID:
    """A new customer, whose owner to be is written to."""
    terms.plan_for(work, data["plan"], data["type"])
    renewals: list[datetime] = data["renewals"] or []
    if any(each <= work.now for each in renewals[:1]):
        raise DatePassed(field="renewals")
    unknown = [each for each in data["products"] if each not in work.policies.plans[data["plan"]].products]
    if unknown:
        raise UnknownProduct(field="products")
    asked = Order(
        reference=reference,
        name=data["name"],
        kind=data["type"],
        country=data["country"],
        city=data["city"],
        locale=data["locale"],
        plan=data["plan"],
        seats=data["seats"],
        products=data["products"],
        address=data["administrator"],
    )
    made = onboarding.order(work, asked)
    if renewals:
        contract.renew(work, made.id, renewals, months=data["every_months"])
    return made.id


def _product_added(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.add_product(work, company_id, data["product"], at=at)


def _trial_started(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.add_product(work, company_id, data["product"], trial_until=data["until"], at=at)


def _trial_expired(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.end(work, company_id, data["products"], only=TRIAL_EXPIRED)


def _plan_changed(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.change(work, company_id, plan=data["plan"], seats=data["seats"], at=data["effective"])


def _seats_changed(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.change(work, company_id, seats=data["seats"], at=data["effective"])


def _renewed(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.renew(work, company_id, data["renewals"], months=data["every_months"])


def _payment_failed(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.payment_failed(work, company_id, data["products"], at)


def _payment_received(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.payment_received(work, company_id, data["products"])


def _cancelled(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    cancellation.record(work, company_id, data["products"], ends_at=data["ends"], reason=data["reason"])


def _resumed(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    cancellation.record_resumed(work, company_id, data["products"])


def _ended(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    contract.end(work, company_id, data["products"])


def _request_refused(work: Work, company_id: UUID, at: datetime, data: Data) -> None:
    subscription_request.refuse(work, company_id, data["request"], data["reason"])


KINDS: dict[str, Kind] = {
    "product.added": _product_added,
    "trial.started": _trial_started,
    "trial.expired": _trial_expired,
    "plan.changed": _plan_changed,
    "seats.changed": _seats_changed,
    "subscription.renewed": _renewed,
    "payment.failed": _payment_failed,
    "payment.received": _payment_received,
    "subscription.cancelled": _cancelled,
    "subscription.resumed": _resumed,
    "subscription.ended": _ended,
    "request.refused": _request_refused,
}
OPENING: dict[str, Opening] = {"subscription.ordered": _ordered}
