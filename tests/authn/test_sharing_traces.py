"""Weeks in the life of an account, simulated: who stays silent, and who is noticed when."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.authn.trace import (
    ANDROID,
    FIREFOX,
    IPHONE,
    LILLE,
    LYON,
    MOBILE,
    NAMUR,
    NICE,
    PARIS,
    WINDOWS,
    Device,
    Trace,
    workdays,
)  # fmt: skip
from tests.conftest import NOW

COMPANY_TUNNEL = "2001:db8:99::1"  # the operator has given it no place
MONDAY = NOW.replace(hour=0, minute=0)
SEEDS = (1, 2, 3)
EVENING = timedelta(hours=23)


@pytest.fixture
def somebody(open_work, make_account, work) -> Callable[[str], Trace]:
    def somebody(address: str) -> Trace:
        person = make_account(address)
        work.session.rollback()
        return Trace(open_work, person)

    return somebody


def at(day: datetime, hour: float, chance: random.Random, minutes: float = 10) -> datetime:
    """A moment of this day, give or take."""
    return day + timedelta(hours=hour, minutes=chance.uniform(-minutes, minutes))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_traveller_with_a_phone_and_a_laptop_stays_silent_over_a_month(somebody, seed):
    """Home, office, trains, planes, hotels; a phone between networks, a tunnel now and then, one borrowed computer."""
    chance = random.Random(seed)
    trace, laptop, phone = somebody("ines.moreau@example.test"), Device(FIREFOX), Device(IPHONE)
    home = PARIS
    for number, day in enumerate(workdays(MONDAY, 20)):
        away = (None, LYON, None, LILLE, NICE)[number % 5]
        trace.sign_in(phone, at(day, 7, chance), chance.choice((home, MOBILE)), waits=chance.uniform(5, 40))
        trace.sign_in(laptop, at(day, 8.5, chance), home, waits=chance.uniform(5, 40), trust=True)
        there = away or home
        arrived = at(day, 13.5, chance)  # the train to Lyon takes two hours, the plane to Nice and its airports four
        trace.sign_in(phone, arrived, chance.choice((there, MOBILE)), waits=chance.uniform(5, 40))
        tunnel = not away and chance.random() < 0.3
        trace.sign_in(laptop, arrived + timedelta(minutes=20), COMPANY_TUNNEL if tunnel else there, waits=20)
        if number == 12:
            trace.sign_in(Device(WINDOWS), at(day, 16, chance), there)  # the computer of the hotel
        assert trace.look(day + EVENING).score == 0, day


@pytest.mark.parametrize("seed", SEEDS)
def test_three_people_at_three_desks_with_one_phone_for_codes_are_noticed_within_a_week(somebody, seed):
    """Everybody starts at half past eight, and after lunch; the code is called across the room."""
    chance = random.Random(seed)
    trace, desks = somebody("boulangerie@example.test"), [Device(), Device(), Device()]
    days = workdays(MONDAY, 5)
    for day in days:
        for hour in (8.5, 13.5):
            for moment, desk in sorted((at(day, hour, chance), number) for number in range(3)):
                own = desk == 0  # who holds the phone reads the code at once
                trace.sign_in(desks[desk], moment, waits=chance.uniform(5, 20) if own else chance.uniform(60, 120))
        standing = trace.look(day + EVENING)
        if standing.notice:
            break
    assert standing.notice
    assert {sign.signal for sign in standing.signs} == {"code_asked_elsewhere"}
    assert not standing.review


@pytest.mark.parametrize("seed", SEEDS)
def test_three_people_with_a_desk_and_a_phone_each_are_noticed_within_a_week(somebody, seed):
    """They trust their browsers, so nobody waits for codes; but three people are six devices."""
    chance = random.Random(seed)
    trace = somebody("marc.petit@example.test")
    desks = [Device(), Device(), Device(FIREFOX)]
    phones = [Device(IPHONE), Device(IPHONE), Device(ANDROID)]
    for day in workdays(MONDAY, 5):
        for number, desk in enumerate(desks):
            trace.sign_in(desk, day + timedelta(hours=8.5, minutes=5 * number), trust=True)
        for number, phone in enumerate(phones):
            if chance.random() < 0.8:
                trace.sign_in(phone, at(day, 18 + number / 4, chance), MOBILE, trust=True)
        standing = trace.look(day + EVENING)
        if standing.notice:
            break
    assert standing.notice
    assert {sign.signal for sign in standing.signs} == {"many_devices"}


@pytest.mark.parametrize("seed", SEEDS)
def test_one_person_at_a_desk_with_many_browsers_stays_silent(somebody, seed):
    """Three browsers, a private window every other time, a phone and a tablet, all behind one network."""
    chance = random.Random(seed)
    trace = somebody("karim.benali@example.test")
    own = [Device(), Device(FIREFOX), Device(IPHONE), Device(ANDROID)]
    for day in workdays(MONDAY, 10):
        for hour in (8.5, 11, 14, 17):
            private = chance.random() < 0.5
            trace.sign_in(Device(forgets=True) if private else chance.choice(own), at(day, hour, chance), NAMUR)
        assert trace.look(day + EVENING).score == 0, day


def test_two_people_in_two_towns_are_noticed_the_same_day(somebody):
    trace, here, there = somebody("info@example.test"), Device(), Device()
    trace.sign_in(here, MONDAY + timedelta(hours=8.5), NAMUR)
    trace.sign_in(there, MONDAY + timedelta(hours=8.6), LILLE)
    standing = trace.look(MONDAY + timedelta(hours=8.7))
    assert [(sign.signal, sign.weight) for sign in standing.signs] == [("distant_places", 3), ("generic_address", 1)]
    assert (standing.score, standing.notice, standing.code_each_time, standing.review) == (4, True, True, False)
