"""Cancelling a product, and taking that back: by the company itself, by staff, or as billing says (SUB-01 to SUB-06).

A trial ends at once. A running product ends on a date of renewal, as many days away as the policies say at least, and
is whole until then.
A suspended one stays for viewing only, and its end is recorded. Until the end the company may change its mind; after
it, it may come back for as long as its rights are kept, and everybody has again what they had.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from idp.companies import access, billing_message, renewal, terms
from idp.companies.errors import DatePassed, ExportUnconfirmed, NotSubscribed, TransitionRefused, UnknownProduct
from idp.companies.models import SubscribedProduct
from idp.companies.subscription_state import CANCEL, RESUME, leading, locked, move, step_of, tell
from idp.core.errors import InvalidInput
from idp.work import Work

CANCELS = "company.subscription.cancel"
RESUMES = "company.subscription.resume"
SETS_STATE = "operations.subscriptions.set-state"
REASON_MAX = 500


def cancel(work: Work, company_id: UUID, product: str, *, reason: str, exported: bool) -> SubscribedProduct:
    """The company cancels one product.

    Args:
        reason: in the person's words; may be empty.
        exported: the person says that the data is exported, or not needed.

    Raises:
        NotPermitted: the actor may not. NotFound: the actor has nothing to do with the company.
        ExportUnconfirmed: `exported` is missing.
        InvalidInput: the reason is too long.
        UnknownProduct: the company does not have the product.
        TransitionRefused: it is cancelled already, or over.
    """
    access.require(work, CANCELS, company_id)
    if not exported:
        raise ExportUnconfirmed(field="exported")
    told = _told(reason)
    row = _one(work, company_id, product)
    _refuse_twice(work, row)
    end = end_if_cancelled(work, row, company_id)
    tell(work, company_id, [move(work, row, CANCEL, until=end, reason=told)])
    _tell_billing(work, "subscription.cancelled", [row], reason=told)
    return row


def end_if_cancelled(work: Work, row: SubscribedProduct, company_id: UUID) -> datetime | None:
    """When a product would end that is cancelled now; None for one that ends at once.

    Raises:
        TransitionRefused: it cannot be cancelled in its state.
    """
    step = leading(work.policies, row.product, row.state, CANCEL)
    if work.policies.states[step.to].refused:
        return None
    contract = terms.find(work, company_id)
    if contract is None:
        raise NotSubscribed(product=row.product)
    return renewal.end_of_notice(work.policies, contract, work.now)


def resume(work: Work, company_id: UUID, product: str) -> SubscribedProduct:
    """The company withdraws a cancellation before its end, or comes back after it while its rights are kept.

    Raises:
        NotPermitted, NotFound, UnknownProduct
        TransitionRefused: it is not cancelled, or its rights were erased.
    """
    access.require(work, RESUMES, company_id)
    row = _one(work, company_id, product)
    tell(work, company_id, [move(work, row, RESUME)])
    _tell_billing(work, "subscription.resumed", [row])
    return row


def record(
    work: Work, company_id: UUID, products: Iterable[str], *, ends_at: datetime, reason: str
) -> list[SubscribedProduct]:
    """A cancellation that came by another way (SUB-03), with the date that was agreed. A trial ends at once.

    Raises:
        NotPermitted: the actor may not say how subscriptions stand.
        DatePassed: the date is over.
        InvalidInput: the reason is too long.
        UnknownProduct, TransitionRefused
    """
    access.require(work, SETS_STATE, company_id)
    if ends_at <= work.now:
        raise DatePassed(field="ends")
    told, rows = _told(reason), _several(work, company_id, products)
    for row in rows:
        _refuse_twice(work, row)
    tell(work, company_id, [move(work, row, CANCEL, until=ends_at, reason=told) for row in rows])
    _tell_billing(work, "subscription.cancelled", rows, reason=told)
    return rows


def record_resumed(work: Work, company_id: UUID, products: Iterable[str]) -> list[SubscribedProduct]:
    """Cancellations that were taken back by another way, or companies that came back.

    Raises:
        NotPermitted, UnknownProduct, TransitionRefused
    """
    access.require(work, SETS_STATE, company_id)
    rows = _several(work, company_id, products)
    tell(work, company_id, [move(work, row, RESUME) for row in rows])
    _tell_billing(work, "subscription.resumed", rows)
    return rows


def _tell_billing(work: Work, kind: str, rows: list[SubscribedProduct], **more: str) -> None:
    """Billing hears of it, unless it is billing that says so."""
    if work.actor.kind == "system":
        return
    for row in rows:
        ends = {"ends": row.until_at.isoformat()} if row.until_at is not None else {}
        billing_message.put(work, row.company_id, kind, product=row.product, **ends, **more)


def _refuse_twice(work: Work, row: SubscribedProduct) -> None:
    """A suspended product whose end is recorded is cancelled: its state does not tell."""
    step = step_of(work.policies, row.state, CANCEL)
    if step is not None and step.to == row.state and row.until_at is not None:
        raise TransitionRefused(product=row.product, state=row.state, by=CANCEL)


def _one(work: Work, company_id: UUID, product: str) -> SubscribedProduct:
    return _several(work, company_id, [product])[0]


def _several(work: Work, company_id: UUID, products: Iterable[str]) -> list[SubscribedProduct]:
    wanted = sorted(set(products))
    rows = locked(work, company_id, wanted)
    if not wanted or len(rows) < len(wanted):
        raise UnknownProduct(field="product")
    return rows


def _told(reason: str) -> str:
    told = " ".join(reason.split())
    if len(told) > REASON_MAX or not told.isprintable():
        raise InvalidInput(field="reason")
    return told
