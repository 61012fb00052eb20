"""From an address to a session: an attempt in one browser, its proofs, and the only exit.

`proofs.DEMANDS` says what is due; `finish` asks it once more and is the only caller of `session.start`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from idp.audit import log as audit
from idp.authn import attempt as attempts
from idp.authn import (
    enrolment,
    notices,
    passkey_proof,
    password_proof,
    proofs,
    recovery_code,
    session,
    suspicion,
    throttle,
    totp,
    trusted_device,
)
from idp.authn import status as account_status
from idp.authn.attempt import Attempt
from idp.authn.enrolment import Enrolment
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.authn.totp import Checked
from idp.core import tokens
from idp.core.errors import Conflict, Expired, NotAuthenticated
from idp.core.ids import uuid7
from idp.work import Work

__all__ = [
    "Attempt",
    "Enrolment",
    "Finished",
    "Outcome",
    "Step",
    "begin",
    "begin_enrolment",
    "code_pause",
    "confirm_enrolment",
    "current",
    "finish",
    "keep_account",
    "prove_passkey",
    "prove_password",
    "prove_recovery_code",
    "prove_totp",
    "renew",
    "step",
    "trust_offered",
]

LIFETIME = timedelta(minutes=30)
CONTINUE_MAX = 2000
_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # ASCII, without the backslash
TOTP, RECOVERY_CODE = totp.KIND, recovery_code.KIND


@dataclass(frozen=True, slots=True)
class Finished:
    """What the browser gets: the session's token, a new cookie for the known browser or None, and where to go on."""

    session_token: str
    device_token: str | None
    device_lifetime: timedelta
    continue_to: str
    account_id: UUID


def begin(
    work: Work, *, continue_to: str, purpose: str = "sign_in", current: session.Current | None = None
) -> tuple[Attempt, str]:
    """Begin an attempt.

    Args:
        continue_to: path of this service to go on at; anything else becomes `/`.
        purpose: `sign_in`, or `step_up` to prove a code again in the live session.
        current: the live session of this browser, if any. The same person's is renewed, another's ends.

    Returns:
        The attempt and its token, for the cookie alone.
    """
    if purpose not in ("sign_in", "step_up"):
        raise ValueError(f"an attempt to {purpose} begins with its link")
    if purpose == "step_up" and current is None:
        raise NotAuthenticated
    return open_attempt(
        work,
        purpose=purpose,
        continue_to=continue_to,
        lifetime=LIFETIME,
        session_id=current.session_id if current else None,
        account_id=current.account_id if current and purpose == "step_up" else None,
    )


def open_attempt(
    work: Work,
    *,
    purpose: str,
    continue_to: str,
    lifetime: timedelta,
    account_id: UUID | None = None,
    session_id: UUID | None = None,
) -> tuple[Attempt, str]:
    """A row for an attempt of any purpose; `activation` and `reset` begin theirs here."""
    return attempts.begin(
        work,
        purpose=purpose,
        continue_to=local_path(continue_to),
        expires_at=work.now + lifetime,
        account_id=account_id,
        session_id=session_id,
    )


def current(work: Work, token: str | None, *, lock: bool = False) -> Attempt:
    """The open attempt of this token.

    Args:
        lock: the request means to change it; other requests of the same attempt wait until this one is done.

    Raises:
        Expired: there is none, or none any more.
    """
    attempt = attempts.find(work, token, lock=lock)
    if attempt is None:
        raise Expired(what="sign_in")
    return attempt


def renew(work: Work, attempt: Attempt) -> str:
    """A new token for the attempt, asked for after the first proof: whoever planted the old one is left behind."""
    token = tokens.new()
    attempts.hold(work, attempt, token_digest=tokens.digest(token))
    return token


def step(work: Work, attempt: Attempt) -> Step:
    """What is due next in this attempt."""
    return proofs.due(attempt)


def prove_password(
    work: Work,
    attempt: Attempt,
    *,
    address: str,
    password: str,
    device_token: str | None,
    device_allowed: Callable[[UUID], bool],
) -> Outcome:
    """Prove address and password. Commits once on the way: nothing else is to be done before it in a request.

    Args:
        device_token: the known-browser cookie as it was sent.
        device_allowed: whether this account's companies let a trusted browser stand in for the second factor.

    Returns:
        `PAUSED` when this network address has tried too often, otherwise accepted or refused, with one text for a wrong
        password, an unknown address, a blocked account and too many tries.

    Raises:
        Conflict: this attempt does not ask for a password (activation, reset, step-up).
        Expired: the attempt is over.
        Unavailable: no capacity for hashing; the try was not counted.
    """
    if attempt.purpose != "sign_in":
        raise Conflict(step=proofs.due(attempt).value)
    return password_proof.prove(
        work, attempt, address=address, password=password, device_token=device_token, device_allowed=device_allowed
    )


def prove_passkey(work: Work, attempt: Attempt, answer: str, *, browser_token: str | None = None) -> Outcome:
    """Prove a passkey: alone, where nothing else was typed yet, or in place of a code.

    Args:
        answer: what the browser posted.
        browser_token: the cookie to which a challenge of the sign-in page was bound; none where a code is due.

    Returns:
        `PAUSED` on the sign-in page when this network has asked and tried far too often, otherwise accepted or refused.

    Raises:
        Conflict: neither is due.
        Expired: the attempt is over.
    """
    if browser_token is not None:
        return passkey_proof.sign_in(work, attempt, answer, browser_token)
    return passkey_proof.prove(work, attempt, answer)


def prove_totp(work: Work, attempt: Attempt, code: str) -> Outcome:
    """Prove a code of the authenticator app; its time step is spent.

    Raises:
        Conflict: no code is due; `step` says what is.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.TOTP)
    digits = totp.cleaned(work, code)
    if digits is None:
        return Outcome.REFUSED  # not a guess: not counted
    return _prove_code(work, attempt, account_id, TOTP, "otp", lambda: totp.verify(work, account_id, digits))


def prove_recovery_code(work: Work, attempt: Attempt, code: str) -> Outcome:
    """Prove a recovery code in place of the second factor; it is used from now on.

    Raises:
        Conflict: no second factor is due; `step` says what is.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.TOTP)
    if recovery_code.cleaned(code) is None:
        return Outcome.REFUSED

    def check() -> Checked:
        return Checked.RIGHT if recovery_code.spend(work, account_id, code) else Checked.WRONG

    outcome = _prove_code(work, attempt, account_id, RECOVERY_CODE, "rcv", check)
    if outcome is Outcome.ACCEPTED:
        totp.forget_wrong(work, account_id)
        left = recovery_code.left(work, account_id)
        notices.tell(work, account_id, "recovery_code_used", left=left)
        audit.record(work, "recovery_code.used", ("account", account_id), left=left)
    return outcome


def code_pause(work: Work, attempt: Attempt, method: str = TOTP) -> datetime | None:
    """The end of the pause of `totp` or `recovery_code` for the account of this attempt, if it is paused."""
    return throttle.paused_until(work, method, str(attempt.account_id)) if attempt.account_id else None


def begin_enrolment(work: Work, attempt: Attempt) -> Enrolment:
    """The secret to link; the same at every reload. See `enrolment.begin`."""
    return enrolment.begin(work, attempt)


def confirm_enrolment(work: Work, attempt: Attempt, code: str) -> Outcome:
    """Link the app when its first code is right. See `enrolment.confirm`."""
    return Outcome.ACCEPTED if enrolment.confirm(work, attempt, code) else Outcome.REFUSED


def trust_offered(work: Work, attempt: Attempt, allowed: bool) -> bool:
    """Whether to offer "trust this browser"; `allowed` is what the companies of the person say."""
    return allowed and attempt.purpose == "sign_in" and work.policies.account.trusted_device_offered


def keep_account(work: Work, attempt: Attempt) -> None:
    """Withdraw a requested erasure: the holder has proved everything and wants to stay.

    Raises:
        Conflict: the account is not waiting to be erased, or something is still to be proved.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.ERASURE)
    if account_status.keep(work, account_id):
        attempt.status = "active"


def finish(
    work: Work,
    attempt: Attempt,
    *,
    trust: bool,
    device_token: str | None = None,
    session_token: str | None = None,
) -> Finished:
    """Turn an attempt with all its proofs into a session: the only exit.

    Args:
        trust: the person asked to trust this browser, and was offered it. Heeded only after a code of the app.
        device_token: the known-browser cookie as it was sent.
        session_token: the session cookie as it was sent. After a mailed link somebody else may be signed in here; their
            session ends, as nobody has its cookie from now on.

    Raises:
        Conflict: something is still due; `step` says what.
        Expired: the attempt is over, or the session to strengthen is.
        NotAuthenticated: the account may not sign in (any more).
    """
    account_id = proofs.demand(work, attempt, Step.DONE)
    work.insist()
    attempts.hold(work, attempt, finished_at=work.now)
    status, new_here = session.arrival(work, account_id)
    if status != "active":
        raise NotAuthenticated
    session_id = uuid7()
    trust = trust and "otp" in attempt.methods and trust_offered(work, attempt, True)
    known = trusted_device.find(work, account_id, device_token) if attempt.purpose != "step_up" else None
    if attempt.purpose == "sign_in" and known is None and new_here:
        notices.tell(work, account_id, "new_sign_in", session_id=session_id)
    cookie, device_id = None, known.device_id if known is not None else uuid7()
    if attempt.purpose != "step_up":
        cookie = trusted_device.remember(work, account_id, device_token, known, trust=trust, device_id=device_id)
    trust = trust and cookie is not None
    if trust:
        notices.tell(work, account_id, "trusted_device_added", session_id=session_id)
    token = _session(work, attempt, account_id, device_id, session_id, session_token)
    if trust:
        audit.record(work, "trusted_device.added", ("account", account_id))
    lifetime = work.policies.account.trusted_device_lifetime
    return Finished(token, cookie, lifetime, attempt.continue_to, account_id)


def local_path(path: str) -> str:
    """A path of this service, or `/`: never another host, however browsers may read it."""
    inside = path.startswith("/") and path[1:2] not in ("/", "\\")
    readable = len(path) <= CONTINUE_MAX and _PRINTABLE.fullmatch(path) is not None
    return path if inside and readable else "/"


def _session(
    work: Work, attempt: Attempt, account_id: UUID, device_id: UUID, session_id: UUID, session_token: str | None
) -> str:
    """Renew the session this attempt began in, or start one; a session of another person ends."""
    if attempt.session_id is not None:
        owner = session.owner(work, attempt.session_id)
        if attempt.purpose == "step_up" or owner == account_id:
            return session.renew(work, attempt.session_id, account_id, attempt.methods)
        if owner is not None:
            session.end(work, attempt.session_id, "replaced")
    elif (other := session.find(work, session_token)) is not None and other.account_id != account_id:
        session.end(work, other.session_id, "replaced")
    return session.start(work, account_id, attempt.methods, device_id=device_id, session_id=session_id)[0]


def _prove_code(
    work: Work, attempt: Attempt, account_id: UUID, kind: str, method: str, check: Callable[[], Checked]
) -> Outcome:
    """Count, check, record. The limit holds over all attempts of the account, for this method alone (R-15)."""
    counted = throttle.take(work, kind, str(account_id), work.policies.account.wrong_codes)
    if not counted.allowed:
        audit.record(work, "sign_in.throttled", ("account", account_id), outcome="refused", by=kind)
        return Outcome.PAUSED
    found = check()
    if found is Checked.RIGHT:
        tries = throttle.clear(work, kind, str(account_id))
        proofs.add(work, attempt, method)
        suspicion.succeeded(work, account_id, kind, tries)
        return Outcome.ACCEPTED
    if found is Checked.USED:
        suspicion.code_replayed(work, account_id)
    if counted.last and kind == TOTP:
        totp.note_pause(work, account_id)
    audit.record(work, f"{kind}.refused", ("account", account_id), outcome="refused")
    return Outcome.PAUSED if counted.last else Outcome.REFUSED
