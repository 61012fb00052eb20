"""The phone numbers and second addresses that help a person who lost the second factor.

Only contacts whose holder has proved them are kept here; until then they are in the code that was sent
(`authn.one_time_code`). `created_at` says how long a contact has been known: a fresh one makes its use wait.
"""

from typing import Any
from uuid import UUID

import phonenumbers
from sqlalchemy import Table, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from idp.accounts import email_address, phone, profile
from idp.accounts.models import Account, RecoveryContact
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.work import Work

FIELD = "recovery_contact"
MOST = 5
_ONE_PHONE = text("kind = 'phone'")  # written out: with a parameter the index is not found once the plan is kept
_t: Table = RecoveryContact.__table__  # type: ignore[assignment]


def checked(work: Work, account_id: UUID, *, kind: str, value: str) -> str:
    """A contact in the form it would be kept in, once it is sure that it may be one of this account.

    Args:
        kind: `phone`, with its country code or as it is dialled in the holder's country, or `email`.

    Raises:
        InvalidInput: `field="recovery_contact"`; `reason` is `recovery_same_as_login`, `not_an_address`,
            `mixed_alphabets`, `not_a_phone_number`, `not_a_mobile`, `country`, `already_yours`, `too_many` or
            `unknown_kind`.
    """
    if kind == "phone":
        kept = phone.canonical(work, value, locale=profile.get(work, account_id).locale, field=FIELD)
    elif kind == "email":
        kept = _other_address(work, account_id, value)
    else:
        raise InvalidInput(field=FIELD, reason="unknown_kind")
    held = verified(work, account_id)
    if any(contact.kind == kind and _identity(contact) == _identity_of(kind, kept) for contact in held):
        raise InvalidInput(field=FIELD, reason="already_yours")
    if len(held) > MOST:  # one more, for a replacement
        raise InvalidInput(field=FIELD, reason="too_many")
    return kept


def add(work: Work, account_id: UUID, *, kind: str, value: str) -> RecoveryContact:
    """Keep a contact whose holder has just proved it.

    Raises:
        InvalidInput: as `checked`.
        Conflict: `reason="in_use"`: the number belongs to another account (PER-02).
    """
    kept = checked(work, account_id, kind=kind, value=value)
    row = {"id": uuid7(), "account_id": account_id, "kind": kind, "value": kept, "created_at": work.now}
    insert: Any = sqlite.insert if work.session.connection().dialect.name == "sqlite" else postgresql.insert
    kept_as = work.session.scalar(
        insert(_t)
        .values(**row, verified_at=work.now)
        .on_conflict_do_nothing(index_elements=[_t.c.value], index_where=_ONE_PHONE)
        .returning(_t.c.id)
    )
    if kept_as is None:
        raise Conflict(field=FIELD, reason="in_use")
    return work.session.get_one(RecoveryContact, row["id"])


def remove(work: Work, account_id: UUID, contact_id: UUID) -> RecoveryContact:
    """Forget a contact; answers what it was.

    Raises:
        NotFound: the account has no such contact.
        Conflict: `reason="last"`: it is the only one; it can be replaced.
    """
    lock(work, account_id)
    contact = get(work, account_id, contact_id)
    if count(work, account_id) <= 1:
        raise Conflict(field=FIELD, reason="last")
    work.session.expunge(contact)
    work.session.execute(delete(_t).where(_t.c.id == contact_id))
    return contact


def get(work: Work, account_id: UUID, contact_id: UUID) -> RecoveryContact:
    """One contact of this account.

    Raises:
        NotFound: it has no such contact.
    """
    found = work.session.scalar(
        select(RecoveryContact).where(
            RecoveryContact.id == contact_id,
            RecoveryContact.account_id == account_id,
            RecoveryContact.verified_at.is_not(None),
        )
    )
    if found is None:
        raise NotFound(kind="recovery_contact")
    return found


def verified(work: Work, account_id: UUID) -> list[RecoveryContact]:
    """The contacts that may be used, the oldest first."""
    return list(
        work.session.scalars(
            select(RecoveryContact)
            .where(RecoveryContact.account_id == account_id, RecoveryContact.verified_at.is_not(None))
            .order_by(RecoveryContact.created_at, RecoveryContact.id)
        )
    )


def count(work: Work, account_id: UUID) -> int:
    """How many contacts may be used."""
    asked = select(func.count()).where(_t.c.account_id == account_id, _t.c.verified_at.is_not(None))
    return work.session.scalar(asked) or 0


def lock(work: Work, account_id: UUID) -> None:
    """Let two changes to the contacts of one account come one after the other."""
    work.session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))


def masked(contact: RecoveryContact) -> str:
    """Enough for the holder to recognise it, too little for anybody else: `t•••@perso.example.org`, `+33 ••• 11`."""
    return masked_value(contact.kind, contact.value)


def masked_value(kind: str, value: str) -> str:
    """As `masked`, for a contact that is not one yet."""
    if kind == "email":
        return email_address.masked(value)
    return f"+{phonenumbers.parse(value, None).country_code} ••• {value[-2:]}"


def _other_address(work: Work, account_id: UUID, value: str) -> str:
    try:
        identity = email_address.canonical_new(value)
    except InvalidInput as error:
        raise InvalidInput(field=FIELD, reason=error.members["reason"]) from error
    if identity == email_address.primary_address(work, account_id).canonical:
        raise InvalidInput(field=FIELD, reason="recovery_same_as_login")
    return email_address.written(value)


def _identity(contact: RecoveryContact) -> str:
    return _identity_of(contact.kind, contact.value)


def _identity_of(kind: str, value: str) -> str:
    return email_address.canonical(value) if kind == "email" else value
