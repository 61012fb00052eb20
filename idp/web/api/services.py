"""Connected services: those that a company has switched on, and for whom of its people."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from idp.companies import acting_on, company, company_role, company_settings, first_steps, people, service
from idp.core.errors import NotFound
from idp.web.api import caller
from idp.web.api.memberships import ONE as MEMBER
from idp.web.api.memberships import MemberPath
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Flag, Labels, Sent, Shown, example
from idp.web.work import open_work

room = Room(
    "services", "Connected services",
    "What links the products of a company with administrations, banks and telephones: on or off for the company, and "
    "some of them for each of its people.",
)  # fmt: skip
PATH = "/companies/<uuid:company_id>/services"
MINE = f"{PATH}/mine"
OF_MEMBER = f"{MEMBER}/services"
ServiceName = Annotated[str, Field(min_length=1, max_length=64)]


class ServiceShown(Shown):
    """A service for the products that the company can use now.

    `waits`: it is on and without effect yet, because no product of it is past its trial. `people` counts those with a
    role that it opens something for; `per_person`: it is also switched on or off for each of them.
    """

    id: str
    labels: Labels
    on: bool
    waits: bool
    per_person: bool
    products: list[str]
    permissions: list[str]
    people: int


class ServiceList(Shown):
    """In the order of the catalogue, which bounds it."""

    data: list[ServiceShown]
    next: None


class SwitchesSent(Sent):
    """The services to turn on or off; those not named stay as they are."""

    model_config = example(services={"mobile-data": True})

    services: Annotated[dict[ServiceName, Flag], Field(min_length=1, max_length=50)]


class PersonServicesShown(Shown):
    """`offered` are the services that the company has on and that each person has on or off.

    `on` are those of them that are on for this person.
    """

    account_id: UUID
    offered: list[str]
    on: list[str]


class PersonServicesSent(Sent):
    """The services that are on for the person from now on, of those offered; the others of them are off."""

    model_config = example(services=["mobile-data"])

    services: Annotated[list[ServiceName], Field(max_length=50)]


@room.get(PATH, may=(service.VIEWS,), shows=ServiceList, tagged=True)
def list_services(path: CompanyPath) -> ServiceList:
    """The connected services of a company, and what each opens."""
    return _services(path)


@room.patch(PATH, may=(service.ACTIVATES,), shows=ServiceList, present=list_services)
def switch_services(path: CompanyPath, body: SwitchesSent) -> ServiceList:
    """Turn services on or off; products feel it with the next token."""
    work = open_work()
    service.switch(work, path.company_id, body.services)
    first_steps.services_settled(work, path.company_id)
    return _services(path)


@room.get(OF_MEMBER, may=people.SEES, shows=PersonServicesShown, tagged=True)
def show_member_services(path: MemberPath) -> PersonServicesShown:
    """The services that are on for one of the company's people."""
    return _of(path.company_id, path.account_id)


@room.put(OF_MEMBER, may=company_role.EDITS, shows=PersonServicesShown, present=show_member_services)
def change_member_services(path: MemberPath, body: PersonServicesSent) -> PersonServicesShown:
    """Switch services on or off for one of the company's people; products feel it with the next token."""
    company_role.set_services(open_work(), path.company_id, path.account_id, body.services)
    return _of(path.company_id, path.account_id)


@room.get(MINE, may=(company_settings.VIEWS_PROFILE,), shows=PersonServicesShown, tagged=True)
def show_own_services(path: CompanyPath) -> PersonServicesShown:
    """The services that are on for the caller; there are none for a service that calls."""
    return _of(path.company_id, _caller())


@room.put(MINE, may=(company_settings.VIEWS_PROFILE,), shows=PersonServicesShown, present=show_own_services)
def change_own_services(path: CompanyPath, body: PersonServicesSent) -> PersonServicesShown:
    """Switch services on or off for oneself (FLX-11)."""
    company_role.set_services(open_work(), path.company_id, _caller(), body.services)
    return _of(path.company_id, _caller())


def _caller() -> UUID:
    """The person who calls.

    Raises:
        NotFound: it is no person.
    """
    account_id = caller.current().account_id
    if account_id is None:
        raise NotFound(kind="membership")
    return account_id


def _of(company_id: UUID, account_id: UUID) -> PersonServicesShown:
    work = open_work()
    member = acting_on.find(work, company_id, account_id)
    if member is None:
        raise NotFound(kind="membership")
    offered = company_role.offered_services(work, company.get(work, company_id).services)
    on = [each for each in offered if each in member.services]
    return PersonServicesShown(account_id=account_id, offered=offered, on=on)


def _services(path: CompanyPath) -> ServiceList:
    found = service.offered(open_work(), path.company_id)
    rows = [
        ServiceShown(
            id=each.service.id, labels=dict(each.service.label), on=each.on, waits=each.waits,
            per_person=each.service.per_person, products=list(each.products), permissions=list(each.permissions),
            people=each.people,
        )
        for each in found
    ]  # fmt: skip
    return ServiceList(data=rows, next=None)
