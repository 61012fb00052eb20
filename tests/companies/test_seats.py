"""Seats: what takes one, what gives it back, and what the next one comes to."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.companies import invitation, membership, seats, subscription
from idp.companies.errors import ExtraCostUnconfirmed, NotSubscribed, SeatLimitReached
from tests.companies.conftest import SYSTEM
from tests.policy.demo import EXPECTATIONS


def test_every_expectation_about_seats_holds(demo):
    rows = [
        {key: row[key] for key in ("company", "product", "used", "of", "next_invitation")}
        for row in EXPECTATIONS["seats"]
        if "next_invitation" in row
    ]
    for row in EXPECTATIONS["seats"]:
        company_id = demo.company(row["company"])
        assert seats.used(demo.work, company_id, row["product"]) == row["used"]
        assert seats.count(demo.work, company_id, row["product"]).of == row["of"]
    for row in rows:
        assert seats.count(demo.work, demo.company(row["company"]), row["product"]).next == row["next_invitation"]


def test_the_last_seat_is_given_once(system, make_company, join):
    home = make_company(plan="solo")
    join(home, accounting="accounting.reader")
    join(home, accounting="accounting.reader")
    with pytest.raises(SeatLimitReached) as refused:
        join(home, accounting="accounting.reader")
    assert refused.value.members == {"product": "accounting", "used": 2, "of": 2}


def test_a_paid_seat_wants_its_cost_confirmed(system, make_company, join):
    home = make_company(plan="team", seats=5)
    for _ in range(5):
        join(home, accounting="accounting.reader")
    person = join(home)
    with pytest.raises(ExtraCostUnconfirmed):
        membership.grant_role(system, home, person, "accounting", role_id="accounting.reader")
    membership.grant_role(system, home, person, "accounting", role_id="accounting.reader", extra_cost=True)
    assert seats.count(system, home, "accounting").of == 6


def test_an_open_invitation_holds_a_seat_until_it_expires(system, make_company, join):
    home = make_company(plan="solo")
    join(home, accounting="accounting.reader")
    offer = {"locale": "fr-FR", "roles": {"accounting": "accounting.reader"}}
    invitation.offer(system, home, address="ada@example.test", **offer)
    with pytest.raises(SeatLimitReached):
        invitation.offer(system, home, address="bob@example.test", **offer)
    later = system.later(days=system.policies.invitation_lifetime.days)
    assert seats.used(later, home, "accounting") == 1
    invitation.offer(later, home, address="bob@example.test", **offer)


def test_a_suspended_member_keeps_the_seat_and_a_removed_one_frees_it(system, make_company, join):
    home = make_company()
    person = join(home, accounting="accounting.reader")
    membership.suspend(system, home, person)
    assert seats.used(system, home, "accounting") == 1
    membership.remove(system, home, person)
    assert seats.used(system, home, "accounting") == 0


def test_a_change_of_role_keeps_the_seat(system, make_company, join):
    home = make_company(plan="solo")
    person = join(home, accounting="accounting.reader")
    join(home, accounting="accounting.reader")
    membership.change_role(system, home, person, "accounting", role_id="accounting.bookkeeper")
    assert seats.used(system, home, "accounting") == 2


def test_a_plan_that_does_not_count_has_no_limit(system, make_company, join):
    firm = make_company(kind="firm", products=("practice",))
    for _ in range(3):
        join(firm, practice="practice.reader")
    assert seats.count(system, firm, "practice") == seats.Seats(3, None, "accepted")


def test_a_company_without_subscription_has_no_seats(system, make_company):
    home = make_company()
    row = subscription.of(system, home)
    system.session.delete(subscription.product_of(system, home, "accounting"))
    system.session.flush()
    system.session.delete(row)
    system.session.flush()
    with pytest.raises(NotSubscribed):
        seats.reserve(system, home, "accounting")
    with pytest.raises(NotSubscribed):
        seats.count(system, home, "accounting")


def test_two_who_ask_together_never_both_get_the_last_seat(system, open_work, make_company, join):
    home = make_company(plan="solo")
    join(home, accounting="accounting.reader")
    system.session.commit()

    def invite(number):
        work = open_work().acting(SYSTEM)
        work.write()
        try:
            invitation.offer(
                work, home, address=f"r{number}@example.test", locale="fr-FR", roles={"accounting": "accounting.reader"}
            )
            work.session.commit()
        except SeatLimitReached:
            work.session.rollback()
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(invite, range(4))) == [False, False, False, True]
    assert seats.used(system, home, "accounting") == 2
