"""Roles that a company or a firm made itself."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from idp.companies import custom_role, role
from idp.companies.models import CustomRole
from idp.web.api import lists
from idp.web.api.room import Made, Room
from idp.web.api.shapes import CompanyPath, Labels, ListQuery, Moment, ProductName, Sent, Shown, example
from idp.web.work import open_work

room = Room("custom_roles", "Custom roles", "Roles that a company or a firm made itself, for one product each.")
PATH = "/companies/<uuid:company_id>/custom-roles"
REVISIONS = "revisions"
VIEWS = (custom_role.VIEWS, custom_role.FIRM_VIEWS)
CREATES = (role.CREATES, role.FIRM_EDITS)
EDITS = (custom_role.EDITS, role.FIRM_EDITS)
DELETES = (custom_role.DELETES, role.FIRM_EDITS)

Permissions = Annotated[list[Annotated[str, Field(max_length=128)]], Field(min_length=1, max_length=500)]
Language = Annotated[str, Field(min_length=2, max_length=2)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class RolePath(CompanyPath):
    role_id: UUID


class CustomRoleSent(Sent):
    """A role to be made. `name` tells it apart within the company; by default it is the first label."""

    model_config = example(
        product="accounting", labels={"fr": "Consultation", "en": "Looking"}, permissions=["accounting.journals.view"]
    )

    product: ProductName
    labels: Annotated[dict[Language, Text], Field(min_length=1, max_length=5)]
    permissions: Permissions
    name: Text | None = None


class CustomRoleChange(Sent):
    """What is to be different; what is left out stays."""

    model_config = example(permissions=["accounting.journals.view", "accounting.reports.view"])

    labels: Annotated[dict[Language, Text], Field(min_length=1, max_length=5)] | None = None
    permissions: Permissions | None = None


class CustomRoleShown(Shown):
    """A role. `permissions` are those that were chosen; what they require comes along when the role is used."""

    id: UUID
    product: str
    name: str
    labels: Labels
    permissions: list[str]
    revision: int
    created_at: Moment


class RevisionShown(Shown):
    number: int
    name: str
    labels: Labels
    permissions: list[str]
    began_at: Moment
    ended_at: Moment | None


class RevisionList(Shown):
    """The latest first."""

    data: list[RevisionShown]
    next: str | None


class HoldersShown(Shown):
    """Who has a role. `people` counts them all, `names` are those of some; `invited` counts open invitations to it."""

    people: int
    names: list[str]
    clients: int
    invited: int


@room.get(f"{PATH}/<uuid:role_id>", may=VIEWS, shows=CustomRoleShown, tagged=True)
def show_custom_role(path: RolePath) -> CustomRoleShown:
    """A role of the company's own."""
    return _shown(custom_role.get(open_work(), path.company_id, path.role_id))


@room.post(PATH, may=CREATES, shows=CustomRoleShown)
def create_custom_role(path: CompanyPath, body: CustomRoleSent) -> Made:
    """Make a role.

    It holds nothing that its maker could not give by built-in roles.
    """
    made = role.create_custom(
        open_work(), path.company_id, body.product,
        name=body.name or next(iter(body.labels.values())), labels=body.labels, permissions=body.permissions,
    )  # fmt: skip
    return Made(_shown(made), f"/api/v1/companies/{path.company_id}/custom-roles/{made.id}")


@room.patch(f"{PATH}/<uuid:role_id>", may=EDITS, shows=CustomRoleShown, present=show_custom_role)
def change_custom_role(path: RolePath, body: CustomRoleChange) -> CustomRoleShown:
    """Change what a role is called, or what it holds.

    Everybody who has it feels it with the next token.
    """
    work = open_work()
    seen = custom_role.get(work, path.company_id, path.role_id).revision
    changed = custom_role.change(
        work, path.company_id, path.role_id, seen=seen, labels=body.labels, permissions=body.permissions
    )
    return _shown(changed)


@room.delete(f"{PATH}/<uuid:role_id>", may=DELETES, present=show_custom_role)
def delete_custom_role(path: RolePath) -> None:
    """Delete a role that nobody has."""
    custom_role.delete(open_work(), path.company_id, path.role_id)


@room.get(f"{PATH}/<uuid:role_id>/revisions", may=VIEWS, shows=RevisionList)
def list_revisions(path: RolePath, query: ListQuery) -> RevisionList:
    """What a role held, and when."""
    work = open_work()
    after = lists.after(work, query, REVISIONS)
    page = custom_role.revisions(work, path.company_id, path.role_id, after=after, limit=query.limit)
    rows = [RevisionShown.model_validate(each) for each in page.rows]
    return RevisionList(data=rows, next=lists.following(work, page.next, REVISIONS))


@room.get(f"{PATH}/<uuid:role_id>/holders", may=VIEWS, shows=HoldersShown)
def show_holders(path: RolePath) -> HoldersShown:
    """Who has a role."""
    work = open_work()
    custom_role.get(work, path.company_id, path.role_id)
    return HoldersShown.model_validate(custom_role.holders(work, path.company_id, path.role_id))


def _shown(made: CustomRole) -> CustomRoleShown:
    return CustomRoleShown.model_validate(made)
