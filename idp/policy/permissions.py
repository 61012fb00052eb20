"""From a role to permissions: what a role comes to, and what is left of it for one person in one company.

Everything that decides about access ends in `effective`; it is pure, so its answers are kept.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from idp.policy.agreements import State
from idp.policy.catalogue import Policies, Product, Role
from idp.policy.models import EVERY_AREA, LEVELS, Area, Level, Permission, RoleEntry, at_most

Restrictions = tuple[tuple[str, bool | tuple[str, ...]], ...]
"""Limits on a person, sorted by name; the value is true, or the list that the restriction takes."""

_NOTHING: frozenset[str] = frozenset()


def with_required(ids: Iterable[str], definitions: Mapping[str, Permission]) -> frozenset[str]:
    """The permissions and, step by step, everything they require. Unknown ids are left out."""
    found: set[str] = set()
    waiting = [each for each in ids if each in definitions]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(needed for needed in definitions[each].requires if needed in definitions)
    return frozenset(found)


def _of_level(area: Area, level: Level) -> set[str]:
    covered = at_most(level)
    return {each.id for each in area.permissions if each.level in covered and not each.explicit}


def expand(
    role: RoleEntry, areas: Iterable[Area], definitions: Mapping[str, Permission]
) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Steps 1 to 3 of `policies/README.md`: the permissions with every switch off, and what each switch adds."""
    named: set[str] = set(role.permissions)
    switches: dict[str, frozenset[str]] = {}
    removed = frozenset(role.except_)
    for area in areas:
        if role.mode == "switches" and area.switch:
            opened = with_required(_of_level(area, role.switch_level or "none"), definitions)
            switches[area.id] = opened - removed
        else:
            named |= _of_level(area, role.grants.get(area.id, role.grants.get(EVERY_AREA, "none")))
    return with_required(named, definitions) - removed, switches


class Grant(NamedTuple):
    """All that decides about one person's permissions in one product of one company.

    Attributes:
        product: the product asked about.
        role: id of a built-in role, or None when `custom_permissions` lists those of a company's own role.
        switches: areas that are on; only roles with switches look at them.
        restrictions: see `freeze_restrictions`.
        services: connected services on for the company; per-person ones only when also on for the person.
        state: state of the product's subscription; None for a product without subscription.
        ceiling: None for the company's own people; under a mandate, the roles it opens in this product
            (`ceiling_of`), where none at all opens nothing.
        highest: under a mandate, the highest level that the client leaves of it; None leaves all.
        firm_state: under a mandate, the state of the firm's own subscription; None otherwise.
        scope: `practice` on a firm's own account, `client` everywhere else.
    """

    product: str
    role: str | None = None
    custom_permissions: frozenset[str] | None = None
    switches: frozenset[str] = _NOTHING
    restrictions: Restrictions = ()
    services: frozenset[str] = _NOTHING
    state: str | None = None
    ceiling: tuple[str, ...] | None = None
    highest: Level | None = None
    firm_state: str | None = None
    scope: Literal["client", "practice"] = "client"


@dataclass(frozen=True)
class Effective:
    """What a grant comes to.

    Attributes:
        permissions: sorted; empty when nothing is left (the caller refuses, a token never merely lacks them).
        set_id: digest of the permissions, the token's `permission_set`.
        restrictions: limits the product has to apply.
        step_up: those of the permissions that demand a fresh second factor.
    """

    permissions: tuple[str, ...]
    set_id: str
    restrictions: Restrictions
    step_up: frozenset[str]

    def __contains__(self, permission: str) -> bool:
        return permission in self.permissions

    def __bool__(self) -> bool:
        return bool(self.permissions)


def set_id(permissions: Iterable[str]) -> str:
    """The id of a permission set: the same permissions give the same id, in every process and for ever."""
    digest = hashlib.sha256("\n".join(sorted(permissions)).encode()).digest()
    return "ps_" + base64.urlsafe_b64encode(digest).decode()[:22]


def freeze_restrictions(restrictions: Mapping[str, object]) -> Restrictions:
    """Restrictions as stored (`{"own-documents-only": true, "departments": ["north"]}`) in the form a Grant takes.

    What is false is absent. An empty list stays: it restricts to nothing at all.
    """
    frozen: list[tuple[str, bool | tuple[str, ...]]] = []
    for name in sorted(restrictions):
        value = restrictions[name]
        if isinstance(value, (list, tuple, set, frozenset)):
            frozen.append((name, tuple(sorted(str(item) for item in value))))
        elif value:
            frozen.append((name, True))
    return tuple(frozen)


def restrictions_claim(restrictions: Restrictions) -> dict[str, bool | list[str]]:
    """The other way round: restrictions as a token or an answer carries them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in restrictions}


@lru_cache(maxsize=8192)
def effective(policies: Policies, grant: Grant) -> Effective:
    """The permissions a grant leaves, steps 1 to 6 of `policies/README.md`.

    A product, role or state that the policies do not know gives nothing: what was taken out of the files stops working.
    """
    product = policies.products.get(grant.product)
    if product is None:
        return _answer(policies, _NOTHING, ())
    role = policies.roles.get(grant.role) if grant.role is not None else None
    restrictions = _restrictions(policies, role, grant)

    kept = _held(product, role, grant)
    kept -= frozenset().union(*(product.restricted.get(name, _NOTHING) for name, _ in restrictions))
    if grant.scope != "practice":
        kept -= product.practice_only
    if grant.ceiling is not None:
        kept &= ceiling_permissions(policies, grant.product, grant.ceiling)
    kept = _up_to(policies, kept, grant.highest)
    kept = _with_services(policies, kept, grant)
    kept = _in_state(policies, kept, grant.state)
    kept = _in_firm_state(policies, kept, grant.firm_state)
    return _answer(policies, kept, restrictions)


def left_by(
    policies: Policies, product: Product, permissions: Iterable[str], *, services: frozenset[str], state: str | None
) -> tuple[str, ...]:
    """What of an application's own permissions the company's services and its subscription let through, sorted."""
    grant = Grant(product=product.id, services=services, state=state)
    known = frozenset(permissions) & frozenset(product.permissions)
    return tuple(sorted(_in_state(policies, _with_services(policies, known, grant), state)))


def _answer(policies: Policies, kept: frozenset[str], restrictions: Restrictions) -> Effective:
    step_up = frozenset(each for each in kept if policies.permissions[each].step_up)
    return Effective(tuple(sorted(kept)), set_id(kept), restrictions, step_up)


def _held(product: Product, role: Role | None, grant: Grant) -> frozenset[str]:
    """Steps 1 to 3: of the built-in role with its switches, or of a company's own role."""
    if grant.role is not None:
        if role is None or role.product != product.id:
            return _NOTHING
        return role.permissions.union(*(role.switches[area] for area in grant.switches if area in role.switches))
    if grant.custom_permissions is None or not product.custom_roles.allowed:
        return _NOTHING
    return with_required(grant.custom_permissions, product.permissions) - frozenset(product.custom_roles.never)


def _restrictions(policies: Policies, role: Role | None, grant: Grant) -> Restrictions:
    """Limits on ordinary users; external accountants and roles that say so are not hit by them."""
    if role is not None and role.ignores_user_restrictions:
        return ()
    if grant.ceiling is not None and not policies.mandates.user_restrictions_apply:
        return ()
    return grant.restrictions


def _with_services(policies: Policies, kept: frozenset[str], grant: Grant) -> frozenset[str]:
    """Step 5. A state may turn every service off (trial, suspended)."""
    state = policies.states.get(grant.state) if grant.state is not None else None
    on = _NOTHING if state is not None and not state.services else grant.services
    needed = ((each, policies.permissions[each].service) for each in kept)
    return frozenset(each for each, service in needed if service is None or service in on)


def _in_state(policies: Policies, kept: frozenset[str], name: str | None) -> frozenset[str]:
    """Step 6."""
    if name is None:
        return kept
    state: State | None = policies.states.get(name)
    if state is None or state.refused or state.permissions == "none":
        return _NOTHING
    if state.permissions == "all":
        return kept
    left = state.permissions
    definitions = policies.permissions
    return frozenset(
        each
        for each in kept
        if definitions[each].level in left.levels and not (left.drop_step_up and definitions[each].step_up)
    )


def _in_firm_state(policies: Policies, kept: frozenset[str], name: str | None) -> frozenset[str]:
    """The firm's own subscription lowers what it may do at its clients."""
    if name is None:
        return kept
    if name not in policies.states:
        return _NOTHING
    return _up_to(policies, kept, policies.mandates.firm_states.get(name))


def _up_to(policies: Policies, kept: frozenset[str], highest: Level | None) -> frozenset[str]:
    if highest is None:
        return kept
    covered = at_most(highest)
    return frozenset(each for each in kept if policies.permissions[each].level in covered)


def highest_of(lowered: Iterable[str], product: str, *, only_reads: bool = False) -> Level | None:
    """What a client leaves of a mandate in one product; None leaves all, `none` closes the product.

    Args:
        lowered: the products below the preset, each as `product:level`.
        only_reads: the firm is handing over, and changes nothing any more.
    """
    levels: list[Level] = [level for level in LEVELS if f"{product}:{level}" in lowered]
    if only_reads:
        levels.append("view")
    return min(levels, key=LEVELS.index, default=None)


def ceiling_of(
    policies: Policies, preset: str, options: Iterable[str], lowered: Iterable[str] = ()
) -> dict[str, tuple[str, ...]]:
    """The roles a mandate opens, by product: those of the preset, then those of its options; without the products that
    the client has closed. How far it lowers the others is for `highest_of`.

    A preset or option that the policies no longer know opens nothing.
    """
    found: dict[str, tuple[str, ...]] = {}
    parts = [policies.presets[preset].roles] if preset in policies.presets else []
    parts += [policies.options[each].roles for each in sorted(options) if each in policies.options]
    for roles in parts:
        for product, role in roles.items():
            if role not in found.get(product, ()):
                found[product] = (*found.get(product, ()), role)
    return {product: roles for product, roles in found.items() if f"{product}:none" not in lowered}


def ceiling_permissions(policies: Policies, product: str, roles: Iterable[str]) -> frozenset[str]:
    """Step 4: everything a mandate with these roles could ever let through in the product."""
    opened = (policies.roles[each] for each in roles if each in policies.roles)
    return _NOTHING.union(*(role.permissions for role in opened if role.product == product)) - policies.never
