"""Who may do what, and why: the explanation of one answer, and who could do what on a date."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from idp.companies import access_log, as_of, concerned, explain_words
from idp.companies.answers import Access
from idp.companies.as_of import PersonThen, ProductThen
from idp.companies.explain import explain
from idp.companies.explanation import Explanation, Link
from idp.companies.remedy import Step
from idp.core.errors import InvalidInput
from idp.policy.permissions import restrictions_claim
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Instant, Labels, ListQuery, Moment, ProductName, Query, Shown
from idp.web.work import open_work
from idp.work import Work

room = Room("access", "Access", "Who may do what in a company and why, and who could do what on a date.")
PATH = "/companies/<uuid:company_id>/access"
ONE = f"{PATH}/<uuid:account_id>"
EXPLAINS = ("company.users.view",)
VIEWS = (access_log.VIEWS, access_log.FIRM_VIEWS)
LISTED = "access on a date"

Past = Annotated[Instant, Field(description="An instant that is over, such as `2026-03-31T22:00:00Z`.")]


class PersonPath(CompanyPath):
    account_id: UUID


class ExplanationQuery(Query):
    product: Annotated[ProductName, Field(description="The product that is asked about.")]
    permission: Annotated[str, Field(max_length=128, description="By default the product as such.")] | None = None
    locale: Annotated[str, Field(max_length=20, description="Language of the words.")] = "en"


class LinkShown(Shown):
    """One thing that the answer hangs on, and whether it lets through. `facts` are ids, labels, numbers and dates."""

    kind: str
    holds: bool
    text: str
    facts: dict[str, Any]


class StepShown(Shown):
    """An act that has to be done. `what` names its subject; `by` are the roles that may do it, none where nobody in the
    company can; `firm`: it is done in the firm."""

    act: str
    text: str
    what: dict[str, str]
    by: list[str]
    firm: bool


class ExplanationShown(Shown):
    """Whether somebody may, and why. `cause` is from a closed list. `change` is the smallest that would turn the
    answer: empty when it is allowed, null where nothing would. The permissions are those of a token made now."""

    account_id: UUID
    name: str
    company_id: UUID
    product: str
    permission: str | None
    allowed: bool
    cause: str
    reason: str
    chain: list[LinkShown]
    change: list[StepShown] | None
    permission_set: str | None
    permissions: list[str]


class ThenQuery(Query):
    at: Past | None = None


class ThenListQuery(ListQuery):
    """Without an instant: now."""

    at: Past | None = None
    search: Annotated[str, Field(max_length=100, description="A part of the name, in any case.")] = ""


class ProductThenShown(Shown):
    """What somebody could do in a product. Without a role, what was given opened nothing, and `refused` says why."""

    product: str
    role: str | None
    custom_role_id: UUID | None
    revision: int | None
    labels: Labels
    via: str | None
    firm: str | None
    permission_set: str | None
    permissions: list[str]
    restrictions: dict[str, Any]
    refused: str | None


class PersonThenShown(Shown):
    """Somebody who had something to do with the company. `name` is that of today; empty for one that was erased."""

    account_id: UUID
    name: str
    company_roles: list[str]
    suspended: bool
    firms: list[str]
    products: list[ProductThenShown]


class ThenList(Shown):
    at: Moment
    data: list[PersonThenShown]
    next: str | None


@room.get(f"{ONE}/explanation", may=EXPLAINS, shows=ExplanationShown)
def explain_access(path: PersonPath, query: ExplanationQuery) -> ExplanationShown:
    """Whether somebody may do something here, through what, why not, and the smallest change that would turn it."""
    work = open_work()
    name = concerned.name_of(work, path.company_id, path.account_id)
    found = explain(work, path.account_id, path.company_id, query.product, query.permission)
    return _explained(work, found, name, query.locale)


@room.get(PATH, may=VIEWS, shows=ThenList)
def list_access(path: CompanyPath, query: ThenListQuery) -> ThenList:
    """Who could do what at an instant, by name."""
    work = open_work()
    at = _instant(work, query.at)
    page = as_of.on(
        work, path.company_id, at, search=query.search, after=lists.after(work, query, LISTED), limit=query.limit
    )
    rows = [_person(each) for each in page.people]
    return ThenList(at=at, data=rows, next=lists.following(work, page.next, LISTED))


@room.get(ONE, may=VIEWS, shows=PersonThenShown)
def show_access(path: PersonPath, query: ThenQuery) -> PersonThenShown:
    """What one person could do at an instant."""
    work = open_work()
    concerned.name_of(work, path.company_id, path.account_id)
    return _person(as_of.of_person(work, path.company_id, path.account_id, _instant(work, query.at)))


def _instant(work: Work, at: datetime | None) -> datetime:
    if at is not None and at > work.now:
        raise InvalidInput(field="at", reason="is still to come")
    return at or work.now


def _explained(work: Work, found: Explanation, name: str, locale: str) -> ExplanationShown:
    said, answer = explain_words.say(work, found, locale), found.answer
    chain = [_link(link, text) for link, (_, text) in zip(found.chain, said.chain, strict=True)]
    change = None
    if found.change is not None and said.steps is not None:
        change = [_step(step, words.text) for step, words in zip(found.change, said.steps, strict=True)]
    held = answer if isinstance(answer, Access) else None
    return ExplanationShown(
        account_id=found.account_id, name=name, company_id=found.company_id, product=found.product,
        permission=found.permission, allowed=found.allowed, cause=found.cause.value, reason=said.reason, chain=chain,
        change=change, permission_set=held.permission_set if held else None,
        permissions=list(held.permissions) if held else [],
    )  # fmt: skip


def _link(link: Link, text: str) -> LinkShown:
    return LinkShown(kind=link.kind, holds=link.holds, text=text, facts=_plain(link.facts))


def _step(step: Step, text: str) -> StepShown:
    return StepShown(act=step.act.value, text=text, what=dict(step.what), by=list(step.by), firm=step.firm)


def _person(found: PersonThen) -> PersonThenShown:
    return PersonThenShown(
        account_id=found.account_id, name=found.name, company_roles=list(found.company_roles),
        suspended=found.suspended, firms=list(found.firms), products=[_product(each) for each in found.products],
    )  # fmt: skip


def _product(found: ProductThen) -> ProductThenShown:
    answer = found.answer
    if not isinstance(answer, Access):
        return ProductThenShown(
            product=found.product, role=None, custom_role_id=None, revision=found.revision, labels={}, via=None,
            firm=None, permission_set=None, permissions=[], restrictions={}, refused=answer.why.value,
        )  # fmt: skip
    return ProductThenShown(
        product=found.product, role=answer.role, custom_role_id=answer.custom_role_id, revision=found.revision,
        labels=dict(answer.role_labels), via=answer.via, firm=answer.firm_name or None,
        permission_set=answer.permission_set, permissions=list(answer.permissions),
        restrictions=restrictions_claim(answer.restrictions), refused=None,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Facts as JSON can hold them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
