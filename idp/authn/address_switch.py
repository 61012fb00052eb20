"""The moment in which the sign-in address of an account changes, and the one in which that is taken back.

Everything is one transaction: the addresses, the end of what rested on the old one, and both notices (F-05).
`sub`, roles, mandates and audit rest on the account and stay as they are (EML-05).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import Account, EmailAddress, EmailChange
from idp.audit import log as audit
from idp.authn import browser, mailed_link, notices, proofs, session, sign_in, trusted_device
from idp.authn import password as passwords
from idp.authn.attempt import Attempt
from idp.authn.models import Passkey, TotpAuthenticator
from idp.core import tokens
from idp.core.errors import Expired, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

RESET_PATH = "/reset"
UNDO_PATH = "/email-change/undo/{}"
REASON = "email_changed"
UNDONE = "email_change_undone"


class Taken(Exception):
    """The address became somebody else's before it could become this account's."""


def perform(work: Work, change_id: UUID, *, keep_session: UUID | None) -> bool:
    """Do a change whose new address is proved, once; False when it was done, closed, or cannot be done.

    Args:
        keep_session: the session of the holder who does it; every other one ends.
    """
    undo = tokens.new()
    until = work.now + work.policies.account.email_change_undo_lifetime
    change = _claim(
        work, change_id, EmailChange.done_at.is_(None), EmailChange.proved_at.is_not(None),
        done_at=work.now, undo_until=until, undo_digest=tokens.digest(undo),
    )  # fmt: skip
    if change is None:
        return False
    account = profile.get(work, change.account_id)
    work.session.refresh(account)
    if account.status != "active":
        return _not_done(work, change, "cancelled")
    try:
        with work.session.begin_nested():
            _replace(work, account.id, change.old_canonical, change.new_address, change.new_canonical)
    except (IntegrityError, Taken):
        notices.tell(work, account.id, "email_change_stopped", path=RESET_PATH)
        return _not_done(work, change, "taken")
    _no_contact_at(work, account.id, change.new_canonical)
    forgotten = _let_go(work, account.id)
    _tell_done(work, account, change, UNDO_PATH.format(undo))
    outbox.fact(work, "email_change.done", account=str(account.id), old=change.old_canonical, new=change.new_address)
    session.end_all(work, account.id, REASON, except_id=keep_session)
    _record(work, "email.changed", change, forgotten)
    return True


def find_to_undo(work: Work, token: str) -> EmailChange:
    """The change that this link takes back. Nothing is spent.

    Raises:
        NotFound: there never was such a link.
        Expired: it was used, or its days are over; `reason` says which.
    """
    change = work.session.query(EmailChange).filter_by(undo_digest=tokens.digest(token)).one_or_none()
    if change is None:
        raise NotFound(what="link")
    if change.closed_at is not None:
        raise Expired(what="link", reason="used")
    if change.undo_until is None or change.undo_until <= work.now:
        raise Expired(what="link", reason="expired")
    return change


def undo(work: Work, token: str) -> tuple[Attempt, str]:
    """Give the account its old address back, by the link that was mailed there (EML-04).

    Every session ends, and the password is void: it has been somebody else's. What was added to sign in with since the
    change was asked is void too, as long as anything older stays. Answers the attempt in which the holder chooses
    another password, second factor first (R-19), and then sees what is left; and its token.

    Raises:
        NotFound, Expired: as `find_to_undo`.
    """
    work.write()
    found = find_to_undo(work, token)
    account_id = found.account_id
    passwords.void(work, account_id)
    change = _claim(
        work, found.id, EmailChange.done_at.is_not(None), EmailChange.undo_until > work.now,
        closed_at=work.now, outcome="undone",
    )  # fmt: skip
    if change is None:
        raise Expired(what="link", reason="used")
    _replace(work, account_id, change.new_canonical, change.old_address, change.old_canonical)
    # From now on nothing but this one notice goes to an address that may be a stranger's.
    _forget(work, account_id, change.new_canonical)
    _no_contact_at(work, account_id, change.old_canonical)
    forgotten = _let_go(work, account_id)
    added = _take_back_factors(work, account_id, change.asked_at)
    lifetime = work.policies.account.password_reset_lifetime
    attempt, attempt_token = sign_in.open_attempt(
        work, purpose="reset", continue_to="/account/authenticators", lifetime=lifetime, account_id=account_id
    )
    proofs.add(work, attempt, "link")
    notices.tell(work, account_id, UNDONE, also=[change.new_address], path=RESET_PATH)
    outbox.fact(work, "email_change.undone", account=str(account_id), change=str(change.id),
                old=change.new_canonical, new=change.old_address)  # fmt: skip
    session.end_all(work, account_id, UNDONE)
    if added:
        audit.record(work, "authenticator.removed", ("account", account_id), reason=UNDONE, number=added)
    _record(work, "email.change_undone", change, forgotten)
    return attempt, attempt_token


def _take_back_factors(work: Work, account_id: UUID, since: datetime) -> int:
    """Void apps and passkeys added since then: a stranger's passkey would sign in alone. Answers how many.

    Nothing is voided when no older one stays: whoever holds the old mailbox would then be asked for no second factor at
    all (R-19), and the staff look into it anyway.
    """
    models: tuple[type[TotpAuthenticator] | type[Passkey], ...] = (TotpAuthenticator, Passkey)
    counted = usable = 0
    for model in models:
        theirs = select(func.count()).select_from(model).where(model.account_id == account_id)
        if model is TotpAuthenticator:
            theirs = theirs.where(TotpAuthenticator.confirmed_at.is_not(None))
        counted += work.session.scalar(theirs.where(model.created_at > since)) or 0
        usable += work.session.scalar(theirs.where(model.created_at <= since)) or 0
    if not counted or not usable:
        return 0
    for model in models:
        work.session.execute(
            delete(model).where(model.account_id == account_id, model.created_at > since),
            execution_options={"synchronize_session": False},
        )
    return counted


def _claim(work: Work, change_id: UUID, *which: Any, **values: Any) -> EmailChange | None:
    """Set these columns of a change that is not closed, if it is still in this state: of several callers one does."""
    work.session.flush()
    claimed = work.session.scalar(
        update(EmailChange)
        .where(EmailChange.id == change_id, EmailChange.closed_at.is_(None), *which)
        .values(**values)
        .returning(EmailChange.id),
        execution_options={"synchronize_session": False},
    )
    if claimed is None:
        return None
    return work.session.get_one(EmailChange, change_id, populate_existing=True)


def _replace(work: Work, account_id: UUID, before: str, address: str, canonical: str) -> None:
    """Release one address and take another.

    Raises:
        IntegrityError, Taken: the other one is somebody's, or kept for somebody.
    """
    released = work.session.execute(
        update(EmailAddress)
        .where(
            EmailAddress.account_id == account_id,
            EmailAddress.canonical == before,
            EmailAddress.released_at.is_(None),
        )
        .values(released_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if released.rowcount != 1:  # type: ignore[attr-defined]
        raise Taken
    work.session.execute(
        insert(EmailAddress).values(
            id=uuid7(), account_id=account_id, address=address, canonical=canonical,
            verified_at=work.now, created_at=work.now,
        )
    )  # fmt: skip
    if email_address.reserved(work, canonical, by_others_than=account_id):
        raise Taken


def _no_contact_at(work: Work, account_id: UUID, canonical: str) -> None:
    """A recovery contact is another address than the one to sign in with (MFA-04), also when it was added meanwhile."""
    for contact in recovery_contact.verified(work, account_id):
        if contact.kind == "email" and email_address.canonical(contact.value) == canonical:
            work.session.delete(contact)
    work.session.flush()


def _forget(work: Work, account_id: UUID, canonical: str) -> None:
    work.session.execute(
        delete(EmailAddress).where(
            EmailAddress.account_id == account_id,
            EmailAddress.canonical == canonical,
            EmailAddress.released_at.is_not(None),
        ),
        execution_options={"synchronize_session": False},
    )


def _let_go(work: Work, account_id: UUID) -> int:
    """End what rested on the address before: attempts, mailed links, trust in browsers; answers how many of these."""
    proofs.close_others(work, account_id)
    forgotten = trusted_device.forget_all(work, account_id)
    mailed_link.withdraw_all(work, account_id)
    return forgotten


def _tell_done(work: Work, account: Account, change: EmailChange, undo_path: str) -> None:
    """The old mailbox gets the way back; every other one learns of the change."""
    masked = email_address.masked(change.new_address)
    notices.tell(work, account.id, "email_changed", but=[change.old_address], new_address=masked)
    assert change.undo_until is not None  # set with done_at
    outbox.mail(
        work,
        change.old_address,
        "email_changed_undo",
        locale=account.locale,
        name=account.given_name,
        when=work.now.isoformat(),
        device=browser.label(work.actor.user_agent),
        new_address=masked,
        path=undo_path,
        expires=change.undo_until.isoformat(),
    )


def _not_done(work: Work, change: EmailChange, outcome: str) -> bool:
    work.session.execute(
        update(EmailChange)
        .where(EmailChange.id == change.id)
        .values(done_at=None, undo_until=None, undo_digest=None, closed_at=work.now, outcome=outcome),
        execution_options={"synchronize_session": False},
    )
    audit.record(
        work, "email_change.refused", ("account", change.account_id), outcome="refused",
        change=str(change.id), reason=outcome,
    )  # fmt: skip
    return False


def _record(work: Work, name: str, change: EmailChange, forgotten: int) -> None:
    subject = ("account", change.account_id)
    audit.record(work, name, subject, change=str(change.id), way=change.way)
    if forgotten:
        audit.record(work, "trusted_device.forgotten", subject, reason=REASON, browsers=forgotten)
