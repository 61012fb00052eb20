"""Companies: those of the caller, and the profile of one."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import company, company_settings, own_companies
from idp.companies.models import Company
from idp.web.api import caller, lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, ListQuery, Moment, Sent, Shown, example
from idp.web.work import open_work

room = Room("companies", "Companies", "Companies and firms, as those who belong to them see them.")
LISTED = "companies"


class CompanyListed(Shown):
    """A company one belongs to.

    `suspended` says that one's own membership is, or that staff have suspended the company; then nothing else of it is
    answered.
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


class ProfileChange(Sent):
    """What is to be different; what is left out stays. `country`: two capital letters (ISO 3166-1)."""

    model_config = example(city="Saint-Herblain")

    name: Annotated[str, Field(min_length=1, max_length=company.NAME_MAX)] | None = None
    city: Annotated[str, Field(max_length=company_settings.CITY_MAX)] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    locale: Annotated[str, Field(max_length=20, description="Language of the company, such as `fr-BE`.")] | None = None


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
        CompanyListed(id=each.company_id, name=each.name, kind=each.kind, suspended=each.suspended or each.stopped)
        for each in page.companies
    ]
    return CompanyList(data=rows, next=lists.following(work, page.next, LISTED))


@room.get("/companies/<uuid:company_id>", may=(company_settings.VIEWS_PROFILE,), shows=CompanyShown, tagged=True)
def show_company(path: CompanyPath) -> CompanyShown:
    """A company."""
    return CompanyShown.model_validate(company.get(open_work(), path.company_id))


@room.patch(
    "/companies/<uuid:company_id>", may=(company_settings.EDITS_PROFILE,), shows=CompanyShown, present=show_company
)
def change_profile(path: CompanyPath, body: ProfileChange) -> CompanyShown:
    """Change what a company is called, where it is, or its language."""
    work = open_work()
    before = company.get(work, path.company_id)
    values = {name: getattr(before, name) for name in ProfileChange.model_fields}
    company_settings.edit_profile(work, path.company_id, **{**values, **body.model_dump(exclude_none=True)})
    return CompanyShown.model_validate(company.get(work, path.company_id))


def _listed(found: Company) -> CompanyListed:
    return CompanyListed(id=found.id, name=found.name, kind=found.kind, suspended=found.suspended_at is not None)
