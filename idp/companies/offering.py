"""What somebody may give to one of a company's people: the products, and the roles in each (ROL-06, ROL-07).

For forms to offer; the commands ask again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.companies import access, role, subscription
from idp.companies.errors import NotSubscribed
from idp.companies.models import CustomRole
from idp.policy.catalogue import Role
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Offer:
    """One role: a built-in one, or one of the company's own.

    Attributes:
        key: what a form sends: the role's id, or the key of the company's own one.
        switches: whether areas are opened one by one for its holder.
        default: what the catalogue proposes first.
    """

    key: str
    role_id: str | None
    custom_role_id: UUID | None
    labels: Mapping[str, str]
    summary: Mapping[str, str]
    seat: bool
    switches: bool
    default: bool


def roles(work: Work, company_id: UUID, product: str) -> tuple[Offer, ...]:
    """The roles of a product that the actor may give here: built-in ones in the order of the catalogue, then the
    company's own by name. Empty where the company does not use the product."""
    try:
        plan = subscription.plan_with(work, company_id, product)
    except NotSubscribed:
        return ()
    policy = work.policies.products[product]
    held = _held(work, company_id)
    found = [
        _built_in(each, policy.default_role)
        for each in (work.policies.roles[key] for key in policy.roles)
        if "member" in each.held_by and plan.offers(each.id) and (held is None or held & each.assignable_by)
    ]
    if not policy.custom_roles.allowed:
        return tuple(found)
    reach = None if held is None else role.within_reach(work, product, held)
    own = work.session.scalars(
        select(CustomRole)
        .where(CustomRole.company_id == company_id, CustomRole.product == product, CustomRole.deleted_at.is_(None))
        .order_by(CustomRole.name)
    )
    found += [
        Offer(str(each.id), None, each.id, each.labels, {}, seat=True, switches=False, default=False)
        for each in own
        if reach is None or frozenset(each.permissions) <= reach
    ]
    return tuple(found)


def company_roles(work: Work, company_id: UUID) -> tuple[Role, ...]:
    """The roles of the company's account that the actor may give, in the order of the catalogue; `entry.combinable`
    says which go beside another one."""
    administration = next(each for each in work.policies.products.values() if each.kind == "administration")
    held = _held(work, company_id)
    return tuple(
        each
        for each in (work.policies.roles[key] for key in administration.roles)
        if "member" in each.held_by and not each.entry.unique and (held is None or held & each.assignable_by)
    )


def products(work: Work, company_id: UUID) -> tuple[str, ...]:
    """The products of the company in which the actor may give a role, in the order of the catalogue."""
    usable = subscription.usable(work, company_id)
    return tuple(each for each in work.policies.products if each in usable and roles(work, company_id, each))


def _held(work: Work, company_id: UUID) -> frozenset[str] | None:
    """The roles of the actor here; None for who answers to nobody."""
    if access.trusted(work):
        return None
    return access.roles_of(work, work.actor.id, company_id) if work.actor.id is not None else frozenset()


def _built_in(each: Role, default: str | None) -> Offer:
    return Offer(
        each.id, each.id, None, each.label, each.summary, seat=each.seat, switches=bool(each.switches),
        default=each.id == default,
    )  # fmt: skip
