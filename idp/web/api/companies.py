"""Companies: those of the caller, and the profile of one."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import company, own_companies
from idp.companies.models import Company
from idp.web.api import caller, lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, ListQuery, Moment, Shown
from idp.web.work import open_work

room = Room("companies", "Companies", "Companies and firms, as those who belong to them see them.")
VIEWS = "company.profile.view"
LISTED = "companies"


class CompanyListed(Shown):
    """A company one belongs to.

    `suspended` says that one's own membership is; then nothing else of the company is answered.
    """

    id: UUID
    name: str
    kind: Literal["company", "firm"]
    suspended: bool


class CompanyList(Shown):
    data: list[CompanyListed]
    next: str | None


class CompanyShown(Shown):
    """A company. `services` are the connected services that are on."""

    id: UUID
    name: str
    kind: Literal["company", "firm"]
    country: str
    city: str
    locale: str
    services: list[str]
    trusted_devices: bool
    created_at: Moment


class CompanyQuery(ListQuery):
    search: Annotated[str, Field(max_length=100, description="A part of the name, in any case.")] = ""


@room.get("/companies", may=(), shows=CompanyList)
def list_companies(query: CompanyQuery) -> CompanyList:
    """The companies of the caller.

    Those whose own people the person is one of, by name; for a service, the company it works for. Clients of a firm are
    not among them: see the firm.
    """
    work, calling = open_work(), caller.current()
    if calling.account_id is None:
        key = calling.client.company_id
        found = [company.get(work, key)] if key is not None else []
        return CompanyList(data=[_listed(each) for each in found if each.closed_at is None], next=None)
    page = own_companies.of_person(
        work, calling.account_id, search=query.search, after=lists.after(work, query, LISTED), limit=query.limit
    )
    rows = [
        CompanyListed(id=each.company_id, name=each.name, kind=each.kind, suspended=each.suspended)
        for each in page.companies
    ]
    return CompanyList(data=rows, next=lists.following(work, page.next, LISTED))


@room.get("/companies/<uuid:company_id>", may=(VIEWS,), shows=CompanyShown, tagged=True)
def show_company(path: CompanyPath) -> CompanyShown:
    """A company."""
    return CompanyShown.model_validate(company.get(open_work(), path.company_id))


def _listed(found: Company) -> CompanyListed:
    return CompanyListed(id=found.id, name=found.name, kind=found.kind, suspended=False)
