"""Whatever two sides agree, change, hand over and end, and whatever a firm gives its people: nobody of the firm may do
more at a client than the client opens to that firm at that instant.

`MANDATE_EXAMPLES=300 pytest tests/companies/test_mandate_property.py` is the long run.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from idp.companies import (
    access,
    assignment,
    client_group,
    explain,
    mandate,
    mandate_change,
    membership,
    role,
    subscription,
)
from idp.companies.access import Access
from idp.companies.mandate_scope import Scope
from idp.companies.models import Mandate
from idp.core.errors import IdpError
from idp.oidc import claims
from idp.policy import Policies
from idp.policy.permissions import set_id
from idp.work import Work
from tests.companies.conftest import SYSTEM
from tests.companies.generated import some

EXAMPLES = int(os.environ.get("MANDATE_EXAMPLES", "8"))
PRODUCTS = ("accounting", "capture", "invoicing", "payroll")
LEVELS = ("none", "view", "work", "manage")
ACTS = (
    "agree", "agree", "change", "change", "change", "hand_over", "keep", "end", "give", "give", "give", "give",
    "everywhere", "take", "sort", "standing", "leave", "pass",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2**32)), min_size=12, max_size=30)


@dataclass
class Firm:
    """A firm with its people, by account, and the roles that it made."""

    id: UUID
    people: list[UUID]
    own: dict[str, list[UUID]] = field(default_factory=dict)


@dataclass
class World:
    """Two clients and two firms."""

    work: Work
    clients: list[UUID]
    firms: list[Firm]

    def play(self, act: str, seed: int) -> None:
        """One step; what a rule refuses changes nothing."""
        dice = random.Random(seed)
        if act == "pass":
            self.work = self.work.later(days=dice.choice((1, 10, 40)))
            return
        try:
            with self.work.session.begin_nested():
                self.act(act, dice, dice.choice(self.clients), dice.choice(self.firms))
        except IdpError:
            self.work.session.expire_all()

    def act(self, act: str, dice: random.Random, client: UUID, firm: Firm) -> None:
        work, person, product = self.work, dice.choice(firm.people), dice.choice(PRODUCTS)
        live = [each for each in self.mandates(client) if each.state in ("active", "suspended")]
        if act == "agree":
            made = mandate.record(work, client, firm.id, preset="full-file", way="client-invites", news=False)
            mandate.confirm(work, made.id, news=False)
        elif act == "change" and live:
            mandate_change.change(work, dice.choice(live).id, self.scope(dice))
        elif act == "hand_over" and len(live) > 1:
            outgoing, incoming = dice.sample(live, 2)
            mandate_change.hand_over(
                work, outgoing.id, incoming.id, until_at=work.now + timedelta(days=dice.choice((5, 60)))
            )
        elif act == "keep" and live:
            mandate_change.keep(work, dice.choice(live).id)
        elif act == "end" and live:
            mandate.end(work, dice.choice(live).id, news=False)
        elif act in ("give", "everywhere"):
            where = client if act == "give" else None
            assignment.give(work, firm.id, person, product=product, client_id=where, **self.role(dice, firm, product))
        elif act == "take":
            held = [each for each in assignment.of_colleague(work, firm.id, person) if each.ended_at is None]
            if held:
                assignment.end(work, firm.id, dice.choice(held).id)
        elif act == "sort":
            group = client_group.create(work, firm.id, f"group {dice.random()}")
            client_group.fill(work, firm.id, group.id, shown=self.clients, picked=[client])
        elif act == "standing":
            subscription.set_state(work, firm.id, "practice", dice.choice(("active", "suspended")))
        elif act == "leave":
            membership.suspend(work, firm.id, person)

    def role(self, dice: random.Random, firm: Firm, product: str) -> dict[str, Any]:
        own = firm.own.get(product, [])
        if own and dice.random() < 0.4:
            return {"custom_role_id": dice.choice(own)}
        known = self.work.policies.roles.values()
        offered = [
            each.id for each in known if each.product == product and {"colleague", "mandate"} & set(each.held_by)
        ]
        return {"role_id": dice.choice(sorted(offered))}

    def scope(self, dice: random.Random) -> Scope:
        policies = self.work.policies
        until = self.work.now + timedelta(days=dice.choice((3, 25, 200))) if dice.random() < 0.4 else None
        return Scope(
            dice.choice(sorted(policies.presets)), tuple(some(dice, policies.options)),
            {each: dice.choice(LEVELS[:-1]) for each in some(dice, PRODUCTS)}, until_at=until,
            yearly=until is None and dice.random() < 0.2,
        )  # fmt: skip

    def mandates(self, client: UUID) -> list[Mandate]:
        wanted = select(Mandate).where(Mandate.company_id == client).order_by(Mandate.created_at, Mandate.id)
        return list(self.work.session.scalars(wanted.execution_options(populate_existing=True)))

    def check(self) -> None:
        """Every person of every firm, at every client, in every product."""
        for client in self.clients:
            rows = self.mandates(client)
            for firm in self.firms:
                for product in PRODUCTS:
                    opened = ceiling(self.work.policies, rows, firm.id, product, self.work.now)
                    for person in firm.people:
                        self.within(person, client, firm, product, opened)

    def within(self, person: UUID, client: UUID, firm: Firm, product: str, opened: frozenset[str]) -> None:
        answer = access.resolve(self.work, person, client, product)
        effective = frozenset(answer.permissions) if isinstance(answer, Access) else frozenset()
        assert effective <= opened, (product, sorted(effective - opened))
        if isinstance(answer, Access):
            assert (answer.via, answer.firm_id) == ("mandate", firm.id)
            minted = claims.of_access(answer)
            assert minted["permission_set"] == set_id(effective)
            if "until" in minted:
                assert minted["until"] > claims.seconds(self.work.now)

    def explained(self) -> None:
        """The explanation allows what the engine does, and nothing else."""
        for firm in self.firms:
            for person in firm.people:
                for client in self.clients:
                    for product in PRODUCTS:
                        answer = access.resolve(self.work, person, client, product)
                        held = frozenset(answer.permissions) if isinstance(answer, Access) else frozenset()
                        told = explain.explain_each(self.work, person, client, product)
                        assert frozenset(each.permission for each in told if each.allowed) == held


def ceiling(policies: Policies, rows: list[Mandate], firm: UUID, product: str, now: datetime) -> frozenset[str]:
    """What a client opens to a firm in a product, from the rows and the roles, by nothing that is tested."""
    found: set[str] = set()
    for row in rows:
        over = row.until_at is not None and row.until_at <= now
        if row.firm_id != firm or row.state != "active" or row.started_at > now or over:
            continue
        parts = [policies.presets[row.preset].roles, *(policies.options[each].roles for each in row.options)]
        levels = [level for each, level in (entry.split(":") for entry in row.lowered) if each == product]
        if row.view_from_at is not None and row.view_from_at <= now:
            levels.append("view")
        highest = min((LEVELS.index(each) for each in levels), default=len(LEVELS) - 1)
        for permission in {
            one for part in parts if product in part for one in policies.roles[part[product]].permissions
        }:
            if LEVELS.index(policies.permissions[permission].level) <= highest and permission not in policies.never:
                found.add(permission)
    return frozenset(found)


@pytest.mark.timeout(300 + 2 * EXAMPLES)
def test_nobody_may_do_more_at_a_client_than_it_opens_to_the_firm(system, make_company, join):
    clients = [make_company(products=PRODUCTS, plan="business") for _ in range(2)]
    firms = []
    for _ in range(2):
        firm = Firm(make_company(kind="firm", products=("practice", *PRODUCTS[:2])), [])
        for held in ("practice.administrator", "practice.manager", "practice.accountant"):
            firm.people.append(join(firm.id, practice=held))
        for product in PRODUCTS[:2]:
            policy = system.policies.products[product]
            able = sorted(set(policy.permissions) - set(policy.custom_roles.never))  # some are beyond any mandate
            for number in range(2):
                made = role.create_custom(
                    system, firm.id, product, name=f"R{number}", labels={"en": f"R{number}"},
                    permissions=random.Random(number).sample(able, 9),
                )  # fmt: skip
                firm.own.setdefault(product, []).append(made.id)
        firms.append(firm)
    system.session.commit()
    seen: set[bool] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(STEPS)
    def holds(steps: list[tuple[str, int]]) -> None:
        with undone(system):
            world = World(system.acting(SYSTEM), clients, firms)
            for act, seed in (("agree", 1), ("agree", 2), ("agree", 3), ("agree", 4), ("everywhere", 5), *steps):
                world.play(act, seed)
                world.check()
            world.explained()
            seen.update(
                isinstance(access.resolve(world.work, person, client, product), Access)
                for firm in firms for person in firm.people for client in clients for product in PRODUCTS
            )  # fmt: skip

    holds()
    assert seen == {True, False}  # the test has looked at people who may, and at people who may not


@contextmanager
def undone(work: Work) -> Iterator[None]:
    """Take back all that happens meanwhile."""
    work.write()
    try:
        yield
    finally:
        work.session.rollback()
