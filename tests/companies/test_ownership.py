"""The ownership of a company on its way to somebody else: never two owners, never none."""

import threading

import pytest
from sqlalchemy import func, select

from idp.accounts.models import Account
from idp.companies import access, membership, ownership
from idp.companies.errors import NotOnYourself
from idp.companies.models import Membership, MembershipPeriod, ProductRole
from idp.core.errors import Conflict, Expired, IdpError, InvalidInput, NotFound, NotPermitted
from idp.work import Actor, Work
from tests.outbox_content import mails


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
        assert nobody not in {each.account_id for each in ownership.candidates(system, key)}
    with pytest.raises(NotOnYourself):
        ownership.offer(mine, key, owner, afterwards="leave")
    assert [each.account_id for each in ownership.candidates(system, key, "PERSON1@")] == [heir]


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
