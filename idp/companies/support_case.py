"""Cases about somebody's account: opened by one of the staff, approved by another, carried out after a waiting time.

Where a case goes from where is in `support_state`, who may do what in `support_kind`, what happens when its time has
come in `support_due`.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import password_proof, reset
from idp.companies import support_kind, support_notice, support_state
from idp.companies.errors import CaseOpen, FourEyes
from idp.companies.models import SupportCase
from idp.core.errors import Conflict, IdpError, InvalidInput, NotFound, NotPermitted
from idp.core.ids import uuid7
from idp.work import Work

REFERENCE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 7
TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Stopped:
    """A case that a contact of the person has ended, or had confirmed."""

    case_id: UUID
    kind: str
    state: str
    due_at: datetime | None


def open_case(
    work: Work,
    kind: str,
    account_id: UUID,
    reason: str,
    identity_check: str,
    *,
    by_person: bool = False,
    due_at: datetime | None = None,
    reference: str = "",
    **details: Any,
) -> SupportCase:
    """Open a case, and tell every known contact of the person how to stop it.

    What the person had requested is taken up by it.

    Args:
        kind: one of `support_kind.KINDS`.
        reason: in the words of whoever opens it; of a person's own request it may be empty.
        identity_check: how it was made sure who asks; of a person's own request and of sharing it may be empty.
        by_person: the person asked for it; nobody of the staff has looked at it yet.
        due_at: it takes effect no earlier, whenever it is approved; for kinds that have a time of their own.
        reference: for a loader; by default a new one.
        details: JSON values that the kind needs.

    Raises:
        InvalidInput: `field` is `kind`, `reason` or `identity_check`.
        NotPermitted, NotOnYourself, MoreRights: the actor may not.
        NotFound: no such account.
        Conflict: the account is not in a state for it; `status` says which.
        CaseOpen: there is an open case about this matter.
    """
    work.write()
    known = support_kind.named(kind)
    if not by_person:
        _required(work, kind, account_id)
        reason = _text(reason, "reason")
        if kind != "sharing":
            identity_check = _text(identity_check, "identity_check")
    _fit(profile.get(work, account_id), kind)
    present = support_state.open_about(work, account_id, known.matter)
    if present is not None:
        if present.kind == kind and present.state == "requested" and not by_person:
            return _take_up(work, present, reason, identity_check)
        raise CaseOpen(case=present.reference)
    case = SupportCase(
        reference=reference or _new_reference(),
        kind=kind,
        account_id=account_id,
        state=_first_state(known, by_person),
        reason=reason,
        identity_check=identity_check,
        details=_kept(work, kind, account_id, details),
        due_at=due_at,
    )
    return _opened(work, case, known, by_person=by_person)


def take_up(work: Work, case_id: UUID, *, reason: str, identity_check: str) -> SupportCase:
    """Look after what a person requested: the first two of the four eyes.

    Raises:
        NotFound, NotPermitted, NotOnYourself, MoreRights, InvalidInput
        CaseState: somebody has taken it up, or it is over.
    """
    case = to_work_on(work, case_id)
    return _take_up(work, case, _text(reason, "reason"), _text(identity_check, "identity_check"))


def approve(work: Work, case_id: UUID) -> SupportCase:
    """Agree to what another of the staff has opened; the waiting time begins. The actor has just proved a code.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        NotPermitted, NotOnYourself, MoreRights: the actor may not.
        FourEyes: the actor opened it.
        CaseState: it does not wait for approval.
    """
    case = to_work_on(work, case_id)
    if _opened_by_actor(work, case):
        raise _refused(work, FourEyes(), case.account_id, case)
    rules, kind = work.policies.account, support_kind.named(case.kind)
    wait = timedelta(0)
    if kind.waits:
        early = kind.shortened and case.confirmed_at is not None
        wait = rules.support_reset_wait_confirmed if early else rules.support_reset_wait
    support_state.move(
        work,
        case,
        "approve",
        state="waiting_time",
        approved_by=_account(work),
        approved_by_name=work.actor.name,
        approved_at=work.now,
        due_at=max(case.due_at or work.now, work.now + wait),
    )
    if _tells(case):
        support_notice.approved(work, case)
    support_state.record(work, "case.approved", case, due_at=_moment(case.due_at))
    return case


def close(work: Work, case_id: UUID, reason: str) -> SupportCase:
    """End a case without carrying it out, by one of the staff; of sharing: decide it.

    Raises:
        NotFound, NotPermitted, NotOnYourself, MoreRights, InvalidInput
        CaseState: it is over.
    """
    case = to_work_on(work, case_id)
    support_state.end(work, case, "close", _text(reason, "reason"), closed_by=_account(work))
    return case


def stop(work: Work, token: str) -> Stopped:
    """End a case from a contact of the person, by the link that was sent there. What was sent meanwhile is void.

    Raises:
        NotFound: no such link.
        Expired: it was used, or the case is over.
    """
    work.write()
    link, case = support_notice.found(work, token)
    support_notice.spend(work, link)
    support_state.end(work, case, "stop", "stopped", sent_to=link.sent_to)
    support_notice.told_staff(work, case)
    return Stopped(case.id, case.kind, case.state, None)


def confirm(work: Work, token: str) -> Stopped:
    """Note that the person asked for it, by the link that was sent to the sign-in address. It can still be stopped.

    Raises:
        NotFound: no such link, or it went elsewhere.
        Expired: it was used, or the case is over.
    """
    work.write()
    link, case = support_notice.found(work, token)
    if not link.may_confirm:
        raise NotFound(what="link")
    if case.confirmed_at is None:
        values: dict[str, Any] = {"confirmed_at": work.now}
        if case.state == "waiting_time" and case.due_at is not None and support_kind.named(case.kind).shortened:
            values["due_at"] = min(case.due_at, work.now + work.policies.account.support_reset_wait_confirmed)
        support_state.move(work, case, "confirm", SupportCase.confirmed_at.is_(None), **values)
        support_state.record(work, "case.confirmed", case, due_at=_moment(case.due_at))
    return Stopped(case.id, case.kind, case.state, case.due_at)


def close_about(work: Work, account_id: UUID, matter: str, reason: str) -> bool:
    """End the open case about a matter, by the journey that made it needless; False when there is none."""
    work.write()
    case = support_state.open_about(work, account_id, matter)
    if case is None:
        return False
    support_state.end(work, case, "close", reason)
    return True


def to_work_on(work: Work, case_id: UUID) -> SupportCase:
    """A case that the actor may work on, in a writing transaction in which nothing else was done yet.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        NotPermitted, NotOnYourself, MoreRights: the actor may not; the refusal is kept.
    """
    work.write()
    case = support_state.get(work, case_id)
    _required(work, case.kind, case.account_id, case)
    return case


def _opened(work: Work, case: SupportCase, known: support_kind.Kind, *, by_person: bool) -> SupportCase:
    """Write a new case down, with who opened it, and tell the contacts."""
    case.id, case.matter, case.created_at = uuid7(), known.matter, work.now
    case.origin = "person" if by_person else _origin(work)
    case.opened_by = None if by_person else _account(work)
    case.opened_by_name = "" if by_person else work.actor.name
    case.repeated = _repeated(work, case.account_id, known.matter)
    work.session.add(case)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_support_cases_open: somebody was faster
        raise CaseOpen() from error
    if known.four_eyes and _tells(case):
        support_notice.opened(work, case)
    said = {"kind": case.kind, "origin": case.origin, "reason": case.reason, "repeated": case.repeated}
    support_state.record(work, "case.opened", case, **said)
    return case


def _tells(case: SupportCase) -> bool:
    """Whether the contacts are told by the case: an erasure that its holder asked for has notices of its own."""
    return case.matter == "access" or case.origin in ("staff", "operator")


def _take_up(work: Work, case: SupportCase, reason: str, identity_check: str) -> SupportCase:
    support_state.move(
        work,
        case,
        "take_up",
        state="waiting_approval",
        reason=reason,
        identity_check=identity_check,
        opened_by=_account(work),
        opened_by_name=work.actor.name,
    )
    support_state.record(work, "case.taken_up", case, reason=reason)
    return case


def _required(work: Work, kind: str, account_id: UUID, case: SupportCase | None = None) -> None:
    try:
        support_kind.require(work, kind, account_id)
    except NotPermitted as error:
        raise _refused(work, error, account_id, case) from error


def _refused(work: Work, error: IdpError, account_id: UUID, case: SupportCase | None) -> IdpError:
    """Keep the refusal although the request ends with an error. Nothing else was done in it."""
    subject = ("account", account_id) if case is None else ("case", case.id)
    audit.record(work, "case.refused", subject, outcome="refused", reason=error.code)
    work.checkpoint(write=False)
    return error


def _kept(work: Work, kind: str, account_id: UUID, details: dict[str, Any]) -> dict[str, Any]:
    """The details of a case, checked as far as that is possible before it is carried out."""
    if kind != "change-email":
        return details
    address = str(details.get("address", "")).strip()
    if email_address.canonical_new(address) == email_address.primary_address(work, account_id).canonical:
        raise InvalidInput(field="email", reason="same")
    return {**details, "address": address}


def _fit(account: Account, kind: str) -> None:
    """An account that an operator blocked stays so; one that wrong passwords blocked needs a new password."""
    fit = account.status != "erased"
    if kind == "reset-2fa":
        fit = account.status in password_proof.MAY_SIGN_IN
    elif support_kind.named(kind).matter == "access":
        fit = reset.may_reset(account)
    if not fit:
        raise Conflict(status=account.status)


def _first_state(kind: support_kind.Kind, by_person: bool) -> str:
    if not kind.four_eyes:
        return "review"
    return "requested" if by_person else "waiting_approval"


def _new_reference() -> str:
    return "".join(secrets.choice(REFERENCE) for _ in range(REFERENCE_LENGTH))


def _repeated(work: Work, account_id: UUID, matter: str) -> bool:
    since = work.now - timedelta(days=work.policies.account.file.support_reset.repeat_flag_days)
    return bool(
        work.session.scalar(
            select(
                exists().where(
                    SupportCase.account_id == account_id, SupportCase.matter == matter, SupportCase.created_at > since
                )
            )
        )
    )


def _opened_by_actor(work: Work, case: SupportCase) -> bool:
    if case.opened_by is not None or work.actor.kind == "account":
        return case.opened_by == _account(work)
    return case.opened_by_name == work.actor.name


def _origin(work: Work) -> str:
    return "staff" if work.actor.kind == "account" else work.actor.kind


def _account(work: Work) -> UUID | None:
    return work.actor.id if work.actor.kind == "account" else None


def _text(typed: str, field: str) -> str:
    kept = " ".join(typed.split())
    if not kept:
        raise InvalidInput(field=field, reason="missing")
    if len(kept) > TEXT_MAX:
        raise InvalidInput(field=field, reason="too_long", max=TEXT_MAX)
    return kept


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
