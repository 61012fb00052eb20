"""What mandates opened, and when: a row for every period, so that an old date can be answered for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from idp.companies.models import Mandate, MandateTerms
from idp.core.ids import uuid7
from idp.work import Work

_t = MandateTerms


def note(work: Work, mandate: Mandate) -> None:
    """Begin a new period with the mandate as it stands now; the one before ends here.

    A beginning to come, a hand-over to come and a known end are written down beforehand.
    """
    assert mandate.started_at is not None
    begin = max(work.now, mandate.started_at)
    close(work, mandate.id)
    turn, end = mandate.view_from_at, mandate.until_at
    if turn is None or turn > begin:
        _add(work, mandate, begin, _first(turn, end), only_reads=False)
    if turn is not None and (end is None or max(turn, begin) < end):
        _add(work, mandate, max(turn, begin), end, only_reads=True)


def close(work: Work, mandate_id: UUID, at: datetime | None = None) -> None:
    """End the period that runs, and forget those that were to come."""
    instant = at or work.now
    work.session.execute(
        delete(_t).where(_t.mandate_id == mandate_id, _t.from_at >= instant),
        execution_options={"synchronize_session": False},
    )
    work.session.execute(
        update(_t)
        .where(_t.mandate_id == mandate_id, or_(_t.until_at.is_(None), _t.until_at > instant))
        .values(until_at=instant),
        execution_options={"synchronize_session": False},
    )


def on(work: Work, company_id: UUID, at: datetime) -> list[MandateTerms]:
    """What a company's mandates opened at an instant, past or to come as far as it is known."""
    return list(
        work.session.scalars(
            select(_t)
            .where(_t.company_id == company_id, _t.from_at <= at, or_(_t.until_at.is_(None), _t.until_at > at))
            .order_by(_t.from_at, _t.id)
        )
    )


def of(work: Work, mandate_id: UUID, *, limit: int = 100) -> list[MandateTerms]:
    """The periods of one mandate, the latest first."""
    wanted = select(_t).where(_t.mandate_id == mandate_id).order_by(_t.from_at.desc(), _t.id.desc()).limit(limit)
    return list(work.session.scalars(wanted))


def _add(work: Work, mandate: Mandate, begin: datetime, end: datetime | None, *, only_reads: bool) -> None:
    work.session.add(
        _t(
            id=uuid7(),
            mandate_id=mandate.id,
            company_id=mandate.company_id,
            firm_id=mandate.firm_id,
            preset=mandate.preset,
            options=list(mandate.options),
            lowered=list(mandate.lowered),
            only_reads=only_reads,
            from_at=begin,
            until_at=end,
            changed_by=work.actor.id if work.actor.kind == "account" else None,
        )
    )
    work.session.flush()


def _first(*instants: datetime | None) -> datetime | None:
    return min((each for each in instants if each is not None), default=None)
