"""Recovery codes: single-use look-up secrets for a person without their authenticator app.

A code is kept as a keyed digest (the key is outside the database), bound to its account.
"""

import hashlib
import hmac
import secrets
from uuid import UUID

from sqlalchemy import delete, func, select, update

from idp.authn.models import RecoveryCode
from idp.core.ids import uuid7
from idp.work import Work

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U; 5 bits a letter
LENGTH_MIN = 16  # at least 64 random bits
GROUP = 4
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def replace(work: Work, account_id: UUID) -> list[str]:
    """A new set of codes, shown once; the old set is void from now on (R-18)."""
    rules = work.policies.account
    length = max(rules.backup_code_length, LENGTH_MIN)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(rules.backup_code_count)]
    work.session.execute(
        delete(RecoveryCode).where(RecoveryCode.account_id == account_id),
        execution_options={"synchronize_session": False},
    )
    work.session.add_all(
        RecoveryCode(id=uuid7(), account_id=account_id, digest=_digest(work, account_id, code), created_at=work.now)
        for code in codes
    )
    work.session.flush()
    return ["-".join(code[start : start + GROUP] for start in range(0, length, GROUP)) for code in codes]


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
