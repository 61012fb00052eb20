"""A new password, chosen by its holder in a live session: the present one is proved first, then everything that rested
on it ends, but for the session it was changed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.accounts import email_address, profile
from idp.audit import log as audit
from idp.authn import (
    email_change,
    lost_factor,
    mailed_link,
    notices,
    one_time_code,
    password_proof,
    proofs,
    session,
    trusted_device,
)
from idp.authn import password as passwords
from idp.authn.models import Session
from idp.authn.outcome import Outcome
from idp.core.errors import Expired
from idp.work import Work

REASON = "password_changed"


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it.

    Attributes:
        outcome: of proving the present password. `PAUSED`: too many wrong ones here and at sign-in together.
        session_token: the session's new token, for the cookie alone; None unless the password was changed.
    """

    outcome: Outcome
    session_token: str | None = None


def change(
    work: Work,
    session_id: UUID,
    account_id: UUID,
    *,
    present: str,
    password: str,
    device_token: str | None,
    words: Iterable[str] = (),
) -> Changed:
    """Replace the password of an account.

    Every other session is ended, every browser forgotten, every open attempt and mailed link closed, a change of
    address that is on its way withdrawn, the session that asked gets a new token, and the holder is told at every
    address. Commits on the way, before hashes are computed.

    Args:
        session_id: the session that asks; the caller has seen its fresh second factor (R-20).
        device_token: the known-browser cookie as it was sent, which decides where wrong tries count (R-08).
        words: further words the password must not be derived from, such as the companies of the person.

    Raises:
        InvalidInput: the new one cannot be a password, or is one of the last (`password.chosen`).
        Expired: the session has ended meanwhile.
        Unavailable: no capacity for hashing; nothing was counted.
    """
    work.write()
    account = profile.get(work, account_id)
    address = email_address.primary_address(work, account_id)
    about = [account.given_name, account.family_name, address.address, *words]
    passwords.check(work, password, words=about)  # before a try is counted; told whatever the present one is
    outcome, proved = password_proof.prove_again(work, account_id, present, device_token=device_token)
    if outcome is not Outcome.ACCEPTED:
        return Changed(outcome)
    hash_ = passwords.chosen(work, password, words=about, account_id=account_id)

    # The database was free meanwhile: locked and looked at once more, in the order of every command of this floor.
    password_proof.lift(work, account_id)
    if not password_proof.unchanged(work, proved):
        return Changed(Outcome.REFUSED)
    if _live(work, session_id, account_id) is None:
        raise Expired(what="session")
    passwords.set_hash(work, account_id, hash_)
    proofs.close_others(work, account_id)
    one_time_code.forget_wrong(work, account_id, lost_factor.PURPOSE)  # asked for with the old password
    mailed_link.withdraw_all(work, account_id)
    overtaken = email_change.cancel(work, account_id)  # whoever asked for it may have had the password
    forgotten = trusted_device.forget_all(work, account_id)
    notices.tell(work, account_id, "password_changed")
    session.end_all(work, account_id, REASON, except_id=session_id)
    token = session.renew(work, session_id, account_id, ["pwd"])
    subject = ("account", account_id)
    audit.record(work, "password.changed", subject, way="account")
    if forgotten:
        audit.record(work, "trusted_device.forgotten", subject, reason=REASON, browsers=forgotten)
    if overtaken:
        audit.record(work, "email_change.withdrawn", subject, reason=REASON)
    return Changed(outcome, token)


def _live(work: Work, session_id: UUID, account_id: UUID) -> UUID | None:
    """The session, locked while it has not ended: what is recorded before it is renewed must not wait for it."""
    return work.session.scalar(
        select(Session.id)
        .where(Session.id == session_id, Session.account_id == account_id, Session.ended_at.is_(None))
        .with_for_update()
    )
