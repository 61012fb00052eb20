"""A role that somebody means to give, checked against catalogue, plan and the rights of who gives it.

The same checks serve a grant to a member, an offer to an address, and the lists that a form offers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from idp.companies import module, role, subscription
from idp.companies.errors import NotSubscribed, RoleNotOffered
from idp.core.errors import InvalidInput
from idp.policy.catalogue import Role
from idp.policy.models import Restriction
from idp.work import Work

VALUES_MAX = 50  # of a restriction that takes a list
VALUE_MAX = 80


@dataclass(frozen=True, slots=True)
class Wish:
    """A role for one product: a built-in one, or one of the company's own.

    Attributes:
        switches: areas turned on or off, over the defaults of a role with switches.
        restrictions: limits by name, as the product's rules define them.
        expires_at: end of a temporary right.
    """

    role_id: str | None = None
    custom_role_id: UUID | None = None
    switches: Mapping[str, bool] = field(default_factory=dict)
    restrictions: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None

    @property
    def named(self) -> str:
        """The role as the audit log names it."""
        return self.role_id or str(self.custom_role_id)


def columns(work: Work, company_id: UUID, product: str, wish: Wish, *, held: Collection[str] = ()) -> dict[str, Any]:
    """The columns of the role to be, once every rule of catalogue and plan is kept and the actor may give it.

    Args:
        held: areas that the role it replaces has on. The switch of an application that is not activated is not there to
            be turned: it stays as it was, and is off in a new role.

    Raises:
        NotPermitted: none of the actor's roles may give this role.
        NotSubscribed, RoleNotOffered
        InvalidInput: `field` is `role`, `switches`, `restrictions` or `expires_at`.
    """
    if (wish.role_id is None) == (wish.custom_role_id is None):
        raise InvalidInput(field="role")
    if wish.expires_at is not None and wish.expires_at <= work.now:
        raise InvalidInput(field="expires_at")
    if product not in work.policies.products:
        raise NotSubscribed(product=product)
    plan = subscription.plan_with(work, company_id, product)
    on: set[str] = set()
    switched = False
    limit: timedelta | None = None
    if wish.role_id is not None:
        given = role.built_in(work, product, wish.role_id, "member")
        role.require_assignable(work, company_id, given)
        if not plan.offers(wish.role_id):
            raise RoleNotOffered(product=product, role=wish.role_id)
        switched = bool(given.switches)
        missing = module.off_in(work, company_id, product) if switched else frozenset()
        on = _switched_on(given, wish.switches, missing, held)
        limit = timedelta(days=given.entry.max_days) if given.entry.max_days else None
        uses_seat = given.seat
    else:
        assert wish.custom_role_id is not None
        made = role.own(work, company_id, product, wish.custom_role_id, keep=True)
        role.require_custom_assignable(work, company_id, made)
        if wish.switches:
            raise InvalidInput(field="switches", unknown=sorted(wish.switches))
        uses_seat = True
    limits = _restrictions(work, product, wish.restrictions)
    if limits and not switched:  # limits are for roles with switches
        raise InvalidInput(field="restrictions", unknown=sorted(limits))
    ends = [each for each in (wish.expires_at, work.now + limit if limit else None) if each is not None]
    return {
        "role": wish.role_id,
        "custom_role_id": wish.custom_role_id,
        "switches": sorted(on),
        "restrictions": limits,
        "uses_seat": uses_seat,
        "expires_at": min(ends, default=None),
    }


def _switched_on(given: Role, said: Mapping[str, bool], missing: Collection[str], held: Collection[str]) -> set[str]:
    unknown = [area for area in said if area not in given.switches]
    if unknown:
        raise InvalidInput(field="switches", unknown=unknown)
    inactive = [area for area, on in said.items() if on and area in missing and area not in held]
    if inactive:
        raise InvalidInput(field="switches", not_activated=inactive)
    proposed = (frozenset(held) & frozenset(missing)) | (given.switch_defaults - frozenset(missing))
    return {area for area in given.switches if said.get(area, area in proposed)}


def _restrictions(work: Work, product: str, said: Mapping[str, Any]) -> dict[str, Any]:
    rules = {each.id: each for each in work.policies.products[product].rules.restrictions}
    unknown = [name for name in said if name not in rules]
    if unknown:
        raise InvalidInput(field="restrictions", unknown=unknown)
    return {name: _value(rules[name], value) for name, value in said.items() if value is not False}


def _value(rule: Restriction, value: Any) -> bool | list[str]:
    """True, or for a restriction that takes a list the names in it, each once and in order."""
    if rule.values is None:
        if value is not True:
            raise InvalidInput(field="restrictions", restriction=rule.id)
        return True
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise InvalidInput(field="restrictions", restriction=rule.id)
    kept = sorted({" ".join(each.split()) for each in value} - {""})
    if not kept or len(kept) > VALUES_MAX or any(len(each) > VALUE_MAX or not each.isprintable() for each in kept):
        raise InvalidInput(field="restrictions", restriction=rule.id)
    return kept
