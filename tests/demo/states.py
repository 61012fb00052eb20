"""States that could be, by chance, as rows: a person, a role in a product of a company, and all that limits it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update

from idp.accounts.models import Account
from idp.companies import company, membership, role, subscription
from idp.companies.models import (
    Assignment,
    Company,
    CustomRole,
    Mandate,
    Membership,
    ProductRole,
    StaffRole,
    SubscribedProduct,
)
from idp.companies.proposal import Choice
from idp.core.ids import uuid7
from idp.policy.catalogue import Role
from idp.work import Work
from tests.companies.generated import some

FIRM_PRODUCTS = ("practice", "capture", "accounting")


@dataclass(frozen=True)
class State:
    """What is asked about.

    Attributes:
        who: the id of the person in the demonstration.
        where: the company or firm.
        choice: the role as somebody who is about to give it would choose it; None for what nobody gives in this way.
        firm: the firm that the person works from; None for the company's own people.
        extra: company roles that are combined with it.
    """

    who: str
    account: UUID
    where: UUID
    product: str
    role: Role
    choice: Choice | None = None
    firm: UUID | None = None
    extra: tuple[str, ...] = ()


@dataclass
class Scenery:
    """A company that uses everything, a firm, an employee and a colleague; made over for each state."""

    home: UUID
    firm: UUID
    people: Mapping[str, UUID]
    own: Mapping[tuple[UUID, str], UUID] = field(default_factory=dict)  # a role of one's own, by place and product

    def state(self, work: Work, dice: random.Random, held: Role) -> State:
        """Put the rows into a state in which somebody has this role."""
        self._surroundings(work, dice, held)
        if "staff" in held.held_by:
            work.session.add(StaffRole(account_id=self.people["member"], role=held.id, created_at=work.now))
            return State("member", self.people["member"], self.home, held.product, held)
        if work.policies.products[held.product].kind == "administration":
            return self._company_role(work, dice, held)
        ways = [each for each in ("member", "colleague", "mandate") if each in held.held_by]
        if dice.choice(ways) == "member":
            return self._member(work, dice, held)
        return self._colleague(work, dice, held)

    def _surroundings(self, work: Work, dice: random.Random, held: Role) -> None:
        """Nothing of the state before is left; services, subscriptions and accounts are drawn anew."""
        session, both = work.session, (self.home, self.firm)
        session.execute(delete(Assignment).where(Assignment.firm_id == self.firm))
        session.execute(delete(Mandate).where(Mandate.firm_id == self.firm))
        session.execute(delete(ProductRole).where(ProductRole.company_id.in_(both)))
        session.execute(delete(StaffRole).where(StaffRole.account_id.in_(self.people.values())))
        session.execute(
            update(Membership)
            .where(Membership.company_id.in_(both), Membership.account_id.in_(self.people.values()))
            .values(suspended_at=None, company_role="company.member", also=[], unique_role=False,
                    services=some(dice, work.policies.services))
        )  # fmt: skip
        blocked = self.people[dice.choice(["member", "colleague"])] if dice.random() < 0.04 else None
        for account in self.people.values():
            status = "blocked" if account == blocked else "active"
            session.execute(update(Account).where(Account.id == account).values(status=status))
        for where in both:
            services = some(dice, work.policies.services)
            session.execute(update(Company).where(Company.id == where).values(services=services))
            for product in (held.product, "practice"):
                session.execute(
                    update(SubscribedProduct)
                    .where(SubscribedProduct.company_id == where, SubscribedProduct.product == product)
                    .values(**self._subscribed(work, dice))
                )

    def _subscribed(self, work: Work, dice: random.Random) -> dict[str, Any]:
        state = dice.choice(["active"] * 8 + sorted(work.policies.states))
        dated = state in ("trial", "notice") and dice.random() < 0.3
        failed = state in ("active", "notice") and dice.random() < 0.2
        return {
            "state": state, "since_at": work.now - timedelta(days=1), "kept_until_at": None,
            "until_at": work.now + timedelta(days=dice.choice([-0.5, 20])) if dated else None,
            "suspends_at": work.now + timedelta(days=dice.choice([-0.5, 9])) if failed else None,
        }  # fmt: skip

    def _company_role(self, work: Work, dice: random.Random, held: Role) -> State:
        policies, who = work.policies, self.people["member"]
        able = [each for each in policies.products[held.product].roles if policies.roles[each].entry.combinable]
        extra = tuple(some(dice, set(able) - {held.id}))
        values = {"company_role": held.id, "also": list(extra)}  # beside the owner, whom the rules let be only one
        work.session.execute(
            update(Membership).where(Membership.account_id == who, Membership.company_id == self.home).values(**values)
        )
        self._perhaps_suspended(work, dice, "member", self.home)
        return State("member", who, self.home, held.product, held, Choice(role_id=held.id), extra=extra)

    def _member(self, work: Work, dice: random.Random, held: Role) -> State:
        product = work.policies.products[held.product]
        in_firm = product.firm_only or (product.id in FIRM_PRODUCTS and dice.random() < 0.2)
        where, who = (self.firm if in_firm else self.home), self.people["member"]
        own = self._own(work, dice, where, held) if product.custom_roles.allowed and dice.random() < 0.2 else None
        rules = product.restrictions if held.switches and own is None else {}
        limits = {each: True if rules[each].values is None else ["north"] for each in some(dice, rules)}
        switches = some(dice, held.switches) if own is None else []
        found = membership.find(work, where, who)
        assert found is not None
        work.session.add(
            ProductRole(
                id=uuid7(), membership_id=found.id, account_id=who, company_id=where, product=product.id,
                role=None if own else held.id, custom_role_id=own, switches=switches, restrictions=limits,
                uses_seat=held.seat, created_at=work.now, expires_at=self._end(work, dice),
                ended_at=work.now if dice.random() < 0.03 else None,
            )
        )  # fmt: skip
        self._perhaps_suspended(work, dice, "member", where)
        choice = Choice(None if own else held.id, own, switches=switches, restrictions=limits)
        return State("member", who, where, product.id, held, choice)

    def _colleague(self, work: Work, dice: random.Random, held: Role) -> State:
        policies, who = work.policies, self.people["colleague"]
        opening = [
            (preset.id, options)
            for preset in policies.presets.values()
            for options in ([], ["payroll"], ["payroll-reports"])
            if any(held.product in part.roles for part in (preset, *map(policies.options.__getitem__, options)))
        ]
        preset, options = dice.choice(opening) if dice.random() < 0.9 else (dice.choice(sorted(policies.presets)), [])
        lowered = [f"{held.product}:{dice.choice(['none', 'view', 'work'])}"] if dice.random() < 0.25 else []
        given = Mandate(
            id=uuid7(), company_id=self.home, firm_id=self.firm, preset=preset, options=options, lowered=lowered,
            state="active" if dice.random() < 0.9 else "ended", way="client-invites", epoch=1, created_at=work.now,
            started_at=work.now - timedelta(days=2), until_at=self._end(work, dice),
            view_from_at=work.now - timedelta(days=1) if dice.random() < 0.1 else None,
        )  # fmt: skip
        work.session.add(given)
        work.session.flush()
        practice = dice.choice(list(policies.products["practice"].roles))
        self._practice_role(work, dice, practice)
        own = self._own(work, dice, self.firm, held) if held.product in FIRM_PRODUCTS and dice.random() < 0.2 else None
        every_client = policies.roles[practice].entry.clients == "all" and dice.random() < 0.5
        work.session.add(
            Assignment(
                id=uuid7(), firm_id=self.firm, account_id=who, mandate_id=None if every_client else given.id,
                product=held.product, role=None if own else held.id, custom_role_id=own, created_at=work.now,
            )
        )  # fmt: skip
        self._perhaps_suspended(work, dice, "colleague", self.firm)
        choice = Choice(None if own else held.id, own)
        return State("colleague", who, self.home, held.product, held, choice, firm=self.firm)

    def _practice_role(self, work: Work, dice: random.Random, practice: str) -> None:
        found = membership.find(work, self.firm, self.people["colleague"])
        assert found is not None
        if dice.random() < 0.95:
            work.session.add(
                ProductRole(
                    id=uuid7(), membership_id=found.id, account_id=found.account_id, company_id=self.firm,
                    product="practice", role=practice, switches=[], restrictions={}, uses_seat=True,
                    created_at=work.now, expires_at=self._end(work, dice),
                )
            )  # fmt: skip

    def _own(self, work: Work, dice: random.Random, where: UUID, held: Role) -> UUID | None:
        """A role of one's own with some of what the built-in one holds."""
        product = work.policies.products[held.product]
        able = sorted(held.widest - frozenset(product.custom_roles.never))
        if not able:
            return None
        key, chosen = self.own[where, product.id], dice.sample(able, dice.randint(1, len(able)))
        work.session.execute(update(CustomRole).where(CustomRole.id == key).values(permissions=sorted(chosen)))
        return key

    def _perhaps_suspended(self, work: Work, dice: random.Random, who: str, where: UUID) -> None:
        if dice.random() < 0.06:
            row = update(Membership).where(Membership.account_id == self.people[who], Membership.company_id == where)
            work.session.execute(row.values(suspended_at=work.now))

    def _end(self, work: Work, dice: random.Random) -> Any:
        """Mostly none; else one to come, or one that has gone by."""
        return work.now + timedelta(days=dice.choice([-1, 30])) if dice.random() < 0.1 else None


def build(work: Work, people: Mapping[str, UUID], owner: UUID, anchors: Mapping[str, str]) -> tuple[Scenery, UUID]:
    """The company, the firm and their people; and a place in which both always have a role in every product.

    Args:
        anchors: a role by product.
    """
    everything = sorted(work.policies.plans["business"].products)
    plans = {"company": ("business", everything), "firm": ("practice", list(FIRM_PRODUCTS))}
    made = {}
    for name, kind in (("home", "company"), ("office", "firm"), ("anchor", "company"), ("anchor-office", "firm")):
        plan, products = plans[kind]
        where = company.create(
            work, reference=f"one-answer-{name}", name=f"One answer {name}", kind=kind, country="FR", city="Nantes",
            locale="fr-FR",
        ).id  # fmt: skip
        subscription.start(work, where, plan=plan, seats=None)
        for product in products:
            subscription.set_state(work, where, product, "active")
        membership.add(work, where, owner, company_role="company.owner")
        for account in people.values():
            membership.add(work, where, account, company_role="company.member")
            if name.startswith("anchor"):
                for product in products:
                    if product == "practice" or kind == "company":
                        membership.grant_role(work, where, account, product, role_id=anchors[product])
        made[name] = where
    own = {
        (made[name], product): role.create_custom(
            work, made[name], product, name="Own", labels={"en": "Own"}, permissions=[_first(work, product)]
        ).id
        for name, kind in (("home", "company"), ("office", "firm"))
        for product in plans[kind][1]
        if work.policies.products[product].custom_roles.allowed
    }
    return Scenery(made["home"], made["office"], people, own), made["anchor"]


def _first(work: Work, product: str) -> str:
    policy = work.policies.products[product]
    return next(each for each in policy.permissions if each not in policy.custom_roles.never)
