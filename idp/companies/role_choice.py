"""What somebody may give to one of a company's own people: the lists that a form offers.

Only what the subscription runs, the plan offers and one of the actor's roles may give; the commands ask again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.companies import access, module, role, seats, tables
from idp.companies.reach import state_now
from idp.companies.role_wish import Wish
from idp.companies.seats import Seats
from idp.policy.catalogue import Policies, Product, Role
from idp.work import Work

_OWN = "own:"


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """One role of a list.

    Attributes:
        key: what a form sends for it; `wish_of` reads it.
        switches: areas that can be turned on one by one, in the order of the catalogue, without the applications that
            are not activated at the company; and those on at first.
    """

    key: str
    role_id: str | None
    custom_role_id: UUID | None
    labels: Mapping[str, str]
    summary: Mapping[str, str]
    uses_seat: bool
    switches: tuple[str, ...] = ()
    switched_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """The roles of one product that the actor may give, built-in ones first, and how its seats stand.

    Attributes:
        proposed: the key of the role that the catalogue proposes, if it is among them.
    """

    product: Product
    roles: tuple[RoleChoice, ...]
    seats: Seats
    proposed: str

    def find(self, key: str) -> RoleChoice | None:
        """The role of this key."""
        return next((each for each in self.roles if each.key == key), None)


def of_company(work: Work, company_id: UUID) -> tuple[ProductChoice, ...]:
    """The products of a company with the roles that the actor may give there, in the order of the catalogue."""
    s, p = tables.subscribed_products.c, tables.subscriptions.c
    rows = work.session.execute(
        select(s.product, s.state, s.since_at, s.until_at, p.plan)
        .join_from(tables.subscribed_products, tables.subscriptions, p.id == s.subscription_id)
        .where(s.company_id == company_id)
    ).all()
    running = {
        row.product: row.plan for row in rows if state_now(work, row.state, row.since_at, row.until_at)[1] is None
    }
    held, standing, own = _held(work, company_id), seats.overview(work, company_id), _own(work, company_id, running)
    missing = module.off(work, company_id)
    found = []
    for product in work.policies.products.values():
        plan = work.policies.plans.get(running.get(product.id, ""))
        if plan is None:
            continue
        able = [each for each in _built_in(work.policies, product, held) if plan.offers(each.id)]
        without = missing.get(product.id, frozenset())
        roles = (*(_choice(each, without) for each in able), *_within(work, product, own, held))
        if roles:
            proposed = next((each.key for each in roles if each.role_id == product.default_role), "")
            found.append(ProductChoice(product, roles, standing[product.id], proposed))
    return tuple(found)


def company_roles(work: Work, company_id: UUID) -> tuple[tuple[Role, ...], tuple[Role, ...]]:
    """The company roles that the actor may give to somebody invited: those of which a person has one, the base role
    first, and those that combine with it."""
    administration = next(each for each in work.policies.products.values() if each.kind == "administration")
    able = _built_in(work.policies, administration, _held(work, company_id))
    base = [each for each in work.policies.roles.values() if each.product == administration.id and each.entry.default]
    able = [*(each for each in base if each not in able), *able]  # whoever may invite may give it
    ordered = sorted(able, key=lambda each: not each.entry.default)  # the one that is proposed comes first
    return (
        tuple(each for each in ordered if not each.entry.combinable),
        tuple(each for each in ordered if each.entry.combinable),
    )


def wish_of(key: str) -> Wish | None:
    """The role that a key of a list names; None for no role, and for what cannot be one."""
    if key.startswith(_OWN):
        try:
            return Wish(custom_role_id=UUID(key.removeprefix(_OWN)))
        except ValueError:
            return None
    return Wish(role_id=key) if key else None


def try_unlisted(work: Work, company_id: UUID, key: str) -> None:
    """A key came that is in no list of the actor's: see `role.try_unlisted`."""
    wish = wish_of(key)
    if wish is not None:
        role.try_unlisted(work, company_id, wish.role_id, wish.custom_role_id)


def key_of(role_id: str | None, custom_role_id: UUID | None) -> str:
    """The key of a role."""
    return role_id or f"{_OWN}{custom_role_id}"


def _held(work: Work, company_id: UUID) -> frozenset[str] | None:
    """The actor's roles here; None for an operator, who may give everything."""
    if access.trusted(work) or work.actor.id is None:
        return None
    return access.roles_of(work, work.actor.id, company_id)


def _built_in(policies: Policies, product: Product, held: frozenset[str] | None) -> list[Role]:
    every = (policies.roles[each] for each in product.roles)
    return [
        each
        for each in every
        if "member" in each.held_by and each.assignable_by and (held is None or held & each.assignable_by)
    ]


def _choice(each: Role, without: frozenset[str]) -> RoleChoice:
    return RoleChoice(
        key=each.id, role_id=each.id, custom_role_id=None, labels=each.label, summary=each.summary,
        uses_seat=each.seat, switches=tuple(area for area in each.switches if area not in without),
        switched_on=each.switch_defaults - without,
    )  # fmt: skip


def _own(work: Work, company_id: UUID, products: Iterable[str]) -> list[Any]:
    c = tables.custom_roles.c
    rows = work.session.execute(
        select(c.id, c.product, c.labels, c.permissions)
        .where(c.company_id == company_id, c.product.in_(list(products)), c.deleted_at.is_(None))
        .order_by(c.name)
    )
    return list(rows)


def _within(work: Work, product: Product, own: Iterable[Any], held: frozenset[str] | None) -> Iterable[RoleChoice]:
    """The company's own roles that hold nothing which the actor may not give."""
    limit = None if held is None else role.within_reach(work, product.id, held)
    for row in own:
        if row.product == product.id and (limit is None or frozenset(row.permissions) <= limit):
            yield RoleChoice(key_of(None, row.id), None, row.id, row.labels, {}, uses_seat=True)
