"""Addresses and the one canonical form that decides whether two of them are the same (R-59).

Canonical: Unicode NFC, the domain as lower-case A-labels, the local part case-folded. Dots and `+tags` are kept: only
the mail server that owns a domain knows what they mean. Look-ups, uniqueness and throttling use this form; mail goes to
the address as its holder wrote it (`written`).

Letters of other alphabets that are drawn like Latin ones pass for them on every page where people recognise each other
by their addresses. So a local part that mixes them with Latin letters is refused where an address is taken
(`canonical_new`), and a domain that could be read as another one is kept, and shown, as A-labels (`written`). Addresses
that are held already stay as they are: their holders sign in, and are written to, as before.
"""

import re
import unicodedata
from functools import lru_cache
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, select, update

from idp.accounts.models import Account, EmailAddress, EmailChange
from idp.core.errors import InvalidInput, NotFound
from idp.work import Work

LONGEST = 320  # octets of local part, at sign and domain together; more is refused before any parsing
# Letters that nobody tells from a to z at a glance, in Cyrillic, Greek, Armenian and Latin itself (UTS 39).
_LIKE_ASCII = frozenset("асԁеһіјӏорԛѕԝхуъьҽпгѵѡαικνρυωηοτագհոսցօıȷɑɡɩʟ")
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
_NOWHERE = frozenset({"CHEROKEE", "COPTIC", "LISU"})  # capitals like ours, and no top-level domain of their own
_DISGUISE = "DISGUISE"  # stands for an alphabet that is kept apart by its looks alone
_SECOND_DOT = re.compile("[i\u0131j\u0237\u0456\u0458\u03f3][\u0300-\u036f]*\u0307")  # seen as one, or as none
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


@lru_cache(maxsize=4096)  # to take an address apart costs as much as three statements, and people come back
def canonical(address: str) -> str:
    """The form of an address that decides identity. Blanks around it are dropped.

    Raises:
        InvalidInput: `field="email"`: it cannot be the address of a person's mailbox (`reason="not_an_address"`).
    """
    local, domain, _ = _parts(address.strip())
    return f"{unicodedata.normalize('NFC', local.casefold())}@{domain}"


def canonical_new(address: str) -> str:
    """As `canonical`, where an address is taken anew: for an account or a contact, and for what is offered or asked
    by mail. There also when somebody holds it already, as an answer that differed would tell that.

    Raises:
        InvalidInput: as `canonical`; or the local part has letters of several alphabets that look alike, or that cannot
            be seen (`reason="mixed_alphabets"`).
    """
    identity = canonical(address)
    local = address.strip().rpartition("@")[0]
    if not local.isascii() and (_mixed(_alphabets(local)) or _second_dot(local) or _UNSEEN.search(local)):
        raise InvalidInput(field="email", reason="mixed_alphabets")
    return identity


def written(address: str) -> str:
    """An address as it is kept and shown: as its holder wrote it, without blanks around it; a domain with a label that
    could be read as another one is written as A-labels.

    Raises:
        InvalidInput: as `canonical`.
    """
    typed = address.strip()
    local, _, place = typed.rpartition("@")
    if place.isascii():
        return typed
    _, ascii_domain, domain = _parts(typed)
    labels = domain.split(".")
    disguised = domain.isascii() or any(_disguised(label, at_home=not labels[-1].isascii()) for label in labels)
    return f"{local}@{ascii_domain}" if disguised else typed


def _parts(typed: str) -> tuple[str, str, str]:
    """The local part in NFC, and the domain as A-labels and as U-labels."""
    if not typed or len(typed) > LONGEST:
        raise InvalidInput(field="email", reason="not_an_address")
    try:
        valid = validate_email(typed, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise InvalidInput(field="email", reason="not_an_address") from error
    domain = (valid.ascii_domain or "").lower()
    if "." not in domain:  # an address in a local network has no holder that we could reach
        raise InvalidInput(field="email", reason="not_an_address")
    return unicodedata.normalize("NFC", valid.local_part), domain, unicodedata.normalize("NFC", valid.domain)


def _disguised(label: str, *, at_home: bool) -> bool:
    """Whether a label could be read as another one.

    Args:
        at_home: under a top-level domain of its own alphabet, where nobody expects Latin letters.
    """
    if label.isascii():
        return False
    found = _alphabets(label)
    if _mixed(found) or found & _NOWHERE or _second_dot(label):
        return True
    alike = all(letter.isascii() or letter in _LIKE_ASCII for letter in label)
    return alike and not (at_home and not any(letter.isascii() for letter in label))


def _mixed(alphabets: set[str]) -> bool:
    return len(alphabets & _ALIKE) > 1 or _DISGUISE in alphabets


def _alphabets(part: str) -> set[str]:
    """The alphabets of the letters. What Unicode keeps apart from ASCII by its looks alone (full-width, mathematical)
    is in disguise; what it keeps apart within another alphabet (half-width kana, Thai and Lao vowels) is of that."""
    found = set()
    for letter in part:
        plain = unicodedata.normalize("NFKC", letter)
        latin = letter.isascii() or _alphabet(letter) == "LATIN"
        if plain != letter and not latin and any(each.isascii() and not each.isspace() for each in plain):
            found.add(_DISGUISE)
        found.update(_alphabet(each) for each in plain if each.isalpha())
    return found


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "UNNAMED").partition(" ")[0]


def _second_dot(part: str) -> bool:
    """Whether a letter that has a dot, or lost it, has been given one more."""
    return _SECOND_DOT.search(unicodedata.normalize("NFD", part)) is not None


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
