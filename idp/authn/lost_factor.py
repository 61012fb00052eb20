"""A lost second factor: two proofs lead to a new one, and to nothing else (J6, R-19).

One way begins with a recovery code, at the end of a sign-in. The other begins with the password and a code sent to a
recovery contact; it goes on by a link to the sign-in address, an hour later when the contact is fresh. Both end in an
attempt of purpose `lost_factor`, which asks for the password again, links a new factor and voids all that rested on the
old one.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import RecoveryContact
from idp.audit import log as audit
from idp.authn import attempt as attempts
from idp.authn import (
    mailed_link,
    notices,
    one_time_code,
    password_proof,
    proofs,
    recovery_code,
    session,
    trusted_device,
)
from idp.authn.attempt import Attempt
from idp.authn.models import MailedLink, Passkey, SignIn, TotpAuthenticator
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.core import tokens
from idp.core.errors import Conflict, Expired
from idp.outbox import queue as outbox
from idp.work import Work

PURPOSE = "lost_factor"
LOST_ALL = "lost_all"  # the same after a case of the staff; it begins with a new password instead of the old one
PURPOSES = (PURPOSE, LOST_ALL)
STOP = "lost_factor_stop"
PROOF = "ctc"


@dataclass(frozen=True, slots=True)
class LinkSent:
    """A link on its way to the sign-in address; `at` is when it leaves, later than now after a fresh contact."""

    address: str
    at: datetime
    waits: bool


# --- proving a recovery contact, in a sign-in ---


def offered(work: Work, attempt: Attempt, *, phones: bool) -> list[RecoveryContact]:
    """The contacts by which this attempt may go on: none unless its password was proved.

    Args:
        phones: whether text messages can be sent.
    """
    if attempt.account_id is None or not _open(attempt):
        return []
    held = recovery_contact.verified(work, attempt.account_id)
    return [contact for contact in held if phones or contact.kind == "email"]


def send_code(work: Work, attempt: Attempt, contact_id: UUID) -> Outcome:
    """Send a code to one of the contacts; it works in this attempt alone.

    Raises:
        Conflict: the password is not proved, or another step is due.
        NotFound: it is no contact of this account.
        Expired: the attempt is over.
    """
    account_id = _demand(work, attempt)
    contact = recovery_contact.get(work, account_id, contact_id)
    locale = profile.get(work, account_id).locale
    return one_time_code.send(
        work,
        account_id,
        purpose=PURPOSE,
        bound_to=attempt.id,
        kind=contact.kind,
        destination=contact.value,
        locale=locale,
    )


def sent_to(work: Work, attempt: Attempt) -> RecoveryContact | None:
    """The contact to which this attempt sent its last code, as long as it is one."""
    if attempt.account_id is None:
        return None
    sent = one_time_code.sent(work, attempt.account_id, purpose=PURPOSE, bound_to=attempt.id)
    held = recovery_contact.verified(work, attempt.account_id) if sent else []
    return next((each for each in held if sent and (each.kind, each.value) == (sent.kind, sent.destination)), None)


def code_pause(work: Work, attempt: Attempt) -> datetime | None:
    """The end of the pause of this way alone, after too many wrong codes."""
    return one_time_code.paused_until(work, attempt.account_id, PURPOSE) if attempt.account_id else None


def prove_contact(work: Work, attempt: Attempt, code: str) -> tuple[Outcome, LinkSent | None]:
    """Check the code of the contact. The right one sends the link and ends this attempt.

    Raises:
        Conflict: the password is not proved, or another step is due.
        Expired: the attempt is over, or the contact was removed meanwhile.
    """
    account_id = _demand(work, attempt)
    outcome = one_time_code.verify(work, account_id, purpose=PURPOSE, bound_to=attempt.id, code=code)
    if outcome is not Outcome.ACCEPTED:
        return outcome, None
    contact = sent_to(work, attempt)
    if contact is None:
        raise Expired(what="code", reason="withdrawn")
    proofs.add(work, attempt, PROOF)
    attempts.hold(work, attempt, finished_at=work.now)
    rules = work.policies.account
    fresh = contact.created_at > work.now - rules.fresh_contact_age
    at = work.now + rules.fresh_contact_wait if fresh else work.now
    address = mail_link(work, account_id, at=at, continue_to=attempt.continue_to)
    _warn(work, account_id, at=at, waits=fresh)
    audit.record(work, "lost_factor.asked", ("account", account_id), contact=contact.kind, waits=fresh)
    return outcome, LinkSent(email_address.masked(address), at, fresh)


def mail_link(work: Work, account_id: UUID, *, at: datetime, continue_to: str = "/", purpose: str = PURPOSE) -> str:
    """Mail the link that leads to a new second factor, at this instant; earlier links are void. Answers the address.

    To be called once two proofs, or two of the staff, have allowed it: nothing else is asked of the link than the
    password (`lost_factor`) or a new one (`lost_all`).
    """
    primary = email_address.primary_address(work, account_id)
    account = profile.get(work, account_id)
    lifetime = work.policies.account.two_factor_setup_lifetime
    token = mailed_link.make(
        work,
        purpose,
        account_id=account_id,
        address=primary.address,
        canonical=primary.canonical,
        locale=account.locale,
        lifetime=at - work.now + lifetime,
        continue_to=continue_to,
    )
    outbox.mail_at(
        work,
        at,
        primary.address,
        "lost_factor_link",
        locale=account.locale,
        name=account.given_name,
        path=f"/lost-factor/{token}",
        expires=(at + lifetime).isoformat(),
    )
    return primary.address


def stop(work: Work, token: str) -> None:
    """Spend the link of the warning: nobody links a new second factor by what was asked for until now.

    Raises:
        NotFound, Expired: the link is unknown, used or over.
    """
    work.write()
    link = mailed_link.find_to_spend(work, STOP, token)
    assert link.account_id is not None  # ck_mailed_links_about_account
    mailed_link.spend(work, link.id)
    withdraw(work, link.account_id)
    audit.record(work, "lost_factor.stopped", ("account", link.account_id))


def withdraw(work: Work, account_id: UUID) -> None:
    """Make every link and open attempt that leads to a new second factor of this account void."""
    for purpose in PURPOSES:
        mailed_link.withdraw(work, purpose, email_address.primary_address(work, account_id).canonical)
    work.session.execute(
        update(SignIn)
        .where(
            SignIn.account_id == account_id,
            SignIn.purpose.in_(PURPOSES),
            SignIn.finished_at.is_(None),
        )
        .values(finished_at=work.now),
        execution_options={"synchronize_session": False},
    )


# --- the attempt that replaces the factor ---


def find(work: Work, token: str) -> MailedLink:
    """The link behind a page. Nothing is spent.

    Raises:
        NotFound, Expired: as `mailed_link.find`.
    """
    return mailed_link.find(work, _purpose_of(work, token), token)


def begin(work: Work, token: str) -> tuple[Attempt, str]:
    """Spend the link and begin the attempt; its next step is the password, or, after `lost_all`, a new one.

    Raises:
        NotFound, Expired: the link is unknown, used or over, or the account may not sign in.
    """
    work.write()
    purpose = _purpose_of(work, token)
    link = mailed_link.find_to_spend(work, purpose, token)
    assert link.account_id is not None  # ck_mailed_links_about_account
    account = profile.get(work, link.account_id)
    lifted = purpose == LOST_ALL and account.status_reason == password_proof.BLOCKED_BY_TRIES
    if account.status not in password_proof.MAY_SIGN_IN and not lifted:  # a new password lifts that block
        raise Expired(what="link", reason="withdrawn")
    mailed_link.spend(work, link.id)
    return _begin(work, link.account_id, purpose, link.continue_to, "link")


def prove_password(work: Work, attempt: Attempt, password: str, *, device_token: str | None) -> Outcome:
    """Prove the password in an attempt that a link or a recovery code began. Commits once on the way.

    Raises:
        Conflict: no password is due here.
        Expired: the attempt is over.
        Unavailable: no capacity for hashing; the try was not counted.
    """
    if attempt.purpose != PURPOSE or proofs.due(attempt) is not Step.PASSWORD:
        raise Conflict(step=proofs.due(attempt).value)
    return password_proof.prove(
        work,
        attempt,
        address=attempt.address,
        password=password,
        device_token=device_token,
        device_allowed=lambda account_id: False,
    )


def turn(work: Work, attempt: Attempt) -> tuple[Attempt, str]:
    """Go over from a sign-in that a recovery code has completed: the phone is lost for good.

    Raises:
        Conflict: this attempt is not complete, or not by a recovery code.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.DONE)
    if not after_recovery_code(attempt):
        raise Conflict(step=Step.DONE.value)
    attempts.hold(work, attempt, finished_at=work.now)
    return _begin(work, account_id, PURPOSE, attempt.continue_to, "rcv")


def after_recovery_code(attempt: Attempt) -> bool:
    """Whether this attempt is to be asked if the phone is lost: a recovery code stood in for it."""
    fresh = {"otp", "key"} & attempt.methods
    return attempt.purpose in ("sign_in", "reset") and "rcv" in attempt.methods and not fresh


def replaces(attempt: Attempt) -> bool:
    """Whether what this attempt links takes the place of every factor there was."""
    return attempt.purpose in PURPOSES


def go_alone(work: Work, attempt: Attempt, account_id: UUID) -> None:
    """Close every other attempt of the account, before the account is locked and its factors are replaced: an attempt
    that waits for the account must not be waited for."""
    if replaces(attempt):
        proofs.close_others(work, account_id, attempt)


def void(work: Work, attempt: Attempt, account_id: UUID, *, keep: UUID) -> None:
    """Void what rested on the old second factor, in the transaction that links the new one (`keep`).

    Old apps and passkeys, recovery codes, trusted browsers, sessions, other attempts and links are gone; every address
    is told.
    """
    for model in (TotpAuthenticator, Passkey):
        work.session.execute(
            delete(model).where(model.account_id == account_id, model.id != keep),
            execution_options={"synchronize_session": False},
        )
    recovery_code.void(work, account_id)
    attempt.has_codes = False
    canonical = email_address.primary_address(work, account_id).canonical
    for purpose in (*PURPOSES, STOP):
        mailed_link.withdraw(work, purpose, canonical)
    overtaken = email_address.cancel_change(work, account_id)  # whoever asked for it may have had the old factor
    one_time_code.forget_wrong(work, account_id, PURPOSE)
    forgotten = trusted_device.forget_all(work, account_id)
    notices.tell(work, account_id, "second_factor_replaced")
    session.end_all(work, account_id, "second_factor_replaced")
    audit.record(work, "authenticator.replaced", ("account", account_id), by=sorted(attempt.methods))
    if overtaken:
        audit.record(work, "email_change.withdrawn", ("account", account_id), reason="second_factor_replaced")
    if forgotten:
        reason = "second_factor_replaced"
        audit.record(work, "trusted_device.forgotten", ("account", account_id), reason=reason, browsers=forgotten)


def _begin(work: Work, account_id: UUID, purpose: str, continue_to: str, proof: str) -> tuple[Attempt, str]:
    """Open the attempt; there is one at a time for an account."""
    withdraw(work, account_id)
    attempt, token = attempts.begin(
        work,
        purpose=purpose,
        continue_to=continue_to,
        expires_at=work.now + work.policies.account.two_factor_setup_lifetime,
        account_id=account_id,
        session_id=None,
    )
    proofs.add(work, attempt, proof)
    return attempt, token


def _purpose_of(work: Work, token: str) -> str:
    """Which of the two purposes the link has; the first one for a link that never was."""
    asked = select(MailedLink.purpose).where(
        MailedLink.token_digest == tokens.digest(token), MailedLink.purpose.in_(PURPOSES)
    )
    return work.session.scalar(asked) or PURPOSE


def _open(attempt: Attempt) -> bool:
    return attempt.purpose == "sign_in" and "pwd" in attempt.methods


def _demand(work: Work, attempt: Attempt) -> UUID:
    account_id = proofs.demand(work, attempt, Step.TOTP)
    if not _open(attempt):
        raise Conflict(step=Step.TOTP.value)
    return account_id


def _warn(work: Work, account_id: UUID, *, at: datetime, waits: bool) -> None:
    """Tell every other address, with a link that stops it; where it waits, the sign-in address gets that too."""
    primary = email_address.primary_address(work, account_id)
    account = profile.get(work, account_id)
    token = mailed_link.make(
        work,
        STOP,
        account_id=account_id,
        address=primary.address,
        canonical=primary.canonical,
        locale=account.locale,
        lifetime=at - work.now + work.policies.account.two_factor_setup_lifetime,
        continue_to="/",
    )
    notices.tell(
        work,
        account_id,
        "lost_factor_asked",
        but=[] if waits else [primary.address],
        path=f"/lost-factor/stop/{token}",
        effective=at.isoformat() if waits else "",
    )
