"""What is due: cases whose waiting time is over are carried out, and those that nobody needs any more are closed.

A job asks once a minute (`idp outbox run`), and `idp cases due` by hand. Each case is a transaction of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select

from idp.companies import support_kind, support_state
from idp.companies.errors import CaseState
from idp.companies.models import SupportCase
from idp.work import Work

Act = Callable[[Work, SupportCase], bool]
"""Carries a case out, in the transaction that takes it; True when nothing is left to do for the person."""

KEPT_OPEN = timedelta(days=7)  # a request that nobody takes up, a link that nobody uses


def carry_out(work: Work, acts: Mapping[str, Act]) -> dict[str, list[str]]:
    """Do all that is due; answers references of cases by what became of them: `carried_out`, `closed`.

    Args:
        work: of a job, without an open transaction; committed case by case.
        acts: by kind, how a case is carried out.
    """
    done: dict[str, list[str]] = {"carried_out": [], "closed": []}
    for case_id, reason in list(_needless(work)):
        work.write_after_reading()
        case = work.session.get(SupportCase, case_id, populate_existing=True)
        if case is not None and _closed(work, case, reason):
            done["closed"].append(case.reference)
        work.checkpoint(write=False)
    for case_id in due(work):
        work.write_after_reading()
        case = _taken(work, case_id)
        if case is not None:
            finished = acts[case.kind](work, case)
            support_state.record(work, "case.carried_out", case)
            if finished:
                finish(work, case)
            done["carried_out"].append(case.reference)
        work.checkpoint(write=False)
    return done


def due(work: Work) -> list[UUID]:
    """The cases whose waiting time is over, the oldest first."""
    return list(
        work.session.scalars(
            select(SupportCase.id)
            .where(SupportCase.state == "waiting_time", SupportCase.due_at <= work.now)
            .order_by(SupportCase.due_at)
        )
    )


def finish(work: Work, case: SupportCase) -> None:
    """Note that all is done.

    Raises:
        CaseState: it was not carried out, or is over.
    """
    support_state.move(work, case, "finish", state="done", closed_at=work.now, close_reason="done")
    support_state.record(work, "case.finished", case)


def _taken(work: Work, case_id: UUID) -> SupportCase | None:
    """Take a due case; None when somebody else has, when it was stopped, or when the holder has signed in."""
    case = work.session.get(SupportCase, case_id, populate_existing=True)
    if case is None:
        return None
    still = [SupportCase.due_at <= work.now]
    if support_kind.named(case.kind).ends_by_sign_in:
        still.append(~support_state.signed_in_since())
    try:
        support_state.move(work, case, "carry_out", *still, state="ready", ready_at=work.now)
    except CaseState:
        return None
    return case


def _needless(work: Work) -> Iterator[tuple[UUID, str]]:
    """Cases to close, with the reason: the holder has signed in, or nobody has done anything for too long."""
    by_sign_in = [name for name, kind in support_kind.KINDS.items() if kind.ends_by_sign_in]
    waiting = support_state.MAY["stop"] - {"ready"}
    signed_in = and_(SupportCase.kind.in_(by_sign_in), SupportCase.state.in_(waiting), support_state.signed_in_since())
    idle = or_(
        and_(SupportCase.state == "requested", SupportCase.created_at < work.now - KEPT_OPEN),
        and_(SupportCase.state == "ready", SupportCase.ready_at < work.now - KEPT_OPEN),
    )
    for reason, which in (("signed_in", signed_in), ("expired", idle)):
        for case_id in work.session.scalars(select(SupportCase.id).where(SupportCase.closed_at.is_(None), which)):
            yield case_id, reason


def _closed(work: Work, case: SupportCase, reason: str) -> bool:
    try:
        support_state.end(work, case, "close", reason)
    except CaseState:
        return False
    return True
