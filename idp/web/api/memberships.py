"""The people of a company: who they are, their company role, suspension, removal."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import company_role, membership, people
from idp.companies.people import PersonSeen, State, Wanted
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Labels, ListQuery, Moment, RoleName, Sent, Shown, example
from idp.web.work import open_work

room = Room("memberships", "Memberships", "The people of a company, with their roles in it and in its products.")
PATH = "/companies/<uuid:company_id>/memberships"
ONE = f"{PATH}/<uuid:account_id>"
VIEWS, SEES = (people.VIEWS,), people.SEES
LISTED = "memberships"


class MemberPath(CompanyPath):
    account_id: UUID


class MemberQuery(ListQuery):
    search: Annotated[str, Field(max_length=100, description="A part of a name or an address, in any case.")] = ""
    product: Annotated[str, Field(max_length=64, description="Only people with a role there.")] = ""
    role: Annotated[str, Field(max_length=128, description="A role, in a product or of the company.")] = ""
    state: State | Literal[""] = ""


class HeldRoleShown(Shown):
    """A role in a product. `over` says that its time is over, and that it opens nothing."""

    product: str
    role_id: str | None
    custom_role_id: UUID | None
    labels: Labels
    switches: list[str]
    restrictions: dict[str, Any]
    uses_seat: bool
    since: Moment
    expires_at: Moment | None
    over: bool


class MemberShown(Shown):
    """One of the company's people. `company_roles` begins with the company role; others that combine with it follow."""

    account_id: UUID
    given_name: str
    family_name: str
    address: str
    locale: str
    company_roles: list[str]
    owner: bool
    state: State
    since: Moment
    suspended_at: Moment | None
    services: list[str]
    roles: list[HeldRoleShown]


class MemberList(Shown):
    data: list[MemberShown]
    next: str | None


class CompanyRoleSent(Sent):
    """The company role from now on, and those that are combined with it."""

    model_config = example(company_role="company.user-manager")

    company_role: RoleName
    also: Annotated[list[RoleName], Field(max_length=10)] = []


@room.get(PATH, may=VIEWS, shows=MemberList)
def list_members(path: CompanyPath, query: MemberQuery) -> MemberList:
    """The people of a company, by family name."""
    work = open_work()
    wanted = Wanted(search=query.search, product=query.product, role=query.role, state=query.state)
    after = lists.after(work, query, LISTED)
    page = people.of_company(work, path.company_id, wanted, after=after, limit=query.limit)
    return MemberList(data=[_shown(each) for each in page.people], next=lists.following(work, page.next, LISTED))


@room.get(ONE, may=SEES, shows=MemberShown, tagged=True)
def show_member(path: MemberPath) -> MemberShown:
    """One of the people of a company."""
    return _one(path)


@room.put(f"{ONE}/company-role", may=company_role.EDITS, shows=MemberShown, present=show_member, careful=True)
def change_company_role(path: MemberPath, body: CompanyRoleSent) -> MemberShown:
    """Give another company role.

    A person needs a second factor proved minutes ago, as for every appointment of an administrator.
    """
    work = open_work()
    company_role.change(work, path.company_id, path.account_id, company_role=body.company_role, also=body.also)
    return _one(path)


@room.post(f"{ONE}/suspend", may=membership.SUSPENDS, shows=MemberShown, status=200)
def suspend_member(path: MemberPath) -> MemberShown:
    """Refuse somebody everything in this company for the time being; roles and seats are kept."""
    membership.suspend(open_work(), path.company_id, path.account_id)
    return _one(path)


@room.post(f"{ONE}/resume", may=membership.SUSPENDS, shows=MemberShown, status=200)
def resume_member(path: MemberPath) -> MemberShown:
    """Take back a suspension."""
    membership.resume(open_work(), path.company_id, path.account_id)
    return _one(path)


@room.delete(ONE, may=membership.REMOVES, present=show_member)
def remove_member(path: MemberPath) -> None:
    """Remove somebody from a company: roles end, seats are free."""
    membership.remove(open_work(), path.company_id, path.account_id)


def _one(path: MemberPath) -> MemberShown:
    return _shown(people.get(open_work(), path.company_id, path.account_id))


def _shown(found: PersonSeen) -> MemberShown:
    return MemberShown.model_validate(found)
