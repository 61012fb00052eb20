"""Recovery codes: single-use look-up secrets for a person without their authenticator app.

A code is kept as a keyed digest (the key is outside the database), bound to its account.
"""

import hashlib
import hmac
import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update

from idp.accounts.models import Account
from idp.authn import throttle
from idp.authn.models import RecoveryCode, RecoveryCodeSet
from idp.core.ids import uuid7
from idp.work import Work

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U; 5 bits a letter
LENGTH_MIN = 16  # at least 64 random bits
GROUP = 4
KIND = "recovery_code"  # wrong codes are counted as this, per account
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def replace(work: Work, account_id: UUID, *, kept: bool = False) -> list[str]:
    """A new set of codes, shown once; the old set is void from now on (R-18).

    Args:
        kept: the holder has shown that the codes are written down; else `keep` is to be asked.
    """
    rules = work.policies.account
    length = max(rules.backup_code_length, LENGTH_MIN)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(rules.backup_code_count)]
    void(work, account_id)
    work.session.add(RecoveryCodeSet(account_id=account_id, created_at=work.now, kept_at=work.now if kept else None))
    work.session.add_all(
        RecoveryCode(id=uuid7(), account_id=account_id, digest=_digest(work, account_id, code), created_at=work.now)
        for code in codes
    )
    work.session.flush()
    return ["-".join(code[start : start + GROUP] for start in range(0, length, GROUP)) for code in codes]


def void(work: Work, account_id: UUID) -> None:
    """Take all codes away, and what was counted against them: with the second factor they were for, or for a new set.
    Two callers come one after the other; a set that somebody else makes meanwhile is not mixed with another."""
    work.session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    throttle.clear(work, KIND, str(account_id))
    for model in (RecoveryCode, RecoveryCodeSet):
        work.session.execute(
            delete(model).where(model.account_id == account_id), execution_options={"synchronize_session": "fetch"}
        )


def keep(work: Work, account_id: UUID, typed: str) -> bool:
    """Note that the holder has kept the codes, shown by typing one of them; it is not used up."""
    code = cleaned(typed)
    if code is None:
        return False
    known = work.session.scalar(
        select(RecoveryCode.id).where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.digest == _digest(work, account_id, code),
            RecoveryCode.used_at.is_(None),
        )
    )
    if known is None:
        return False
    work.session.execute(
        update(RecoveryCodeSet).where(RecoveryCodeSet.account_id == account_id).values(kept_at=work.now),
        execution_options={"synchronize_session": False},
    )
    return True


def made_at(work: Work, account_id: UUID) -> datetime | None:
    """When the present set was made; None when there is none."""
    return work.session.scalar(select(RecoveryCodeSet.created_at).where(RecoveryCodeSet.account_id == account_id))


def kept_at(work: Work, account_id: UUID) -> datetime | None:
    """When the holder showed that the present set is kept; None as long as it is not."""
    return work.session.scalar(select(RecoveryCodeSet.kept_at).where(RecoveryCodeSet.account_id == account_id))


def spend(work: Work, account_id: UUID, typed: str) -> bool:
    """Whether it is a code of this account that was not used yet; it is used from now on."""
    code = cleaned(typed)
    if code is None:
        return False
    spent = work.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.digest == _digest(work, account_id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    return spent.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def left(work: Work, account_id: UUID) -> int:
    """How many codes of the set are unused."""
    return (
        work.session.scalar(
            select(func.count())
            .select_from(RecoveryCode)
            .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
        )
        or 0
    )


def cleaned(typed: str) -> str | None:
    """A typed code in the form it was made: without blanks and hyphens, look-alikes put right; None if it is none."""
    if len(typed) > 100 or not typed.isascii():
        return None
    code = "".join(typed.replace("-", "").split()).upper().translate(_ALIKE)
    return code if len(code) >= LENGTH_MIN and all(letter in ALPHABET for letter in code) else None


def _digest(work: Work, account_id: UUID, code: str) -> bytes:
    return hmac.digest(work.keyring.derive("recovery codes"), account_id.bytes + code.encode(), hashlib.sha256)
