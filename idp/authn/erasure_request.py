"""The beginning of the waiting period of an erasure: every door of the account closes, and its holder may come back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from idp.accounts import profile
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import email_change, mailed_link, notices, proofs, session, trusted_device
from idp.core.errors import Conflict
from idp.work import Work


def begin(work: Work, account_id: UUID) -> datetime:
    """Let the waiting period of an erasure begin, and close every door; answers its end.

    Raises:
        Conflict: the account is not active; `status` says what it is.
    """
    due_at = work.now + work.policies.account.erasure_cooling_off
    asked = work.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.status == "active")
        .values(status="erasure_requested", erasure_at=due_at)
    )
    if asked.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(status=profile.get(work, account_id).status)
    proofs.close_others(work, account_id)
    mailed_link.withdraw_all(work, account_id)
    trusted_device.forget_all(work, account_id)
    overtaken = email_change.cancel(work, account_id)
    notices.tell(work, account_id, "erasure_requested", path="/sign-in", expires=due_at.isoformat())
    session.end_all(work, account_id, "erasure_requested")
    if overtaken:
        audit.record(work, "email_change.withdrawn", ("account", account_id), reason="erasure_requested")
    audit.record(work, "account.erasure_requested", ("account", account_id), due_at=due_at.isoformat())
    return due_at
