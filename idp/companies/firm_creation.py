"""A firm that an accountant creates for themselves, free of charge: the company, its practice product, its owner."""

import secrets
from uuid import UUID

from idp.companies import assignment, company, membership, subscription
from idp.companies.models import Company
from idp.core.errors import InvalidInput
from idp.policy.catalogue import Policies, Product
from idp.work import Actor, Work

SYSTEM = Actor(kind="system", name="firm creation")
PLACE_MAX = 100


def create(work: Work, account_id: UUID, *, name: str, country: str, city: str, locale: str) -> Company:
    """Create a firm whose owner and first practitioner is this person, who then works for every client.

    Only products that run a firm are switched on: they cost nothing. Those of clients are the clients' own.

    Raises:
        InvalidInput: `name`, `country`, `city` or `locale` cannot be used.
    """
    place = " ".join(city.split())
    if not place or len(place) > PLACE_MAX or not place.isprintable():
        raise InvalidInput(field="city")
    made_by = work.acting(SYSTEM)
    policies = work.policies
    firm = company.create(
        made_by,
        reference=f"firm-{secrets.token_hex(8)}",
        name=name,
        kind="firm",
        country=country,
        city=place,
        locale=locale,
    )
    plan = next(each for each in policies.plans.values() if each.only_for == "firm")
    subscription.start(made_by, firm.id, plan=plan.id)
    running = [policies.products[each] for each in plan.products if policies.products[each].firm_only]
    for product in running:
        subscription.set_state(made_by, firm.id, product.id, "active")
    membership.add(made_by, firm.id, account_id, company_role=_owner(policies))
    for product in running:
        membership.grant_role(made_by, firm.id, account_id, product.id, role_id=_widest(policies, product))
    for each in policies.products.values():
        if each.accountant_role is not None:
            assignment.give(made_by, firm.id, account_id, product=each.id, role_id=each.accountant_role)
    return firm


def _owner(policies: Policies) -> str:
    """The role of a company's account that has one holder."""
    administration = next(each for each in policies.products.values() if each.kind == "administration")
    return next(each for each in administration.roles if policies.roles[each].entry.unique)


def _widest(policies: Policies, product: Product) -> str:
    """The role that runs the firm: the one with most permissions."""
    return max(product.roles, key=lambda each: len(policies.roles[each].permissions))
