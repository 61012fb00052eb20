"""Roles: which may be given by whom, and the roles a company makes itself."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, clock, company, overreach, period, role_content
from idp.companies.errors import CustomRoleRefused, RoleNotAssignable, RoleNotOffered
from idp.companies.models import CustomRole
from idp.core.ids import uuid7
from idp.policy.catalogue import Role
from idp.work import Work

CREATES = "company.roles.create"
FIRM_EDITS = "practice.roles.edit"


def create_custom(
    work: Work, company_id: UUID, product: str, *, name: str, labels: Mapping[str, str], permissions: Iterable[str]
) -> CustomRole:
    """A role of the company's (or firm's) own in one product.

    Args:
        name: unique among the company's roles in this product.
        labels: what people see, by language; one at least.
        permissions: ids of the product's permissions; what they require comes along when the role is used.

    Raises:
        NotPermitted: the actor may not make roles here.
        NotSubscribed: the company does not use the product.
        CustomRoleRefused: the product or plan has no custom roles, there are too many, or the name is taken
            (`reason`).
        RoleNotAssignable: none of the actor's roles builds roles in this product, or gives one of the permissions.
        InvalidInput: an empty role, an unknown permission, one that no custom role may hold, or an impossible label.
    """
    require_one(work, company_id, CREATES)
    role_content.require_builder(work, company_id, product)
    policy = work.policies.products[product]
    wanted = role_content.checked(work, company_id, product, permissions)
    name, texts = role_content.checked_name(name), role_content.checked_labels(labels)
    clock.company(work, company_id)  # who comes second sees what the first one made
    role_content.require_free(work, company_id, policy, (name, *texts.values()))
    if _count(work, company_id, product) >= policy.custom_roles.max_per_company:
        raise CustomRoleRefused(reason="too_many", product=product, max=policy.custom_roles.max_per_company)

    role = CustomRole(
        id=uuid7(), company_id=company_id, product=product, name=name, labels=texts, permissions=wanted,
        revision=1, created_at=work.now,
    )  # fmt: skip
    work.session.add(role)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_custom_roles_name
        raise CustomRoleRefused(reason="name_taken", product=product) from error
    period.of_custom_role(work, role)
    log.record(
        work, "custom_role.created", ("custom_role", role.id),
        company_id=company_id, product=product, called=next(iter(texts.values())), permissions=wanted,
        before=None, after={"title": next(iter(texts.values())), "held": sorted(wanted)},
    )  # fmt: skip
    return role


def require_one(work: Work, company_id: UUID, permission: str) -> None:
    """As `access.require`; in a firm, who makes its roles may do this too.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    firm = company.get(work, company_id).kind == "firm"
    access.require_one(work, (permission, FIRM_EDITS) if firm else (permission,), company_id)


def find_custom(work: Work, company_id: UUID, product: str, name: str) -> CustomRole | None:
    """The company's role of this name in this product."""
    return work.session.scalar(
        select(CustomRole).where(
            CustomRole.company_id == company_id, CustomRole.product == product, CustomRole.name == name,
            CustomRole.deleted_at.is_(None),
        )
    )  # fmt: skip


def of_product(work: Work, product: str, role: str) -> Role:
    """The built-in role, whoever may hold it.

    Raises:
        RoleNotOffered: no such role in the product.
    """
    found = work.policies.roles.get(role)
    if found is None or found.product != product:
        raise RoleNotOffered(product=product, role=role)
    return found


def built_in(work: Work, product: str, role: str, holder: Literal["member", "colleague"]) -> Role:
    """The built-in role, if this kind of holder may have it.

    Raises:
        RoleNotOffered: no such role in the product, or for others.
    """
    found = work.policies.roles.get(role)
    # What a mandate opens is also what a firm gives its colleagues at a client (`mandates.yaml`, colleagues).
    holders = {"member"} if holder == "member" else {"colleague", "mandate"}
    if found is None or found.product != product or not holders & found.held_by:
        raise RoleNotOffered(product=product, role=role)
    return found


def own(work: Work, company_id: UUID, product: str, custom_role_id: UUID, *, keep: bool = False) -> CustomRole:
    """A role that this company made for this product.

    Args:
        keep: for whoever gives it: nobody deletes it until the commit. Whoever also moves the clock does so afterwards.

    Raises:
        RoleNotOffered: there is none, here.
    """
    statement = select(CustomRole).where(
        CustomRole.id == custom_role_id, CustomRole.company_id == company_id, CustomRole.product == product,
        CustomRole.deleted_at.is_(None),
    )  # fmt: skip
    found = work.session.scalar(statement.with_for_update(read=True, key_share=True) if keep else statement)
    if found is None or not work.policies.products[product].custom_roles.allowed:
        raise RoleNotOffered(product=product, role=str(custom_role_id))
    return found


def keep(work: Work, custom_roles: Iterable[UUID]) -> None:
    """Nobody deletes these roles until the commit; whoever also moves the clock does so afterwards."""
    wanted = sorted(set(custom_roles))
    if wanted:
        statement = select(CustomRole.id).where(CustomRole.id.in_(wanted)).order_by(CustomRole.id)
        work.session.execute(statement.with_for_update(read=True, key_share=True))


def owners_to_give(work: Work, role_id: str | None) -> bool:
    """Whether only the one owner may give this role: such a one is given with a fresh second factor (J8)."""
    roles = work.policies.roles
    given = roles.get(role_id or "")
    by_hand = [roles[each] for each in given.assignable_by if each in roles] if given is not None else []
    return bool(by_hand) and all(each.entry.unique for each in by_hand)


def require_assignable(work: Work, company_id: UUID, role: Role) -> None:
    """Nobody gives more than they may: one of the actor's roles in this company has to be named by the role.

    Raises:
        RoleNotAssignable: none is.
    """
    _require_one_of(work, company_id, role.assignable_by, role.id)


def require_custom_assignable(work: Work, company_id: UUID, made: CustomRole) -> None:
    """A company's own role is given by who may give built-in roles that hold all of it: it is no way round them.

    Raises:
        RoleNotAssignable: the actor may not give some of what the role holds.
    """
    if access.trusted(work):
        return
    assert work.actor.id is not None  # required an account before
    held = access.roles_of(work, work.actor.id, company_id)
    if not frozenset(made.permissions) <= within_reach(work, made.product, held):
        raise overreach.refused(work, company_id, role=str(made.id))


def within_reach(work: Work, product: str, held: Collection[str]) -> frozenset[str]:
    """Everything in a product that the holder of these roles may give to one of a company's own people."""
    given = (work.policies.roles[each] for each in work.policies.products[product].roles)
    able = (each for each in given if "member" in each.held_by and each.assignable_by & frozenset(held))
    return frozenset().union(*(each.widest for each in able))


def try_unlisted(work: Work, company_id: UUID, role_id: str | None, custom_role_id: UUID | None = None) -> None:
    """A form came with a role that its list does not offer, and is refused for that; if the actor may not give this
    role, that was a try (`overreach`)."""
    known = work.policies.roles.get(role_id or "")
    with suppress(RoleNotAssignable):
        if known is not None:
            require_assignable(work, company_id, known)
        elif custom_role_id is not None:
            own = (CustomRole.company_id == company_id, CustomRole.deleted_at.is_(None))
            made = work.session.scalar(select(CustomRole).where(CustomRole.id == custom_role_id, *own))
            if made is not None:
                require_custom_assignable(work, company_id, made)


def _require_one_of(work: Work, company_id: UUID, roles: Iterable[str], wanted: str) -> None:
    if access.trusted(work):
        return
    assert work.actor.id is not None  # required an account before
    if not access.roles_of(work, work.actor.id, company_id) & frozenset(roles):
        raise overreach.refused(work, company_id, role=wanted)


def _count(work: Work, company_id: UUID, product: str) -> int:
    statement = select(func.count()).select_from(CustomRole)
    current = CustomRole.deleted_at.is_(None), CustomRole.company_id == company_id, CustomRole.product == product
    return work.session.scalar(statement.where(*current)) or 0
