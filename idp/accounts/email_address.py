"""Addresses and the one canonical form that decides whether two of them are the same (R-59).

Canonical: Unicode NFC, the domain as lower-case A-labels, the local part case-folded. Dots and `+tags` are kept: only
the mail server that owns a domain knows what they mean. Look-ups, uniqueness and throttling use this form; mail goes to
the address as its holder wrote it.
"""

import unicodedata
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from idp.accounts.models import Account, EmailAddress
from idp.core.errors import InvalidInput, NotFound
from idp.work import Work

LONGEST = 320  # octets of local part, at sign and domain together; more is refused before any parsing


def canonical(address: str) -> str:
    """The form of an address that decides identity. Blanks around it are dropped.

    Raises:
        InvalidInput: `field="email"`: it cannot be the address of a person's mailbox.
    """
    typed = address.strip()
    if not typed or len(typed) > LONGEST:
        raise InvalidInput(field="email", reason="not_an_address")
    try:
        valid = validate_email(typed, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise InvalidInput(field="email", reason="not_an_address") from error
    domain = (valid.ascii_domain or "").lower()
    if "." not in domain:  # an address in a local network has no holder that we could reach
        raise InvalidInput(field="email", reason="not_an_address")
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", valid.local_part).casefold())
    return f"{local}@{domain}"


def find_account(work: Work, canonical: str) -> Account | None:
    """The account that holds this address now and has proved it (R-57)."""
    return work.session.scalar(
        select(Account)
        .join(EmailAddress, EmailAddress.account_id == Account.id)
        .where(
            EmailAddress.canonical == canonical,
            EmailAddress.released_at.is_(None),
            EmailAddress.verified_at.is_not(None),
        )
    )


def primary_address(work: Work, account_id: UUID) -> EmailAddress:
    """The address an account signs in with, and is written to.

    Raises:
        NotFound: the account is unknown or has given its address back.
    """
    found = work.session.scalar(
        select(EmailAddress).where(EmailAddress.account_id == account_id, EmailAddress.released_at.is_(None))
    )
    if found is None:
        raise NotFound(kind="email_address")
    return found
