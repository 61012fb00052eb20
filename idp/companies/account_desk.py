"""What the staff do to one account by themselves: read its state, block it and open it again, end a pause, close its
sessions. What takes two of them is a case (`support_case`)."""

from uuid import UUID

from idp.accounts import email_address
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import notices, session, status, throttle
from idp.companies import access, support_desk, support_kind
from idp.companies.errors import MoreRights, NotOnYourself
from idp.companies.support_desk import AccountSeen
from idp.core.errors import InvalidInput, NotFound
from idp.work import Work

UNLOCKS, SUSPENDS, ENDS = (f"operations.{each}" for each in ("accounts.unlock", "accounts.suspend", "sessions.end"))
REASON_MAX = 500


def read(work: Work, account_id: UUID) -> AccountSeen:
    """The state of an account; the look is noted, as that of whoever finds it by its address.

    Raises:
        NotPermitted: the actor may not look at accounts.
        NotFound: there is none, or it was erased.
    """
    work.write()
    found = support_desk.account(work, account_id)
    audit.record(work, "account.looked_up", ("account", account_id))
    return found


def block(work: Work, account_id: UUID, reason: str) -> int:
    """Refuse every sign-in of an account and end its sessions; the holder is written to. Answers how many ended.

    Raises:
        NotPermitted, NotOnYourself, MoreRights: as `support_kind.require` says of cases.
        NotFound: there is none, or it was erased.
        InvalidInput: the reason is missing, or too long.
        Conflict: the account is not active; `status` says what it is.
    """
    told = " ".join(reason.split())
    if not 0 < len(told) <= REASON_MAX or not told.isprintable():
        raise InvalidInput(field="reason")
    ended = status.block(work, _account(work, SUSPENDS, account_id), told)
    _write(work, account_id, "blocked")
    return ended


def unblock(work: Work, account_id: UUID) -> None:
    """Let the holder of a blocked account sign in again; they are written to.

    Raises:
        NotPermitted, NotOnYourself, MoreRights, NotFound: as `block`.
        Conflict: the account is not blocked; `status` says what it is.
    """
    status.unblock(work, _account(work, SUSPENDS, account_id))
    _write(work, account_id, "active")


def unlock(work: Work, account_id: UUID) -> None:
    """End the pause that too many wrong passwords have brought about. It opens no account that was blocked.

    Raises:
        NotPermitted, NotOnYourself, MoreRights, NotFound: as `block`.
    """
    _account(work, UNLOCKS, account_id)
    throttle.clear(work, "password", email_address.primary_address(work, account_id).canonical)
    audit.record(work, "account.unlocked", ("account", account_id))


def end_sessions(work: Work, account_id: UUID) -> int:
    """Close every session of an account, in every product; the holder is written to. Answers how many ended.

    Raises:
        NotPermitted, NotOnYourself, MoreRights, NotFound: as `block`.
    """
    _account(work, ENDS, account_id)
    ended = session.end_all(work, account_id, "staff")
    if ended:
        _write(work, account_id, "sessions")
    return ended


def _account(work: Work, permission: str, account_id: UUID) -> Account:
    """An account on which the actor may do this: not their own, nor that of somebody with more rights."""
    work.write()
    require(work, permission, account_id)
    found = work.session.get(Account, account_id)
    assert found is not None  # required
    return found


def require(work: Work, permission: str, account_id: UUID) -> None:
    """Go on if the actor may do this to the account.

    Raises:
        NotPermitted, NotOnYourself, MoreRights, NotFound: as `block`.
    """
    access.require(work, permission)
    found = work.session.get(Account, account_id)
    if found is None or found.status == "erased":
        raise NotFound(kind="account")
    if not access.trusted(work):
        if work.actor.id == account_id:
            raise NotOnYourself()
        if not support_kind.rights(work, account_id) <= access.rights_of_actor(work):
            raise MoreRights()


def _write(work: Work, account_id: UUID, what: str) -> None:
    notices.write(work, account_id, "account_by_staff", what=what)
