"""What is due: cases whose waiting time is over are carried out, and those that nobody needs any more are closed.

A job asks once a minute (`idp outbox run`), and `idp cases due` by hand. Each case is a transaction of its own.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from idp.companies import support_kind, support_link, support_state
from idp.companies.errors import CaseState
from idp.companies.models import SupportCase
from idp.core.errors import IdpError
from idp.work import Work

Act = Callable[[Work, SupportCase], bool]
"""Carries a case out, in the transaction that takes it; True when nothing is left to do for the person."""

FULFILLED = "done"
KEPT_OPEN = timedelta(days=7)  # a request that nobody takes up, a link that nobody uses


def carry_out(work: Work, acts: Mapping[str, Act]) -> dict[str, list[str]]:
    """Do all that is due; answers references of cases by what became of them: `carried_out`, `finished`, `closed`.

    Args:
        work: of a job, without an open transaction; committed case by case.
        acts: by kind, how a case is carried out.
    """
    told: dict[str, list[str]] = {"carried_out": [], "finished": [], "closed": []}
    for case_id, reason, which in _to_settle(work):
        work.write_after_reading()
        case = work.session.get_one(SupportCase, case_id, populate_existing=True)
        with suppress(CaseState):  # it was settled meanwhile
            if reason == FULFILLED:
                finish(work, case, which)
            else:
                support_state.end(work, case, "close", reason, which)
            told["finished" if reason == FULFILLED else "closed"].append(case.reference)
        work.checkpoint(write=False)
    for case_id in due(work):
        work.write_after_reading()
        case = work.session.get_one(SupportCase, case_id, populate_existing=True)
        with suppress(CaseState):  # stopped, taken by another worker, or the holder has signed in
            done = _carried_out(work, case, acts)
            told["carried_out" if done else "closed"].append(case.reference)
        work.checkpoint(write=False)
    return told


def due(work: Work) -> list[UUID]:
    """The cases whose waiting time is over, the oldest first."""
    return list(
        work.session.scalars(
            select(SupportCase.id)
            .where(SupportCase.state == "waiting_time", SupportCase.due_at <= work.now)
            .order_by(SupportCase.due_at)
        )
    )


def finish(work: Work, case: SupportCase, *also: ColumnElement[bool]) -> None:
    """Note that all is done.

    Raises:
        CaseState: it was not carried out, or is over.
    """
    support_state.move(work, case, "finish", *also, state="done", closed_at=work.now, close_reason="done")
    support_state.record(work, "case.finished", case)


def _carried_out(work: Work, case: SupportCase, acts: Mapping[str, Act]) -> bool:
    """Take a due case and do what was agreed to; False when that cannot be done any more, and the case is closed."""
    still = [SupportCase.due_at <= work.now]
    if support_kind.named(case.kind).ends_by_sign_in:
        still.append(~support_state.signed_in_since())
    if case.matter == "erasure":  # what is open about an account is looked into before it disappears (J14)
        other = aliased(SupportCase)
        about = (other.account_id == case.account_id, other.matter != case.matter, other.closed_at.is_(None))
        still.append(~exists().where(*about))
    support_state.move(work, case, "carry_out", *still, state="ready", ready_at=work.now)
    try:
        finished = acts[case.kind](work, case)
    except IdpError as error:  # the new address is somebody's by now, say
        work.session.rollback()
        work.write()
        support_state.end(work, case, "close", f"failed: {error.code}")
        return False
    support_state.record(work, "case.carried_out", case)
    if finished:
        finish(work, case)
    return True


def _to_settle(work: Work) -> list[tuple[UUID, str, ColumnElement[bool]]]:
    """Open cases that nobody has to wait for any more, why, and the condition that says so.

    The person has done what the case made possible; or has signed in with what was said to be lost; or nobody has done
    anything for too long.
    """
    fulfilled = support_link.fulfilled()
    by_sign_in = [name for name, kind in support_kind.KINDS.items() if kind.ends_by_sign_in]
    reasons = {
        FULFILLED: and_(SupportCase.state == "ready", fulfilled),
        "signed_in": and_(
            SupportCase.kind.in_(by_sign_in), ~and_(SupportCase.state == "ready", fulfilled),
            support_state.signed_in_since(),
        ),
        "expired": or_(
            and_(SupportCase.state == "requested", SupportCase.created_at < work.now - KEPT_OPEN),
            and_(SupportCase.state == "ready", SupportCase.ready_at < work.now - KEPT_OPEN, ~fulfilled),
        ),
    }  # fmt: skip
    return [
        (case_id, reason, which)
        for reason, which in reasons.items()
        for case_id in work.session.scalars(select(SupportCase.id).where(SupportCase.closed_at.is_(None), which))
    ]
