"""What an attempt must prove, in which order: one table, asked by every step and by the only exit.

Nothing asks which page came before (security.md, fact 10). What counts are the rows of `proofs`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.authn import attempt as attempts
from idp.authn.attempt import Attempt
from idp.authn.models import Proof, SignIn
from idp.core.errors import Conflict, Expired
from idp.core.prepared import Prepared
from idp.work import Work

_p: Table = Proof.__table__  # type: ignore[assignment]
_PROOF: dict[str, Any] = {name: bindparam(name) for name in ("sign_in_id", "method", "proved_at")}
_ADD = {
    "sqlite": Prepared(
        sqlite.insert(_p)
        .values(_PROOF)
        .on_conflict_do_update(index_elements=["sign_in_id", "method"], set_={"proved_at": _PROOF["proved_at"]})
    ),
    "postgresql": Prepared(
        postgresql.insert(_p)
        .values(_PROOF)
        .on_conflict_do_update(index_elements=["sign_in_id", "method"], set_={"proved_at": _PROOF["proved_at"]})
    ),
}
_FORGET = Prepared(delete(_p).where(_p.c.sign_in_id == bindparam("attempt")))


class Step(Enum):
    """What is due next in an attempt."""

    PASSWORD = "password"
    TOTP = "totp"
    ENROL = "enrol"
    NEW_PASSWORD = "new_password"
    ERASURE = "erasure"
    CONTACT = "contact"
    CODES = "codes"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Demand:
    """One of these methods must be proved; `held` limits the demand to accounts with, or without, a second factor."""

    any_of: frozenset[str]
    step: Step
    held: bool | None = None


def _demand(methods: str, step: Step, held: bool | None = None) -> Demand:
    return Demand(frozenset(methods.split()), step, held)


DEMANDS: dict[str, tuple[Demand, ...]] = {
    "sign_in": (
        _demand("pwd key", Step.PASSWORD),
        _demand("otp key rcv dev", Step.TOTP, held=True),
        _demand("otp key", Step.ENROL, held=False),
    ),
    "activation": (
        _demand("pwd", Step.PASSWORD),
        _demand("otp key", Step.TOTP, held=True),
        _demand("otp key", Step.ENROL, held=False),
    ),
    # the link never replaces the second factor; it is asked before the new password.
    "reset": (
        _demand("otp key rcv", Step.TOTP, held=True),
        _demand("pwd", Step.NEW_PASSWORD),
        _demand("otp key", Step.ENROL, held=False),
    ),
    # The session has the password already; a trusted browser is no fresh proof.
    "step_up": (_demand("otp key rcv", Step.TOTP),),
    # what it begins with exists only after two proofs. All it leads to is a new second factor.
    "lost_factor": (_demand("pwd", Step.PASSWORD), _demand("otp key", Step.ENROL)),
    "lost_all": (_demand("pwd", Step.NEW_PASSWORD), _demand("otp key", Step.ENROL)),
}
# Proved before there was an attempt, one of them.
BEGUN_WITH = {
    "activation": frozenset({"link"}),
    "reset": frozenset({"link"}),
    "lost_factor": frozenset({"link", "rcv"}),
    "lost_all": frozenset({"link"}),
}
SET_UP = frozenset(DEMANDS) - {"step_up"}  # these end with what every account has: a recovery contact, recovery codes
FRESH = frozenset({"otp", "key", "rcv"})  # a trusted browser is not enough to add a contact or to get codes


def due(attempt: Attempt) -> Step:
    """The next step; `DONE` when nothing is missing.

    Raises:
        Expired: the attempt does not rest on the mailed link, or what else it must have begun with.
    """
    if attempt.purpose in BEGUN_WITH and not BEGUN_WITH[attempt.purpose] & attempt.methods:
        raise Expired(what="sign_in")
    for demand in DEMANDS[attempt.purpose]:
        if demand.held in (None, attempt.held) and not demand.any_of & attempt.methods:
            return demand.step
    if attempt.status == "erasure_requested":
        return Step.ERASURE
    if attempt.purpose in SET_UP and not (attempt.has_contact and attempt.has_codes):
        if not FRESH & attempt.methods:
            return Step.TOTP
        return Step.CODES if attempt.has_contact else Step.CONTACT
    return Step.DONE


def demand(work: Work, attempt: Attempt, *steps: Step) -> UUID:
    """Insist that one of these steps is due, with the attempt locked; answers the account whose turn it is.

    Raises:
        Conflict: another step is due; `step` names it.
        Expired: the attempt is over.
    """
    attempts.hold(work, attempt)
    step = due(attempt)
    if step not in steps or attempt.account_id is None:
        raise Conflict(step=step.value)
    return attempt.account_id


def add(work: Work, attempt: Attempt, method: str) -> None:
    """Record that a method was proved now."""
    connection = work.session.connection()
    values = {"sign_in_id": attempt.id, "method": method, "proved_at": work.now}
    _ADD[connection.dialect.name].run(connection, values)
    attempt.methods.add(method)


def forget(work: Work, attempt: Attempt) -> None:
    """Drop everything proved in a locked attempt that turns to another account."""
    if attempt.methods:
        _FORGET.run(work.session.connection(), {"attempt": attempt.id})
        attempt.methods.clear()


def close_others(work: Work, account_id: UUID, attempt: Attempt | None = None) -> None:
    """Close every open attempt of an account but this one: what it proved was true before the change, not after."""
    which = [SignIn.account_id == account_id, SignIn.finished_at.is_(None)]
    if attempt is not None:
        which.append(SignIn.id != attempt.id)
    work.session.execute(
        update(SignIn).where(*which).values(finished_at=work.now),
        execution_options={"synchronize_session": False},
    )
