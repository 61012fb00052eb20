"""The phone number or second address that helps a person who lost the second factor."""

from uuid import UUID

import phonenumbers
from sqlalchemy import select

from idp.accounts import email_address
from idp.accounts.models import RecoveryContact
from idp.core.errors import InvalidInput
from idp.work import Work


def add(work: Work, account_id: UUID, *, kind: str, value: str) -> RecoveryContact:
    """Note a contact. It counts only once its holder has proved it (`verified_at`).

    Args:
        kind: `phone`, with its country code, or `email`, other than the sign-in address.

    Raises:
        InvalidInput: the value is no such contact (`field="recovery_contact"`), or is the sign-in address
            (`reason="recovery_same_as_login"`).
    """
    contact = RecoveryContact(
        account_id=account_id, kind=kind, value=_kept(work, account_id, kind, value), created_at=work.now
    )
    work.session.add(contact)
    work.session.flush()
    return contact


def verified(work: Work, account_id: UUID) -> list[RecoveryContact]:
    """The contacts that may be used, the oldest first."""
    return list(
        work.session.scalars(
            select(RecoveryContact)
            .where(RecoveryContact.account_id == account_id, RecoveryContact.verified_at.is_not(None))
            .order_by(RecoveryContact.created_at, RecoveryContact.id)
        )
    )


def masked(contact: RecoveryContact) -> str:
    """Enough for the holder to recognise it, too little for anybody else: `t•••@perso.example.org`, `+33 ••• 11`."""
    if contact.kind == "email":
        local, _, domain = contact.value.rpartition("@")
        return f"{local[:1]}•••@{domain}"
    number = phonenumbers.parse(contact.value, None)
    return f"+{number.country_code} ••• {contact.value[-2:]}"


def _kept(work: Work, account_id: UUID, kind: str, value: str) -> str:
    if kind == "email":
        if email_address.canonical(value) == email_address.primary_address(work, account_id).canonical:
            raise InvalidInput(field="recovery_contact", reason="recovery_same_as_login")
        return value.strip()
    if kind != "phone":
        raise InvalidInput(field="recovery_contact", reason="unknown_kind")
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as error:
        raise InvalidInput(field="recovery_contact", reason="not_a_phone_number") from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidInput(field="recovery_contact", reason="not_a_phone_number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
