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
from typing import Any

from sqlalchemy import Integer, Table, and_, bindparam, case, delete, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.authn.models import Throttle
from idp.core.db import UTCDateTime
from idp.core.prepared import Prepared
from idp.policy.account import Limit
from idp.work import Work

IN_A_ROW = 100  # SP 800-63B-4 §3.2.2: no authenticator takes more wrong tries than this without a right one between
UNTIL_PROVED_OTHERWISE = timedelta(days=3650)
NETWORK_TRIES = Limit(max=100, per=timedelta(minutes=15), pause=timedelta(minutes=15))
ONE_MAIL_AN_HOUR = Limit(max=1, per=timedelta(hours=1))
FORGOTTEN_AFTER = timedelta(days=90)
_NEVER = 2**31 - 1

_t: Table = Throttle.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Try:
    """Whether a try may be checked. `last` says that the pause begins unless it is right."""

    allowed: bool
    last: bool


def _taking(insert: Any) -> Prepared:
    """One statement that counts a try, or, in a pause, meets no row."""
    now = bindparam("now", type_=UTCDateTime())
    begins_anew = or_(
        _t.c.window_started_at <= bindparam("window_began_before", type_=UTCDateTime()),
        and_(_t.c.blocked_until.is_not(None), _t.c.blocked_until <= now),
    )
    count = case((begins_anew, 1), else_=_t.c.count + 1)
    row = _t.c.in_a_row + 1
    pause_ends = bindparam("pause_ends", type_=UTCDateTime())
    return Prepared(
        insert(_t)
        .values(
            kind=bindparam("kind"),
            subject_digest=bindparam("subject_digest"),
            window_started_at=now,
            count=1,
            in_a_row=1,
            blocked_until=bindparam("blocked_at_once", type_=UTCDateTime()),
        )
        .on_conflict_do_update(
            index_elements=[_t.c.kind, _t.c.subject_digest],
            set_={
                "count": count,
                "in_a_row": row,
                "window_started_at": case((begins_anew, now), else_=_t.c.window_started_at),
                "blocked_until": case(
                    (row >= bindparam("most_in_a_row", type_=Integer()), bindparam("for_good", type_=UTCDateTime())),
                    (count >= bindparam("most", type_=Integer()), pause_ends),
                    else_=None,
                ),
            },
            where=or_(_t.c.blocked_until.is_(None), _t.c.blocked_until <= now),
        )
        .returning(_t.c.blocked_until)
    )


_AT = (_t.c.kind == bindparam("kind"), _t.c.subject_digest == bindparam("subject_digest"))
_TAKE = {"sqlite": _taking(sqlite.insert), "postgresql": _taking(postgresql.insert)}
_GIVE_BACK = Prepared(
    update(_t)
    .where(_t.c.kind == bindparam("of_kind"), _t.c.subject_digest == bindparam("of_subject"), _t.c.count > 0)
    .values(count=_t.c.count - 1, in_a_row=_t.c.in_a_row - 1, blocked_until=null())
)
_CLEAR = Prepared(delete(_t).where(*_AT).returning(_t.c.in_a_row))
_PAUSED = Prepared(select(_t.c.blocked_until).where(*_AT))


def take(work: Work, kind: str, subject: str, limit: Limit, *, in_a_row: int | None = IN_A_ROW) -> Try:
    """Count one try.

    Args:
        kind: what is tried, such as `password`; each kind has its own count.
        in_a_row: wrong tries without a right one after which only `clear` opens again; None for subjects that many
            people share.
    """
    connection = work.session.connection()
    pause_ends = work.now + (limit.pause or limit.per)
    taken = _TAKE[connection.dialect.name].first(
        connection,
        {
            **_at(work, kind, subject),
            "now": work.now,
            "window_began_before": work.now - limit.per,
            "most": limit.max,
            "pause_ends": pause_ends,
            "blocked_at_once": pause_ends if limit.max <= 1 else None,
            "most_in_a_row": in_a_row or _NEVER,
            "for_good": work.now + UNTIL_PROVED_OTHERWISE,
        },
    )
    return Try(allowed=taken is not None, last=taken is not None and taken[0] is not None)


def give_back(work: Work, kind: str, subject: str) -> None:
    """Undo one try that was right, or never checked, where the subject is shared by many: the others still count."""
    named = {"of_kind": kind, "of_subject": _digest(work, kind, subject)}
    _GIVE_BACK.run(work.session.connection(), named)


def clear(work: Work, kind: str, subject: str) -> int:
    """Forget all tries of a subject that has proved itself; answers how many there were, the right one among them."""
    row = _CLEAR.first(work.session.connection(), _at(work, kind, subject))
    return int(row[0]) if row is not None else 0


def paused_until(work: Work, kind: str, subject: str) -> datetime | None:
    """The end of the pause that is on now, if one is."""
    row = _PAUSED.first(work.session.connection(), _at(work, kind, subject))
    return row[0] if row is not None and row[0] is not None and row[0] > work.now else None


def for_good(work: Work, until: datetime) -> bool:
    """Whether a pause has no end worth telling: only another proof ends it."""
    return until - work.now > FORGOTTEN_AFTER


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


def _at(work: Work, kind: str, subject: str) -> dict[str, Any]:
    return {"kind": kind, "subject_digest": _digest(work, kind, subject)}


def _digest(work: Work, kind: str, subject: str) -> bytes:
    return hmac.digest(work.keyring.derive("throttle subjects"), f"{kind}\0{subject}".encode(), hashlib.sha256)
