"""The applications of others that act in a company's name, and the end of that."""

from uuid import UUID

from idp.oidc import company_applications
from idp.oidc.company_applications import REVOKES, VIEWS, Application
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Labels, ListQuery, Moment, Shown
from idp.web.work import open_work

room = Room(
    "applications", "Authorised applications",
    "Applications that somebody let act in a company, or that work for it by themselves, and what they may do there.",
)  # fmt: skip
PATH = "/companies/<uuid:company_id>/applications"
ONE = f"{PATH}/<uuid:application_id>"
LISTED, PEOPLE = "authorised applications", "people of authorised applications"


class ApplicationPath(CompanyPath):
    application_id: UUID


class AuthorisedShown(Shown):
    """An application.

    `scope` is what any of the `people` who let it act here agreed to, `since` when the first did; `permissions` is what
    it may do by itself, as it was registered for the company, `since` then. Without either it reaches nothing: only
    people who have left had let it act. `last_used_at`: for people; what works by itself is noted
    once a day.
    """

    id: UUID
    client_id: str
    names: Labels
    product: str | None
    scope: list[str]
    permissions: list[str]
    people: int
    since: Moment
    last_used_at: Moment | None


class AuthorisedList(Shown):
    data: list[AuthorisedShown]
    next: str | None


class AllowedShown(Shown):
    """Who let an application act for them in the company, to what they agreed, and when."""

    account_id: UUID
    name: str
    scope: list[str]
    since: Moment


class AllowedList(Shown):
    data: list[AllowedShown]
    next: str | None


@room.get(PATH, may=(VIEWS,), shows=AuthorisedList)
def list_authorised_applications(path: CompanyPath, query: ListQuery) -> AuthorisedList:
    """The applications that act in a company's name; the one allowed last comes first, what reaches nothing last."""
    work = open_work()
    after = lists.after(work, query, LISTED)
    page = company_applications.of_company(work, path.company_id, after=after, limit=query.limit)
    return AuthorisedList(data=[_shown(each) for each in page.rows], next=lists.following(work, page.next, LISTED))


@room.get(ONE, may=(VIEWS,), shows=AuthorisedShown, tagged=True)
def show_authorised_application(path: ApplicationPath) -> AuthorisedShown:
    """One of them."""
    return _shown(company_applications.get(open_work(), path.company_id, path.application_id))


@room.get(f"{ONE}/people", may=(VIEWS,), shows=AllowedList)
def list_application_people(path: ApplicationPath, query: ListQuery) -> AllowedList:
    """Who let an application act in a company, the last one first."""
    work = open_work()
    company_applications.get(work, path.company_id, path.application_id)
    after = lists.after(work, query, PEOPLE)
    page = company_applications.people(work, path.company_id, path.application_id, after=after, limit=query.limit)
    rows = [
        AllowedShown(account_id=each.account_id, name=each.name, scope=list(each.scope), since=each.since)
        for each in page.rows
    ]
    return AllowedList(data=rows, next=lists.following(work, page.next, PEOPLE))


@room.delete(ONE, may=(REVOKES,), present=show_authorised_application)
def withdraw_application(path: ApplicationPath) -> None:
    """End what an application may do in a company, whoever let it; its tokens for the company are dead. One that works
    for the company by itself does so no more, and is removed where it is for nothing else."""
    company_applications.withdraw(open_work(), path.company_id, path.application_id)


def _shown(found: Application) -> AuthorisedShown:
    return AuthorisedShown(
        id=found.id, client_id=found.client.client_id, names=dict(found.client.names), product=found.client.product,
        scope=list(found.scope), permissions=list(found.permissions), people=found.people, since=found.since,
        last_used_at=found.last_used_at,
    )  # fmt: skip
