"""The personal account: its creation, its names, its language."""

import unicodedata
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from idp.accounts.email_address import canonical_new, reserved, written
from idp.accounts.models import Account, EmailAddress
from idp.audit import log as audit
from idp.core import tokens
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.work import Work

NAME_MAX = 100
SUBJECT_LENGTH = 22  # of the URL-safe alphabet: 132 random bits


def create(work: Work, *, address: str, given_name: str, family_name: str, locale: str) -> Account:
    """A new account whose address counts as proved: the caller has seen the proof.

    Args:
        address: as its holder wrote it.
        locale: any language tag; the nearest language of the account policy is kept.

    Raises:
        InvalidInput: a name is empty, too long or holds control characters, or the address is none; `field` says which.
        Conflict: another account holds the address; `field="email"`. The transaction cannot go on.
    """
    identity = canonical_new(address)
    account = Account(
        id=uuid7(),
        subject=tokens.new()[:SUBJECT_LENGTH],
        given_name=name(given_name, "given_name"),
        family_name=name(family_name, "family_name"),
        locale=locale_for(work, locale),
        status="active",
        status_reason="",
        created_at=work.now,
    )
    work.session.add(account)
    work.session.flush()
    work.session.add(
        EmailAddress(
            account_id=account.id,
            address=written(address),
            canonical=identity,
            verified_at=work.now,
            created_at=work.now,
        )
    )
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_email_addresses_canonical
        raise Conflict(field="email", reason="has_account") from error
    if reserved(work, identity):
        raise Conflict(field="email", reason="has_account")
    return account


def change(work: Work, account_id: UUID, *, given_name: str, family_name: str, locale: str) -> frozenset[str]:
    """Give an account other names or another language; answers what is different now.

    Products learn it with their next tokens, mails are written in the new language from now on.

    Raises:
        InvalidInput: a name cannot be used, or the locale is none of the account policy; `field` says which.
        NotFound: there is no such account.
    """
    work.write()
    kept = {
        "given_name": name(given_name, "given_name"),
        "family_name": name(family_name, "family_name"),
        "locale": locale,
    }
    if locale not in work.policies.account.locales:
        raise InvalidInput(field="locale", reason="not_offered")
    account = get(work, account_id)
    changed = frozenset(field for field, value in kept.items() if getattr(account, field) != value)
    for field in changed:
        setattr(account, field, kept[field])
    work.session.flush()
    if changed:
        audit.record(work, "profile.changed", ("account", account_id), changed=sorted(changed))
    return changed


def get(work: Work, account_id: UUID) -> Account:
    """The account with this key.

    Raises:
        NotFound: there is none.
    """
    account = work.session.get(Account, account_id)
    if account is None:
        raise NotFound(kind="account")
    return account


def names(work: Work, account_ids: Collection[UUID]) -> dict[UUID, str]:
    """What the holders of accounts are called; empty for an account that was erased."""
    if not account_ids:
        return {}
    found = select(Account.id, Account.given_name, Account.family_name).where(Account.id.in_(account_ids))
    return {row[0]: f"{row[1]} {row[2]}".strip() for row in work.session.execute(found)}


def name(typed: str, field: str) -> str:
    """A given or family name in the form it is kept: NFC, single blanks, none around it.

    Raises:
        InvalidInput: it is empty, longer than `NAME_MAX`, or holds characters that are not for reading.
    """
    kept = " ".join(unicodedata.normalize("NFC", typed).split())
    if not kept:
        raise InvalidInput(field=field, reason="missing")
    if len(kept) > NAME_MAX:
        raise InvalidInput(field=field, reason="too_long", max=NAME_MAX)
    # Control, format (bidirectional overrides), surrogates and private use: they would disguise a name or break a mail.
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") and letter != "\u200d" for letter in kept):
        raise InvalidInput(field=field, reason="unusable")
    return kept


def locale_for(work: Work, tag: str) -> str:
    """The locale of the account policy that is nearest to a language tag: the same, the same language, the first."""
    offered = work.policies.account.locales
    wanted = tag.replace("_", "-").lower()
    for locale in offered:
        if locale.lower() == wanted:
            return locale
    language = wanted.partition("-")[0]
    return next((locale for locale in offered if locale.lower().partition("-")[0] == language), offered[0])
