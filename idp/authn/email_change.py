"""Another sign-in address (J7): asked with a fresh proof, proved at the new address, stopped from the old one.

Nothing changes before the new address is proved (R-57, R-58). Whether an address belongs to somebody already is looked
up after the request, by the outbox, so that neither the answer nor its time tells (R-09). What happens to the account
when the address changes, and when that is undone, is in `address_switch`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import EmailChange
from idp.audit import log as audit
from idp.authn import address_switch, notices, one_time_code, throttle
from idp.authn.outcome import Outcome
from idp.core import tokens
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

PURPOSE = "email_change"
KIND_TOLD = "email_in_use_mail"
STOP_PATH = "/email-change/stop/{}"
CONFIRM_PATH = "/email-change/confirm/{}"
OPEN = (EmailChange.done_at.is_(None), EmailChange.closed_at.is_(None))


def ask(work: Work, account_id: UUID, address: str) -> Outcome:
    """Ask for another address; a code goes to it, and a link that stops the change to all the present ones.

    The caller has seen a fresh password and second factor (R-20). A change that was asked for before is superseded.

    Returns:
        `PAUSED` when too many codes were asked for lately; nothing has changed then.

    Raises:
        InvalidInput: `field="email"`: not an address, the present one (`reason="same"`), or the holder's recovery
            contact (`reason="recovery_contact"`), which has to be another address.
        Conflict: the address was changed some days ago (`reason="recent"`); `until` says when that can be done again.
    """
    work.write()
    if not throttle.take(work, PURPOSE, str(account_id), work.policies.account.code_sends, in_a_row=None).allowed:
        audit.record(work, "sign_in.throttled", ("account", account_id), outcome="refused", by=PURPOSE)
        return Outcome.PAUSED
    present = email_address.primary_address(work, account_id)
    canonical = email_address.canonical_new(address)
    if canonical == present.canonical:
        raise InvalidInput(field="email", reason="same")
    contacts = recovery_contact.verified(work, account_id)
    if any(each.kind == "email" and email_address.canonical(each.value) == canonical for each in contacts):
        raise InvalidInput(field="email", reason="recovery_contact")
    change, stop = _begin(work, account_id, address, canonical, way="person")
    _tell_to_stop(work, change, "email_change_asked", stop, expires=change.expires_at)
    outbox.fact(work, "email_change.asked", change=str(change.id))
    audit.record(work, "email_change.asked", ("account", account_id), change=str(change.id))
    return Outcome.ACCEPTED


def send_again(work: Work, account_id: UUID) -> Outcome:
    """Have another code sent; the tries that were wrong stay counted (R-15).

    Raises:
        Expired: no change of this session waits for a code.
    """
    work.write()
    if not throttle.take(work, PURPOSE, str(account_id), work.policies.account.code_sends, in_a_row=None).allowed:
        audit.record(work, "sign_in.throttled", ("account", account_id), outcome="refused", by=PURPOSE)
        return Outcome.PAUSED
    change = awaiting_code(work, account_id)
    outbox.fact(work, "email_change.asked", change=str(change.id))
    return Outcome.ACCEPTED


def confirm(work: Work, account_id: UUID, code: str, *, waits: bool) -> tuple[Outcome, EmailChange]:
    """Prove the new address by its code. The change is done now, or after the cooling-off.

    Args:
        waits: others depend on this person's address: it changes after the cooling-off only.

    Returns:
        The outcome of the code, and the change: `done_at` or `switch_at` is set, or `outcome` says `taken` when
        somebody else has proved the same address meanwhile.

    Raises:
        Expired: no change that was asked for in this session waits for a code.
    """
    work.write()
    change = awaiting_code(work, account_id)
    outcome = one_time_code.verify(work, account_id, purpose=PURPOSE, bound_to=change.id, code=code)
    if outcome is Outcome.ACCEPTED and _proved(work, change, waits=waits) and not waits:
        address_switch.perform(work, change.id, keep_session=work.actor.session_id)
    work.session.refresh(change)
    return outcome, change


def withdraw(work: Work, account_id: UUID) -> bool:
    """The holder does not want the change any more; False when there was none."""
    work.write()
    change = _close(work, "withdrawn", EmailChange.account_id == account_id)
    if change is not None:
        audit.record(work, "email_change.withdrawn", ("account", account_id), change=str(change), reason="holder")
    return change is not None


def cancel(work: Work, account_id: UUID) -> bool:
    """What the holder does elsewhere overtakes an open change: a new password, an erasure (R-58). The caller notes it
    in the audit log, after all rows are written; False when there was none."""
    work.session.flush()
    return email_address.cancel_change(work, account_id)


def stop(work: Work, token: str) -> None:
    """Stop a change by the link of a notice. Whoever reads a mailbox of the holder may.

    Raises:
        NotFound, Expired: as `find_to_stop`.
    """
    work.write()
    change = find_to_stop(work, token)
    if _close(work, "stopped", EmailChange.id == change.id) is None:
        raise Expired(what="link", reason="used")
    notices.tell(work, change.account_id, "email_change_stopped", path=address_switch.RESET_PATH)
    audit.record(work, "email_change.stopped", ("account", change.account_id), change=str(change.id))


def find_to_stop(work: Work, token: str) -> EmailChange:
    """The change that this link stops. Nothing is spent.

    Raises:
        NotFound: there never was such a link.
        Expired: the change is over; `reason` is `done`, `used` or `expired`.
    """
    digest = tokens.digest(token)
    change = _found(work, (EmailChange.stop_digest == digest) | (EmailChange.waiting_digest == digest))
    if change.done_at is not None and change.closed_at is None:
        raise Expired(what="link", reason="done")
    return _still_open(work, change)


def by_staff(work: Work, account_id: UUID, address: str) -> EmailChange:
    """A change for somebody who cannot reach the old mailbox, after two of the staff have agreed (EML-06).

    The new address proves itself by a link of its own; the waiting time is that of the case. Whether it may be taken
    was asked when the case was opened.

    Raises:
        InvalidInput: `field="email"`: not an address, or the present one.
        Conflict: the address is somebody's (`reason="in_use"`), or was changed some days ago (`reason="recent"`).
    """
    work.write()
    canonical = email_address.canonical(address)
    if canonical == email_address.primary_address(work, account_id).canonical:
        raise InvalidInput(field="email", reason="same")
    if _taken(work, canonical, account_id):
        raise Conflict(field="email", reason="in_use")
    confirm_token = tokens.new()
    change, stop_token = _begin(work, account_id, address, canonical, way="staff", confirm=confirm_token)
    _tell_to_stop(work, change, "email_change_asked", stop_token, expires=change.expires_at)
    account = profile.get(work, account_id)
    outbox.mail(
        work, change.new_address, "email_change_confirm", locale=account.locale, name=account.given_name,
        path=CONFIRM_PATH.format(confirm_token), expires=change.expires_at.isoformat(),
    )  # fmt: skip
    audit.record(work, "email_change.asked", ("account", account_id), change=str(change.id), way="staff")
    return change


def find_to_confirm(work: Work, token: str) -> EmailChange:
    """The change whose new address this link proves. Nothing is spent.

    Raises:
        NotFound, Expired: as `find_to_stop`.
    """
    return _still_open(work, _found(work, EmailChange.confirm_digest == tokens.digest(token)))


def confirm_by_link(work: Work, token: str) -> EmailChange:
    """Prove the new address of a change by staff; it is done now, unless `outcome` says `taken`.

    Raises:
        NotFound, Expired: as `find_to_confirm`.
    """
    work.write()
    change = find_to_confirm(work, token)
    if not _proved(work, change, waits=False):
        raise Expired(what="link", reason="used")
    address_switch.perform(work, change.id, keep_session=None)
    work.session.refresh(change)
    return change


def pending(work: Work, account_id: UUID) -> EmailChange | None:
    """The open change of an account: its new address is still to be proved, or it waits for its time."""
    return work.session.scalar(
        select(EmailChange).where(
            EmailChange.account_id == account_id,
            *OPEN,
            EmailChange.proved_at.is_not(None) | (EmailChange.expires_at > work.now),
        )
    )


def awaiting_code(work: Work, account_id: UUID) -> EmailChange:
    """The change that was asked for in this session and waits for its code.

    Raises:
        Expired: there is none.
    """
    change = pending(work, account_id)
    asked_here = change is not None and change.way == "person" and change.session_id == work.actor.session_id
    if change is None or not asked_here or change.proved_at is not None:
        raise Expired(what="email_change")
    return change


def fixed_until(work: Work, account_id: UUID) -> datetime | None:
    """Until when the address stays as it is, because it was changed a short while ago; None when it may change."""
    return work.session.scalar(
        select(EmailChange.undo_until).where(
            EmailChange.account_id == account_id, EmailChange.closed_at.is_(None), EmailChange.undo_until > work.now
        )
    )


def send_code(work: Work, members: dict[str, str]) -> None:
    """Outbox: send the code, unless the address is somebody's; that person is told, at most once an hour."""
    work.write()
    change = work.session.get(EmailChange, UUID(members["change"]))
    if change is None or change.done_at or change.closed_at or change.proved_at or change.expires_at <= work.now:
        return
    if not _taken(work, change.new_canonical, change.account_id):
        one_time_code.send(
            work, change.account_id, purpose=PURPOSE, bound_to=change.id, kind="email",
            destination=change.new_address, locale=profile.get(work, change.account_id).locale,
        )  # fmt: skip
        return
    holder = email_address.find_account(work, change.new_canonical)
    told = throttle.take(work, KIND_TOLD, change.new_canonical, throttle.ONE_MAIL_AN_HOUR, in_a_row=None)
    if holder is not None and told.allowed:
        notices.write(work, holder.id, "email_in_use", when=work.now.isoformat())


def switch_due(work: Work) -> int:
    """Do the changes whose cooling-off is over; answers how many. Each in a transaction of its own; twice is once."""
    due = work.session.scalars(select(EmailChange.id).where(*OPEN, EmailChange.switch_at <= work.now)).all()
    work.checkpoint(write=False)
    done = 0
    for change_id in due:
        work.write()
        done += address_switch.perform(work, change_id, keep_session=None)
        work.checkpoint(write=False)
    return done


def _begin(
    work: Work, account_id: UUID, address: str, canonical: str, *, way: str, confirm: str | None = None
) -> tuple[EmailChange, str]:
    """A new open change and the token that stops it."""
    until = fixed_until(work, account_id)
    if until is not None:
        raise Conflict(reason="recent", until=until)
    present = email_address.primary_address(work, account_id)
    _close(work, "superseded", EmailChange.account_id == account_id)
    token = tokens.new()
    change = EmailChange(
        id=uuid7(),
        account_id=account_id,
        way=way,
        session_id=work.actor.session_id if way == "person" else None,
        old_address=present.address,
        old_canonical=present.canonical,
        new_address=email_address.written(address),
        new_canonical=canonical,
        stop_digest=tokens.digest(token),
        confirm_digest=tokens.digest(confirm) if confirm is not None else None,
        asked_at=work.now,
        expires_at=work.now + work.policies.account.email_change_lifetime,
    )
    work.session.add(change)
    work.session.flush()
    return change, token


def _proved(work: Work, change: EmailChange, *, waits: bool) -> bool:
    """Note that the new address proved itself; False when somebody stopped the change meanwhile."""
    at = work.now + work.policies.account.email_change_cooling_off if waits else None
    token = tokens.new()
    proved = work.session.execute(
        update(EmailChange)
        .where(EmailChange.id == change.id, *OPEN, EmailChange.proved_at.is_(None))
        .values(proved_at=work.now, switch_at=at, waiting_digest=tokens.digest(token) if waits else None),
        execution_options={"synchronize_session": False},
    )
    if proved.rowcount != 1:  # type: ignore[attr-defined]
        return False
    if at is not None:
        _tell_to_stop(work, change, "email_change_waiting", token, expires=at)
        audit.record(work, "email_change.proved", ("account", change.account_id), change=str(change.id))
    return True


def _tell_to_stop(work: Work, change: EmailChange, template: str, token: str, *, expires: datetime) -> None:
    notices.tell(
        work, change.account_id, template, path=STOP_PATH.format(token),
        new_address=email_address.masked(change.new_address), expires=expires.isoformat(),
    )  # fmt: skip


def _taken(work: Work, canonical: str, account_id: UUID) -> bool:
    """Whether the address is another account's, or kept for one that may return to it."""
    holder = email_address.find_account(work, canonical)
    return holder is not None or email_address.reserved(work, canonical, by_others_than=account_id)


def _close(work: Work, outcome: str, which: ColumnElement[bool]) -> UUID | None:
    """End an open change without doing it; answers its key, None when there was none."""
    work.session.flush()
    return work.session.scalar(
        update(EmailChange).where(which, *OPEN).values(closed_at=work.now, outcome=outcome).returning(EmailChange.id),
        execution_options={"synchronize_session": False},
    )


def _found(work: Work, which: ColumnElement[bool]) -> EmailChange:
    change = work.session.scalar(select(EmailChange).where(which), execution_options={"populate_existing": True})
    if change is None:
        raise NotFound(what="link")
    return change


def _still_open(work: Work, change: EmailChange) -> EmailChange:
    if change.closed_at is not None or change.done_at is not None:
        raise Expired(what="link", reason="used")
    if change.proved_at is None and change.expires_at <= work.now:
        raise Expired(what="link", reason="expired")
    return change
