"""Seats and invitations when fifty act at once: F-04, F-17, F-18, R-64, USR-10.

`RACE_ROUNDS=50 pytest tests/companies/test_invitation_races.py` is the long run.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from idp.accounts.models import Account
from idp.authn import activation
from idp.companies import acceptance, custom_role, invitation, membership, role, seats
from idp.companies.models import CustomRole, Invitation, Membership, ProductRole
from idp.companies.role_wish import Wish
from idp.core.errors import Conflict, IdpError
from idp.work import Actor, Work
from tests.companies.conftest import SYSTEM
from tests.companies.inviting import link, offer, sent
from tests.conftest import PASSWORD

ROUNDS = int(os.environ.get("RACE_ROUNDS", "1"))
RUNNERS = 50

pytestmark = pytest.mark.timeout(120 + 30 * ROUNDS)


@pytest.fixture
def race(open_work) -> Callable[..., Counter[str]]:
    """Let all acts begin together, each in a transaction of its own; answers how they ended, by code."""

    def run(acts: list[Callable[[Work], object]]) -> Counter[str]:
        barrier = threading.Barrier(len(acts))

        def one(act: Callable[[Work], object]) -> str:
            work = open_work().acting(SYSTEM)
            barrier.wait()
            for _ in range(20):
                try:
                    work.write()
                    act(work)
                    work.session.commit()
                    return "done"
                except IdpError as error:
                    work.session.rollback()
                    return error.code
                except OperationalError:  # busy: SQLite lets one write at a time, and who waited too long comes back
                    work.session.rollback()
                    time.sleep(0.05)
            raise AssertionError("never had a turn")

        with ThreadPoolExecutor(len(acts)) as pool:
            return Counter(pool.map(one, acts))

    return run


def taken(work: Work, company_id: object) -> int:
    """Seats in use, counted from the rows and not by the room that is tested."""
    open_ones = select(func.count()).where(Invitation.company_id == company_id, Invitation.closed_at.is_(None))
    held = select(func.count()).where(ProductRole.company_id == company_id, ProductRole.ended_at.is_(None))
    return (work.session.scalar(open_ones) or 0) + (work.session.scalar(held.where(ProductRole.uses_seat)) or 0)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_fifty_invitations_for_the_last_three_seats(number, system, make_company, join, race):
    home = make_company(seats=5)
    for _ in range(2):
        join(home, accounting="accounting.reader")
    system.session.commit()
    seen = race([lambda work, n=n: offer(work, home, f"p{n}@example.test") for n in range(RUNNERS)])
    assert seen == {"done": 3, "confirm_extra_cost": RUNNERS - 3}
    assert taken(system, home) == seats.used(system, home, "accounting") == 5


@pytest.mark.parametrize("number", range(ROUNDS))
def test_paid_seats_are_each_bought_once(number, system, make_company, race):
    home = make_company(seats=5)
    system.session.commit()
    seen = race([lambda work, n=n: offer(work, home, f"p{n}@example.test", extra_cost=True) for n in range(RUNNERS)])
    assert seen == {"done": 25, "seat_limit_reached": RUNNERS - 25}  # what the plan sells at most
    standing = seats.count(system, home, "accounting")
    assert (standing.used, standing.of, standing.extra) == (25, 25, 20)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_role_is_deleted_or_given_and_never_both(number, system, make_company, join, race):
    """To somebody invited, and to members who have another role; several who delete it are one."""
    home = make_company(seats=20)
    people = [join(home, accounting="accounting.reader") for _ in range(2)]
    for turn in range(6):
        made = role.create_custom(
            system, home, "accounting", name=f"R{turn}", labels={"en": f"R{turn}"}, permissions=["accounting.bank.view"]
        )
        own = made.id
        system.session.commit()
        wish = {"accounting": Wish(custom_role_id=own)}
        delete = partial(custom_role.delete, company_id=home, role_id=own)
        invite = partial(offer, company_id=home, address=f"p{turn}@example.test", roles=wish)
        give = partial(membership.change_role, company_id=home, product="accounting", custom_role_id=own)
        acts = [delete, delete, invite, *(partial(give, account_id=person) for person in people)]
        seen = race(acts)
        system.write()
        gone = system.session.scalar(select(CustomRole.deleted_at).where(CustomRole.id == own)) is not None
        held = custom_role.holders(system, home, own)
        assert gone is not bool(held), (seen, held)
        assert seen["done"] == (1 if gone else 3), seen
        assert set(seen) <= {"done", "role_in_use", "role_not_offered", "not_found"}
        for person in people:
            membership.change_role(system, home, person, "accounting", role_id="accounting.reader")
        system.session.commit()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_the_same_address_is_invited_once(number, system, make_company, race):
    home = make_company(seats=5)
    system.session.commit()
    seen = race([lambda work: offer(work, home) for _ in range(RUNNERS)])
    assert seen == {"done": RUNNERS}
    assert taken(system, home) == len(sent(system)) == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_invitations_acceptances_and_changes_of_role_together_never_pass_the_limit(
    number, system, make_company, make_account, join, race, open_work
):
    """F-18, watched all the while from another connection."""
    home = make_company(plan="solo", products=("accounting", "capture"))
    people = [make_account(f"a{n}@example.test", second_factor=False, contact=False, kept=False) for n in range(4)]
    links = []
    for person in people[:2]:
        offer(system, home, person.address)
        links.append(link(system, person.address))
    members = [join(home, account_id=person.account.id, capture="capture.expenses-standard") for person in people[2:]]
    system.session.commit()
    addresses, ids = [person.address for person in people], [person.account.id for person in people]
    system.session.commit()
    over, stop, seeing = [], threading.Event(), open_work()

    def watch() -> None:
        while not stop.wait(0.01):
            if (used := seats.used(seeing, home, "accounting")) > 2:
                over.append(used)
            seeing.session.rollback()

    def accepting(work: Work, n: int) -> None:
        acceptance.accept(work.acting(Actor("account", ids[n % 2])), links[n % 2])

    def withdrawing(work: Work, n: int) -> None:
        rows = invitation.of_address(work, home, addresses[n % 2])
        invitation.withdraw(work, home, rows[0].id)

    def growing(work: Work, n: int) -> None:
        membership.grant_role(work, home, members[n % 2], "accounting", role_id="accounting.reader")

    def inviting(work: Work, n: int) -> None:
        offer(work, home, f"new{n}@example.test")

    kinds = [accepting, growing, inviting, withdrawing]
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        race([lambda work, n=n: kinds[n % 4](work, n // 4) for n in range(RUNNERS)])
    finally:
        stop.set()
        watcher.join()
    assert over == []
    assert taken(system, home) <= 2


@pytest.mark.parametrize("number", range(ROUNDS))
def test_one_invitation_makes_one_member(number, system, make_company, make_account, race):
    """F-17: fifty tries of two accounts, of which one has proved the address."""
    home = make_company(seats=5)
    zoe, eva = (
        make_account(f"{name}@example.test", second_factor=False, contact=False, kept=False).account.id
        for name in ("zoe", "eva")
    )
    offer(system, home)
    token = link(system)
    system.session.commit()

    def accepting(work: Work, who: UUID) -> None:
        acceptance.accept(work.acting(Actor("account", who)), token)

    seen = race([lambda work, n=n: accepting(work, (zoe, eva)[n % 2]) for n in range(RUNNERS)])
    assert seen == {"done": 1, "expired": 24, "not_permitted": 25}
    members = system.session.scalars(select(Membership.account_id).where(Membership.company_id == home)).all()
    assert members == [zoe]
    assert taken(system, home) == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_accepted_withdrawn_refused_or_sent_again_but_one_of_them(number, system, make_company, make_account, race):
    home = make_company(seats=5)
    zoe = make_account("zoe@example.test", second_factor=False, contact=False, kept=False).account.id
    made = offer(system, home)
    token, key = link(system), made.id
    system.session.commit()
    acts = [
        lambda work: acceptance.accept(work.acting(Actor("account", zoe)), token),
        lambda work: invitation.withdraw(work, home, key),
        lambda work: acceptance.refuse(work, token),
    ]
    race(acts * 6)
    system.session.refresh(made)
    joined = membership.find(system, home, zoe) is not None
    assert joined == (made.outcome == "accepted")
    assert taken(system, home) == int(joined)


def test_a_new_account_and_its_membership_come_together_or_not_at_all(system, make_company, race):
    """F-04, F-17: several answers to the same form."""
    home = make_company(seats=5)
    offer(system, home)
    token = link(system)
    system.session.commit()

    def opening(work: Work) -> None:
        offered = acceptance.find(work, token)
        spent: list[object] = []
        attempt, _ = activation.open_account(
            work, address=offered.address, locale="fr-FR", continue_to="/", given_name="Zoé", family_name="K",
            password=PASSWORD, personal=True, spend=lambda: spent.append(acceptance.spend(work, token)),
        )  # fmt: skip
        acceptance.join(work, spent[0], attempt.account_id)

    seen = race([opening] * 8)
    assert seen["done"] == 1
    assert set(seen) <= {"done", "expired", "conflict", "unavailable"}
    assert system.session.scalar(select(func.count()).select_from(Account)) == 1
    assert system.session.scalar(select(func.count()).select_from(Membership)) == 1
    assert taken(system, home) == 1


def test_a_late_clock_does_not_take_back_a_seat_that_was_given_on(system, make_company, make_account, open_work):
    """Somebody accepts in the last second while another server, whose clock is ahead, gives the seat to the next."""
    home = make_company(plan="solo", seats=2)
    zoe = make_account("zoe@example.test", second_factor=False, contact=False, kept=False)
    offer(system, home)
    offer(system.later(days=1), home, "eva@example.test")
    token = link(system)
    system.session.commit()
    ahead = open_work(at=system.now + timedelta(days=7, seconds=5)).acting(SYSTEM)
    ahead.write()
    offer(ahead, home, "bob@example.test")
    ahead.session.commit()
    behind = open_work(at=system.now + timedelta(days=6, hours=23)).acting(Actor("account", zoe.account.id))
    behind.write()
    with pytest.raises((Conflict, IdpError)):
        acceptance.accept(behind, token)
    behind.session.rollback()
    assert taken(system, home) == 2
