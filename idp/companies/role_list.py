"""The roles that a company can give, product by product, and how many people hold each."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, func, or_, select

from idp.companies import company, custom_role, role_content, subscription, tables
from idp.companies.models import CustomRole, SubscribedProduct
from idp.companies.role_content import Building
from idp.policy.agreements import Plan
from idp.policy.catalogue import Product, Role
from idp.work import Work

AT_CLIENTS = frozenset({"colleague", "mandate"})


@dataclass(frozen=True, slots=True)
class ListedRole:
    """A role: from the catalogue (`role_id`), or the company's own (`custom_role_id`).

    Attributes:
        people: how many hold it, suspended people included; of a firm also at clients.
        at_clients: it is only for colleagues of a firm at clients.
    """

    role_id: str | None
    custom_role_id: UUID | None
    labels: Mapping[str, str]
    summary: Mapping[str, str]
    people: int
    at_clients: bool = False

    @property
    def key(self) -> str:
        return self.role_id or str(self.custom_role_id)


@dataclass(frozen=True, slots=True)
class ProductRoles:
    """Attributes:
    state: of the subscription now; None for a product without one, and for one that a firm only has at clients.
    building: whether the actor can build further roles, or why not.
    """

    product: Product
    state: str | None
    roles: tuple[ListedRole, ...]
    building: Building


def of_company(work: Work, company_id: UUID) -> tuple[ProductRoles, ...]:
    """Every product for which the company can give roles, in order; built-in roles first, then its own by name.

    Raises:
        NotPermitted, NotFound: the actor may not see roles here.
    """
    custom_role.require_reader(work, company_id)
    firm = company.get(work, company_id).kind == "firm"
    contract = subscription.of(work, company_id)
    plan = work.policies.plans.get(contract.plan) if contract is not None else None
    states, counts, own = _states(work, company_id), _holders(work, company_id), _own(work, company_id)
    at_clients = _products_at_clients(work) if firm else frozenset()
    found = []
    for product in work.policies.products.values():
        here = product.kind == "administration" or product.id in states
        roles = [
            listed for listed in (
                _built_in(work.policies.roles[key], counts, plan if product.subscribed else None, here=here,
                          outside=product.id in at_clients)
                for key in product.roles
            ) if listed is not None
        ]  # fmt: skip
        roles += [
            ListedRole(None, row.id, row.labels, {}, counts.get(row.id, 0)) for row in own if row.product == product.id
        ]
        if roles:
            building = role_content.building(work, company_id, product.id)
            found.append(ProductRoles(product, states.get(product.id), tuple(roles), building))
    return tuple(found)


def in_product(work: Work, company_id: UUID, product: str) -> ProductRoles | None:
    """The roles of one product; None when the company has none to give in it."""
    return next((each for each in of_company(work, company_id) if each.product.id == product), None)


def _built_in(
    role: Role, counts: Mapping[str | UUID, int], plan: Plan | None, *, here: bool, outside: bool
) -> ListedRole | None:
    mine = here and "member" in role.held_by and (plan is None or plan.offers(role.id))
    if not mine and not (outside and AT_CLIENTS & role.held_by):
        return None
    return ListedRole(role.id, None, role.label, role.summary, counts.get(role.id, 0), at_clients=not mine)


def _states(work: Work, company_id: UUID) -> dict[str, str]:
    """Products that the company subscribes to, with their state now; those whose rights are gone are left out."""
    s = SubscribedProduct
    rows = work.session.scalars(select(s).where(s.company_id == company_id))
    states = {row.product: subscription.now(work, row)[0] for row in rows}
    known = work.policies.states
    return {
        product: state for product, state in states.items()
        if state in known and (not known[state].refused or known[state].keep_access_rights_days)
    }  # fmt: skip


def _products_at_clients(work: Work) -> frozenset[str]:
    """The products that some mandate could open to a firm."""
    policies = work.policies
    roles = [each.roles for each in policies.presets.values()] + [each.roles for each in policies.options.values()]
    return frozenset(product for each in roles for product in each)


def _own(work: Work, company_id: UUID) -> list[CustomRole]:
    r = CustomRole
    return list(
        work.session.scalars(
            select(r).where(r.company_id == company_id, r.deleted_at.is_(None)).order_by(r.product, r.name, r.id)
        )
    )


def _holders(work: Work, company_id: UUID) -> dict[str | UUID, int]:
    """How many people hold each role of every product, by the id of the role; four statements."""
    m, r, a = tables.memberships.c, tables.product_roles.c, tables.assignments.c
    members = m.company_id == company_id, m.ended_at.is_(None)
    people: dict[str | UUID, set[UUID]] = {}
    counts: dict[str | UUID, int] = {}
    for role, number in work.session.execute(
        select(m.company_role, func.count()).where(*members).group_by(m.company_role)
    ):
        counts[role] = number
    for (also,) in work.session.execute(select(m.also).where(*members, cast(m.also, String) != "[]")):
        for role in also:
            counts[role] = counts.get(role, 0) + 1
    current = r.ended_at.is_(None), or_(r.expires_at.is_(None), r.expires_at > work.now)
    for statement in (
        select(r.role, r.custom_role_id, r.account_id).where(r.company_id == company_id, *current),
        select(a.role, a.custom_role_id, a.account_id).where(a.firm_id == company_id, a.ended_at.is_(None)).distinct(),
    ):
        for role, own, person in work.session.execute(statement):
            people.setdefault(role or own, set()).add(person)
    return counts | {role: len(holders) for role, holders in people.items()}
