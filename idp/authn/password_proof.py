"""Proving the password in an attempt: counting, one Argon2 verification, outcome.

An address that is unknown, invited or blocked goes the same way as any other, statement by statement, so that neither
the answer nor its time tells them apart (R-09).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update

from idp.accounts import email_address
from idp.accounts.models import Account, EmailAddress
from idp.audit import log as audit
from idp.authn import attempt as attempts
from idp.authn import password as passwords
from idp.authn import proofs, suspicion, throttle, trusted_device
from idp.authn.attempt import Attempt
from idp.authn.models import PasswordCredential
from idp.authn.outcome import Outcome
from idp.core.errors import InvalidInput, Unavailable
from idp.core.prepared import Prepared
from idp.outbox import queue as outbox
from idp.work import Work

KIND = "password"
KIND_KNOWN = "password_known_browser"
KIND_NETWORK = "password_network"
NOBODY = UUID(int=0)
MAY_SIGN_IN = ("active", "erasure_requested")
BLOCKED_BY_TRIES = "wrong_passwords"

_c: Table = PasswordCredential.__table__  # type: ignore[assignment]
_a: Table = Account.__table__  # type: ignore[assignment]
_e: Table = EmailAddress.__table__  # type: ignore[assignment]
_CANDIDATE = Prepared(
    select(_e.c.account_id, _c.c.hash)
    .join_from(_e, _c, _c.c.account_id == _e.c.account_id, isouter=True)
    .where(_e.c.canonical == bindparam("canonical"), _e.c.released_at.is_(None), _e.c.verified_at.is_not(None))
)
_STATUS_NOW = Prepared(
    select(_c.c.hash, _a.c.status, _a.c.status_reason)
    .join_from(_c, _a, _a.c.id == _c.c.account_id)
    .where(_c.c.account_id == bindparam("account"))
    .with_for_update(of=_c)
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the typed address leads to. `kind` and `subject` say where its tries are counted."""

    canonical: str
    account_id: UUID | None
    hash: str | None
    kind: str
    subject: str
    device: trusted_device.Known | None

    @property
    def audited(self) -> tuple[str, object]:
        return ("account", self.account_id) if self.account_id else ("address", "")


def prove(
    work: Work,
    attempt: Attempt,
    *,
    address: str,
    password: str,
    device_token: str | None,
    device_allowed: Callable[[UUID], bool],
) -> Outcome:
    """See `sign_in.prove_password`."""
    work.write()
    candidate = _candidate(work, address, device_token)
    network = throttle.network_subject(work.actor.network) if candidate.kind == KIND else None
    if network and not throttle.take(work, KIND_NETWORK, network, throttle.NETWORK_TRIES, in_a_row=None).allowed:
        _record(work, "sign_in.throttled", candidate, by="network")
        return Outcome.PAUSED
    counted = throttle.take(work, candidate.kind, candidate.subject, work.policies.account.wrong_passwords)
    if not counted.allowed:
        _record(work, "sign_in.throttled", candidate, by=candidate.kind)
        return Outcome.REFUSED
    verified, tries = _verified(work, candidate, password, network, lasting=attempt.purpose in proofs.BEGUN_WITH)
    status, reason = _status_now(work, candidate)
    if not verified.right or status not in MAY_SIGN_IN or candidate.account_id is None:
        work.insist()
        attempts.hold(work, attempt)
        blocked = verified.right and status == "blocked" and reason == BLOCKED_BY_TRIES
        return _refuse(work, candidate, last=counted.last and not verified.right, blocked=blocked)
    if attempt.purpose in proofs.BEGUN_WITH:  # begun for one account, with a proof that stays
        attempts.hold(work, attempt)
        if attempt.account_id != candidate.account_id:
            return _refuse(work, candidate, last=False, blocked=False)
    else:
        attempts.hold(work, attempt, account_id=candidate.account_id)
        proofs.forget(work, attempt)  # whosever they were: another request may have turned the attempt meanwhile
    proofs.add(work, attempt, "pwd")
    if _trusted(work, candidate, device_allowed):
        proofs.add(work, attempt, "dev")
    suspicion.succeeded(work, candidate.account_id, "password", tries)
    if verified.renewed is not None:
        work.insist()
        _rehash(work, candidate.account_id, candidate.hash or "", verified.renewed)
    return Outcome.ACCEPTED


def prove_again(work: Work, account_id: UUID, password: str, *, device_token: str | None) -> tuple[Outcome, Candidate]:
    """Prove the present password of an account outside an attempt, before it is changed. Tries are counted together
    with those of signing in (R-07), so nothing is gained by guessing here. Commits once on the way.

    Returns:
        Accepted, with the credential locked; refused; or `PAUSED` when there were too many tries, and then the right
        password is refused too. With it what was proved, for `unchanged`.
    """
    work.write()
    address = email_address.primary_address(work, account_id).address
    candidate = _candidate(work, address, device_token)
    counted = throttle.take(work, candidate.kind, candidate.subject, work.policies.account.wrong_passwords)
    if not counted.allowed:
        _record(work, "sign_in.throttled", candidate, by=candidate.kind)
        return Outcome.PAUSED, candidate
    verified, tries = _verified(work, candidate, password, None, lasting=True)
    if verified.right and unchanged(work, candidate):
        suspicion.succeeded(work, account_id, "password", tries)
        return Outcome.ACCEPTED, candidate
    last = counted.last and not verified.right
    _refuse(work, candidate, last=last, blocked=False)
    return (Outcome.PAUSED if last else Outcome.REFUSED), candidate


def unchanged(work: Work, candidate: Candidate) -> bool:
    """Whether the password that was proved is still the account's, which may still be used; it is locked from here
    on."""
    return _status_now(work, candidate)[0] in MAY_SIGN_IN


def lift(work: Work, account_id: UUID) -> None:
    """Forget the wrong passwords counted for an account's address; a new password was set."""
    throttle.clear(work, KIND, email_address.primary_address(work, account_id).canonical)


def _candidate(work: Work, address: str, device_token: str | None) -> Candidate:
    try:
        canonical = email_address.canonical(address)
    except InvalidInput:
        canonical = address.strip().casefold()[: email_address.LONGEST]  # nobody's, and counted like any other
    row = _CANDIDATE.first(work.session.connection(), {"canonical": canonical})
    account_id, stored = (row[0], row[1]) if row is not None else (None, None)
    device = trusted_device.find(work, account_id or NOBODY, device_token)
    if device is not None:  # what strangers type elsewhere does not count here
        return Candidate(canonical, account_id, stored, KIND_KNOWN, str(device.id), device)
    return Candidate(canonical, account_id, stored, KIND, canonical, None)


def _verified(
    work: Work, candidate: Candidate, password: str, network: str | None, *, lasting: bool
) -> tuple[passwords.Verified, int]:
    """Compare, with the database free meanwhile, and forget what was counted when the password is right; answers how
    many tries that were, too. What is recorded of a right password lasts if it has to (docs/decisions/0013).

    The try is kept whatever happens: hashing must not hold the database (docs/decisions/0002). After it rows are locked
    in the order that every command of this floor keeps: counts (network first), credential, attempt, sessions, and the
    audit log last. Another order would let two requests wait for each other.
    """
    work.checkpoint(write=False)
    try:
        verified = passwords.verify(candidate.hash, password)
    except Unavailable:
        work.write()
        _give_back_network(work, network)
        throttle.give_back(work, candidate.kind, candidate.subject)
        work.checkpoint(write=False)
        raise
    work.write(lasting=lasting or not verified.right)
    if verified.right:
        _give_back_network(work, network)
        return verified, throttle.clear(work, candidate.kind, candidate.subject)
    return verified, 0


def _status_now(work: Work, candidate: Candidate) -> tuple[str | None, str]:
    """Status of the account, if the password is still the one that was verified.

    The credential stays locked until the end, so that a change of password comes wholly before or wholly after; after
    it, this attempt is closed by it.
    """
    row = _STATUS_NOW.first(work.session.connection(), {"account": candidate.account_id or NOBODY})
    if row is None or row.hash != candidate.hash:
        return None, ""
    return row.status, row.status_reason


def _give_back_network(work: Work, network: str | None) -> None:
    if network:
        throttle.give_back(work, KIND_NETWORK, network)


def _refuse(work: Work, candidate: Candidate, *, last: bool, blocked: bool) -> Outcome:
    if last or blocked:  # the same row for an unknown address; who holds it is looked up later, outside the request
        outbox.fact(work, "sign_in.blocked", canonical=candidate.canonical)
    _record(work, "password.refused", candidate)
    if last:
        _record(work, "account.blocked", candidate)
    return Outcome.REFUSED


def _trusted(work: Work, candidate: Candidate, device_allowed: Callable[[UUID], bool]) -> bool:
    return (
        candidate.device is not None
        and candidate.device.trusted
        and candidate.account_id is not None
        and work.policies.account.trusted_device_offered
        and device_allowed(candidate.account_id)
    )


def _rehash(work: Work, account_id: UUID, old: str, new: str) -> None:
    work.session.execute(
        update(PasswordCredential)
        .where(PasswordCredential.account_id == account_id, PasswordCredential.hash == old)
        .values(hash=new),
        execution_options={"synchronize_session": False},
    )
    audit.record(work, "password.rehashed", ("account", account_id))


def _record(work: Work, name: str, candidate: Candidate, by: str = "") -> None:
    subject = candidate.audited
    if not subject[1]:
        subject = ("address", throttle.subject_hint(work, candidate.canonical))
    details: dict[str, Any] = {"by": by} if by else {}
    audit.record(work, name, subject, outcome="refused", **details)
