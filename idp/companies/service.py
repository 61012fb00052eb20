"""Connected services: which there are for what a company subscribes to, and whether they are on (FLX-14, FLX-19)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select

from idp.audit import log
from idp.companies import access, clock, company, period, subscription, tables
from idp.companies.models import Company
from idp.core.errors import InvalidInput, NotFound
from idp.policy.catalogue import Service
from idp.work import Work

VIEWS = "company.services.view"
ACTIVATES = "company.services.activate"


@dataclass(frozen=True, slots=True)
class Offered:
    """A service that the company could have, or has.

    Attributes:
        products: those it is for and that the company can use now.
        permissions: what people with the right roles may do while it is on.
        people: how many of the company's people hold such a role.
        waits: it is on and has no effect yet, because no product of it is past its trial, or one is suspended.
    """

    service: Service
    on: bool
    products: tuple[str, ...]
    permissions: tuple[str, ...]
    people: int
    waits: bool


def offered(work: Work, company_id: UUID) -> tuple[Offered, ...]:
    """The services for the products a company can use now, in the order of the catalogue.

    Whether the reader may see them is the caller's question (`VIEWS`).
    """
    usable = subscription.usable(work, company_id)
    on = company.get(work, company_id).services
    found = []
    for service in work.policies.services.values():
        products = tuple(each for each in service.products if each in usable)
        if not products:
            continue
        permissions = tuple(
            each.id for each in work.policies.permissions.values()
            if each.service == service.id and each.product in products
        )  # fmt: skip
        effective = any(work.policies.states[usable[each]].services for each in products)
        found.append(
            Offered(
                service=service,
                on=service.id in on,
                products=products,
                permissions=permissions,
                people=_people(work, company_id, permissions),
                waits=not effective,
            )
        )
    return tuple(found)


def offered_ids(work: Work, company_id: UUID) -> list[str]:
    """The services for the products a company can use now."""
    usable = subscription.usable(work, company_id)
    return [each.id for each in work.policies.services.values() if any(product in usable for product in each.products)]


def switch(work: Work, company_id: UUID, wanted: Mapping[str, bool]) -> tuple[str, ...]:
    """Turn services on or off; those not named stay as they are. Answers those that changed.

    Products feel it with the next token, at most ten minutes later.

    Raises:
        NotPermitted, NotFound: the actor may not, here.
        InvalidInput: one of them is not for what the company subscribes to; `field="services"`.
    """
    access.require(work, ACTIVATES, company_id)
    work.write()
    usable = subscription.usable(work, company_id)
    known = work.policies.services
    unknown = [
        name for name, on in wanted.items()
        if name not in known or (on and not any(each in usable for each in known[name].products))
    ]  # fmt: skip
    if unknown:
        raise InvalidInput(field="services", unknown=unknown)
    clock.hold(work)  # before the company's row, as everybody does
    row = lock(work, company_id)
    before = frozenset(row.services)
    after = (before | {name for name, on in wanted.items() if on}) - {name for name, on in wanted.items() if not on}
    changed = tuple(sorted(before ^ after))
    if not changed:
        return ()
    row.services = sorted(after)
    work.session.flush()
    period.of_services(work, row)
    clock.company(work, company_id)
    log.record(
        work, "company.services_changed", ("company", company_id),
        company_id=company_id, before=sorted(before), after=sorted(after),
    )  # fmt: skip
    return changed


def lock(work: Work, company_id: UUID) -> Company:
    """The row of an open company, locked until the commit: what is changed in it rests on what it says now.

    Raises:
        NotFound: there is none.
    """
    row = work.session.scalar(
        select(Company)
        .where(Company.id == company_id, Company.closed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(kind="company")
    return row


def _people(work: Work, company_id: UUID, permissions: Collection[str]) -> int:
    """How many people hold a role with one of these permissions; one statement."""
    wanted = frozenset(permissions)
    roles = [role.id for role in work.policies.roles.values() if wanted & role.widest]
    r, own = tables.product_roles.c, tables.custom_roles.c
    mine = [
        row.id
        for row in work.session.execute(
            select(own.id, own.permissions).where(own.company_id == company_id, own.deleted_at.is_(None))
        )
        if wanted & frozenset(row.permissions)
    ]
    return (
        work.session.scalar(
            select(func.count(r.account_id.distinct())).where(
                r.company_id == company_id, r.ended_at.is_(None), or_(r.expires_at.is_(None), r.expires_at > work.now),
                or_(r.role.in_(roles), r.custom_role_id.in_(mine)),
            )
        )
        or 0
    )  # fmt: skip
