"""States that could be, by chance: for a role, everything that may limit it."""

import random
from collections.abc import Iterator

from idp.policy.catalogue import Policies, Role
from idp.policy.permissions import Grant, ceiling_of, freeze_restrictions


def some(dice: random.Random, values: object) -> list[str]:
    """A few of them, none or all included."""
    ordered = sorted(values)  # type: ignore[call-overload]
    return dice.sample(ordered, dice.randint(0, len(ordered)))


def generated_grants(policies: Policies, role: Role, dice: random.Random, count: int) -> Iterator[Grant]:
    """Grants of a built-in role with switches, limits, services, mandates and states as they come."""
    product = policies.products[role.product]
    states = sorted(policies.states)
    for _ in range(count):
        mandate = dice.random() < 0.5 and product.subscribed
        preset, options = dice.choice(sorted(policies.presets)), some(dice, policies.options)
        limits = dict.fromkeys(some(dice, product.restrictions), True)
        yield Grant(
            product=product.id,
            role=role.id,
            switches=frozenset(some(dice, role.switches)),
            restrictions=freeze_restrictions(limits),
            services=frozenset(some(dice, policies.services)),
            state=dice.choice(states) if product.subscribed else None,
            ceiling=ceiling_of(policies, preset, options).get(product.id, ()) if mandate else None,
            firm_state=dice.choice(states) if mandate else None,
            scope="practice" if not mandate and dice.random() < 0.3 else "client",
        )
