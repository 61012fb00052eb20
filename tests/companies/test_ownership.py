"""The ownership of a company on its way to somebody else: never two owners, never none.

`OWNER_ROUNDS=1000 pytest tests/companies/test_ownership.py` is the long run.
"""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from idp.accounts.models import Account
from idp.authn import status
from idp.companies import access, company, company_suspension, membership, ownership
from idp.companies.errors import NotOnYourself
from idp.companies.models import Membership, MembershipPeriod, ProductRole
from idp.core.errors import Conflict, Expired, IdpError, InvalidInput, NotFound, NotPermitted
from idp.work import Actor, Work
from tests.companies.conftest import SYSTEM
from tests.outbox_content import mails

ADMINISTRATOR = "company.administrator"
ROUNDS = int(os.environ.get("OWNER_ROUNDS", "300"))


def by(work: Work, account_id) -> Work:
    return work.acting(Actor("account", account_id))


def owners(work: Work, company_id) -> list:
    query = select(Membership.account_id).where(
        Membership.company_id == company_id, Membership.company_role == "company.owner", Membership.ended_at.is_(None)
    )
    return list(work.session.scalars(query))


@pytest.fixture
def lumen(make_company, join):
    """A company with an owner and an administrator."""
    key = make_company()
    owner = join(key, company_role="company.owner", accounting="accounting.administrator")
    return key, owner, join(key, company_role="company.administrator")


def test_the_new_owner_accepts_and_the_old_one_stays_as_administrator(system, lumen):
    key, owner, heir = lumen
    ownership.offer(by(system, owner), key, heir, afterwards="administrator")
    assert ownership.open_offer(system, key).account_id == heir
    assert owners(system, key) == [owner]
    before = access.resolve(system, owner, key, "company").epoch
    ownership.accept(by(system.later(days=1), heir), key)
    assert owners(system, key) == [heir]
    assert access.roles_of(system, owner, key) == {"company.administrator", "accounting.administrator"}
    assert access.resolve(system, owner, key, "company").epoch > before
    assert "company.ownership.transfer" in access.resolve(system, heir, key, "company").permissions
    assert [mail["template"] for mail in mails(system)] == ["ownership_offered", "ownership_moved", "ownership_moved"]
    periods = system.session.scalars(
        select(MembershipPeriod.company_role)
        .join(Membership, Membership.id == MembershipPeriod.membership_id)
        .where(Membership.account_id == heir, MembershipPeriod.ended_at.is_(None))
    )
    assert list(periods) == ["company.owner"]
    with pytest.raises(Expired):
        ownership.accept(by(system, heir), key)


def test_nobody_takes_over_a_company_that_staff_have_stopped(system, lumen):
    key, owner, heir = lumen
    ownership.offer(by(system, owner), key, heir, afterwards="administrator")
    company_suspension.suspend(system, key, "A forged order")
    with pytest.raises(Conflict) as refused:
        ownership.accept(by(system, heir), key)
    assert refused.value.members == {"reason": "suspended"}
    assert owners(system, key) == [owner]
    company_suspension.reopen(system, key)
    ownership.accept(by(system, heir), key)
    assert owners(system, key) == [heir]


def test_the_operator_offers_in_the_place_of_an_owner_who_cannot_sign_in(system, lumen):
    key, owner, heir = lumen
    with pytest.raises(Conflict) as refused:
        ownership.offer(system, key, heir, afterwards="leave")
    assert refused.value.members["reason"] == "owner_can_sign_in"
    status.block(system, system.session.get(Account, owner), "has died")
    assert ownership.owned_by(system, owner) == [company.get(system, key).reference]
    ownership.offer(system, key, heir, afterwards="leave")
    assert ownership.open_offer(system, key).by == ""
    ownership.accept(by(system.later(days=1), heir), key)
    assert owners(system, key) == [heir]
    assert ownership.owned_by(system, owner) == []


def test_an_owner_who_can_sign_in_again_stays_the_owner(system, lumen):
    key, owner, heir = lumen
    status.block(system, system.session.get(Account, owner), "wrongly")
    ownership.offer(system, key, heir, afterwards="leave")
    status.unblock(system, system.session.get(Account, owner))
    with pytest.raises(Conflict):
        ownership.accept(by(system.later(days=1), heir), key)


def test_the_old_owner_may_leave_with_it(system, lumen):
    key, owner, heir = lumen
    ownership.offer(by(system, owner), key, heir, afterwards="leave")
    ownership.accept(by(system, heir), key)
    assert owners(system, key) == [heir]
    assert membership.find(system, key, owner) is None
    held = select(func.count()).where(ProductRole.account_id == owner, ProductRole.ended_at.is_(None))
    assert system.session.scalar(held) == 0


def test_an_offer_is_withdrawn_declined_replaced_or_runs_out(system, lumen, join):
    key, owner, heir = lumen
    mine = by(system, owner)
    ownership.offer(mine, key, heir, afterwards="leave")
    ownership.withdraw(mine, key)
    with pytest.raises(Expired):
        ownership.accept(by(system, heir), key)
    ownership.offer(mine, key, heir, afterwards="leave")
    with pytest.raises(Expired):  # it is another person's
        ownership.decline(by(system, join(key)), key)
    ownership.decline(by(system, heir), key)
    assert ownership.open_offer(system, key) is None
    ownership.offer(mine, key, heir, afterwards="leave")
    other = join(key)
    ownership.offer(mine, key, other, afterwards="leave")
    with pytest.raises(Expired):
        ownership.accept(by(system, heir), key)
    with pytest.raises(Expired):
        ownership.accept(by(system.later(days=8), other), key)
    ownership.offer(by(system.later(days=8), owner), key, heir, afterwards="leave")
    assert owners(system, key) == [owner]


def test_only_the_owner_offers_and_only_to_somebody_who_can_sign_in(system, lumen, join, make_company, make_account):
    key, owner, heir = lumen
    stranger = join(make_company(reference="other"), company_role="company.owner")
    for who, refused in ((heir, NotPermitted), (join(key), NotPermitted), (stranger, NotFound)):
        with pytest.raises(refused):
            ownership.offer(by(system, who), key, heir, afterwards="leave")
    mine = by(system, owner)
    blocked, suspended = join(key), join(key)
    system.session.get(Account, blocked).status = "blocked"
    membership.suspend(system, key, suspended)
    for nobody in (stranger, blocked, suspended):
        with pytest.raises(InvalidInput):
            ownership.offer(mine, key, nobody, afterwards="leave")
        assert nobody not in {each.account_id for each in ownership.candidates(system, key).rows}
    with pytest.raises(NotOnYourself):
        ownership.offer(mine, key, owner, afterwards="leave")
    assert [each.account_id for each in ownership.candidates(system, key, "PERSON1@").rows] == [heir]


def test_somebody_who_is_no_longer_there_cannot_accept(system, lumen):
    key, owner, heir = lumen
    ownership.offer(by(system, owner), key, heir, afterwards="leave")
    membership.suspend(system, key, heir)
    with pytest.raises(Conflict):
        ownership.accept(by(system, heir), key)
    system.session.rollback()
    assert owners(system, key) == [owner]


def test_fifty_answers_at_once_leave_exactly_one_owner(system, lumen, open_work):
    key, owner, heir = lumen
    for _ in range(5):
        now = owners(system, key)[0]
        other = heir if now == owner else owner
        ownership.offer(by(system, now), key, other, afterwards="administrator")
        system.session.commit()
        outcomes: list[str] = []

        def act(number: int, now=now, other=other, outcomes=outcomes) -> None:
            work = by(open_work(), other if number % 2 else now)
            try:
                (ownership.accept if number % 2 else ownership.withdraw)(work, key)
                work.session.commit()
                outcomes.append("done")
            except IdpError as error:
                work.session.rollback()
                outcomes.append(error.code)

        threads = [threading.Thread(target=act, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 10
        assert outcomes.count("done") == 1, outcomes
        system.write()
        assert len(owners(system, key)) == 1


class Quarrel:
    """Three who hand the ownership to each other, remove, suspend and leave."""

    def __init__(self, key, people, open_work) -> None:
        self.key, self.people, self.open_work = key, people, open_work

    def attempt(self, seed: int) -> str:
        """One act by one of them; what came of it."""
        dice, work = random.Random(seed), self.open_work()
        actor, target = dice.sample(self.people, 2)
        if dice.random() < 0.7:  # the others may do little
            actor = owners(work, self.key)[0]
            target = dice.choice([each for each in self.people if each != actor])
            work.session.rollback()
        acts = {
            "offer": lambda: ownership.offer(
                by(work, actor), self.key, target, afterwards=dice.choice(["administrator", "leave"])
            ),
            "accept": lambda: self.accept(work, actor),
            "withdraw": lambda: ownership.withdraw(by(work, actor), self.key),
            "remove": lambda: membership.remove(by(work, actor), self.key, target),
            "suspend": lambda: membership.suspend(by(work, actor), self.key, target),
            "leave": lambda: membership.leave(by(work, actor), self.key),
        }
        name = dice.choices([*acts], weights=(5, 5, 1, 3, 1, 1))[0]
        try:
            self.come_back(work, target)
            work.write()
            acts[name]()
            work.session.commit()
        except IdpError as error:
            work.session.rollback()
            return error.code
        except OperationalError as busy:  # one is told to come back; nothing happened
            work.session.rollback()
            return "deadlock" if "deadlock" in str(busy) else "unavailable"
        finally:
            work.session.close()
        return name

    def accept(self, work: Work, actor) -> None:
        """By whom it was offered to, at the moment of asking."""
        offered = ownership.open_offer(work, self.key)
        ownership.accept(by(work, offered.account_id if offered else actor), self.key)

    def come_back(self, work: Work, person) -> None:
        """So that there is somebody to act upon."""
        system = work.acting(SYSTEM)
        for returning in (
            lambda: membership.add(system, self.key, person, company_role=ADMINISTRATOR),
            lambda: membership.resume(system, self.key, person),
        ):
            try:
                work.write()
                returning()
                work.session.commit()
            except IdpError:
                work.session.rollback()


@pytest.mark.timeout(120 + ROUNDS)
def test_owners_who_remove_each_other_never_leave_none(system, make_company, join, open_work):
    """F-19: four at a time; watched meanwhile from another connection."""
    key = make_company()
    people = [join(key, company_role="company.owner"), *(join(key, company_role=ADMINISTRATOR) for _ in range(2))]
    system.session.commit()
    seen, stop, seeing = set(), threading.Event(), open_work()

    def watch() -> None:
        while not stop.is_set():
            seen.add(tuple(owners(seeing, key)))
            seeing.session.rollback()
            stop.wait(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            outcomes = Counter(pool.map(Quarrel(key, people, open_work).attempt, range(ROUNDS)))
    finally:
        stop.set()
        watcher.join()
    assert all(len(each) == 1 for each in seen), seen
    assert len(owners(open_work(), key)) == 1
    assert outcomes["accept"] > ROUNDS / 150, outcomes  # the ownership went from one to the other
    assert len(seen) > 1
    assert outcomes["remove"] > ROUNDS / 100, outcomes
    assert "deadlock" not in outcomes
