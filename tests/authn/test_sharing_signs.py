"""Each sign of sharing by itself: what shows it, and what does not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.authn import sharing_signs
from idp.authn.sharing_signs import is_generic, quickest_trip, side_by_side
from idp.companies import sharing_case
from tests.authn.trace import (
    ANDROID,
    FIREFOX,
    IPHONE,
    LILLE,
    MOBILE,
    NAMUR,
    NICE,
    PARIS,
    TUNNEL,
    WINDOWS,
    Device,
    Trace,
)  # fmt: skip
from tests.conftest import NOW

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def somebody(open_work, make_account, work) -> Callable[[str], Trace]:
    """Make an account whose sign-ins are simulated."""

    def somebody(address: str) -> Trace:
        person = make_account(address)
        work.session.rollback()  # the writer of the fixture steps aside
        return Trace(open_work, person)

    return somebody


@pytest.fixture
def trace(somebody) -> Trace:
    return somebody("sophie.lemaire@example.test")


def test_two_places_within_minutes_are_distant(trace):
    trace.sign_in(Device(), NOW, NAMUR)
    trace.sign_in(Device(), NOW + 5 * MINUTE, LILLE)
    (sign,) = trace.look(NOW + HOUR).signs
    assert (sign.signal, sign.weight, sign.seen_at) == ("distant_places", 3, NOW + 5 * MINUTE)
    assert sign.evidence["places"] == ["Namur", "Lille"]


def test_eight_hundred_kilometres_in_ten_minutes_are_distant(trace):
    trace.sign_in(Device(), NOW, NAMUR)
    trace.sign_in(Device(IPHONE), NOW + 10 * MINUTE, NICE)
    assert trace.seen(NOW + HOUR) == {"distant_places"}


def test_nothing_but_names_numbers_and_times_is_kept(trace):
    trace.sign_in(Device(), NOW, NAMUR)
    trace.sign_in(Device(), NOW + 5 * MINUTE, LILLE)
    (sign,) = trace.look(NOW + HOUR).signs
    assert set(sign.evidence) == {"places", "times"}
    assert NAMUR not in str(sign.evidence)


def test_a_train_between_two_cities_is_a_journey(trace):
    phone, laptop = Device(IPHONE), Device()
    trace.sign_in(phone, NOW, PARIS)
    trace.sign_in(laptop, NOW + HOUR + 2 * MINUTE, LILLE)  # the fastest train takes an hour and two minutes
    trace.sign_in(phone, NOW + 6 * HOUR, PARIS)
    assert trace.seen(NOW + 7 * HOUR) == set()


def test_a_tunnel_turned_on_and_off_moves_nobody(trace):
    laptop, phone = Device(), Device(IPHONE)
    for minute, network in ((0, NAMUR), (3, TUNNEL), (6, NAMUR), (9, TUNNEL)):
        trace.sign_in(laptop, NOW + minute * MINUTE, network)
    trace.sign_in(phone, NOW + 12 * MINUTE, NAMUR)
    assert trace.seen(NOW + HOUR) == set()


def test_a_tunnel_beside_a_phone_is_explained_once(trace):
    """A tunnel whose exit was given a place looks like two places; its holder says so, and is left in peace."""
    laptop, phone = Device(), Device(IPHONE)
    trace.sign_in(phone, NOW, NAMUR)
    trace.sign_in(laptop, NOW + 5 * MINUTE, TUNNEL)
    assert trace.seen(NOW + HOUR) == {"distant_places"}
    work = trace.holder(NOW + 2 * HOUR)
    sharing_case.explained(work, trace.person.account.id)
    work.session.commit()
    for day in range(1, 89, 8):
        trace.sign_in(phone, NOW + timedelta(days=day), NAMUR)
        trace.sign_in(laptop, NOW + timedelta(days=day, minutes=5), TUNNEL)
        assert trace.look(NOW + timedelta(days=day, hours=1)).score == 0


def test_a_phone_whose_network_has_no_place_is_nowhere(trace):
    trace.sign_in(Device(), NOW, NAMUR)
    trace.sign_in(Device(ANDROID), NOW + MINUTE, MOBILE)
    trace.sign_in(Device(), NOW + 2 * MINUTE, "not an address")
    assert trace.seen(NOW + HOUR) == set()


def test_six_browsers_in_a_week_are_many(trace):
    devices = [Device(agent) for agent in (WINDOWS, WINDOWS, WINDOWS, IPHONE, IPHONE, ANDROID)]
    for day in range(2):
        for number, device in enumerate(devices):
            at = NOW + timedelta(days=day, minutes=4 * number)
            trace.sign_in(device, at)
        assert trace.seen(NOW + timedelta(days=day, hours=1)) == {"many_devices"}
    (sign,) = trace.standing(NOW + timedelta(days=2)).signs
    assert sign.evidence == {"devices": 6, "days": 7}


def test_five_browsers_are_not_many_and_neither_are_six_in_two_weeks(trace):
    devices = [Device(agent) for agent in (WINDOWS, WINDOWS, FIREFOX, IPHONE, ANDROID)]
    for number, device in enumerate(devices):
        trace.sign_in(device, NOW + number * MINUTE)
    assert trace.seen(NOW + HOUR) == set()
    trace.sign_in(Device(WINDOWS), NOW + timedelta(days=7, hours=2))
    assert trace.seen(NOW + timedelta(days=7, hours=3)) == set()


def test_one_browser_that_forgets_its_cookies_is_one(trace):
    for day in range(5):
        for hour in range(3):
            trace.sign_in(Device(forgets=True), NOW + timedelta(days=day, hours=2 * hour))
    assert trace.seen(NOW + timedelta(days=4, hours=8)) == set()


def test_an_office_behind_one_network_is_many_people_and_not_one(somebody):
    traces = [somebody(f"person{number}@example.test") for number in range(8)]
    for minute, one in enumerate(traces):
        own = Device(), Device(FIREFOX)
        for device in own:
            one.sign_in(device, NOW + minute * MINUTE, waits=50)
    assert [one.seen(NOW + HOUR) for one in traces] == [set()] * len(traces)


def test_a_code_awaited_here_while_it_is_entered_there_counts_the_second_time(trace):
    here, there = Device(), Device()
    trace.sign_in(here, NOW + timedelta(seconds=90), waits=85)
    trace.sign_in(there, NOW + timedelta(seconds=60), waits=40)
    assert trace.seen(NOW + HOUR) == set()  # once happens to anybody who changes to another device
    later = NOW + timedelta(days=1)
    trace.sign_in(here, later + timedelta(seconds=90), waits=85)
    trace.sign_in(there, later + timedelta(seconds=60), waits=40)
    (sign,) = trace.look(later + HOUR).signs
    assert (sign.signal, sign.weight, len(sign.evidence["times"])) == ("code_asked_elsewhere", 2, 2)


def test_occasions_a_week_apart_are_one_each(trace):
    for day in (0, 9, 18):
        at = NOW + timedelta(days=day)
        trace.sign_in(Device(), at + timedelta(seconds=90), waits=85)
        trace.sign_in(Device(), at + timedelta(seconds=60), waits=40)
        assert trace.seen(at + HOUR) == set()


def test_a_code_started_over_in_one_browser_is_nothing(trace):
    browser = Device()
    trace.sign_in(browser, NOW)
    for day in (1, 2, 3):
        at = NOW + timedelta(days=day)
        trace.sign_in(browser, at + timedelta(seconds=90), waits=85)
        trace.sign_in(browser, at + timedelta(seconds=60), waits=40)
    assert trace.seen(NOW + timedelta(days=3, hours=1)) == set()


@pytest.mark.parametrize(
    "address",
    ["info@a.example", "compta@a.example", "Comptabilité@a.example", "compta-be@a.example", "info2@a.example",
     "accounts+bank@a.example", "contact.fr@a.example", "sales_office@a.example"],
)  # fmt: skip
def test_an_address_that_several_people_read_is_generic(address):
    assert is_generic(address.casefold())


@pytest.mark.parametrize(
    "address",
    ["sophie.lemaire@a.example", "info.lemaire@a.example", "bureau.jean@a.example", "j@a.example", "1234@a.example",
     "infographie@a.example", "marie@info.example", "@a.example"],
)  # fmt: skip
def test_the_address_of_a_person_is_not(address):
    assert not is_generic(address)


def test_a_generic_address_counts_little_until_it_is_changed(somebody):
    shared = somebody("compta@example.test")
    shared.sign_in(Device(), NOW)
    standing = shared.look(NOW + HOUR)
    assert [(sign.signal, sign.weight) for sign in standing.signs] == [("generic_address", 1)]
    assert not standing.notice
    work = shared.job(NOW + 2 * HOUR)
    work.write()
    address = sharing_signs.email_address.primary_address(work, shared.person.account.id)
    address.address = address.canonical = "marc.petit@example.test"
    work.session.commit()
    shared.sign_in(Device(), NOW + 3 * HOUR)
    assert shared.seen(NOW + 4 * HOUR) == set()


def test_the_quickest_trip_is_a_train_and_then_a_plane():
    assert quickest_trip(40) == timedelta(0)
    assert quickest_trip(350) == HOUR
    assert quickest_trip(1800) == 2 * HOUR


def test_spans_are_counted_at_their_fullest_moment():
    at = [NOW + number * MINUTE for number in range(10)]
    assert side_by_side([]) == 0
    assert side_by_side([(at[0], at[0]), (at[1], at[1])]) == 1
    assert side_by_side([(at[0], at[5]), (at[1], at[2]), (at[4], at[9])]) == 2
    assert side_by_side([(at[0], at[5]), (at[1], at[6]), (at[5], at[9])]) == 3


def test_an_account_that_is_gone_is_left_out(trace):
    trace.sign_in(Device(), NOW, NAMUR)
    work = trace.job(NOW + MINUTE)
    work.write()
    work.session.get(type(trace.person.account), trace.person.account.id).status = "blocked"
    work.session.commit()
    assert trace.seen(NOW + HOUR) == set()
