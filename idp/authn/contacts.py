"""Adding, replacing and removing recovery contacts: proved by a code first, told to every address after."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from idp.accounts import profile, recovery_contact
from idp.accounts.models import RecoveryContact
from idp.audit import log as audit
from idp.authn import notices, one_time_code
from idp.authn.one_time_code import Sent
from idp.authn.outcome import Outcome
from idp.core.errors import Conflict, Expired
from idp.work import Work

PURPOSE = "recovery_contact"


class Proved(Enum):
    """The answer to the code of a contact. `IN_USE`: it was right, but the number belongs to another account."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PAUSED = "paused"
    IN_USE = "in_use"


def ask(work: Work, account_id: UUID, *, bound_to: UUID, kind: str, value: str) -> Outcome:
    """Send a code to a contact that is to be added.

    Whether a number belongs to another account is told to nobody who has not proved to hold it, so not here.

    Args:
        bound_to: the attempt or the session that asks; the code works there alone (R-16).

    Raises:
        InvalidInput: it cannot be a contact of this account; `reason` as in `recovery_contact.checked`.
    """
    work.write()
    kept = recovery_contact.checked(work, account_id, kind=kind, value=value)
    locale = profile.get(work, account_id).locale
    return one_time_code.send(
        work, account_id, purpose=PURPOSE, bound_to=bound_to, kind=kind, destination=kept, locale=locale
    )


def asked(work: Work, account_id: UUID, bound_to: UUID) -> Sent | None:
    """The contact to which a code was sent last in this attempt or session, while the code still works."""
    found = one_time_code.sent(work, account_id, purpose=PURPOSE, bound_to=bound_to)
    return found if found and found.used_at is None and found.expires_at > work.now else None


def ask_again(work: Work, account_id: UUID, *, bound_to: UUID) -> Outcome:
    """Send a new code to the same contact.

    Raises:
        Expired: none was asked for here.
    """
    work.write()
    found = one_time_code.sent(work, account_id, purpose=PURPOSE, bound_to=bound_to)
    if found is None or found.used_at is not None:
        raise Expired(what="code")
    return ask(work, account_id, bound_to=bound_to, kind=found.kind, value=found.destination)


def prove(
    work: Work, account_id: UUID, *, bound_to: UUID, code: str, replaces: UUID | None = None, quiet: bool = False
) -> Proved:
    """Add the contact whose code this is, and then drop the one it replaces.

    Args:
        replaces: a contact of this account that goes once the new one is there.
        quiet: nobody is told, because the account is only being made.

    Raises:
        NotFound: there is no contact to replace.
        InvalidInput: what it was asked for has changed meanwhile: it is the sign-in address now, or there already.
    """
    work.write()
    destination = one_time_code.sent(work, account_id, purpose=PURPOSE, bound_to=bound_to)
    outcome = one_time_code.verify(work, account_id, purpose=PURPOSE, bound_to=bound_to, code=code)
    if outcome is not Outcome.ACCEPTED or destination is None:
        return Proved.PAUSED if outcome is Outcome.PAUSED else Proved.REFUSED
    recovery_contact.lock(work, account_id)
    old = recovery_contact.get(work, account_id, replaces) if replaces else None
    try:
        contact = recovery_contact.add(work, account_id, kind=destination.kind, value=destination.destination)
    except Conflict:
        audit.record(work, "recovery_contact.refused", ("account", account_id), outcome="refused", reason="in_use")
        return Proved.IN_USE
    if old is not None:
        recovery_contact.remove(work, account_id, old.id)
    if not quiet:
        _tell(work, account_id, "replaced" if old else "added", contact, gone=old)
    _note(work, account_id, "recovery_contact.added", contact)
    if old is not None:
        _note(work, account_id, "recovery_contact.removed", old)
    return Proved.ACCEPTED


def remove(work: Work, account_id: UUID, contact_id: UUID) -> None:
    """Forget a contact that is not the last one.

    Raises:
        NotFound: there is no such contact.
        Conflict: `reason="last"`.
    """
    work.write()
    gone = recovery_contact.remove(work, account_id, contact_id)
    _tell(work, account_id, "removed", gone, gone=gone)
    _note(work, account_id, "recovery_contact.removed", gone)


def paused_until(work: Work, account_id: UUID) -> datetime | None:
    """The end of the pause after too many wrong codes, if there is one."""
    return one_time_code.paused_until(work, account_id, PURPOSE)


def _tell(work: Work, account_id: UUID, change: str, contact: RecoveryContact, *, gone: RecoveryContact | None) -> None:
    also = [gone.value] if gone is not None and gone.kind == "email" else []
    shown = recovery_contact.masked(contact)
    notices.tell(work, account_id, "recovery_contact_changed", also=also, change=change, what=shown)


def _note(work: Work, account_id: UUID, event: str, contact: RecoveryContact) -> None:
    audit.record(work, event, ("account", account_id), kind=contact.kind, contact=str(contact.id))
