"""Companies and firms."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, clock, period
from idp.companies.models import Company
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from idp.core.ids import uuid7
from idp.work import Work

NAME_MAX = 200
REFERENCE_MAX = 100


def create(
    work: Work,
    *,
    reference: str,
    name: str,
    kind: str,
    country: str,
    city: str,
    locale: str,
    services: Iterable[str] = (),
    trusted_devices: bool = True,
) -> Company:
    """A new customer, without people and without subscription.

    Args:
        reference: the name that billing and operators know it by.
        kind: `company`, or `firm` for an accounting firm.
        country: two capital letters (ISO 3166-1).
        services: connected services that are on.
        trusted_devices: whether its people may skip the second factor in browsers they trust.

    Raises:
        NotPermitted: the actor is not an operator.
        InvalidInput: a value is impossible; `field` says which.
        Conflict: the reference is taken.
    """
    if not access.trusted(work):
        raise NotPermitted(permission="operations.companies.create")
    shown = " ".join(name.split())
    for field, right in {
        "reference": 0 < len(reference) <= REFERENCE_MAX and reference.isprintable(),
        "name": 0 < len(shown) <= NAME_MAX and shown.isprintable(),
        "kind": kind in ("company", "firm"),
        "country": len(country) == 2 and country.isascii() and country.isupper(),
        "locale": locale in work.policies.account.locales,
        "services": all(each in work.policies.services for each in services),
    }.items():
        if not right:
            raise InvalidInput(field=field)
    company = Company(
        id=uuid7(),
        reference=reference,
        name=shown,
        kind=kind,
        country=country,
        city=city,
        locale=locale,
        services=sorted(services),
        trusted_devices=trusted_devices,
        epoch=clock.tick(work),
        created_at=work.now,
    )
    work.session.add(company)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_companies_reference
        raise Conflict(field="reference") from error
    period.of_services(work, company)
    _record_created(work, company)
    return company


def _record_created(work: Work, made: Company) -> None:
    after = {"name": made.name, "city": made.city, "country": made.country, "locale": made.locale}
    log.record(
        work, "company.created", ("company", made.id), company_id=made.id, kind=made.kind, before=None, after=after
    )


def find(work: Work, reference: str) -> Company | None:
    """The company that operators know by this reference."""
    return work.session.scalar(select(Company).where(Company.reference == reference))


def get(work: Work, company_id: UUID) -> Company:
    """The company with this key, open or closed.

    Raises:
        NotFound: there is none.
    """
    company = work.session.get(Company, company_id)
    if company is None:
        raise NotFound(kind="company")
    return company
