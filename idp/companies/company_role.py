"""What somebody is in the account of a company: the one company role, those combined with it, services of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, false, or_, select
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, acting_on, clock, company, membership_period, paged, period, role, tables
from idp.companies.errors import OwnerNotEditable, RoleNotOffered, UniqueRoleTaken
from idp.companies.models import Membership
from idp.companies.paged import Order, Page, Place
from idp.core.errors import InvalidInput, NotFound
from idp.policy.catalogue import Role
from idp.work import Work

EDITS = ("company.users.edit-access",)


def change(
    work: Work,
    company_id: UUID,
    account_id: UUID,
    *,
    company_role: str,
    also: Iterable[str] = (),
    seen: UUID | None = None,
) -> Membership:
    """Give a member another company role, with those that may be combined with it.

    Appointing or removing an administrator takes a permission of its own, for which the caller has seen a fresh second
    factor.

    Args:
        seen: the period of the membership that the actor was shown; None not to ask.

    Raises:
        NotPermitted: the actor may not, acts on themselves, on the owner or on a higher role, or may not give one of
            the roles.
        NotFound: the person is no member here.
        RoleNotOffered: not a company role, one that cannot be combined, or the one that is only handed over.
        ChangedMeanwhile: somebody else has changed the membership since.
    """
    membership = acting_on.editable(work, EDITS, company_id, account_id, seen=seen)
    if membership.unique_role:
        raise OwnerNotEditable()
    wanted = _wanted(work, company_id, company_role, also)
    held = {membership.company_role, *membership.also}
    changed = {each.id for each in wanted} ^ held
    if not changed:
        return membership
    if appoints(work, changed):
        access.require(work, acting_on.GRANTS_ADMINISTRATION, company_id)
    for each in wanted:
        if each.id not in held:
            role.require_assignable(work, company_id, each)
    before = membership_period.told(membership)
    clock.person(work, account_id)
    membership.company_role, membership.also = wanted[0].id, [each.id for each in wanted[1:]]
    membership.unique_role = wanted[0].entry.unique
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_memberships_unique_role
        raise UniqueRoleTaken(role=company_role) from error
    period.of_membership(work, membership)
    log.record(
        work, "membership.role_changed", ("account", account_id), company_id=company_id, role=company_role,
        before=before, after=membership_period.told(membership),
    )  # fmt: skip
    return membership


def appoints(work: Work, roles: Iterable[str]) -> bool:
    """Whether giving or taking one of these company roles is appointing or removing an administrator."""
    known = work.policies.roles
    return any(acting_on.administers(work, known[each]) for each in roles if each in known)


def set_services(
    work: Work, company_id: UUID, account_id: UUID, services: Iterable[str], *, seen: UUID | None = None
) -> Membership:
    """Turn connected services on or off for one person, where the company has them: a member's by an administrator, or
    one's own (FLX-11).

    Args:
        services: those that are on from now on, of the ones that are set per person.

    Raises:
        NotPermitted: the actor may not, or acts on the owner or on a higher role.
        NotFound: the person is no member here.
        InvalidInput: not a service that is set per person, or one that the company has not switched on.
        ChangedMeanwhile: somebody else has changed the membership since.
    """
    if work.actor.kind == "account" and work.actor.id == account_id:
        membership = acting_on.locked(work, company_id, account_id, seen=seen)
        if membership.suspended_at is not None:
            raise NotFound(kind="membership")
    else:
        membership = acting_on.editable(work, EDITS, company_id, account_id, seen=seen)
    wanted = set(services)
    offered = offered_services(work, company.get(work, company_id).services)
    unknown = sorted(wanted - set(offered))
    if unknown:
        raise InvalidInput(field="services", unknown=unknown)
    kept = [each for each in membership.services if each not in offered]
    after = sorted({*kept, *wanted})
    if after == sorted(membership.services):
        return membership
    before = membership_period.told(membership)
    clock.person(work, account_id)
    membership.services = after
    work.session.flush()
    period.of_membership(work, membership)
    log.record(
        work, "membership.services_changed", ("account", account_id), company_id=company_id,
        before=before, after=membership_period.told(membership),
    )  # fmt: skip
    return membership


@dataclass(frozen=True, slots=True)
class OwnServices:
    """The services that a person switches on or off for themselves in one company. `on` are those that are on."""

    company_id: UUID
    company: str
    offered: tuple[str, ...]
    on: frozenset[str]


def own_services(
    work: Work, account_id: UUID, *, after: Place | None = None, before: Place | None = None
) -> Page[OwnServices]:
    """Company by company, what the person may switch for themselves; companies without such a service are left out."""
    c, m = tables.companies.c, tables.memberships.c
    each_has = [
        cast(c.services, String).contains(f'"{name}"') for name in offered_services(work, work.policies.services)
    ]
    wanted = (
        select(c.id, c.name, c.services, m.services.label("own"))
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), m.suspended_at.is_(None), c.closed_at.is_(None))
        .where(or_(false(), *each_has))
    )
    found = paged.page(work, wanted, Order((c.name,), c.id), after=after, before=before)
    return found.seen(
        [
            OwnServices(row.id, row.name, tuple(offered_services(work, row.services)), frozenset(row.own))
            for row in found.rows
        ]
    )


def offered_services(work: Work, of_company: Iterable[str]) -> list[str]:
    """The services of a company that each person has switched on or off for themselves."""
    known = work.policies.services
    return [each for each in sorted(of_company) if each in known and known[each].per_person]


def _wanted(work: Work, company_id: UUID, company_role: str, also: Iterable[str]) -> list[Role]:
    administration = next(each.id for each in work.policies.products.values() if each.kind == "administration")
    given = role.built_in(work, administration, company_role, "member")
    others = [role.built_in(work, administration, each, "member") for each in sorted(set(also)) if each != given.id]
    if given.entry.unique and not access.trusted(work):  # handed over by its holder, never given
        raise RoleNotOffered(product=administration, role=given.id)
    for each in others:
        if not each.entry.combinable:
            raise RoleNotOffered(product=administration, role=each.id)
    return [given, *others]
