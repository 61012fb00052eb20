"""Support cases, for the staff of this service: read, opened, and worked on by two people, never by a program alone.

Who may do what depends on the kind of a case (`companies.support_kind`); an operation asks for one of the permissions
there are, and the command for that of the kind.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import sharing_case, support_acts, support_case, support_desk
from idp.companies.support_desk import CaseSeen
from idp.core.errors import InvalidInput, NotPermitted
from idp.web.api import caller, lists
from idp.web.api.operations_accounts import AccountPath
from idp.web.api.room import Made, Room
from idp.web.api.shapes import ListQuery, Moment, Sent, Shown, example
from idp.web.work import open_work
from idp.work import Work

room = Room("operations_cases", "Operations: cases", "Cases about accounts, which take two of the staff.")
PATH = "/operations/cases"
ONE = f"{PATH}/<uuid:case_id>"
VIEWS = ("operations.accounts.view", "operations.privacy.view", "operations.sharing.view")
OPENS = ("operations.accounts.reset-2fa", "operations.accounts.change-email")
WORKS = (*OPENS, "operations.privacy.erase")
CLOSES = (*WORKS, "operations.accounts.suspend")
DECIDES = ("operations.sharing.decide",)
LISTED = "operations cases"

Text = Annotated[str, Field(min_length=1, max_length=support_case.TEXT_MAX)]
State = Literal[
    "open", "all", "requested", "notice_sent", "review", "waiting_approval", "waiting_time", "ready", "done", "closed"
]


class CasePath(Sent):
    case_id: UUID


class CaseQuery(ListQuery):
    """By default those that are not over; `account_id`: only those about this account."""

    state: State = "open"
    account_id: UUID | None = None


class CaseSent(Sent):
    """What is asked for, why, and how it was made sure who asks; `address`: the new one, of `change-email` alone."""

    model_config = example(
        kind="reset-2fa", reason="Phone lost, no recovery code left", identity_check="Called back on the known number"
    )

    kind: Literal["reset-2fa", "reset-all", "change-email"]
    reason: Text
    identity_check: Text
    address: Annotated[str, Field(min_length=1, max_length=320)] | None = None


class TakenUpSent(Sent):
    """What the person said, and how it was made sure that it is the person."""

    model_config = example(reason="Lost bag, reported by phone", identity_check="Called back on the known number")

    reason: Text
    identity_check: Text


class ClosedSent(Sent):
    """Why it ends without being carried out."""

    model_config = example(reason="The phone was found again")

    reason: Text


class DecisionSent(Sent):
    """What the signs of sharing come to, and why."""

    model_config = example(decision="dismiss", reason="A business trip")

    decision: Literal["dismiss", "confirm"]
    reason: Text


class SignShown(Shown):
    """A sign that an account is shared, and when it was first and last seen. Evidence is for the person alone."""

    signal: str
    weight: int
    first_seen_at: Moment
    seen_at: Moment


class CaseShown(Shown):
    """A case.

    `new_address` is of a change of address, `signs` are of an open case of sharing; `due_at` is when it takes effect,
    `repeated` says that there was one about the same matter within a month.
    """

    id: UUID
    reference: str
    kind: str
    state: str
    account_id: UUID
    name: str
    address: str
    reason: str
    identity_check: str
    new_address: str | None
    signs: list[SignShown]
    origin: str
    opened_by: str
    created_at: Moment
    confirmed_at: Moment | None
    approved_by: str
    approved_at: Moment | None
    due_at: Moment | None
    ready_at: Moment | None
    closed_at: Moment | None
    close_reason: str
    repeated: bool


class CaseList(Shown):
    data: list[CaseShown]
    next: str | None


@room.get(PATH, may=VIEWS, shows=CaseList)
def list_cases(query: CaseQuery) -> CaseList:
    """The cases that the caller may read, the latest first."""
    work = open_work()
    state = "" if query.state == "all" else query.state
    after = lists.after(work, query, LISTED)
    found = support_desk.cases(work, state=state, about=query.account_id, after=after, limit=query.limit)
    return CaseList(data=[_shown(work, each) for each in found.rows], next=lists.following(work, found.next, LISTED))


@room.get(ONE, may=VIEWS, shows=CaseShown, tagged=True)
def show_case(path: CasePath) -> CaseShown:
    """A case."""
    return _read(path.case_id)


@room.post("/operations/accounts/<uuid:account_id>/cases", may=OPENS, shows=CaseShown, careful=True)
def open_case(path: AccountPath, body: CaseSent) -> Made:
    """Open a case about an account; every contact of the person is told, with a link that stops it.

    Another of the staff has to approve it. What the person had asked for is taken up by it.
    """
    _by_a_person(OPENS[0])
    if (body.kind == "change-email") != (body.address is not None):
        raise InvalidInput(field="address", reason="belongs to change-email alone, which needs it")
    details: dict[str, Any] = {"address": body.address} if body.address is not None else {}
    made = support_case.open_case(
        open_work(), body.kind, path.account_id, body.reason, body.identity_check, **details
    )  # fmt: skip
    return Made(_read(made.id), f"/api/v1/operations/cases/{made.id}")


@room.post(f"{ONE}/take-up", may=OPENS, shows=CaseShown, status=200, careful=True)
def take_up_case(path: CasePath, body: TakenUpSent) -> CaseShown:
    """Look after what a person asked for: the first of the two."""
    _by_a_person(OPENS[0])
    support_case.take_up(open_work(), path.case_id, reason=body.reason, identity_check=body.identity_check)
    return _read(path.case_id)


@room.post(f"{ONE}/approve", may=WORKS, shows=CaseShown, status=200, careful=True)
def approve_case(path: CasePath) -> CaseShown:
    """Agree to what another of the staff has opened; the waiting time begins."""
    _by_a_person(WORKS[0])
    support_case.approve(open_work(), path.case_id)
    return _read(path.case_id)


@room.post(f"{ONE}/close", may=CLOSES, shows=CaseShown, status=200, careful=True)
def close_case(path: CasePath, body: ClosedSent) -> CaseShown:
    """End a case without carrying it out. One of sharing is decided instead."""
    _by_a_person(CLOSES[0])
    work = open_work()
    if support_desk.case(work, path.case_id).kind == sharing_case.KIND:
        raise InvalidInput(field="case_id", reason="is of sharing, which is decided")
    support_case.close(work, path.case_id, body.reason)
    return _read(path.case_id)


@room.post(f"{ONE}/send-again", may=OPENS, shows=CaseShown, status=200, careful=True)
def send_case_again(path: CasePath) -> CaseShown:
    """Send once more what a case sends, because the person let its hour go by; what was sent before is void."""
    _by_a_person(OPENS[0])
    support_acts.send_again(open_work(), path.case_id)
    return _read(path.case_id)


@room.post(f"{ONE}/decide", may=DECIDES, shows=CaseShown, status=200, careful=True)
def decide_case(path: CasePath, body: DecisionSent) -> CaseShown:
    """Decide a case of sharing: a false alarm, or a shared account, whose holder is written to. Nothing is blocked."""
    _by_a_person(DECIDES[0])
    decide = sharing_case.dismiss if body.decision == "dismiss" else sharing_case.confirm
    decide(open_work(), path.case_id, body.reason)
    return _read(path.case_id)


def _by_a_person(permission: str) -> None:
    """Go on for a person: what takes two of the staff takes two people, whatever a service was registered with.

    Raises:
        NotPermitted: a service calls.
    """
    if caller.current().account_id is None:
        raise NotPermitted(permission=permission)


def _read(case_id: UUID) -> CaseShown:
    work = open_work()
    return _shown(work, support_desk.case(work, case_id))


def _shown(work: Work, found: CaseSeen) -> CaseShown:
    open_sharing = found.kind == sharing_case.KIND and found.closed_at is None
    signs = sharing_case.signs(work, found.account_id) if open_sharing else ()
    return CaseShown(
        id=found.id, reference=found.reference, kind=found.kind, state=found.state, account_id=found.account_id,
        name=found.name, address=found.address, reason=found.reason, identity_check=found.identity_check,
        new_address=found.details.get("address"), signs=[SignShown.model_validate(each) for each in signs],
        origin=found.origin, opened_by=found.opened_by, created_at=found.created_at, confirmed_at=found.confirmed_at,
        approved_by=found.approved_by, approved_at=found.approved_at, due_at=found.due_at, ready_at=found.ready_at,
        closed_at=found.closed_at, close_reason=found.close_reason, repeated=found.repeated,
    )  # fmt: skip
