"""What a company's own role may hold, and who may build one: the `custom_roles` rules of a product."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.companies import access, company, overreach, subscription
from idp.companies.errors import CustomRoleRefused, NotSubscribed
from idp.companies.models import CustomRole
from idp.core.errors import InvalidInput
from idp.policy.catalogue import Product, Role
from idp.policy.models import LANGUAGES
from idp.policy.permissions import with_required
from idp.work import Work

LABEL_MAX = 80
_AT_CLIENTS = frozenset({"colleague", "mandate"})


@dataclass(frozen=True, slots=True)
class Building:
    """Whether somebody can build roles for a product here.

    Attributes:
        why: `not_in_product`, `not_subscribed`, `not_in_plan` or `not_yours`; None when they can.
        by: the roles whose holders build them.
        plan: the company's plan, as far as it has one.
    """

    why: str | None
    by: tuple[str, ...] = ()
    plan: str | None = None


def building(work: Work, company_id: UUID, product: str) -> Building:
    """Whether the actor, permitted as they may be, can build roles for this product: for pages to offer it or say why
    not. The commands ask again."""
    if product not in work.policies.products:
        return Building("not_subscribed")
    rules = work.policies.products[product].custom_roles
    if not rules.allowed:
        return Building("not_in_product")
    try:
        plan = subscription.plan_with(work, company_id, product)
    except NotSubscribed:
        return Building("not_subscribed", rules.built_by)
    if not plan.custom_roles:
        return Building("not_in_plan", rules.built_by, plan.id)
    return Building(None if _builds(work, company_id, rules.built_by) else "not_yours", rules.built_by, plan.id)


def require_builder(work: Work, company_id: UUID, product: str) -> None:
    """Go on only if the actor can build roles for this product here. The permission is asked by the command.

    Raises:
        CustomRoleRefused: the product or the plan has no roles of a company's own (`reason`).
        NotSubscribed: the company does not use the product.
        RoleNotAssignable: none of the actor's roles builds roles in this product.
    """
    found = building(work, company_id, product)
    if found.why in ("not_in_product", "not_in_plan"):
        raise CustomRoleRefused(reason=found.why, product=product)
    if found.why == "not_subscribed":
        raise NotSubscribed(product=product)
    if found.why is not None:
        raise overreach.refused(work, company_id, role=CustomRole.__tablename__)


def require_hands(work: Work, company_id: UUID, product: str) -> None:
    """Go on only if one of the actor's roles builds roles in this product, whatever the company may use today.

    Raises:
        RoleNotAssignable: none does.
    """
    if not builds(work, company_id, product):
        raise overreach.refused(work, company_id, role=CustomRole.__tablename__)


def builds(work: Work, company_id: UUID, product: str) -> bool:
    """Whether one of the actor's roles builds roles in this product, whatever the company may use today."""
    policy = work.policies.products.get(product)
    return _builds(work, company_id, policy.custom_roles.built_by if policy is not None else ())


def offered(work: Work, company_id: UUID, product: str) -> frozenset[str]:
    """What the actor may put into a role: what they may give by built-in roles, less what no such role ever holds."""
    policy = work.policies.products[product]
    return grantable(work, company_id, product) - frozenset(policy.custom_roles.never)


def grantable(work: Work, company_id: UUID, product: str) -> frozenset[str]:
    """Everything in a product that the actor could give to somebody here, one built-in role or another. In a firm that
    is also what its colleagues can be given at clients."""
    policy = work.policies.products[product]
    if access.trusted(work):
        return frozenset(policy.permissions)
    if work.actor.id is None:
        return frozenset()
    held = access.roles_of(work, work.actor.id, company_id)
    firm = company.get(work, company_id).kind == "firm"
    able = (
        role for role in (work.policies.roles[each] for each in policy.roles)
        if _gives_here(role, held) or (firm and _gives_at_clients(work, role, held))
    )  # fmt: skip
    return frozenset().union(*(role.widest for role in able))


def checked(
    work: Work, company_id: UUID, product: str, wanted: Iterable[str], present: Iterable[str] = ()
) -> list[str]:
    """The permissions of a role to be, sorted, once they keep the rules; areas that are paired stay so.

    Args:
        present: what the role holds already; that may stay, also where the actor could not give it.

    Raises:
        InvalidInput: none, an unknown one, or one that no such role may hold; `field="permissions"`.
        RoleNotAssignable: one that the actor may not give; `permissions` says which.
    """
    policy = work.policies.products[product]
    chosen = sorted(with_twins(policy, wanted))
    unknown = [each for each in chosen if each not in policy.permissions]
    forbidden = [each for each in chosen if each in policy.custom_roles.never]
    if not chosen or unknown or forbidden:
        raise InvalidInput(field="permissions", unknown=unknown, forbidden=forbidden)
    never = frozenset(policy.custom_roles.never)
    added = with_required(chosen, policy.permissions) - with_required(present, policy.permissions) - never
    beyond = sorted(added - grantable(work, company_id, product))
    if beyond:
        raise overreach.refused(work, company_id, permissions=beyond)
    return chosen


def with_twins(product: Product, permissions: Iterable[str]) -> frozenset[str]:
    """The permissions, each with the same one of the area that always carries the same level, where there is one."""
    found = set(permissions)
    for each in tuple(found & set(product.permissions)):
        _, area, act = each.split(".")
        twin = f"{product.id}.{product.areas[area].paired_with}.{act}"
        if twin in product.permissions:
            found.add(twin)
    return frozenset(found)


def checked_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """What people will read, by language.

    Raises:
        InvalidInput: none, one that is empty, too long, with signs nobody sees, or in no language of the catalogue.
    """
    if not labels or any(language not in LANGUAGES for language in labels):
        raise InvalidInput(field="labels", max=LABEL_MAX)
    return {language: checked_name(text, field="labels") for language, text in labels.items()}


def checked_name(name: str, *, field: str = "name") -> str:
    """A name as it is kept, with single blanks.

    Raises:
        InvalidInput: it is empty, too long, or has signs that nobody sees.
    """
    text = " ".join(name.split())
    if not 0 < len(text) <= LABEL_MAX or not text.isprintable():
        raise InvalidInput(field=field, max=LABEL_MAX)
    return text


def require_free(
    work: Work, company_id: UUID, product: Product, texts: Iterable[str], *, but: UUID | None = None
) -> None:
    """Go on only if no other role that people could choose in this product is called by one of these texts.

    Args:
        but: the role that is to be called so.

    Raises:
        CustomRoleRefused: one is (`reason="name_taken"`).
    """
    r = CustomRole
    rows = work.session.execute(
        select(r.id, r.name, r.labels).where(
            r.company_id == company_id, r.product == product.id, r.deleted_at.is_(None)
        )
    )  # fmt: skip
    taken = {text.casefold() for row in rows if row.id != but for text in (row.name, *row.labels.values())}
    for each in product.roles:
        taken |= {text.casefold() for text in work.policies.roles[each].label.values()}
    if taken & {text.casefold() for text in texts}:
        raise CustomRoleRefused(reason="name_taken", product=product.id)


def _builds(work: Work, company_id: UUID, roles: Iterable[str]) -> bool:
    if access.trusted(work):
        return True
    return work.actor.id is not None and bool(access.roles_of(work, work.actor.id, company_id) & frozenset(roles))


def _gives_here(role: Role, held: frozenset[str]) -> bool:
    return "member" in role.held_by and bool(role.assignable_by & held)


def _gives_at_clients(work: Work, role: Role, held: frozenset[str]) -> bool:
    """As a firm gives roles to its colleagues: those that the role names, or else whoever may assign."""
    if not _AT_CLIENTS & role.held_by:
        return False
    products = work.policies.products
    named = frozenset(
        each for each in role.assignable_by
        if each in work.policies.roles and products[work.policies.roles[each].product].firm_only
    )  # fmt: skip
    return bool(held & (named or frozenset(work.policies.colleagues.given_by)))
