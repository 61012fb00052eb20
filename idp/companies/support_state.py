"""Where a case stands, and how it moves: one conditional update, so that of two requests at once one changes the case
and the other is told where it is.

    requested ──take up──▶ waiting_approval ──approve──▶ waiting_time ──due──▶ ready ──▶ done
    (by the person)         ▲ (opened by staff)

Until the end it can be closed, or stopped by a contact of the person. A case of sharing is in `notice_sent`
as long as only its person was told, then in `review` until it is decided.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update

from idp.audit import log as audit
from idp.authn import status
from idp.authn.models import Session
from idp.companies import support_kind, support_link
from idp.companies.errors import CaseState
from idp.companies.models import SupportCase
from idp.core.errors import NotFound
from idp.work import Work

OPEN = frozenset({"requested", "notice_sent", "review", "waiting_approval", "waiting_time", "ready"})
MAY: dict[str, frozenset[str]] = {
    "take_up": frozenset({"requested"}),
    "approve": frozenset({"waiting_approval"}),
    "confirm": frozenset({"requested", "waiting_approval", "waiting_time"}),
    "carry_out": frozenset({"waiting_time"}),
    "send_again": frozenset({"ready"}),
    "finish": frozenset({"ready"}),
    "stop": OPEN - {"notice_sent", "review"},
    "close": OPEN,
    "notice": frozenset({"review"}),
    "review": frozenset({"notice_sent"}),
}
"""In which states each act is possible."""


def get(work: Work, case_id: UUID) -> SupportCase:
    """A case that the actor may read.

    Raises:
        NotFound: there is none, or it is none of the actor's business; the two look the same.
    """
    case = work.session.get(SupportCase, case_id, populate_existing=True)
    if case is None or case.kind not in support_kind.visible(work):
        raise NotFound(kind="case")
    return case


def open_about(work: Work, account_id: UUID, matter: str) -> SupportCase | None:
    """The open case of an account about `access`, `erasure` or `sharing`; for commands, not for readers."""
    return work.session.scalar(
        select(SupportCase)
        .where(SupportCase.account_id == account_id, SupportCase.matter == matter, SupportCase.closed_at.is_(None))
        .execution_options(populate_existing=True)
    )


def move(work: Work, case: SupportCase, act: str, *also: ColumnElement[bool], **values: Any) -> None:
    """Change a case if it is where this act is possible; what is known of it is read again.

    Args:
        also: further conditions.

    Raises:
        CaseState: it is not; `state` says where it is.
    """
    moved = work.session.execute(
        update(SupportCase).where(SupportCase.id == case.id, SupportCase.state.in_(MAY[act]), *also).values(**values),
        execution_options={"synchronize_session": False},
    )
    work.session.refresh(case)
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise CaseState(state=case.state)


def end(
    work: Work,
    case: SupportCase,
    act: str,
    reason: str,
    *also: ColumnElement[bool],
    sent_to: str = "",
    closed_by: UUID | None = None,
) -> None:
    """End a case without carrying it out; what the person had been sent for it is void.

    Args:
        also: as for `move`.
        sent_to: the masked contact whose link stops it.
        closed_by: the member of staff who closes it.

    Raises:
        CaseState: it is over.
    """
    move(work, case, act, *also, state="closed", closed_at=work.now, close_reason=reason, closed_by=closed_by)
    support_link.void(work, case)
    if case.kind == "erase":
        status.keep(work, case.account_id)  # nothing is left that would erase the account
    details = {"sent_to": sent_to} if sent_to else {}
    record(work, "case.stopped" if act == "stop" else "case.closed", case, reason=reason, **details)


def record(work: Work, name: str, case: SupportCase, **details: Any) -> None:
    """Note an event of a case in the audit log, after its rows are written."""
    work.session.flush()
    audit.record(work, name, ("account", case.account_id), case=case.reference, **details)


def signed_in_since() -> ColumnElement[bool]:
    """Whether the holder has signed in with a second factor since the case was opened."""
    return exists().where(
        Session.account_id == SupportCase.account_id, Session.second_factor_at > SupportCase.created_at
    )
