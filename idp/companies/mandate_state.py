"""The states of a mandate, and the one way from each to the next: an update that matches for a single caller."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from idp.audit import log
from idp.companies import clock, mandate_scope, tables
from idp.companies.models import Mandate, MandateRequest
from idp.core.errors import Conflict, NotFound
from idp.work import Work

WAITING = ("invited", "requested")
LIVE = ("active", "suspended")
OPEN = (*WAITING, *LIVE)


def get(work: Work, mandate_id: UUID) -> Mandate:
    """The mandate with this key. Who may know of it is for the command that asks.

    Raises:
        NotFound: there is none.
    """
    mandate = work.session.get(Mandate, mandate_id)
    if mandate is None:
        raise NotFound(kind="mandate")
    return mandate


def require(mandate: Mandate, states: Collection[str]) -> None:
    """Go on only in one of these states.

    Raises:
        Conflict: it is in another one; `state` says which.
    """
    if mandate.state not in states:
        raise Conflict(field="state", state=mandate.state)


def move(work: Work, mandate: Mandate, state: str, **values: Any) -> str:
    """Change the state, and what goes with it, if it still is what the caller saw. Answers what it was.

    Raises:
        Conflict: somebody was faster.
    """
    m = tables.mandates.c
    # First: who changes anybody's access waits here, and sees the rows of the one before.
    was = mandate.state
    latest = clock.mandate(work, mandate.company_id, mandate.firm_id)
    moved = work.session.execute(
        update(tables.mandates)
        .where(m.id == mandate.id, m.state == mandate.state, m.epoch == mandate.epoch)
        .values(state=state, epoch=latest, **values)
        .returning(m.id)
    ).one_or_none()
    work.session.refresh(mandate)
    if moved is None:
        raise Conflict(field="state", state=mandate.state)
    return was


def record(work: Work, event: str, mandate: Mandate, *, was: str | None = None, **details: Any) -> None:
    """Note in the audit log what happened to a mandate, for its company.

    Args:
        was: its state before, where that is what has changed; None for one that has just begun.
        details: with `before` and `after` where something else has changed.
    """
    if "before" not in details:
        before = {"standing": was} if was is not None else None
        details = {"before": before, "after": {"standing": mandate.state}, **details}
    if mandate_scope.longest(work.policies, mandate.preset) is not None:
        details["temporary"] = True  # for the words in which people read it
    log.record(
        work, event, ("mandate", mandate.id), company_id=mandate.company_id, firm=str(mandate.firm_id), **details
    )


def answer_request(work: Work, mandate: Mandate, outcome: str) -> None:
    """Close the request that led to a mandate, unless another company may still answer it."""
    if mandate.request_id is None:
        return
    r, m = MandateRequest, tables.mandates.c
    waiting = select(m.id).where(m.request_id == mandate.request_id, m.state.in_(WAITING), m.id != mandate.id)
    if outcome != "confirmed" and work.session.execute(waiting.limit(1)).first() is not None:
        return
    work.session.execute(
        update(r).where(r.id == mandate.request_id, r.closed_at.is_(None)).values(closed_at=work.now, outcome=outcome),
        execution_options={"synchronize_session": False},
    )
