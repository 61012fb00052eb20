"""When signing keys change by themselves: the next one is published a day before it takes over, and an hour at least,
so that a client that caches the key set for an hour never meets a key it does not know (R-37)."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import func, select

from idp.oidc import keys
from idp.oidc.models import SigningKey
from idp.work import Work

MADE_AHEAD = timedelta(days=1)


class Step(Enum):
    """What is due for the keys of an algorithm."""

    MAKE = "make"
    TAKE_OVER = "take_over"


class Standing(NamedTuple):
    """The keys of an algorithm that matter to the schedule.

    Attributes:
        signs_since: since when the active key signs.
        waits_since: since when the oldest next key is published; None when there is none.
    """

    algorithm: str
    signs_since: datetime
    waits_since: datetime | None


def carry_out(work: Work, period: timedelta) -> int:
    """Make and activate what is due; answers how many keys moved. An idle minute only reads.

    Any number of processes may do it at once: whoever comes second waits, reads again, and finds nothing due.

    Args:
        work: without an open transaction; each step is committed by itself.
        period: for how long a key signs. Zero leaves it all to `idp keys rotate`.
    """
    if not period:
        return 0
    moved = 0
    for algorithm, step in due(work, period).items():
        work.write_after_reading()
        keys.lock(work)
        if due(work, period).get(algorithm) is step:
            if step is Step.MAKE:
                keys.create(work, algorithm)
            else:
                keys.rotate(work, algorithm)
            moved += 1
            work.session.commit()
        else:
            work.session.rollback()
    return moved


def due(work: Work, period: timedelta) -> dict[str, Step]:
    """What is due now, by algorithm."""
    found = ((each.algorithm, _step(each, work.now, period)) for each in _standing(work))
    return {algorithm: step for algorithm, step in found if step is not None}


def _step(standing: Standing, now: datetime, period: timedelta) -> Step | None:
    ends = standing.signs_since + period
    if standing.waits_since is None:
        return Step.MAKE if now >= ends - max(MADE_AHEAD, keys.PUBLISHED_AHEAD) else None
    usable = standing.waits_since + keys.PUBLISHED_AHEAD
    return Step.TAKE_OVER if now >= max(ends, usable) else None


def _standing(work: Work) -> list[Standing]:
    waiting = (
        select(SigningKey.algorithm, func.min(SigningKey.created_at).label("since"))
        .where(SigningKey.state == "next")
        .group_by(SigningKey.algorithm)
        .subquery()
    )
    rows = work.session.execute(
        select(SigningKey.algorithm, SigningKey.activated_at, waiting.c.since)
        .outerjoin(waiting, waiting.c.algorithm == SigningKey.algorithm)
        .where(SigningKey.state == "active", SigningKey.activated_at.is_not(None))
    )
    return [Standing(*row) for row in rows]


def listing(work: Work, period: timedelta) -> list[dict[str, Any]]:
    """All keys as `keys.listing` has them, each with `due_at`: the instant from which the next thing happens to it. A
    next key takes over then, an active one retires, one that is over is removed."""
    standing = {each.algorithm: each for each in _standing(work)}

    def due_at(row: dict[str, Any]) -> datetime | None:
        if row["state"] in ("retired", "revoked"):
            return row["retired_at"] + keys.KEPT_RETIRED  # type: ignore[no-any-return]
        known = standing.get(row["algorithm"])
        if not period or known is None:
            return None
        ends = known.signs_since + period
        return max(ends, known.waits_since + keys.PUBLISHED_AHEAD) if known.waits_since else ends

    return [{**row, "due_at": due_at(row)} for row in keys.listing(work)]
