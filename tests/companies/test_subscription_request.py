"""Plan, seats and products that a company asks of billing, and what it sees until the answer is there."""

import pytest

from idp.companies import cancellation, contract, seats, subscription_due, subscription_request, subscription_view
from idp.companies.errors import (
    ChangeBlocked,
    LoweringBelowUse,
    PlanLacksProduct,
    SeatLimitReached,
    TransitionRefused,
    UnknownPlan,
    UnknownProduct,
)
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.outbox_content import facts, mails


@pytest.fixture
def home(system, make_company):
    return make_company(seats=8, products=("accounting", "invoicing"))


@pytest.fixture
def owner(system, home, join):
    return system.acting(Actor("account", join(home, company_role="company.owner")))


def told(work):
    return [(each["kind"], each["data"]) for each in facts(work, "billing.told")]


def test_more_seats_are_pending_until_billing_answers(system, owner, home):
    asked = subscription_request.ask(owner, home, plan="team", seats_asked=10)
    assert seats.count(system, home, "accounting").of == 8
    assert [each.id for each in subscription_view.overview(owner, home).requests] == [asked.id]
    assert told(system) == [
        ("terms.requested", {"request": str(asked.id), "plan": "team", "seats": 10, "effective": None})
    ]
    contract.change(system, home, seats=10)
    assert subscription_view.overview(owner, home).requests == ()
    assert seats.count(system, home, "accounting").of == 10


def test_less_is_asked_from_the_next_renewal_on(system, owner, home):
    day = system.later(days=20).now
    contract.renew(system, home, [day])
    assert subscription_request.wish(owner, home, plan="team", seats_asked=6).wanted_at == day
    assert subscription_request.wish(owner, home, plan="business", seats_asked=None).wanted_at is None


def test_a_new_request_takes_the_place_of_the_one_before(system, owner, home):
    first = subscription_request.ask(owner, home, plan="team", seats_asked=10)
    second = subscription_request.ask(owner, home, plan="team", seats_asked=12)
    assert [each.id for each in subscription_request.listing(system, home)] == [second.id]
    with pytest.raises(NotFound):
        subscription_request.withdraw(owner, home, first.id)
    subscription_request.withdraw(owner, home, second.id)
    assert subscription_request.listing(system, home) == []


def test_an_open_request_is_listed_however_many_came_and_went_since(system, owner, home):
    asked = subscription_request.ask_product(owner, home, "capture")
    for number in range(12):
        other = subscription_request.ask(owner, home, plan="team", seats_asked=10 + number)
        subscription_request.withdraw(owner, home, other.id)
    assert [each.id for each in subscription_request.listing(system, home)] == [asked.id]


def test_a_refusal_is_shown_until_something_follows(system, owner, home):
    asked = subscription_request.ask(owner, home, plan="team", seats_asked=10)
    subscription_request.refuse(system, home, asked.id, "Pay first.")
    (seen,) = subscription_view.overview(owner, home).requests
    assert (seen.outcome, seen.answer) == ("refused", "Pay first.")
    subscription_request.ask(owner, home, plan="team", seats_asked=11)
    assert [each.outcome for each in subscription_view.overview(owner, home).requests] == [None]


def test_what_cannot_be_asked_is_told(system, owner, home, join):
    ask = subscription_request.ask
    for error, plan, number in (
        (UnknownPlan, "gold", None), (UnknownPlan, "practice", None), (InvalidInput, "team", 26),
        (InvalidInput, "team", 4), (InvalidInput, "team", 8), (PlanLacksProduct, "unlimited-invoicing", None),
    ):  # fmt: skip
        with pytest.raises(error):
            ask(owner, home, plan=plan, seats_asked=number)
    for _ in range(6):
        join(home, accounting="accounting.reader")
    with pytest.raises(LoweringBelowUse) as refused:
        ask(owner, home, plan="team", seats_asked=5)
    assert refused.value.members == {"products": "accounting", "used": 6, "seats": 5}
    assert told(system) == []
    member = system.acting(Actor("account", join(home)))
    with pytest.raises(NotPermitted):
        ask(member, home, plan="team", seats_asked=10)


def test_with_every_product_cancelled_nothing_is_changed(system, owner, home):
    for product in ("accounting", "invoicing"):
        cancellation.cancel(owner, home, product, reason="", exported=True)
    with pytest.raises(ChangeBlocked):
        subscription_request.ask(owner, home, plan="team", seats_asked=10)


def test_a_product_of_the_plan_is_asked_for(system, owner, home):
    subscription_request.ask_product(owner, home, "payroll")
    with pytest.raises(Conflict):
        subscription_request.ask_product(owner, home, "payroll")
    for error, product in ((TransitionRefused, "accounting"), (UnknownProduct, "practice")):
        with pytest.raises(error):
            subscription_request.ask_product(owner, home, product)
    contract.add_product(system, home, "payroll")
    assert subscription_view.overview(owner, home).requests == ()


def test_fewer_seats_than_people_stop_additions_and_remove_nobody(system, home, join):
    """SUB: `lowering_below_use`. Billing may say so; who goes is decided by people."""
    for _ in range(7):
        join(home, accounting="accounting.reader")
    day = system.later(days=30).now
    contract.change(system, home, seats=6, at=day)
    assert seats.count(system, home, "accounting").of == 8
    with pytest.raises(SeatLimitReached):
        join(home, accounting="accounting.reader")
    lowered = [each["variables"] for each in mails(system) if each["variables"].get("what") == "seats_lowered"]
    assert lowered == []  # this company has nobody to write to
    system.session.commit()
    subscription_due.carry_out(system.later(days=31))
    assert (seats.count(system, home, "accounting").of, seats.used(system, home, "accounting")) == (6, 7)
    with pytest.raises(SeatLimitReached):
        join(home, accounting="accounting.reader", account_id=None)


def test_those_who_may_remove_people_hear_of_it(demo):
    lumen = demo.company("atelier-lumen")
    contract.change(demo.work, lumen, plan="team", seats=6)
    contract.change(demo.work, lumen, plan="solo", seats=2)
    lowered = [each for each in mails(demo.work) if each["variables"].get("what") == "seats_lowered"]
    assert {each["recipient"].partition("@")[0] for each in lowered} == {"amelie.dubois", "thomas.lefevre"}
    assert {(each["variables"]["seats"], each["variables"]["used"]) for each in lowered} == {(2, 5)}


def test_seats_that_were_bought_are_told_to_billing(system, home, join):
    for _ in range(8):
        join(home, accounting="accounting.reader")
    seats.reserve(system, home, "accounting", extra_cost=True)
    system.session.commit()
    assert subscription_due.carry_out(system) == 1
    assert told(system) == [("seats.changed", {"seats": 9})]
    assert subscription_due.carry_out(system) == 0
