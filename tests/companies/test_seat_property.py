"""Taken and reserved seats never pass what was bought, whatever happens in whatever order and by whichever clock.

`SEAT_EXAMPLES=500 pytest tests/companies/test_seat_property.py` is the long run.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from idp.companies import acceptance, invitation, membership, seats
from idp.companies.models import Invitation, InvitedRole, Membership, ProductRole, Subscription
from idp.companies.role_wish import Wish
from idp.core.errors import IdpError
from idp.work import Actor, Work
from tests.companies.conftest import SYSTEM
from tests.companies.inviting import link
from tests.conftest import NOW

EXAMPLES = int(os.environ.get("SEAT_EXAMPLES", "8"))
PEOPLE = 4
PRODUCTS = ("accounting", "capture")
ROLES = {"accounting": ("accounting.reader", "accounting.bookkeeper"),
         "capture": ("capture.reader", "capture.expenses-standard")}  # fmt: skip # the last one takes no seat

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("offer", "offer", "offer", "accept", "accept", "refuse", "withdraw", "resend", "grant", "grant", "change",
             "revoke", "suspend", "remove", "pass", "pass")
        ),
        st.integers(0, PEOPLE - 1),
        st.sampled_from(PRODUCTS),
        st.integers(0, 1),  # which role
        st.sampled_from((None, 2, 9)),  # days that a temporary right lasts
        st.booleans(),  # extra cost confirmed
        st.integers(-90, 90),  # seconds that this server's clock is off
    ),
    min_size=8,
    max_size=30,
)  # fmt: skip


class World:
    """One company, a few people, several clocks."""

    def __init__(self, work: Work, home: UUID, people: list[tuple[UUID, str]]) -> None:
        self.work, self.home, self.people, self.now = work, home, people, NOW

    def play(self, step: tuple[Any, ...]) -> None:
        act, number, product, role, days, extra_cost, skew = step
        if act == "pass":
            self.now += timedelta(days=1 + number)
            return
        work = self.at(self.now + timedelta(seconds=skew))
        try:
            with work.session.begin_nested():
                self.act(act, work, number, product, role, days, extra_cost)
        except (IdpError, IntegrityError):  # the latter: what would end, by this clock, before it began
            work.session.expire_all()

    def act(
        self, act: str, work: Work, number: int, product: str, role: int, days: int | None, extra_cost: bool
    ) -> None:
        (account, address), home = self.people[number], self.home
        end = work.now + timedelta(days=days) if days else None
        given = {"role_id": ROLES[product][role], "expires_at": end}
        if act == "offer":
            roles = {product: Wish(**given)}
            invitation.offer(work, home, address=address, locale="fr-FR", roles=roles, extra_cost=extra_cost)
        elif act == "accept" and self.open(work, address):
            acceptance.accept(work.acting(Actor("account", account)), link(work, address))
        elif act == "refuse" and self.open(work, address):
            acceptance.refuse(work, link(work, address))
        elif act in ("withdraw", "resend") and (found := invitation.of_address(work, home, address)):
            if act == "withdraw":
                invitation.withdraw(work, home, found[0].id)
            else:
                invitation.resend(work, home, found[0].id, extra_cost=extra_cost)
        elif act == "grant":
            if membership.find(work, home, account) is None:
                membership.add(work, home, account, company_role="company.member")
            membership.grant_role(work, home, account, product, extra_cost=extra_cost, **given)
        elif act == "change":
            membership.change_role(work, home, account, product, extra_cost=extra_cost, **given)
        elif act == "revoke":
            membership.revoke_role(work, home, account, product)
        elif act == "suspend":
            membership.suspend(work, home, account)
        elif act == "remove":
            membership.remove(work, home, account)

    def open(self, work: Work, address: str) -> bool:
        return any(each.outcome is None for each in invitation.of_address(work, self.home, address))

    def at(self, instant: datetime) -> Work:
        return self.work.later(seconds=(instant - self.work.now).total_seconds())

    def check(self, *clocks: int) -> None:
        """From the rows, by clocks that are so many seconds off."""
        session, bought = (
            self.work.session,
            self.work.session.scalar(select(Subscription.seats).where(Subscription.company_id == self.home)),
        )
        assert 2 <= bought <= 25
        for product in PRODUCTS:
            for seconds in clocks:
                instant = self.now + timedelta(seconds=seconds)
                held = session.scalar(
                    select(func.count()).select_from(ProductRole).where(
                        ProductRole.company_id == self.home, ProductRole.product == product, ProductRole.uses_seat,
                        ProductRole.ended_at.is_(None),
                        or_(ProductRole.expires_at.is_(None), ProductRole.expires_at > instant),
                    )
                )  # fmt: skip
                offered = session.scalar(
                    select(func.count())
                    .join_from(InvitedRole, Invitation, Invitation.id == InvitedRole.invitation_id)
                    .where(
                        Invitation.company_id == self.home, Invitation.closed_at.is_(None),
                        Invitation.expires_at > instant, InvitedRole.product == product, InvitedRole.uses_seat,
                    )
                )  # fmt: skip
                assert held + offered <= bought, (product, held, offered, bought)
                assert held + offered == seats.used(self.at(instant), self.home, product)
        twice = (
            select(Membership.account_id)
            .where(Membership.company_id == self.home, Membership.ended_at.is_(None))
            .group_by(Membership.account_id)
            .having(func.count() > 1)
        )
        assert session.scalars(twice).all() == []


@pytest.mark.parametrize("plan", ["solo", "team"])
@pytest.mark.timeout(300 + EXAMPLES)
def test_seats_taken_and_reserved_never_pass_those_there_are(plan, system, make_company, make_account):
    people = [
        (made.account.id, made.address)
        for made in (
            make_account(f"p{n}@example.test", second_factor=False, contact=False, kept=False) for n in range(PEOPLE)
        )
    ]
    home = make_company(plan=plan, products=PRODUCTS)
    contract = system.session.scalar(select(Subscription).where(Subscription.company_id == home))
    contract.seats = 2  # fewer than people, whatever the plan
    system.session.commit()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(STEPS)
    def holds(steps: list[tuple[Any, ...]]) -> None:
        with undone(system):
            world = World(system.acting(SYSTEM), home, people)
            for step in steps:
                world.play(step)
                world.check(0)
            world.check(-90, 90)

    holds()


@contextmanager
def undone(work: Work) -> Iterator[None]:
    """Take back all that happens meanwhile."""
    work.write()
    try:
        yield
    finally:
        work.session.rollback()
