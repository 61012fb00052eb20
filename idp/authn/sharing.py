"""One account, one person: what is done about signs of sharing, in steps and never by a block (PER-03, PER-04).

The person is told first. From the policy's next score on a code is asked at every sign-in: `needs_code_each_time` is
part of the one statement that decides whether a browser may be trusted. Then the staff look at it. Signs count for as
long as the policy says, and a muted one not at all.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, bindparam, delete, exists, func, or_, select, update

from idp.accounts import email_address, profile
from idp.audit import log as audit
from idp.authn import notices, proofs, reset, session, sharing_signs, trusted_device
from idp.authn.models import PasswordCredential, SharingAnswer, SharingSignal
from idp.authn.sharing_signs import CODE_ASKED_ELSEWHERE, GENERIC_ADDRESS, Sighting
from idp.core.db import UTCDateTime
from idp.core.ids import uuid7
from idp.work import Work

PAGE = "/account/sharing"
OCCASIONS = {CODE_ASKED_ELSEWHERE: 2}  # how often a sign must have happened within a week before it counts
ONE_OCCASION = timedelta(minutes=10)
ME, NOT_ME, SHARED = "me", "not_me", "shared"

_s = SharingSignal


@dataclass(frozen=True, slots=True)
class Sign:
    """A signal that counts: what is known of it and since when."""

    signal: str
    label: dict[str, str]
    weight: int
    evidence: dict[str, Any]
    first_seen_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts against an account now, and what the policy makes of it.

    Attributes:
        told_now: the holder was written to in this very look.
    """

    signs: tuple[Sign, ...]
    score: int
    notice: bool
    code_each_time: bool
    review: bool
    told_now: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """That the holder was written to, and what they said."""

    told_at: datetime
    answer: str | None
    answered_at: datetime | None


def needs_code_each_time(account: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether the signs of this account ask for a code at every sign-in, as part of a statement of another room.

    Its parameters are those of `asked`.
    """
    counting = (
        select(_s.account_id)
        .where(_s.account_id == account, *_counts(bindparam("sharing_now", type_=UTCDateTime()), _since()))
        .group_by(_s.account_id)
        .having(func.sum(_s.weight) >= bindparam("sharing_strict_at", type_=Integer()))
    )
    return exists(counting.correlate_except(_s))


def asked(work: Work) -> dict[str, Any]:
    """The parameters of `needs_code_each_time`."""
    rules = work.policies.account.file.sharing_response
    return {
        "sharing_now": work.now,
        "sharing_since": work.now - _kept(work),
        "sharing_strict_at": rules.second_factor_each_time_at,
    }


def look(work: Work, account_id: UUID, *also: Sighting | None) -> Standing:
    """Read the sign-ins of the last days, note what they show, and tell the holder if that is due.

    Args:
        also: what the floors above have seen.
    """
    work.write()
    since = _looked_from(work, account_id)
    seen = [*sharing_signs.look(work, account_id, since), *(each for each in also if each and each.at > since)]
    if not sharing_signs.is_generic(email_address.primary_address(work, account_id).canonical):
        _drop(work, account_id, _s.signal == GENERIC_ADDRESS)  # the address may have been another one
    new = [each.signal for each in seen if note(work, account_id, each)]
    for signal in new:
        audit.record(work, "sharing.seen", ("account", account_id), signal=signal)
    now = standing(work, account_id)
    return replace(now, told_now=_tell(work, account_id, now))


def note(work: Work, account_id: UUID, seen: Sighting) -> bool:
    """Keep a sign, unless its holder has explained it; answers whether it has begun to count by this."""
    row = _row(work, account_id, seen.signal)
    weight = _weight(work, seen.signal)
    if row is None:
        row = SharingSignal(
            id=uuid7(), account_id=account_id, signal=seen.signal, weight=0, evidence={}, first_seen_at=seen.at,
            seen_at=seen.at,
        )  # fmt: skip
        work.session.add(row)
    elif row.muted_until is not None and row.muted_until > work.now:
        return False
    counted = _counted(work, row)
    if not counted:  # it begins anew
        row.first_seen_at, row.told_at, row.muted_until = seen.at, None, None
    evidence, times = seen.evidence, _occasions(row, seen)
    if seen.signal in OCCASIONS:
        evidence = {**evidence, "times": [moment.isoformat() for moment in times]}
        weight = weight if len(times) >= OCCASIONS[seen.signal] else row.weight if counted else 0
    row.seen_at, row.weight, row.evidence = max(row.seen_at, seen.at), weight, evidence
    work.session.flush()
    return weight > 0 and not counted


def standing(work: Work, account_id: UUID) -> Standing:
    """What counts now, the heaviest first."""
    rules = work.policies.account.file
    labels = {each.id: dict(each.label) for each in rules.sharing_signals}
    rows = work.session.scalars(
        select(_s)
        .where(_s.account_id == account_id, _s.weight > 0, *_counts(work.now, work.now - _kept(work)))
        .order_by(_s.weight.desc(), _s.signal)
        .execution_options(populate_existing=True)
    ).all()
    signs = tuple(
        Sign(row.signal, labels.get(row.signal, {}), row.weight, dict(row.evidence), row.first_seen_at, row.seen_at)
        for row in rows
    )
    score = sum(sign.weight for sign in signs)
    response = rules.sharing_response
    return Standing(
        signs=signs,
        score=score,
        notice=score >= response.notice_at,
        code_each_time=score >= response.second_factor_each_time_at,
        review=score >= response.review_at,
    )


def told(work: Work, account_id: UUID) -> Told | None:
    """The notice that the holder has got within the time that signs are kept; None without one."""
    row = work.session.execute(
        select(SharingAnswer.told_at, SharingAnswer.answer, SharingAnswer.answered_at).where(
            SharingAnswer.account_id == account_id, SharingAnswer.told_at > work.now - _kept(work)
        )
    ).one_or_none()
    return None if row is None else Told(row.told_at, row.answer, row.answered_at)


def was_me(work: Work, account_id: UUID) -> int:
    """The holder explains the signs: they are muted for the time the policy says. The caller has seen a fresh proof."""
    work.write()
    muted = mute(work, account_id)
    _answer(work, account_id, ME)
    audit.record(work, "sharing.answered", ("account", account_id), answer=ME, muted=muted)
    return muted


def was_not_me(work: Work, account_id: UUID) -> None:
    """Somebody else was there: every session and attempt ends, every browser is forgotten, and the way to a new
    password is mailed.

    The mailed link asks for the second factor before it takes a new password (R-19). What was seen keeps counting until
    that password is set.
    """
    work.write()
    _answer(work, account_id, NOT_ME)
    proofs.close_others(work, account_id)
    forgotten = trusted_device.forget_all(work, account_id)
    reset.send(work, email_address.primary_address(work, account_id).canonical)
    notices.tell(work, account_id, "sessions_ended")
    session.end_all(work, account_id, "not_me")
    if forgotten:
        audit.record(work, "trusted_device.forgotten", ("account", account_id), reason="not_me", browsers=forgotten)
    audit.record(work, "sharing.answered", ("account", account_id), answer=NOT_ME)


def is_shared(work: Work, account_id: UUID) -> None:
    """The holder says that others use the account too. Nothing is muted; the page shows the better way."""
    work.write()
    _answer(work, account_id, SHARED)
    audit.record(work, "sharing.answered", ("account", account_id), answer=SHARED)


def mute(work: Work, account_id: UUID) -> int:
    """Let what counts now not count, nor be looked for, for as long as the policy says; answers how many signs."""
    until = work.now + timedelta(days=work.policies.account.file.sharing_response.mute_after_dismissal_days)
    result = work.session.execute(
        update(_s)
        .where(_s.account_id == account_id, *_counts(work.now, work.now - _kept(work)))
        .values(muted_until=until),
        execution_options={"synchronize_session": False},
    )
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def forget_old(work: Work) -> int:
    """Remove signs and answers that no longer count; a mute keeps its row until it is over."""
    over = work.now - _kept(work)
    old = work.session.execute(
        delete(_s).where(_s.seen_at <= over, or_(_s.muted_until.is_(None), _s.muted_until <= work.now)),
        execution_options={"synchronize_session": False},
    )
    work.session.execute(
        delete(SharingAnswer).where(
            SharingAnswer.told_at <= over, func.coalesce(SharingAnswer.answered_at, SharingAnswer.told_at) <= over
        ),
        execution_options={"synchronize_session": False},
    )
    return old.rowcount  # type: ignore[attr-defined,no-any-return]


def _tell(work: Work, account_id: UUID, now: Standing) -> bool:
    """Write to the holder once for each sign that has begun to count, from the policy's score on."""
    new = mark_told(work, account_id) if now.notice else []
    if not new:
        return False
    account = profile.get(work, account_id)
    language = "fr" if account.locale.startswith("fr") else "en"
    seen = [sign.label.get(language, sign.signal) for sign in now.signs]
    notices.tell(work, account_id, "sharing_noticed", path=PAGE, seen=seen, strict=now.code_each_time)
    audit.record(work, "sharing.told", ("account", account_id), signals=sorted(new), score=now.score)
    return True


def mark_told(work: Work, account_id: UUID) -> list[str]:
    """Note that the holder has been told of everything that counts; answers what of it was new."""
    new = work.session.scalars(
        update(_s)
        .where(_s.account_id == account_id, _s.told_at.is_(None), _s.weight > 0)
        .where(*_counts(work.now, work.now - _kept(work)))
        .values(told_at=work.now)
        .returning(_s.signal),
        execution_options={"synchronize_session": False},
    ).all()
    if new:
        _answer(work, account_id, None)
    return list(new)


def _answer(work: Work, account_id: UUID, answer: str | None) -> None:
    """What the holder said; None: they are being asked (again)."""
    row = work.session.get(SharingAnswer, account_id, populate_existing=True)
    if row is None:
        row = SharingAnswer(account_id=account_id, told_at=work.now)
        work.session.add(row)
    if answer is None:
        row.told_at = work.now
    row.answer, row.answered_at = answer, work.now if answer else None
    work.session.flush()


def _looked_from(work: Work, account_id: UUID) -> datetime:
    """Sign-ins that the holder has disowned are no signs; with a new password, what they showed is over."""
    earliest = work.now - sharing_signs.LOOKED_AT
    row = work.session.get(SharingAnswer, account_id, populate_existing=True)
    if row is None or row.answer != NOT_ME or row.answered_at is None:
        return earliest
    changed = select(PasswordCredential.changed_at).where(PasswordCredential.account_id == account_id)
    if (changed_at := work.session.scalar(changed)) is not None and changed_at > row.answered_at:
        _drop(work, account_id, _s.signal != GENERIC_ADDRESS, _s.seen_at <= row.answered_at)
    return max(earliest, row.answered_at)


def _drop(work: Work, account_id: UUID, *which: ColumnElement[bool]) -> None:
    work.session.execute(delete(_s).where(_s.account_id == account_id, *which))


def _row(work: Work, account_id: UUID, signal: str) -> SharingSignal | None:
    return work.session.scalar(
        select(_s)
        .where(_s.account_id == account_id, _s.signal == signal)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _occasions(row: SharingSignal, seen: Sighting) -> list[datetime]:
    """The occasions of the last week, those that were known and those that were seen now."""
    known = [datetime.fromisoformat(moment) for moment in row.evidence.get("times", ())]
    kept: list[datetime] = []
    for moment in sorted({*known, *seen.times}):
        if moment > seen.at - sharing_signs.LOOKED_AT and (not kept or moment - kept[-1] > ONE_OCCASION):
            kept.append(moment)
    return kept


def _counted(work: Work, row: SharingSignal) -> bool:
    muted = row.muted_until is not None and row.muted_until > work.now
    return row.weight > 0 and row.seen_at > work.now - _kept(work) and not muted


def _counts(now: Any, since: Any) -> tuple[ColumnElement[bool], ...]:
    return _s.seen_at > since, or_(_s.muted_until.is_(None), _s.muted_until <= now)


def _since() -> Any:
    return bindparam("sharing_since", type_=UTCDateTime())


def _kept(work: Work) -> timedelta:
    return timedelta(days=work.policies.account.file.sharing_response.signals_kept_days)


def _weight(work: Work, signal: str) -> int:
    """The policy's; 0 for a signal that it does not name, which then never counts."""
    return next((each.weight for each in work.policies.account.file.sharing_signals if each.id == signal), 0)
