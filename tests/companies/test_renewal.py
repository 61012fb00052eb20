"""On which day a contract ends that is cancelled today."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from idp.companies import renewal
from idp.companies.models import Subscription

BRUSSELS = ZoneInfo("Europe/Brussels")


def contract(*days: date, months: int = 1) -> Subscription:
    instants = [renewal.end_of(each) for each in days]
    return Subscription(
        renewals=[each.isoformat() for each in instants], renewal_months=months,
        next_renewal_at=instants[0] if instants else None,
    )  # fmt: skip


def following(found: Subscription, number: int) -> list[str]:
    return [str(renewal.day_of(each)) for each in islice(renewal.dates(found), number)]


DAY0 = datetime(2026, 3, 2, 14, 0, tzinfo=BRUSSELS)


@pytest.mark.parametrize(
    ("renewals", "ends"),
    [
        ((8, 39), 39),  # day 8 is nearer than thirty days
        ((29, 60), 60),
        ((30, 61), 30),  # day 30 counts, whatever the time of day
        ((31, 62), 31),
        ((-20,), 39),  # told long ago: 10 February, March, April
    ],
)
def test_it_ends_on_the_first_renewal_that_is_thirty_days_away(policies, renewals, ends):
    found = contract(*(DAY0.date() + timedelta(days=each) for each in renewals))
    assert renewal.day_of(renewal.end_of_notice(policies, found, DAY0)) == DAY0.date() + timedelta(days=ends)


def test_without_a_date_of_renewal_it_ends_after_thirty_days(policies):
    found = renewal.end_of_notice(policies, contract(), DAY0)
    assert found == datetime(2026, 4, 1, 23, 59, 59, tzinfo=BRUSSELS)


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_days_are_those_of_the_customers_clock(policies, hour):
    """Shortly after midnight in Brussels it is the day before in UTC."""
    asked = datetime(2026, 6, 1, hour, 30, tzinfo=BRUSSELS).astimezone(UTC)
    found = contract(date(2026, 7, 1))
    assert renewal.day_of(renewal.end_of_notice(policies, found, asked)) == date(2026, 7, 1)


def test_the_last_day_of_a_month_stays_the_last_day():
    assert following(contract(date(2027, 12, 31)), 5) == [
        "2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30",
    ]  # fmt: skip
    assert following(contract(date(2027, 1, 31), date(2027, 2, 28)), 4)[2:] == ["2027-03-31", "2027-04-30"]


def test_a_leap_day_comes_back_in_leap_years():
    assert following(contract(date(2028, 2, 29), months=12), 5) == [
        "2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29",
    ]  # fmt: skip


def test_the_time_of_day_is_kept_when_the_clocks_change():
    instants = list(islice(renewal.dates(contract(date(2026, 3, 15))), 2))
    assert [each.astimezone(BRUSSELS).strftime("%d %H:%M") for each in instants] == ["15 23:59", "15 23:59"]
    assert instants[1] - instants[0] == timedelta(days=31, hours=-1)


def test_the_next_date_is_still_to_come():
    found = contract(date(2026, 1, 8), date(2026, 2, 8))
    assert renewal.day_of(renewal.next_date(found, DAY0)) == date(2026, 3, 8)
    assert renewal.next_date(contract(), DAY0) is None
