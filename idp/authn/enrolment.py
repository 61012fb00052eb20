"""Linking an authenticator app during a sign-in: show a secret, take the first code."""

from dataclasses import dataclass

from sqlalchemy import select

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import attempt as attempts
from idp.authn import lost_factor, notices, passkey, proofs, totp
from idp.authn.attempt import Attempt
from idp.authn.proofs import Step
from idp.core.errors import Conflict
from idp.work import Work

PLACE = "sign_ins:{}:pending_secret"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is shown to link an app: `uri` as a QR code, or `secret` to type. It is no second factor yet."""

    secret: str
    uri: str
    label: str


def begin(work: Work, attempt: Attempt) -> Enrolment:
    """The secret to link, the same at every reload of this attempt.

    Raises:
        Conflict: linking an app is not what is due.
        Expired: the attempt is over.
    """
    proofs.demand(work, attempt, Step.ENROL)
    if attempt.pending_secret is None:
        sealed = work.keyring.encrypt(totp.new_secret().encode(), PLACE.format(attempt.id))
        attempts.hold(work, attempt, pending_secret=sealed)
    secret = _pending(work, attempt)
    return Enrolment(secret=secret, uri=totp.uri(work, secret, attempt.address), label=attempt.address)


def confirm(work: Work, attempt: Attempt, code: str) -> bool:
    """Link the app if the code is right; the code is spent and counts as proof.

    Wrong codes are not limited here: the secret is on the person's screen, there is nothing to guess.

    Raises:
        Conflict: linking an app is not, or no longer, what is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.ENROL)
    lost_factor.go_alone(work, attempt, account_id)
    # Two attempts of one account come here one after the other: the first decides which app it is.
    work.session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    attempt.has_app, attempt.has_passkey = totp.holds(work, account_id), passkey.holds(work, account_id)
    if attempt.pending_secret is None or (attempt.held and not lost_factor.replaces(attempt)):
        raise Conflict(step=Step.TOTP.value if attempt.held else Step.ENROL.value)
    secret = _pending(work, attempt)
    digits = totp.cleaned(work, code)
    step = None if digits is None else totp.matching_step(work, secret, digits)
    if step is None:
        return False
    authenticator = totp.enrol(work, account_id, secret, spent_step=step)
    attempt.has_app = True
    proofs.add(work, attempt, "otp")
    attempts.hold(work, attempt, pending_secret=None)
    audit.record(work, "authenticator.enrolled", ("account", account_id), authenticator=str(authenticator.id))
    if lost_factor.replaces(attempt):
        lost_factor.void(work, attempt, account_id, keep=authenticator.id)
    elif attempt.purpose != "activation":  # R-21; during activation the person is being led through it
        notices.tell(work, account_id, "second_factor_added")
    return True


def _pending(work: Work, attempt: Attempt) -> str:
    assert attempt.pending_secret is not None
    return work.keyring.reveal(attempt.pending_secret, PLACE.format(attempt.id)).decode()
