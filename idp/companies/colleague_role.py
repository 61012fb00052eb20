"""Which roles a firm may give its colleagues at its clients, who gives them, and to whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from idp.companies import access, company, membership, overreach, role, tables
from idp.companies.errors import ColleagueOutOfReach, NeedsPracticeRole, NotOnYourself
from idp.companies.models import CustomRole
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.policy.catalogue import Role
from idp.work import Work

ASSIGNS = "practice.colleagues.assign"
_HOLDERS = frozenset({"colleague", "mandate"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A role to choose: from the catalogue, or one that the firm made (`custom_role_id`).

    Attributes:
        summary: what the catalogue says of it; empty for a role of the firm's own.
    """

    role_id: str | None
    custom_role_id: UUID | None
    labels: Mapping[str, str]
    summary: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a colleague is in the firm.

    Attributes:
        roles: built-in roles in the running of the firm; empty with one of the firm's own making.
        every_client: one of them reaches every client of the firm, present and future.
    """

    roles: frozenset[str]
    every_client: bool


def offers(work: Work, firm_id: UUID, product: str) -> list[Offer]:
    """What the actor may give in this product: built-in roles in the order of the catalogue, then the firm's by name.

    Raises:
        NotPermitted: the actor may not assign.
        InvalidInput: no such product.
    """
    access.require(work, ASSIGNS, firm_id)
    policy = work.policies.products.get(product)
    if policy is None:
        raise InvalidInput(field="product")
    held = _held(work, firm_id)
    known = (work.policies.roles[each] for each in policy.roles)
    found = [Offer(each.id, None, each.label, each.summary) for each in known if _may_give(work, held, each)]
    if policy.custom_roles.allowed and _gives(work, held, frozenset()):
        own = work.session.scalars(
            select(CustomRole)
            .where(CustomRole.company_id == firm_id, CustomRole.product == product, CustomRole.deleted_at.is_(None))
            .order_by(CustomRole.name)
            .limit(policy.custom_roles.max_per_company)
        )
        found += [Offer(None, each.id, each.labels, {}) for each in own]
    return found


def require(
    work: Work, firm_id: UUID, account_id: UUID, product: str, role_id: str | None, custom_role_id: UUID | None
) -> Standing:
    """Go on only if the actor may give this role of this product to this colleague; answers what the colleague is.

    Raises:
        NotPermitted: the actor may not assign.
        NotFound: the person is no colleague of this firm.
        NeedsPracticeRole: the colleague has no role in the running of the firm.
        ColleagueOutOfReach, NotOnYourself: not to this colleague.
        RoleNotOffered: the role is not for colleagues, or not of this product or firm.
        RoleNotAssignable: none of the actor's roles gives it.
        InvalidInput: no such product, or not exactly one role.
    """
    found = require_giving(work, firm_id, account_id)
    if (role_id is None) == (custom_role_id is None):
        raise InvalidInput(field="role")
    if work.policies.products.get(product) is None:
        raise InvalidInput(field="product")
    held = _held(work, firm_id)
    if role_id is not None:
        if not _may_give(work, held, role.built_in(work, product, role_id, "colleague")):
            raise overreach.refused(work, firm_id, role=role_id)
    elif custom_role_id is not None:
        role.own(work, firm_id, product, custom_role_id, keep=True)
        if not _gives(work, held, frozenset()):
            raise overreach.refused(work, firm_id, role=str(custom_role_id))
    if not found.roles and not _has_own_role(work, firm_id, account_id):
        raise NeedsPracticeRole()
    return found


def require_giving(work: Work, firm_id: UUID, account_id: UUID) -> Standing:
    """Go on only if the actor may give this colleague anything; as `require_reach`, and not to oneself.

    Raises:
        NotOnYourself: somebody else in the firm can be asked.
        NotPermitted, NotFound, RoleNotAssignable, ColleagueOutOfReach: as `require_reach`.
    """
    found = require_reach(work, firm_id, account_id)
    if work.actor.id == account_id and not access.trusted(work) and _others_may(work, firm_id, account_id, found.roles):
        raise NotOnYourself()
    return found


def may_give(work: Work, firm_id: UUID, account_id: UUID) -> bool:
    """Whether `require_giving` would let the actor go on."""
    try:
        require_giving(work.asking(), firm_id, account_id)
    except (NotPermitted, NotFound):
        return False
    return True


def require_assigner(work: Work, firm_id: UUID) -> None:
    """Go on only if the actor may assign in this firm at all.

    Raises:
        NotPermitted: not.
        NotFound: the actor has nothing to do with the firm.
    """
    access.require(work, ASSIGNS, firm_id)


def require_reach(work: Work, firm_id: UUID, account_id: UUID) -> Standing:
    """Go on only if the actor may change anything of what this colleague has at clients.

    Raises:
        NotPermitted: the actor may not assign.
        NotFound: the person is no colleague of this firm.
        RoleNotAssignable: none of the actor's roles gives anything.
        ColleagueOutOfReach: the actor's role may not touch those who hold the colleague's.
    """
    access.require(work, ASSIGNS, firm_id)
    if company.get(work, firm_id).kind != "firm" or membership.find(work, firm_id, account_id) is None:
        raise NotFound(kind="membership")
    found = standing(work, firm_id, account_id)
    held = _held(work, firm_id)
    if held is not None:
        able = held & _givers(work)
        if not able:
            raise overreach.refused(work, firm_id)
        if not any(_reaches(work, each, found.roles) for each in able):
            raise ColleagueOutOfReach()
    return found


def standing(work: Work, firm_id: UUID, account_id: UUID) -> Standing:
    """What somebody is in the running of the firm."""
    roles = frozenset(each for each in _practice_roles(work, firm_id, account_id) if each in work.policies.roles)
    return Standing(roles, any(work.policies.roles[each].entry.clients == "all" for each in roles))


def _held(work: Work, firm_id: UUID) -> frozenset[str] | None:
    """The actor's roles in the firm; None for somebody who answers to nobody."""
    if access.trusted(work):
        return None
    assert work.actor.id is not None  # required an account before
    return access.roles_of(work, work.actor.id, firm_id)


def _givers(work: Work) -> frozenset[str]:
    return frozenset(work.policies.colleagues.given_by)


def _may_give(work: Work, held: frozenset[str] | None, found: Role) -> bool:
    """A role that names roles of a firm's product is given by those alone; any other by whoever may assign."""
    products = work.policies.products
    named = frozenset(
        each for each in found.assignable_by
        if each in work.policies.roles and products[work.policies.roles[each].product].firm_only
    )  # fmt: skip
    return bool(_HOLDERS & found.held_by) and _gives(work, held, named)


def _gives(work: Work, held: frozenset[str] | None, named: frozenset[str]) -> bool:
    return held is None or bool(held & (named or _givers(work)))


def _reaches(work: Work, mine: str, theirs: Iterable[str]) -> bool:
    return not frozenset(work.policies.roles[mine].entry.may_not_touch) & frozenset(theirs)


def _others_may(work: Work, firm_id: UUID, account_id: UUID, theirs: frozenset[str]) -> bool:
    """Whether somebody else in the firm can be asked. Who works alone in a firm, or alone at its top, is not kept from
    its clients: the mandate is the limit, and the client sees who reaches what."""
    r, m, a = tables.product_roles.c, tables.memberships.c, tables.accounts.c
    able = [each for each in _givers(work) if _reaches(work, each, theirs)]
    other = (
        select(r.id)
        .join_from(tables.product_roles, tables.memberships, m.id == r.membership_id)
        .join(tables.accounts, a.id == r.account_id)
        .where(
            r.company_id == firm_id, r.account_id != account_id, r.role.in_(able), r.ended_at.is_(None),
            or_(r.expires_at.is_(None), r.expires_at > work.now),
            m.ended_at.is_(None), m.suspended_at.is_(None), a.status == "active",
        )
        .limit(1)
    )  # fmt: skip
    return work.session.execute(other).first() is not None


def _practice_roles(work: Work, firm_id: UUID, account_id: UUID, *, own: bool = False) -> list[str]:
    """Roles in a firm's own product that hold now; with `own` the keys of those that the firm made."""
    r = tables.product_roles.c
    products = [each.id for each in work.policies.products.values() if each.firm_only]
    column = r.custom_role_id if own else r.role
    wanted = select(column).where(
        r.company_id == firm_id, r.account_id == account_id, r.product.in_(products), r.ended_at.is_(None),
        or_(r.expires_at.is_(None), r.expires_at > work.now), column.is_not(None),
    )  # fmt: skip
    return [str(each) for each in work.session.scalars(wanted)]


def _has_own_role(work: Work, firm_id: UUID, account_id: UUID) -> bool:
    return bool(_practice_roles(work, firm_id, account_id, own=True))
