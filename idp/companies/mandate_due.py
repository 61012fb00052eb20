"""What time does to mandates: what nobody answered expires, what has an end comes to it, and both sides hear before.

Nothing waits for this: whether a mandate opens anything is judged at the time of the work (`reach`). What is recorded
and told here is for people, once a minute by `cli.due`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from idp.companies import access_end, mandate_history, mandate_notice, mandate_state
from idp.companies.mandate_state import LIVE, WAITING
from idp.companies.models import FirmInvitation, Mandate, MandateRequest
from idp.core.errors import Conflict
from idp.work import Work

REMINDERS = (7, 30)  # days before the end or the renewal
YEAR = timedelta(days=365)
AT_ONCE = 100  # of one transaction

_m = Mandate


def waited_too_long(work: Work, mandate: Mandate) -> bool:
    """Whether nobody answered in time."""
    return mandate.created_at + work.policies.mandates.invitation_lifetime <= work.now


def close_over(work: Work, company_id: UUID) -> None:
    """Record what is over by its date in one company, so that it stands in nobody's way."""
    for mandate in _found(work, _m.company_id == company_id, _expired(work)):
        _expire(work, mandate)
    for mandate in _found(work, _m.company_id == company_id, _ended(work)):
        _end(work, mandate)


def carry_out(work: Work) -> int:
    """Expire, end, renew and remind whatever is due; answers how many. Commits for itself, in small transactions."""
    work.write()
    _close_offers(work)
    work.checkpoint(write=False)
    done = 0
    for due, act in (
        (_expired(work), _expire),
        (_ended(work), _end),
        (_renewing(work), _renew),
        *((_ending_within(work, days), _reminding(days)) for days in REMINDERS),
    ):
        done += _each(work, due, act)
    return done


def _each(work: Work, due: ColumnElement[bool], act: Any) -> int:
    done = 0
    while True:
        work.write()
        found = _found(work, due)
        for mandate in found:
            try:
                act(work, mandate)
            except Conflict:  # another worker, or one of the two sides, was faster
                continue
            done += 1
        work.checkpoint(write=False)
        if len(found) < AT_ONCE:
            return done


def _found(work: Work, *due: ColumnElement[bool]) -> list[Mandate]:
    return list(work.session.scalars(select(_m).where(*due).order_by(_m.id).limit(AT_ONCE)))


def _expired(work: Work) -> ColumnElement[bool]:
    return _m.state.in_(WAITING) & (_m.created_at <= work.now - work.policies.mandates.invitation_lifetime)


def _ended(work: Work) -> ColumnElement[bool]:
    return _m.state.in_(LIVE) & (_m.until_at <= work.now)


def _renewing(work: Work) -> ColumnElement[bool]:
    return _m.state.in_(LIVE) & (_m.renews_at <= work.now)


def _ending_within(work: Work, days: int) -> ColumnElement[bool]:
    """What ends or is renewed in so many days; nothing that is short anyway, and nothing twice."""
    soon, half = work.now + timedelta(days=days), work.now - timedelta(days=days)
    turn = or_((_m.until_at <= soon) & (_m.until_at > work.now), (_m.renews_at <= soon) & (_m.renews_at > work.now))
    return _m.state.in_(LIVE) & turn & (_m.started_at <= half) & or_(_m.reminded.is_(None), _m.reminded > days)


def _expire(work: Work, mandate: Mandate) -> None:
    was = mandate_state.move(work, mandate, "expired", ended_at=work.now)
    mandate_state.answer_request(work, mandate, "expired")
    mandate_notice.tell(
        work, mandate, "expired", to_company=mandate.way == _way_of_company(work), to_firm=mandate.request_id is None
    )
    mandate_state.record(work, "mandate.expired", mandate, was=was)


def _end(work: Work, mandate: Mandate) -> None:
    """Its date has come; the date, not the moment of this job, is its end."""
    was = mandate_state.move(work, mandate, "ended", ended_at=mandate.until_at)
    mandate_history.close(work, mandate.id, mandate.until_at)
    access_end.tell(work, company_id=mandate.company_id, firm_id=mandate.firm_id, logout=True)
    mandate_notice.tell(work, mandate, "over")
    mandate_state.record(work, "mandate.ended", mandate, was=was, by="date")


def _renew(work: Work, mandate: Mandate) -> None:
    assert mandate.renews_at is not None
    following: datetime = mandate.renews_at + YEAR
    dates: dict[str, Any] = {
        "before": {"renewal": mandate.renews_at.isoformat()},
        "after": {"renewal": following.isoformat()},
    }
    if _taken(work, mandate, renews_at=following, reminded=None):
        mandate_notice.tell(work, mandate, "renewed")
        mandate_state.record(work, "mandate.renewed", mandate, **dates)


def _reminding(days: int) -> Any:
    def remind(work: Work, mandate: Mandate) -> None:
        if _taken(work, mandate, reminded=days):
            mandate_notice.tell(work, mandate, "ends_soon" if mandate.until_at is not None else "renews_soon")

    return remind


def _taken(work: Work, mandate: Mandate, **values: Any) -> bool:
    """Change what opens nothing; False when another worker has done it."""
    taken = work.session.scalar(
        update(_m)
        .where(_m.id == mandate.id, _m.state.in_(LIVE))
        .where(_m.renews_at.is_not_distinct_from(mandate.renews_at))
        .where(_m.reminded.is_not_distinct_from(mandate.reminded))
        .values(**values)
        .returning(_m.id),
        execution_options={"synchronize_session": False},
    )
    work.session.refresh(mandate)
    return taken is not None


def _close_offers(work: Work) -> None:
    """Requests and invitations to an address that nobody answered: who sent them sees it in the list."""
    kinds: Iterable[Any] = (MandateRequest, FirmInvitation)
    for kind in kinds:
        work.session.execute(
            update(kind)
            .where(kind.closed_at.is_(None), kind.expires_at <= work.now)
            .values(closed_at=work.now, outcome="expired"),
            execution_options={"synchronize_session": False},
        )


def _way_of_company(work: Work) -> str:
    products = work.policies.products
    return next(
        way.id for way in work.policies.ways.values() if not products[way.start.permission.partition(".")[0]].firm_only
    )
