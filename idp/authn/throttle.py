"""Tries counted per subject, so that guessing costs time.

A try is counted before it is checked, by one statement that also refuses it: of a burst of parallel tries no more than
the limit are checked. Success gives the count back. A subject is kept as a keyed digest, because what people type into
the address field may be anything, a password included.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.authn.models import Throttle
from idp.core.db import UTCDateTime
from idp.policy.account import Limit
from idp.work import Work

IN_A_ROW = 100  # SP 800-63B-4 §3.2.2: no authenticator takes more wrong tries than this without a right one between
UNTIL_PROVED_OTHERWISE = timedelta(days=3650)
NETWORK_TRIES = Limit(max=100, per=timedelta(minutes=15), pause=timedelta(minutes=15))
ONE_MAIL_AN_HOUR = Limit(max=1, per=timedelta(hours=1))
FORGOTTEN_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Try:
    """Whether a try may be checked. `last` says that the pause begins unless it is right."""

    allowed: bool
    last: bool


def take(work: Work, kind: str, subject: str, limit: Limit, *, in_a_row: int | None = IN_A_ROW) -> Try:
    """Count one try.

    Args:
        kind: what is tried, such as `password`; each kind has its own count.
        in_a_row: wrong tries without a right one after which only `clear` opens again; None for subjects that many
            people share.
    """
    window_over = Throttle.window_started_at <= work.now - limit.per
    pause_over = and_(Throttle.blocked_until.is_not(None), Throttle.blocked_until <= work.now)
    count = case((or_(window_over, pause_over), 1), else_=Throttle.count + 1)
    row = Throttle.in_a_row + 1
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(Throttle)
        .values(
            kind=kind,
            subject_digest=_digest(work, kind, subject),
            window_started_at=work.now,
            count=1,
            in_a_row=1,
            blocked_until=_pause(work, limit) if limit.max <= 1 else None,
        )
        .on_conflict_do_update(
            index_elements=[Throttle.kind, Throttle.subject_digest],
            set_={
                "count": count,
                "in_a_row": row,
                "window_started_at": case(
                    (or_(window_over, pause_over), literal(work.now, UTCDateTime())), else_=Throttle.window_started_at
                ),
                "blocked_until": case(
                    *(
                        [(row >= in_a_row, literal(work.now + UNTIL_PROVED_OTHERWISE, UTCDateTime()))]
                        if in_a_row
                        else []
                    ),
                    (count >= limit.max, literal(_pause(work, limit), UTCDateTime())),
                    else_=None,
                ),
            },
            where=or_(Throttle.blocked_until.is_(None), Throttle.blocked_until <= work.now),
        )
        .returning(Throttle.blocked_until)
    )
    taken = work.session.execute(statement).one_or_none()
    return Try(allowed=taken is not None, last=taken is not None and taken[0] is not None)


def give_back(work: Work, kind: str, subject: str) -> None:
    """Undo one try that was right, or never checked, where the subject is shared by many: the others still count."""
    work.session.execute(
        update(Throttle)
        .where(*_at(work, kind, subject), Throttle.count > 0)
        .values(count=Throttle.count - 1, in_a_row=Throttle.in_a_row - 1, blocked_until=None),
        execution_options={"synchronize_session": False},
    )


def clear(work: Work, kind: str, subject: str) -> None:
    """Forget all wrong tries of a subject that has proved itself."""
    work.session.execute(
        delete(Throttle).where(*_at(work, kind, subject)), execution_options={"synchronize_session": False}
    )


def paused_until(work: Work, kind: str, subject: str) -> datetime | None:
    """The end of the pause that is on now, if one is."""
    until = work.session.scalar(select(Throttle.blocked_until).where(*_at(work, kind, subject)))
    return until if until is not None and until > work.now else None


def network_subject(network: str) -> str | None:
    """What is counted for a network address: itself, or the /64 of an IPv6 one, which one household has to itself."""
    try:
        address = ipaddress.ip_address(network)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def forget_old(work: Work) -> int:
    """Drop counts that have not moved for a long time; the limits do not depend on it."""
    result = work.session.execute(
        delete(Throttle).where(
            Throttle.window_started_at < work.now - FORGOTTEN_AFTER,
            or_(Throttle.blocked_until.is_(None), Throttle.blocked_until <= work.now),
        ),
        execution_options={"synchronize_session": False},
    )
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def subject_hint(work: Work, subject: str) -> str:
    """A name for a subject in the audit log that does not give away what was typed."""
    return _digest(work, "audit", subject).hex()[:32]


def _pause(work: Work, limit: Limit) -> datetime:
    return work.now + (limit.pause or limit.per)


def _at(work: Work, kind: str, subject: str) -> tuple[ColumnElement[bool], ...]:
    return Throttle.kind == kind, Throttle.subject_digest == _digest(work, kind, subject)


def _digest(work: Work, kind: str, subject: str) -> bytes:
    return hmac.digest(work.keyring.derive("throttle subjects"), f"{kind}\0{subject}".encode(), hashlib.sha256)
