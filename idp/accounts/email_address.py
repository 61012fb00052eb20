"""Addresses and the one canonical form that decides whether two of them are the same (R-59).

Canonical: Unicode NFC, the domain as lower-case A-labels, the local part case-folded. Dots and `+tags` are kept: only
the mail server that owns a domain knows what they mean. Look-ups, uniqueness and throttling use this form; mail goes to
the address as its holder wrote it.
"""

import unicodedata
from functools import lru_cache
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, select, update

from idp.accounts.models import Account, EmailAddress, EmailChange
from idp.core.errors import InvalidInput, NotFound
from idp.work import Work

LONGEST = 320  # octets of local part, at sign and domain together; more is refused before any parsing


@lru_cache(maxsize=4096)  # to take an address apart costs as much as three statements, and people come back
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


def reserved(work: Work, canonical: str, *, by_others_than: UUID | None = None) -> bool:
    """Whether an account may still return to this address, having changed it some days ago (J7).

    To be asked after the address was written down, in the same transaction: whoever takes an address that is being
    given up waits for that change to be committed, and sees it then.

    Args:
        by_others_than: an account whose own reservation does not count.
    """
    held = exists().where(
        EmailChange.old_canonical == canonical, EmailChange.undo_until > work.now, EmailChange.closed_at.is_(None)
    )
    if by_others_than is not None:
        held = held.where(EmailChange.account_id != by_others_than)
    return bool(work.session.scalar(select(held)))


def masked(address: str) -> str:
    """Enough for the holder to recognise it, too little for anybody else: `t•••@perso.example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def cancel_change(work: Work, account_id: UUID) -> bool:
    """Give up an open change of address: what its holder does elsewhere overtakes it. False when there was none.

    The caller notes it in the audit log, after all rows are written.
    """
    cancelled = work.session.scalar(
        update(EmailChange)
        .where(EmailChange.account_id == account_id, EmailChange.done_at.is_(None), EmailChange.closed_at.is_(None))
        .values(closed_at=work.now, outcome="cancelled")
        .returning(EmailChange.id),
        execution_options={"synchronize_session": False},
    )
    return cancelled is not None
