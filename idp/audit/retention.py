"""What is taken out of the audit log, and how it stays whole: networks and browsers, then events that are too old.

Neither breaks the chain: it holds a salted digest in place of network and browser, and its head remembers the last
event that was removed.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from idp.audit.log import TRACES_KEPT
from idp.audit.models import AuditEvent, AuditHead
from idp.work import Work

BATCH = 500


def erase_traces_of(work: Work, account_id: UUID) -> int:
    """Erase network and browser from every event by or about an account; the events keep its key as a pseudonym.

    The caller records the end of the account (`log.ERASED`) in the same transaction.
    """
    about = and_(AuditEvent.subject_kind == "account", AuditEvent.subject_id == str(account_id))
    return _erase(work, or_(AuditEvent.actor_id == account_id, about))


def erase_old_traces(work: Work) -> int:
    """Erase network and browser from events that are a year old, some at a time; answers how many."""
    old = select(AuditEvent.id).where(AuditEvent.at <= work.now - TRACES_KEPT, AuditEvent.trace_salt.is_not(None))
    return _erase(work, AuditEvent.id.in_(old.order_by(AuditEvent.sequence).limit(BATCH)))


def remove_before(work: Work, instant: datetime) -> int:
    """Remove the oldest events, up to the first that is not older than this, some at a time; answers how many."""
    head = work.session.scalar(select(AuditHead).with_for_update())
    if head is None:
        return 0
    oldest = (
        select(AuditEvent.sequence, AuditEvent.at, AuditEvent.chain_digest).order_by(AuditEvent.sequence).limit(BATCH)
    )
    last: tuple[int, bytes] | None = None
    for sequence, at, digest in work.session.execute(oldest):
        if at >= instant or sequence == head.sequence:  # the latest stays: what comes next is chained to it
            break
        last = (sequence, digest)
    if last is None:
        return 0
    head.removed_sequence, head.removed_digest = last
    work.session.flush()
    removed = work.session.execute(delete(AuditEvent).where(AuditEvent.sequence <= last[0]))
    return int(removed.rowcount)  # type: ignore[attr-defined]


def _erase(work: Work, which: ColumnElement[bool]) -> int:
    erased = work.session.execute(
        update(AuditEvent)
        .where(which, AuditEvent.trace_salt.is_not(None))
        .values(network="", user_agent="", trace_salt=None),
        execution_options={"synchronize_session": False},
    )
    return int(erased.rowcount)  # type: ignore[attr-defined]
