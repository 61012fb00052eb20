"""Events from billing: taken once, in the order of their numbers, whatever way they come."""

import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from idp.audit.models import AuditEvent
from idp.companies import billing_event, billing_key, contract, seats, subscription
from idp.companies.billing_event import Event
from idp.companies.errors import KeysLive
from idp.companies.models import BillingEvent, BillingStream
from idp.core.errors import NotFound, NotPermitted

FIRST = {"kind": "seats.changed", "data": {"seats": 6, "effective": None}}


@pytest.fixture
def home(system, make_company):
    made = make_company(seats=5)
    system.session.commit()
    system.write()
    return made


def event(number=1, identifier="", *, at=None, reference="company-0", **what):
    what = what or FIRST
    written = json.dumps([identifier, number, what], default=str)
    return Event(
        id=identifier or f"evt_{number}", number=number, reference=reference, happened_at=at,
        digest=hashlib.sha256(written.encode()).digest(), **what,
    )  # fmt: skip


def taken(work, **values):
    return billing_event.receive(work, event(at=work.now, **values))


def seats_of(work, company_id):
    return seats.count(work, company_id, "accounting").of


def test_an_event_takes_effect_once(work, home):
    assert taken(work).outcome == "applied"
    assert seats_of(work, home) == 6
    contract.change(work.acting(billing_event.BILLING), home, seats=7)
    again = taken(work)
    assert (again.outcome, again.last_number) == ("duplicate", 1)
    assert seats_of(work, home) == 7
    assert work.session.scalar(select(func.count()).select_from(BillingEvent)) == 1


def test_the_last_number_wins(work, home):
    assert taken(work, number=5, kind="seats.changed", data={"seats": 9, "effective": None}).missed == 4
    late = taken(work, number=3)
    assert (late.outcome, late.last_number) == ("older", 5)
    same = taken(work, number=5, identifier="another")
    assert same.outcome == "older"
    assert seats_of(work, home) == 9
    assert taken(work, number=6).missed == 0
    stream = work.session.scalars(select(BillingStream)).one()
    assert (stream.last_number, stream.missing) == (6, 4)


def test_an_identifier_is_given_once(work, home):
    taken(work)
    other = taken(work, number=2, identifier="evt_1")
    assert other.outcome == "refused"
    assert other.error.code == "event_reused"
    assert taken(work, number=2, identifier="evt_2").missed == 0


REFUSED = [
    ("unknown_company", {"reference": "nobody", **FIRST}),
    ("unknown_plan", {"kind": "plan.changed", "data": {"plan": "gold", "seats": None, "effective": None}}),
    ("unknown_plan", {"kind": "plan.changed", "data": {"plan": "practice", "seats": None, "effective": None}}),
    ("unknown_product", {"kind": "product.added", "data": {"product": "practice"}}),
    ("unknown_product", {"kind": "payment.failed", "data": {"products": ["payroll"]}}),
    ("transition_refused", {"kind": "product.added", "data": {"product": "accounting"}}),
    ("transition_refused", {"kind": "subscription.ended", "data": {"products": ["accounting"]}}),
    ("transition_refused", {"kind": "trial.expired", "data": {"products": None}}),
    ("invalid_input", {"kind": "seats.changed", "data": {"seats": 3, "effective": None}}),
    ("plan_lacks_product", {"kind": "plan.changed",
                            "data": {"plan": "unlimited-invoicing", "seats": None, "effective": None}}),
    ("date_passed", {"kind": "seats.changed", "data": {"seats": 6, "effective": "past"}}),
    ("date_passed", {"kind": "subscription.cancelled",
                     "data": {"products": ["accounting"], "ends": "past", "reason": ""}}),
    ("date_passed", {"kind": "subscription.renewed", "data": {"renewals": ["past"], "every_months": None}}),
    ("date_passed", {"kind": "trial.started", "data": {"product": "payroll", "until": "past"}}),
]  # fmt: skip


def dated(value, now):
    """The data, with an instant that is over where `past` stands."""
    if isinstance(value, dict):
        return {name: dated(each, now) for name, each in value.items()}
    if isinstance(value, list):
        return [dated(each, now) for each in value]
    return now - timedelta(days=1) if value == "past" else value


@pytest.mark.parametrize(
    ("code", "what"), REFUSED, ids=lambda value: value if isinstance(value, str) else value["kind"]
)
def test_what_cannot_be_applied_leaves_an_alarm_and_nothing_else(work, home, code, what):
    found = taken(work, **{**what, "data": dated(what["data"], work.now)})
    assert (found.outcome, found.error.code) == ("refused", code)
    alarm = work.session.scalars(select(AuditEvent).order_by(AuditEvent.sequence.desc())).first()
    assert (alarm.name, alarm.outcome, alarm.details["error"]) == ("billing.event_refused", "refused", code)
    for table in (BillingStream, BillingEvent):
        assert work.session.scalar(select(func.count()).select_from(table)) == 0
    assert seats_of(work, home) == 5
    assert subscription.product_of(work, home, "accounting").state == "active"
    assert taken(work).outcome == "applied"  # its number was not spent


def test_a_company_of_another_reference_is_left_alone(work, make_company, home):
    other = make_company(seats=5)
    taken(work)
    assert (seats_of(work, home), seats_of(work, other)) == (6, 5)
    assert taken(work, identifier="evt_b", reference="company-1").outcome == "applied"  # numbers count per company


def test_an_event_from_the_future_is_refused(work, home):
    found = billing_event.receive(work, event(at=work.later(minutes=6).now))
    assert found.error.members["field"] == "at"


def test_fifty_deliveries_of_one_event_take_effect_once(open_work, work, home):
    outcomes = _together(open_work, work, [event(at=work.now)] * 50)
    assert sorted(outcomes) == ["applied"] + ["duplicate"] * 49
    assert work.session.scalar(select(func.count()).select_from(BillingEvent)) == 1


def test_fifty_events_in_any_order_end_with_the_last_one(open_work, work, home):
    events = [
        event(number, at=work.now, kind="seats.changed", data={"seats": 5 + number % 20, "effective": None})
        for number in range(1, 51)
    ]
    random.Random(7).shuffle(events)
    assert set(_together(open_work, work, events)) <= {"applied", "older"}
    assert seats_of(work, home) == 5 + 50 % 20
    stream = work.session.scalars(select(BillingStream)).one()
    applied = work.session.scalar(
        select(func.count()).select_from(BillingEvent).where(BillingEvent.outcome == "applied")
    )
    assert (stream.last_number, stream.missing + applied) == (50, 50)


def _together(open_work, work, events):
    work.session.commit()

    def deliver(each):
        own = open_work()
        for _ in range(20):
            try:
                own.write()
                found = billing_event.receive(own, replace(each))
                own.session.commit()
                return found.outcome
            except OperationalError:  # a writer waits five seconds on SQLite, then is told to come back
                own.session.rollback()
        raise AssertionError("never taken")

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(deliver, events))
    work.write()
    return outcomes


def test_two_keys_are_live_at_most_and_a_rotation_drops_the_oldest(system):
    first, secret = billing_key.create(system)
    assert secret.startswith("whsec_")
    second, _ = billing_key.rotate(system)
    with pytest.raises(KeysLive):
        billing_key.create(system)
    third, _ = billing_key.rotate(system)
    assert [key for key, _ in billing_key.secrets(system)] == [str(third), str(second)]
    assert {each.id for each in billing_key.listing(system) if each.revoked_at} == {first}
    billing_key.revoke(system, second)
    with pytest.raises(NotFound):
        billing_key.revoke(system, second)


def test_keys_are_for_operators(demo):
    for person in ("amelie.dubois", "pieter.claes"):
        for command in (billing_key.create, billing_key.rotate):
            with pytest.raises(NotPermitted):
                command(demo.acting(person))
