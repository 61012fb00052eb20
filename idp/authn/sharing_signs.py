"""Signs that an account is used by more than one person, read from what is kept of its sign-ins anyway.

Nothing here runs while somebody signs in, and nothing looks at what was done afterwards: a sign is made of times,
browsers, networks and the places an operator gave them (docs/sharing-signals.md). Each errs on the side of silence.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from idp.accounts import email_address
from idp.authn import browser
from idp.authn.models import Proof, Session, SignIn
from idp.work import Work

DISTANT_PLACES = "distant_places"
MANY_DEVICES = "many_devices"
PARALLEL_SESSIONS = "parallel_sessions"
CODE_ASKED_ELSEWHERE = "code_asked_elsewhere"
GENERIC_ADDRESS = "generic_address"

LOOKED_AT = timedelta(days=7)
SAME_PLACE_KM = 50.0  # places of networks are coarse: two of one region say nothing
OVER_LAND_KM = 700.0  # up to here the fastest trip is a train, beyond it a plane, door to door
TRAIN_KMH, PLANE_KMH = 350.0, 900.0
LONGEST_TRIP = timedelta(hours=24)
CODE_WAIT = timedelta(minutes=10)  # who asked for a code longer ago had gone away
_GENERIC = Path(__file__).with_name("generic_addresses.txt")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A sign that was seen.

    Attributes:
        at: the moment of the sign-in that shows it.
        evidence: small JSON values a person may be shown: names of places, numbers, times.
        times: moments that make it up, where it has to happen more than once to count.
    """

    signal: str
    at: datetime
    evidence: dict[str, Any] = field(default_factory=dict)
    times: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A sign-in that succeeded. `device` is the browser, `used_until` when its session was last seen."""

    session_id: UUID
    device: UUID | None
    label: str
    network: str
    at: datetime
    used_until: datetime


def arrivals(work: Work, account_id: UUID, since: datetime) -> list[Arrival]:
    """The sign-ins of an account that began a session, the oldest first."""
    rows = work.session.execute(
        select(
            Session.id, Session.device_id, Session.user_agent, Session.network, Session.created_at, Session.last_seen_at
        )
        .where(Session.account_id == account_id, Session.created_at > since, Session.created_at <= work.now)
        .order_by(Session.created_at)
    )
    return [Arrival(key, device, browser.label(agent), network, at, to) for key, device, agent, network, at, to in rows]


def look(work: Work, account_id: UUID, since: datetime) -> Iterator[Sighting]:
    """Everything that is to be seen of an account on this floor; `parallel_sessions` needs to know of companies.

    Args:
        since: what came before it is not looked at, such as sign-ins that the holder has disowned.
    """
    seen = arrivals(work, account_id, max(since, work.now - LOOKED_AT))
    if not seen:
        return
    found = (
        distant_places(work, seen),
        many_devices(work, seen),
        code_asked_elsewhere(work, account_id, seen),
        generic_address(work, account_id, seen[-1].at),
    )
    yield from (each for each in found if each is not None)


def distant_places(work: Work, seen: Sequence[Arrival]) -> Sighting | None:
    """Two browsers in two places, one sooner after the other than anybody travels.

    One browser is in one place, whatever its network says: who turns a tunnel on and off has not travelled. The places
    of such a browser say nothing about others either.
    """
    placed = [(arrival, place) for arrival in seen if (place := work.places.of(arrival.network)) is not None]
    leaps = [
        (first, here, second, there)
        for (first, here), (second, there) in combinations(placed, 2)
        if second.at - first.at <= LONGEST_TRIP and second.at - first.at < quickest_trip(here.km_to(there))
    ]
    tunnels = {first.device for first, _, second, _ in leaps if _same_browser(first, second)} - {None}
    apart = [
        leap for leap in leaps if not _same_browser(leap[0], leap[2]) and not {leap[0].device, leap[2].device} & tunnels
    ]
    if not apart:
        return None
    first, here, second, there = max(apart, key=lambda leap: leap[2].at)
    evidence = {"places": [here.name, there.name], "times": [first.at.isoformat(), second.at.isoformat()]}
    return Sighting(DISTANT_PLACES, second.at, evidence)


def quickest_trip(km: float) -> timedelta:
    """How long the fastest traveller needs; nothing within a region."""
    if km <= SAME_PLACE_KM:
        return timedelta(0)
    return timedelta(hours=km / (TRAIN_KMH if km <= OVER_LAND_KM else PLANE_KMH))


def many_devices(work: Work, seen: Sequence[Arrival]) -> Sighting | None:
    """As many browsers in as many days as the policy says.

    A browser that keeps no cookies is a new one at each sign-in. So of browsers that call themselves alike only as many
    are counted as were certainly there side by side: one was used again, or still, when another had come.
    """
    rule = next(each for each in work.policies.account.file.sharing_signals if each.id == MANY_DEVICES).threshold
    if rule is None:
        return None
    recent = [arrival for arrival in seen if arrival.at > work.now - timedelta(days=rule.days)]
    spans: dict[str, dict[object, tuple[datetime, datetime]]] = defaultdict(dict)
    for arrival in recent:
        kind = spans[arrival.label]
        first, last = kind.get(arrival.device, (arrival.at, arrival.at))
        kind[arrival.device] = (min(first, arrival.at), max(last, arrival.used_until))
    devices = sum(side_by_side(kind.values()) for kind in spans.values())
    if devices < rule.devices:
        return None
    return Sighting(MANY_DEVICES, recent[-1].at, {"devices": devices, "days": rule.days})


def side_by_side(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """The most of these spans that share a moment."""
    ends = sorted(moment for begin, end in spans for moment in ((begin, 0), (end, 1)))
    most = present = 0
    for _, is_end in ends:
        present += -1 if is_end else 1
        most = max(most, present)
    return most


def code_asked_elsewhere(work: Work, account_id: UUID, seen: Sequence[Arrival]) -> Sighting | None:
    """Somebody waited for a code in one browser while the account was signed in with one in another.

    A person who turns to another device does so now and then, so each moment is named: `sharing.note` counts this sign
    once it has happened on another occasion too.
    """
    devices = {arrival.at: arrival for arrival in seen}  # a session begins in the instant its attempt is finished
    password, code = aliased(Proof), aliased(Proof)
    rows = work.session.execute(
        select(SignIn.finished_at, password.proved_at.label("asked_at"), code.proved_at.label("entered_at"))
        .join(password, and_(password.sign_in_id == SignIn.id, password.method == "pwd"))
        .join(code, and_(code.sign_in_id == SignIn.id, code.method == "otp"))
        .where(SignIn.account_id == account_id, SignIn.purpose == "sign_in", SignIn.finished_at.is_not(None))
        .order_by(code.proved_at)
    ).all()
    known = [row for row in rows if row.finished_at in devices and row.entered_at - row.asked_at <= CODE_WAIT]
    moments = []
    for first, second in combinations(known, 2):
        waited = second.asked_at < first.entered_at < second.entered_at
        if waited and not _same_browser(devices[first.finished_at], devices[second.finished_at]):
            moments.append(first.entered_at)
    return Sighting(CODE_ASKED_ELSEWHERE, moments[-1], times=tuple(moments)) if moments else None


def generic_address(work: Work, account_id: UUID, at: datetime) -> Sighting | None:
    """The sign-in address is one that a company's people commonly read together."""
    address = email_address.primary_address(work, account_id).canonical
    return Sighting(GENERIC_ADDRESS, at) if is_generic(address) else None


def is_generic(address: str) -> bool:
    """Whether the part before the @ is made of words such as `info` or `compta`; a country or number may follow."""
    local = address.rpartition("@")[0].partition("+")[0]
    plain = unicodedata.normalize("NFKD", local).encode("ascii", "ignore").decode()
    words = "".join(letter if letter.isalpha() else " " for letter in plain.lower()).split()
    return bool(words) and words[0] in _generic() and all(word in _generic() or len(word) <= 2 for word in words)


@cache
def _generic() -> frozenset[str]:
    lines = _GENERIC.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _same_browser(first: Arrival, second: Arrival) -> bool:
    """Whether two sign-ins may have been in one browser; of one that is not known, its name alone is compared."""
    if first.device is None or second.device is None:
        return first.label == second.label
    return first.device == second.device
