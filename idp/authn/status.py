"""Blocking an account, and opening it again: by an operator, with the reason kept. Its erasure, withdrawn."""

from uuid import UUID

from sqlalchemy import update

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import session
from idp.core.errors import Conflict
from idp.work import Work


def block(work: Work, account: Account, reason: str) -> int:
    """Refuse every sign-in of an account and end its sessions; answers how many ended.

    Raises:
        Conflict: the account is not active; `status` says what it is.
    """
    if account.status != "active":
        raise Conflict(status=account.status)
    account.status, account.status_reason = "blocked", reason
    work.session.flush()
    ended = session.end_all(work, account.id, "account_blocked")
    audit.record(work, "account.status_changed", ("account", account.id), status="blocked", reason=reason)
    return ended


def unblock(work: Work, account: Account) -> None:
    """Let the holder of a blocked account sign in again, with all that was linked to it.

    Raises:
        Conflict: the account is not blocked; `status` says what it is.
    """
    if account.status != "blocked":
        raise Conflict(status=account.status)
    account.status, account.status_reason = "active", ""
    work.session.flush()
    session.end_all(work, account.id, "account_blocked")  # what was under way when it was blocked; it opened nothing
    audit.record(work, "account.status_changed", ("account", account.id), status="active")


def keep(work: Work, account_id: UUID) -> bool:
    """Withdraw a requested erasure; False when there was none."""
    kept = work.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.status == "erasure_requested")
        .values(status="active", status_reason="", erasure_at=None)
    )
    if kept.rowcount != 1:  # type: ignore[attr-defined]
        return False
    audit.record(work, "account.erasure_withdrawn", ("account", account_id))
    return True
