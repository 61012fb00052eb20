"""What an attempt must prove, in which order: one table, asked by every step and by the only exit.

Nothing asks which page came before (security.md, fact 10). What counts are the rows of `proofs`.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.accounts.models import Account
from idp.authn import totp
from idp.authn.models import Proof, SignIn
from idp.core.errors import Conflict, Expired
from idp.work import Work


class Step(Enum):
    """What is due next in an attempt."""

    PASSWORD = "password"
    TOTP = "totp"
    ENROL = "enrol"
    NEW_PASSWORD = "new_password"
    ERASURE = "erasure"
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
        _demand("pwd", Step.PASSWORD),
        _demand("otp rcv dev", Step.TOTP, held=True),
        _demand("otp", Step.ENROL, held=False),
    ),
    "activation": (
        _demand("pwd", Step.PASSWORD),
        _demand("otp", Step.TOTP, held=True),
        _demand("otp", Step.ENROL, held=False),
    ),
    # the link never replaces the second factor; it is asked before the new password.
    "reset": (
        _demand("otp rcv", Step.TOTP, held=True),
        _demand("pwd", Step.NEW_PASSWORD),
        _demand("otp", Step.ENROL, held=False),
    ),
    # The session has the password already; a trusted browser is no fresh proof.
    "step_up": (_demand("otp rcv", Step.TOTP),),
}
BEGUN_WITH = {"activation": "link", "reset": "link"}  # proved before there was an attempt


def proved(work: Work, attempt: SignIn) -> set[str]:
    """The methods proved in this attempt."""
    return set(work.session.scalars(select(Proof.method).where(Proof.sign_in_id == attempt.id)))


def due(work: Work, attempt: SignIn) -> Step:
    """The next step; `DONE` when nothing is missing.

    Raises:
        Expired: the attempt does not rest on the mailed link it must have begun with.
    """
    methods = proved(work, attempt)
    if attempt.purpose in BEGUN_WITH and BEGUN_WITH[attempt.purpose] not in methods:
        raise Expired(what="sign_in")
    held = attempt.account_id is not None and totp.holds(work, attempt.account_id)
    for demand in DEMANDS[attempt.purpose]:
        if demand.held in (None, held) and not demand.any_of & methods:
            return demand.step
    return Step.ERASURE if _status(work, attempt.account_id) == "erasure_requested" else Step.DONE


def demand(work: Work, attempt: SignIn, *steps: Step) -> UUID:
    """Insist that one of these steps is due; answers the account whose turn it is.

    Raises:
        Conflict: another step is due; `step` names it.
        Expired: the attempt is over.
    """
    hold(work, attempt)
    step = due(work, attempt)
    if step not in steps or attempt.account_id is None:
        raise Conflict(step=step.value)
    return attempt.account_id


def hold(work: Work, attempt: SignIn, **values: object) -> None:
    """Lock the attempt for the rest of the transaction and set these columns, if it is still open.

    Two requests of one attempt come one after the other from here on, and a change of password that closes the
    attempt is seen.

    Raises:
        Expired: it was finished or closed, or its time is over.
    """
    held = work.session.execute(
        update(SignIn)
        .where(SignIn.id == attempt.id, SignIn.finished_at.is_(None), SignIn.expires_at > work.now)
        .values(**(values or {"expires_at": SignIn.expires_at})),
        execution_options={"synchronize_session": False},
    )
    if held.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="sign_in")
    work.session.expire(attempt)


def add(work: Work, attempt: SignIn, method: str) -> None:
    """Record that a method was proved now."""
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    work.session.execute(
        insert(Proof)
        .values(sign_in_id=attempt.id, method=method, proved_at=work.now)
        .on_conflict_do_update(index_elements=[Proof.sign_in_id, Proof.method], set_={"proved_at": work.now})
    )


def forget(work: Work, attempt: SignIn) -> None:
    """Drop everything proved in an attempt that turns to another account."""
    work.session.execute(
        delete(Proof).where(Proof.sign_in_id == attempt.id), execution_options={"synchronize_session": False}
    )


def close_others(work: Work, account_id: UUID, attempt: SignIn) -> None:
    """Close every other open attempt of an account: what it proved was true before the change, not after."""
    work.session.execute(
        update(SignIn)
        .where(SignIn.account_id == account_id, SignIn.finished_at.is_(None), SignIn.id != attempt.id)
        .values(finished_at=work.now),
        execution_options={"synchronize_session": False},
    )


def _status(work: Work, account_id: UUID | None) -> str | None:
    return work.session.scalar(select(Account.status).where(Account.id == account_id))
