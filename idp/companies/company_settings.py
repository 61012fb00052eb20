"""What a company says about itself, and its rules of security."""

from uuid import UUID

from idp.audit import log
from idp.companies import access, clock, company, service
from idp.companies.models import Company
from idp.core.errors import InvalidInput
from idp.outbox import queue as outbox
from idp.work import Work

VIEWS_PROFILE = "company.profile.view"
EDITS_PROFILE = "company.profile.edit"
VIEWS_SECURITY = "company.security.view"
EDITS_SECURITY = "company.security.edit"
CITY_MAX = 100


def edit_profile(work: Work, company_id: UUID, *, name: str, city: str, country: str, locale: str) -> bool:
    """Change what the company is called, where it is, and its language; whether anything changed.

    Raises:
        NotPermitted, NotFound: the actor may not, here.
        InvalidInput: `field` is `name`, `city`, `country` or `locale`.
    """
    work.write()
    access.require(work, EDITS_PROFILE, company_id)
    after = {"name": " ".join(name.split()), "city": " ".join(city.split()), "country": country, "locale": locale}
    right = {
        "name": 0 < len(after["name"]) <= company.NAME_MAX and after["name"].isprintable(),
        "city": len(after["city"]) <= CITY_MAX and after["city"].isprintable(),
        "country": len(country) == 2 and country.isascii() and country.isupper(),
        "locale": locale in work.policies.account.locales,
    }
    for field, fits in right.items():
        if not fits:
            raise InvalidInput(field=field)
    clock.company(work, company_id)
    row = service.lock(work, company_id)
    before = {field: getattr(row, field) for field in after}
    if before == after:
        return False
    for field, value in after.items():
        setattr(row, field, value)
    work.session.flush()
    log.record(
        work, "company.profile_changed", ("company", company_id), company_id=company_id, before=before, after=after
    )
    return True


def allow_trusted_devices(work: Work, company_id: UUID, allowed: bool) -> bool:
    """Let the company's people skip the second factor in browsers they trust, or ask for a code every time; whether
    anything changed. It counts from the next sign-in; owner and administrators are written to.

    The caller has seen a fresh second factor.

    Raises:
        NotPermitted, NotFound: the actor may not, here.
    """
    work.write()
    access.require(work, EDITS_SECURITY, company_id)
    clock.company(work, company_id)
    row: Company = service.lock(work, company_id)
    if row.trusted_devices == allowed:
        return False
    row.trusted_devices = allowed
    work.session.flush()
    for each in access.administrators(work, company_id):
        outbox.mail(
            work, each.address, "company_security_changed", locale=each.locale, name=each.name, company=row.name,
            allowed=allowed, path=f"/companies/{company_id}/security",
        )  # fmt: skip
    log.record(
        work, "company.security_changed", ("company", company_id),
        company_id=company_id, before={"trusted_devices": not allowed}, after={"trusted_devices": allowed},
    )  # fmt: skip
    return True
