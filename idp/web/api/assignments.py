"""Assignments: what a firm gives its colleagues at its clients. The company of the path is the firm."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from idp.companies import assignment, client_list, colleague_list
from idp.companies.colleague_list import Held
from idp.companies.models import Assignment
from idp.core.errors import NotFound
from idp.web.api.firm import ColleaguePath
from idp.web.api.room import Made, Room
from idp.web.api.shapes import (
    AN_ID,
    CompanyPath,
    Key,
    Labels,
    Moment,
    ProductName,
    Query,
    RoleName,
    Sent,
    Shown,
    example,
)
from idp.web.work import open_work
from idp.work import Work

room = Room("assignments", "Assignments", "Which colleague of a firm works for which client, with which role.")
PATH = "/companies/<uuid:company_id>/assignments"
VIEWS, ASSIGNS = (colleague_list.VIEWS,), (assignment.ASSIGNS,)
Locale = Annotated[str, Field(max_length=20, description="The colleague's language there, such as `nl-BE`.")]


class AssignmentPath(CompanyPath):
    assignment_id: UUID


class AssignmentSent(Sent):
    """A role to be given: one of `role` and `custom_role_id`. Without `client_id`: at every client."""

    model_config = example(
        account_id=AN_ID, product="accounting", role="accounting.accountant", client_id=AN_ID, locale="nl-BE"
    )

    account_id: Key
    product: ProductName
    role: RoleName | None = None
    custom_role_id: Key | None = None
    client_id: Key | None = None
    locale: Locale | None = None


class AssignmentChange(Sent):
    """The role and the language from now on: one of `role` and `custom_role_id`."""

    model_config = example(role="accounting.reader", locale="nl-BE")

    role: RoleName | None = None
    custom_role_id: Key | None = None
    locale: Locale | None = None


class AssignmentShown(Shown):
    """A role that was given. `mandate_id` is that of the client; without one, it holds at every client."""

    id: UUID
    account_id: UUID
    product: str
    role: str | None
    custom_role_id: UUID | None
    mandate_id: UUID | None
    locale: str | None
    created_at: Moment


class HeldShown(Shown):
    """What a colleague has somewhere. `everywhere` says that it holds at every client."""

    id: UUID
    product: str
    role: str | None
    custom_role_id: UUID | None
    role_labels: Labels
    everywhere: bool
    locale: str | None
    since: Moment
    given_by: str | None


class HeldList(Shown):
    data: list[HeldShown]
    next: None


class HeldQuery(Query):
    client_id: Annotated[Key, Field(description="At this client; what holds at every client included.")] | None = None


@room.get("/companies/<uuid:company_id>/colleagues/<uuid:account_id>/assignments", may=VIEWS, shows=HeldList)
def list_assignments(path: ColleaguePath, query: HeldQuery) -> HeldList:
    """What a colleague has at a client; or, without one, at every client."""
    work = open_work()
    colleague_list.get(work, path.company_id, path.account_id)
    return HeldList(data=[HeldShown.model_validate(each) for each in _held(work, path, query)], next=None)


def _held(work: Work, path: ColleaguePath, query: HeldQuery) -> list[Held]:
    if query.client_id is None:
        return colleague_list.everywhere(work, path.company_id, path.account_id)
    client = client_list.get(work, path.company_id, query.client_id)
    return colleague_list.held_at(work, path.company_id, path.account_id, client)


@room.get(f"{PATH}/<uuid:assignment_id>", may=VIEWS, shows=AssignmentShown, tagged=True)
def show_assignment(path: AssignmentPath) -> AssignmentShown:
    """An assignment that holds now."""
    found = assignment.find(open_work(), path.company_id, path.assignment_id)
    if found is None:
        raise NotFound(kind="assignment")
    return _shown(found)


@room.post(PATH, may=ASSIGNS, shows=AssignmentShown)
def give_assignment(path: CompanyPath, body: AssignmentSent) -> Made:
    """Give a colleague a role at a client, or at every client.

    The mandate stays the ceiling.
    """
    given = assignment.give(
        open_work(), path.company_id, body.account_id, product=body.product, role_id=body.role,
        custom_role_id=body.custom_role_id, client_id=body.client_id, locale=body.locale,
    )  # fmt: skip
    return Made(_shown(given), f"/api/v1/companies/{path.company_id}/assignments/{given.id}")


@room.put(f"{PATH}/<uuid:assignment_id>", may=ASSIGNS, shows=AssignmentShown, present=show_assignment)
def change_assignment(path: AssignmentPath, body: AssignmentChange) -> AssignmentShown:
    """Give another role in the place of the present one.

    A row is a period: the answer has another `id` when anything changed.
    """
    changed = assignment.change(
        open_work(), path.company_id, path.assignment_id, role_id=body.role, custom_role_id=body.custom_role_id,
        locale=body.locale,
    )  # fmt: skip
    return _shown(changed)


@room.delete(f"{PATH}/<uuid:assignment_id>", may=ASSIGNS, present=show_assignment)
def end_assignment(path: AssignmentPath) -> None:
    """Take an assignment back at once."""
    assignment.end(open_work(), path.company_id, path.assignment_id)


def _shown(found: Assignment) -> AssignmentShown:
    return AssignmentShown.model_validate(found)
