"""Companies and their subscriptions, as the staff of this service see them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import cancellation, company, company_desk, company_suspension, subscription_view
from idp.companies.company_desk import CompanySeen
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Instant, ListQuery, Moment, Sent, Shown, example
from idp.web.api.subscriptions import ContractShown, SubscribedPath, SubscribedShown, contract_shown, subscribed_shown
from idp.web.work import open_work

room = Room("operations_companies", "Operations: companies", "Companies and their subscriptions, for the staff.")
PATH = "/operations/companies"
ONE = f"{PATH}/<uuid:company_id>"
VIEWS, SUSPENDS = (company_desk.VIEWS,), (company_suspension.SUSPENDS,)
LISTED = "operations companies"


class StaffCompanyQuery(ListQuery):
    search: Annotated[str, Field(max_length=100, description="A part of the name, in any case.")] = ""
    reference: Annotated[str, Field(max_length=company.REFERENCE_MAX, description="As billing knows it.")] = ""


class StaffCompanyShown(Shown):
    """A company. `people` counts its own, `mandates` those that it gives, or has as a firm."""

    id: UUID
    reference: str
    name: str
    kind: Literal["company", "firm"]
    country: str
    city: str
    locale: str
    services: list[str]
    trusted_devices: bool
    people: int
    mandates: int
    created_at: Moment
    closed_at: Moment | None
    suspended_at: Moment | None


class StaffCompanyList(Shown):
    data: list[StaffCompanyShown]
    next: str | None


class SuspensionSent(Sent):
    """Why; kept in the log, which the company can read too."""

    model_config = example(reason="Fraud reported by the bank; file 4711")

    reason: Annotated[str, Field(min_length=1, max_length=company_suspension.REASON_MAX)]


class RecordedCancellation(Sent):
    """A cancellation that came another way, with the last day that was agreed and the reason that was given."""

    model_config = example(ends_at="2099-01-31T23:00:00Z", reason="Letter of 3 November")

    ends_at: Instant
    reason: Annotated[str, Field(min_length=1, max_length=cancellation.REASON_MAX)]


@room.get(PATH, may=VIEWS, shows=StaffCompanyList)
def list_every_company(query: StaffCompanyQuery) -> StaffCompanyList:
    """The companies of this service, the newest first."""
    work = open_work()
    after = lists.after(work, query, LISTED)
    rows, end = company_desk.listed(
        work, search=query.search, reference=query.reference, after=after[1] if after else None, limit=query.limit
    )
    following = lists.following(work, ("", end) if end is not None else None, LISTED)
    return StaffCompanyList(data=[_shown(each) for each in rows], next=following)


@room.get(ONE, may=VIEWS, shows=StaffCompanyShown)
def show_any_company(path: CompanyPath) -> StaffCompanyShown:
    """A company of this service."""
    return _shown(company_desk.one(open_work(), path.company_id))


@room.post(f"{ONE}/suspend", may=SUSPENDS, shows=StaffCompanyShown, status=200)
def suspend_company(path: CompanyPath, body: SuspensionSent) -> StaffCompanyShown:
    """Stop a company for the time being.

    Nobody reaches anything there any more: its people, firms that work for it, and, of a firm, its clients. Products
    are told at once; those who run it are written to.
    """
    company_suspension.suspend(open_work(), path.company_id, body.reason)
    return _shown(company_desk.one(open_work(), path.company_id))


@room.post(f"{ONE}/reopen", may=SUSPENDS, shows=StaffCompanyShown, status=200)
def reopen_company(path: CompanyPath) -> StaffCompanyShown:
    """Let a company that was stopped go on with everything that it had."""
    company_suspension.reopen(open_work(), path.company_id)
    return _shown(company_desk.one(open_work(), path.company_id))


@room.get(f"{ONE}/subscriptions", may=(subscription_view.STAFF_VIEWS,), shows=ContractShown)
def show_any_contract(path: CompanyPath) -> ContractShown:
    """The contract of a company, and how each of its products stands."""
    return contract_shown(subscription_view.overview(open_work(), path.company_id))


@room.post(f"{ONE}/subscriptions/<product>/cancel", may=(cancellation.SETS_STATE,), shows=SubscribedShown, status=200)
def record_cancellation(path: SubscribedPath, body: RecordedCancellation) -> SubscribedShown:
    """Record a cancellation that came another way; the company and its firms are written to."""
    work = open_work()
    subscription_view.product(work, path.company_id, path.product)
    cancellation.record(work, path.company_id, [path.product], ends_at=body.ends_at, reason=body.reason)
    return subscribed_shown(subscription_view.product(work, path.company_id, path.product))


def _shown(found: CompanySeen) -> StaffCompanyShown:
    return StaffCompanyShown.model_validate(found)
