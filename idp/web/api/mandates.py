"""The mandates of a company: what it opens to which firm, who of the firm has access, and every act of the company."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import mandate, mandate_change, mandate_list, mandate_view
from idp.companies.mandate_scope import Scope
from idp.companies.mandate_view import Seen
from idp.core.errors import Conflict, NotFound
from idp.web.api import lists
from idp.web.api.room import Made, Room
from idp.web.api.shapes import (
    AN_ID,
    CompanyPath,
    Flag,
    Instant,
    Key,
    Labels,
    ListQuery,
    Moment,
    ProductName,
    Sent,
    Shown,
    example,
)
from idp.web.work import open_work
from idp.work import Work

room = Room("mandates", "Mandates", "What a company opens to an accounting firm.")
PATH = "/companies/<uuid:company_id>/mandates"
ONE = f"{PATH}/<uuid:mandate_id>"
VIEWS = (mandate_view.COMPANY_VIEWS,)
INVITES, CONFIRMS = ("company.mandates.invite",), ("company.mandates.confirm",)
CHANGES, ENDS = (mandate_change.CHANGES,), (mandate.ENDS,)
PEOPLE = "mandate people"

Address = Annotated[str, Field(min_length=1, max_length=320)]
Preset = Annotated[str, Field(min_length=1, max_length=64)]


class MandatePath(CompanyPath):
    mandate_id: UUID


class ScopeSent(Sent):
    """What is opened and for how long.

    `options` come on top of the preset, each by consent of a role that the catalogue names; `lowered` keeps products
    below it; `yearly` goes on from year to year.
    """

    model_config = example(preset="full-file", lowered={"capture": "view"})

    preset: Preset
    options: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=10)] = []
    lowered: Annotated[dict[ProductName, Literal["none", "view", "work"]], Field(max_length=20)] = {}
    starts_at: Instant | None = None
    until_at: Instant | None = None
    yearly: Flag = False

    def wished(self) -> Scope:
        return Scope(
            self.preset, tuple(self.options), self.lowered, self.starts_at, self.until_at, self.yearly
        )  # fmt: skip


class MandateSent(ScopeSent):
    """Whom to invite: the `address` of an accountant's account; `firm_id` says which of several firms of theirs."""

    model_config = example(address="nathalie@cabinet-deltour.example.net", preset="review", yearly=True)

    address: Address
    firm_id: Key | None = None


class ConfirmationSent(ScopeSent):
    """A yes to a firm's request: the `address` of the accountant as the company knows it, and what is opened."""

    model_config = example(address="nathalie@cabinet-deltour.example.net", preset="review")

    address: Address


class HandOverSent(Sent):
    """`successor_id`: the mandate of the firm that takes over; `until_at`: how long the outgoing one still reads."""

    model_config = example(successor_id=AN_ID, until_at="2099-01-31T23:00:00Z")

    successor_id: Key
    until_at: Instant


class MandateShown(Shown):
    """A mandate. `only_reads`: the firm is handing over, and changes nothing any more. `people` counts those of the
    firm who have access."""

    id: UUID
    company_id: UUID
    company: str
    firm_id: UUID
    firm: str
    state: str
    way: str
    preset: str
    options: list[str]
    lowered: dict[str, str]
    created_at: Moment
    expires_at: Moment
    begins_at: Moment | None
    ends_at: Moment | None
    renews_at: Moment | None
    ended_at: Moment | None
    only_reads: bool
    temporary: bool
    asked_by: str
    people: int


class MandateList(Shown):
    data: list[MandateShown]
    next: str | None


class MandateQuery(ListQuery):
    """By default those that are open in any way: that work, or wait for an answer."""

    state: Literal["open", "over"] = "open"


class WorkerRole(Shown):
    product: str
    labels: Labels


class WorkerShown(Shown):
    """Somebody of the firm who has access, with their role in each product.

    `used_at`: when they worked here last, within an hour; null when they have not.
    """

    account_id: UUID
    name: str
    roles: list[WorkerRole]
    used_at: Moment | None


class WorkerList(Shown):
    data: list[WorkerShown]
    next: str | None


class WorkerQuery(ListQuery):
    search: Annotated[str, Field(max_length=100, description="A part of the name, in any case.")] = ""


@room.get(PATH, may=VIEWS, shows=MandateList)
def list_mandates(path: CompanyPath, query: MandateQuery) -> MandateList:
    """The mandates of a company: the open ones from the oldest on, or those that are over from the last one back."""
    work, over = open_work(), query.state == "over"
    purpose = f"mandates {query.state}"
    after = lists.after(work, query, purpose)
    page = mandate_list.of_company(work, path.company_id, over=over, after=after, limit=query.limit)
    rows = [mandate_shown(each) for each in page.rows]
    return MandateList(data=rows, next=lists.following(work, page.next, purpose))


@room.post(PATH, may=INVITES, shows=MandateShown)
def invite_firm(path: CompanyPath, body: MandateSent) -> Made:
    """Invite the firm behind an accountant's address, which has so many days to accept.

    A wrong address is told truthfully and counts as one of few tries.
    """
    work = open_work()
    made = mandate.invite(
        work, path.company_id, address=body.address, scope=body.wished(), firm_id=body.firm_id
    )  # fmt: skip
    seen = mandate_view.for_company(work, path.company_id, made.id)
    return Made(mandate_shown(seen), f"/api/v1/companies/{path.company_id}/mandates/{made.id}")


@room.get(ONE, may=VIEWS, shows=MandateShown, tagged=True)
def show_mandate(path: MandatePath) -> MandateShown:
    """A mandate of a company."""
    return mandate_shown(mandate_view.for_company(open_work(), path.company_id, path.mandate_id))


@room.get(f"{ONE}/people", may=VIEWS, shows=WorkerList)
def list_mandate_people(path: MandatePath, query: WorkerQuery) -> WorkerList:
    """Who of the firm has access by this mandate, by name, and when each worked here last."""
    work = open_work()
    mandate_view.for_company(work, path.company_id, path.mandate_id)
    after = lists.after(work, query, PEOPLE)
    page = mandate_view.workers(work, path.mandate_id, search=query.search, after=after, limit=query.limit)
    rows = [
        WorkerShown(
            account_id=each.account_id, name=each.name, used_at=each.used_at,
            roles=[WorkerRole(product=product, labels=dict(labels)) for product, labels in each.roles],
        )
        for each in page.people
    ]  # fmt: skip
    return WorkerList(data=rows, next=lists.following(work, page.next, PEOPLE))


@room.put(f"{ONE}/scope", may=CHANGES, shows=MandateShown, present=show_mandate)
def change_mandate(path: MandatePath, body: ScopeSent) -> MandateShown:
    """Open more or less to the firm, or for another time.

    It is felt at the next refresh of its people's tokens; the firm is written to.
    """
    return _acted(path, mandate_change.change, body.wished())


@room.post(f"{ONE}/confirm", may=CONFIRMS, shows=MandateShown, status=200)
def confirm_mandate(path: MandatePath, body: ConfirmationSent) -> MandateShown:
    """Say yes to a firm's request."""
    return _acted(path, mandate.confirm, address=body.address, scope=body.wished())


@room.post(f"{ONE}/refuse", may=CONFIRMS, shows=MandateShown, status=200)
def refuse_mandate(path: MandatePath) -> MandateShown:
    """Say no to a firm's request."""
    return _acted(path, mandate.refuse)


@room.post(f"{ONE}/withdraw", may=INVITES, shows=MandateShown, status=200)
def withdraw_mandate(path: MandatePath) -> MandateShown:
    """Take an invitation back that the firm has not answered."""
    return _acted(path, mandate.withdraw)


@room.post(f"{ONE}/hand-over", may=CHANGES, shows=MandateShown, status=200)
def hand_over_mandate(path: MandatePath, body: HandOverSent) -> MandateShown:
    """Let another firm take over; until a date the outgoing one still reads."""
    return _acted(path, mandate_change.hand_over, body.successor_id, until_at=body.until_at)


@room.post(f"{ONE}/keep", may=CHANGES, shows=MandateShown, status=200)
def keep_mandate(path: MandatePath) -> MandateShown:
    """Call a hand-over off: the firm works as before."""
    return _acted(path, mandate_change.keep)


@room.delete(ONE, may=ENDS, present=show_mandate)
def end_mandate(path: MandatePath) -> None:
    """End a mandate at once; both sides are told."""
    _acted(path, mandate.end)


def mandate_shown(found: Seen) -> MandateShown:
    """A mandate as the API shows it to either side."""
    return MandateShown(
        id=found.id, company_id=found.company_id, company=found.company, firm_id=found.firm_id, firm=found.firm,
        state=found.state, way=found.way, preset=found.scope.preset, options=list(found.scope.options),
        lowered=dict(found.scope.lowered), created_at=found.created_at, expires_at=found.expires_at,
        begins_at=found.begins_at, ends_at=found.ends_at, renews_at=found.renews_at, ended_at=found.ended_at,
        only_reads=found.only_reads, temporary=found.temporary, asked_by=found.asked_by, people=found.people,
    )  # fmt: skip


def done(work: Work, seen: Seen, act: Callable[..., Any], *given: Any, **named: Any) -> None:
    """An act on a mandate that this side sees; what is not for this side to do is no act at this point.

    Raises:
        Conflict: `state` says how the mandate stands.
    """
    try:
        act(work, seen.id, *given, **named)
    except NotFound as error:
        if error.members.get("kind") != "mandate":
            raise
        raise Conflict(field="state", state=seen.state) from error


def _acted(path: MandatePath, act: Callable[..., Any], *given: Any, **named: Any) -> MandateShown:
    work = open_work()
    done(work, mandate_view.for_company(work, path.company_id, path.mandate_id), act, *given, **named)
    return mandate_shown(mandate_view.for_company(work, path.company_id, path.mandate_id))
