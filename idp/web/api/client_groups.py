"""The groups into which a firm sorts its clients; the company of the path is the firm."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from idp.companies import client_group, client_list
from idp.companies.client_group import Group
from idp.core.errors import NotFound
from idp.web.api.firm import ClientPath
from idp.web.api.room import Made, Room
from idp.web.api.shapes import AN_ID, CompanyPath, Key, Sent, Shown, example
from idp.web.work import open_work

room = Room("client_groups", "Client groups", "How an accounting firm sorts its clients. No right comes of a group.")
PATH = "/companies/<uuid:company_id>/client-groups"
ONE = f"{PATH}/<uuid:group_id>"
SORTED = "/companies/<uuid:company_id>/clients/<uuid:client_id>/groups"
SORTS = (client_list.VIEWS_ALL, client_group.EDITS)
"""Both are needed: who sorts clients sees them all."""

LONGEST = 200
"""Of a name as it is sent; what is kept is shorter (`client_group.NAME_MAX`)."""


class GroupPath(CompanyPath):
    group_id: UUID


class GroupSent(Sent):
    """What the group is called; unique in the firm."""

    model_config = example(name="Portfolio north")

    name: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class SortedSent(Sent):
    """The groups that the client is in from now on; it leaves all the others."""

    model_config = example(groups=[AN_ID])

    groups: Annotated[list[Key], Field(max_length=client_group.MOST)]


class GroupShown(Shown):
    """A group. `clients` counts the firm's present clients in it; the list of clients is narrowed by `group`."""

    id: UUID
    name: str
    clients: int


class GroupList(Shown):
    """Bounded by the number of groups that a firm may have."""

    data: list[GroupShown]
    next: None


class SortedShown(Shown):
    """The groups that a client is in."""

    client_id: UUID
    groups: list[UUID]


@room.get(PATH, may=SORTS, together=True, shows=GroupList)
def list_groups(path: CompanyPath) -> GroupList:
    """The groups of a firm, by name."""
    found = client_group.listed(open_work(), path.company_id)
    return GroupList(data=[GroupShown.model_validate(each) for each in found], next=None)


@room.post(PATH, may=SORTS, together=True, shows=GroupShown)
def create_group(path: CompanyPath, body: GroupSent) -> Made:
    """Make a group, without clients."""
    made = client_group.create(open_work(), path.company_id, body.name)
    shown = GroupShown(id=made.id, name=made.name, clients=0)
    return Made(shown, f"/api/v1/companies/{path.company_id}/client-groups/{made.id}")


@room.get(ONE, may=SORTS, together=True, shows=GroupShown, tagged=True)
def show_group(path: GroupPath) -> GroupShown:
    """A group of a firm."""
    return GroupShown.model_validate(_one(path))


@room.patch(ONE, may=SORTS, together=True, shows=GroupShown, present=show_group)
def rename_group(path: GroupPath, body: GroupSent) -> GroupShown:
    """Give a group another name."""
    client_group.rename(open_work(), path.company_id, path.group_id, body.name)
    return GroupShown.model_validate(_one(path))


@room.delete(ONE, may=SORTS, together=True, present=show_group)
def remove_group(path: GroupPath) -> None:
    """Remove a group; its clients, and what colleagues were given there, stay as they are."""
    client_group.remove(open_work(), path.company_id, path.group_id)


@room.get(SORTED, may=SORTS, together=True, shows=SortedShown, tagged=True)
def show_groups_of_client(path: ClientPath) -> SortedShown:
    """The groups that a client of the firm is in."""
    return _sorted(path)


@room.put(SORTED, may=SORTS, together=True, shows=SortedShown, present=show_groups_of_client)
def sort_client(path: ClientPath, body: SortedSent) -> SortedShown:
    """Put a client into these groups, and take it out of all the others."""
    client_group.sort(open_work(), path.company_id, path.client_id, body.groups)
    return _sorted(path)


def _sorted(path: ClientPath) -> SortedShown:
    work = open_work()
    client_list.get(work, path.company_id, path.client_id)
    found = client_group.of_client(work, path.company_id, path.client_id)
    return SortedShown(client_id=path.client_id, groups=sorted(found))


def _one(path: GroupPath) -> Group:
    listed = client_group.listed(open_work(), path.company_id)
    found = next((each for each in listed if each.id == path.group_id), None)
    if found is None:
        raise NotFound(kind="group")
    return found
