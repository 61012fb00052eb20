"""The dates on which a contract is renewed, and on which it can end.

Dates are days on the clock of the customers. Billing tells the next ones; after the last it told, they go on every so
many months. A contract of the 31st is renewed on the last day of a shorter month and on the 31st again after it.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from idp.companies.models import Subscription
from idp.core.texts import ZONE
from idp.policy import Policies

_ZONE = ZoneInfo(ZONE)


def end_of(day: date) -> datetime:
    """The instant at which a day is over: who is told "until 8 February" can work on 8 February."""
    return datetime.combine(day, time(23, 59, 59), _ZONE).astimezone(UTC)


def day_of(instant: datetime) -> date:
    """The day of an instant, on the clock of the customers."""
    return instant.astimezone(_ZONE).date()


def dates(contract: Subscription) -> Iterator[datetime]:
    """Every date of renewal from the next recorded one on, without end; none where billing has told none."""
    told = sorted(datetime.fromisoformat(each) for each in contract.renewals)
    if not told and contract.next_renewal_at is not None:
        told = [contract.next_renewal_at]
    if not told:
        return
    yield from told
    wanted = max(each.astimezone(_ZONE).day for each in told)
    last = told[-1].astimezone(_ZONE)
    months = 0
    while True:
        months += contract.renewal_months
        yield _in_months(last, months, wanted)


def next_date(contract: Subscription, now: datetime) -> datetime | None:
    """The first date of renewal that is still to come."""
    return next((each for each in dates(contract) if each > now), None)


def end_of_notice(policies: Policies, contract: Subscription, asked_at: datetime) -> datetime:
    """When a contract ends that is cancelled at this instant: on the first date of renewal that many days later, that
    day included. Without dates, once the days are over."""
    least = least_notice(policies)
    asked = day_of(asked_at)
    found = next((each for each in dates(contract) if (day_of(each) - asked).days >= least), None)
    return found if found is not None else end_of(asked + timedelta(days=least))


def least_notice(policies: Policies) -> int:
    """How many days there are at least between a cancellation and its end."""
    return next((each.min_days for each in policies.states.values() if each.min_days), 0)


def _in_months(last: datetime, months: int, wanted: int) -> datetime:
    """The same time of day so many months later, on this day or the last one the month has."""
    year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
    day = min(wanted, monthrange(year, month + 1)[1])
    return last.replace(year=year, month=month + 1, day=day).astimezone(UTC)
