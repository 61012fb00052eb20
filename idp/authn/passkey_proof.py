"""Proving or enrolling a passkey in an attempt.

Nothing is counted against an account: a signature cannot be guessed, and whoever is being guessed at gets in with a
passkey (R-08). What comes before any proof (challenges and answers of the first page) is counted per network, with room
for a large office whose open pages ask for a new challenge every few minutes: strangers cannot fill the database or the
audit log.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, select

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import attempt as attempts
from idp.authn import browser, lost_factor, notices, passkey, password_proof, proofs, throttle, totp
from idp.authn.attempt import Attempt
from idp.authn.models import Passkey, PasswordCredential
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.core.errors import Conflict
from idp.policy.account import Limit
from idp.work import Work

KIND_NETWORK = "passkey_network"
STRANGERS = Limit(max=3000, per=timedelta(minutes=15), pause=timedelta(minutes=15))


def options_for_anybody(work: Work, browser_token: str) -> str | None:
    """A challenge for the first page, the same for everybody; None when this network has asked too often."""
    return passkey.request_options(work, passkey.SIGN_IN, browser_token) if _allowed(work) else None


def sign_in(work: Work, attempt: Attempt, answer: str, browser_token: str) -> Outcome:
    """Sign in by passkey alone; it says whose account it is. See `sign_in.prove_passkey`."""
    if attempt.purpose != "sign_in":
        raise Conflict(step=proofs.due(attempt).value)
    if not _allowed(work):
        return Outcome.PAUSED
    _keep_password(work, answer)
    attempts.hold(work, attempt)
    account_id = passkey.verify(work, answer, passkey.SIGN_IN, browser_token)
    if account_id is None:
        return Outcome.REFUSED
    reason = _barred(work, account_id)
    if reason:  # the same sentence as for a passkey that nobody knows
        audit.record(work, "passkey.refused", ("account", account_id), outcome="refused", reason=reason)
        return Outcome.REFUSED
    attempts.hold(work, attempt, account_id=account_id)
    proofs.forget(work, attempt)  # whosever they were
    proofs.add(work, attempt, "key")
    return Outcome.ACCEPTED


def prove(work: Work, attempt: Attempt, answer: str) -> Outcome:
    """Prove a passkey of the account of this attempt, in place of a code."""
    account_id = proofs.demand(work, attempt, Step.TOTP)
    if passkey.verify(work, answer, passkey.PROVE, attempt.id, account_id) is None:
        return Outcome.REFUSED
    proofs.add(work, attempt, "key")
    return Outcome.ACCEPTED


def creation_options(work: Work, attempt: Attempt) -> str:
    """What the browser needs to make a passkey where a second factor is to be enrolled.

    Raises:
        Conflict: enrolling is not what is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.ENROL)
    return passkey.creation_options(work, account_id, passkey.ENROL, attempt.id)


def enrol(work: Work, attempt: Attempt, answer: str, name: str = "") -> Outcome:
    """Enrol a passkey as the second factor; it counts as proof.

    Raises:
        Conflict: enrolling is not, or no longer, what is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.ENROL)
    lost_factor.go_alone(work, attempt, account_id)
    lock(work, account_id)  # two attempts of one account come here one after the other: the first decides
    attempt.has_app, attempt.has_passkey = totp.holds(work, account_id), passkey.holds(work, account_id)
    if attempt.held and not lost_factor.replaces(attempt):
        raise Conflict(step=Step.TOTP.value)
    made = passkey.add(work, account_id, answer, passkey.ENROL, attempt.id, name or default_name(work))
    if made is None:
        return Outcome.REFUSED
    attempt.has_passkey = True
    proofs.add(work, attempt, "key")
    audit.record(work, "passkey.added", ("account", account_id), passkey=str(made.id))
    if lost_factor.replaces(attempt):
        lost_factor.void(work, attempt, account_id, keep=made.id)
    elif attempt.purpose != "activation":  # R-21; during activation the person is being led through it
        notices.tell(work, account_id, "passkey_added")
    return Outcome.ACCEPTED


def default_name(work: Work) -> str:
    """What a passkey is called unless its holder says otherwise: the browser it was made in."""
    said = browser.label(work.actor.user_agent)
    return "" if said == "?" else said


def lock(work: Work, account_id: UUID) -> None:
    """Let the changes of an account's second factors come one after the other."""
    work.session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))


def _keep_password(work: Work, answer: str) -> None:
    """Hold the credential of the account that an answer names, as signing in by password does and before the attempt:
    who takes that password away ends every session, so it comes wholly before this sign-in or wholly after it."""
    owner = select(Passkey.account_id).where(Passkey.credential_id == passkey.named(answer)).scalar_subquery()
    work.session.execute(
        select(PasswordCredential.account_id).where(PasswordCredential.account_id == owner).with_for_update(read=True)
    )


def _barred(work: Work, account_id: UUID) -> str:
    """Why a passkey of this account does not sign in alone; empty when it does. Without a password the account is being
    recovered from somebody else, who may have left the passkey there (`address_switch.undo`)."""
    held = exists().where(PasswordCredential.account_id == account_id).correlate(Account)
    row = work.session.execute(select(Account.status, held.label("held")).where(Account.id == account_id)).one_or_none()
    if row is None or row.status not in password_proof.MAY_SIGN_IN:
        return "status"
    return "" if row.held else "password_void"


def _allowed(work: Work) -> bool:
    work.write()
    network = throttle.network_subject(work.actor.network)
    return network is None or throttle.take(work, KIND_NETWORK, network, STRANGERS, in_a_row=None).allowed
