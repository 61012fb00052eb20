"""The running of a firm: its clients and its people. The company of the path is the firm."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from idp.companies import client_list, colleague_list
from idp.companies.client_list import Client, Filter, Phase
from idp.companies.colleague_list import Colleague
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Key, Labels, ListQuery, Moment, Shown
from idp.web.work import open_work

room = Room("firm", "Firms", "The clients and the people of an accounting firm; the company of the path is the firm.")
CLIENTS, COLLEAGUES = "clients", "colleagues"
Search = Annotated[str, Field(max_length=100)]


class ClientQuery(ListQuery):
    """Without a phase: the clients there are now, and those that are being agreed upon."""

    search: Annotated[str, Field(max_length=100, description="A part of the name or town, in any case.")] = ""
    product: Annotated[str, Field(max_length=64, description="Open to the firm there now.")] = ""
    phase: Phase | None = None
    group: Key | None = None
    colleague: Annotated[Key, Field(description="Somebody who works there.")] | None = None


class ClientPath(CompanyPath):
    client_id: UUID


class ClientShown(Shown):
    """A client. `products` are what the mandate opens and the client uses; `colleagues` counts who works there."""

    company_id: UUID
    name: str
    city: str
    mandate_id: UUID
    phase: Phase
    preset: str
    options: list[str]
    since: Moment | None
    until: Moment | None
    ended_at: Moment | None
    products: list[str]
    colleagues: int
    groups: list[str]


class ClientList(Shown):
    data: list[ClientShown]
    next: str | None


class ColleagueQuery(ListQuery):
    search: Annotated[str, Field(max_length=100, description="A part of the name or address, in any case.")] = ""


class ColleaguePath(CompanyPath):
    account_id: UUID


class ColleagueShown(Shown):
    """One of the firm's people. `roles` are those in the running of the firm; `clients` counts those given by name."""

    account_id: UUID
    name: str
    address: str
    locale: str
    since: Moment
    suspended: bool
    roles: list[Labels]
    every_client: bool
    clients: int


class ColleagueList(Shown):
    data: list[ColleagueShown]
    next: str | None


@room.get("/companies/<uuid:company_id>/clients", may=(client_list.VIEWS,), shows=ClientList)
def list_clients(path: CompanyPath, query: ClientQuery) -> ClientList:
    """The clients of a firm, by name.

    Who does not see every client sees those given by name.
    """
    work = open_work()
    wanted = Filter(
        search=query.search, product=query.product, group_id=query.group, colleague_id=query.colleague,
        phase=query.phase,
    )  # fmt: skip
    after = lists.after(work, query, CLIENTS)
    page = client_list.listed(work, path.company_id, wanted, after=after, limit=query.limit)
    return ClientList(data=[_client(each) for each in page.rows], next=lists.following(work, page.next, CLIENTS))


@room.get("/companies/<uuid:company_id>/clients/<uuid:client_id>", may=(client_list.VIEWS,), shows=ClientShown)
def show_client(path: ClientPath) -> ClientShown:
    """A client of a firm."""
    return _client(client_list.get(open_work(), path.company_id, path.client_id))


@room.get("/companies/<uuid:company_id>/colleagues", may=(colleague_list.VIEWS,), shows=ColleagueList)
def list_colleagues(path: CompanyPath, query: ColleagueQuery) -> ColleagueList:
    """The people of a firm, by family name."""
    work = open_work()
    after = lists.after(work, query, COLLEAGUES)
    page = colleague_list.listed(work, path.company_id, search=query.search, after=after, limit=query.limit)
    following = lists.following(work, page.next, COLLEAGUES)
    return ColleagueList(data=[_colleague(each) for each in page.rows], next=following)


@room.get(
    "/companies/<uuid:company_id>/colleagues/<uuid:account_id>", may=(colleague_list.VIEWS,), shows=ColleagueShown
)
def show_colleague(path: ColleaguePath) -> ColleagueShown:
    """One of the people of a firm."""
    return _colleague(colleague_list.get(open_work(), path.company_id, path.account_id))


def _client(found: Client) -> ClientShown:
    return ClientShown.model_validate(found)


def _colleague(found: Colleague) -> ColleagueShown:
    return ColleagueShown.model_validate(found)
