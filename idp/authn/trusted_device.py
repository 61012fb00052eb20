"""Browsers that a person has signed in with: known to us, and trusted where the person asked for it.

The cookie holds a few tokens side by side, so that two people who share a computer do not forget each other's trust.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from idp.authn.models import TrustedDevice
from idp.core import tokens
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.work import Work

SEPARATOR = "."
TOKENS_IN_A_COOKIE = 5
TOKEN_LENGTH = 43

_COLUMNS = (
    "id", "account_id", "token_digest", "device_id", "skips_second_factor", "user_agent", "created_at", "expires_at",
    "last_used_at",
)  # fmt: skip
_ADD = Prepared(insert(TrustedDevice).values({name: bindparam(name) for name in _COLUMNS}))


@dataclass(frozen=True, slots=True)
class Known:
    """A browser in which this account has signed in.

    Attributes:
        trusted: the second factor may be left out here.
        device_id: the same at every sign-in of this account in this browser.
    """

    id: UUID
    trusted: bool
    device_id: UUID


def find(work: Work, account_id: UUID, cookie: str | None) -> Known | None:
    """What we know of this browser for this account; a cookie of other accounts says nothing."""
    digests = [tokens.digest(token) for token in _tokens(cookie)]
    if not digests:
        return None
    row = work.session.execute(
        select(TrustedDevice.id, TrustedDevice.skips_second_factor, TrustedDevice.device_id)
        .where(
            TrustedDevice.token_digest.in_(digests),
            TrustedDevice.account_id == account_id,
            TrustedDevice.expires_at > work.now,
        )
        .order_by(TrustedDevice.skips_second_factor.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Known(row[0], row[1], row[2])


def remember(
    work: Work, account_id: UUID, cookie: str | None, known: Known | None, *, trust: bool, device_id: UUID | None = None
) -> str | None:
    """Note that the account signed in here; `known` is what `find` said of this browser.

    A trust that was given stays as it is and ends when it was to end. A browser that is merely known is noted anew at
    each sign-in, under a new token. `device_id` names a browser that is not known yet.

    Returns:
        The new value of the cookie; None when the old one stays.
    """
    if known is not None and known.trusted:
        work.session.execute(
            update(TrustedDevice).where(TrustedDevice.id == known.id).values(last_used_at=work.now),
            execution_options={"synchronize_session": False},
        )
        return None
    if known is not None:
        _delete(work, TrustedDevice.id == known.id)
    token = tokens.new()
    _ADD.run(
        work.session.connection(),
        {
            "id": uuid7(),
            "account_id": account_id,
            "token_digest": tokens.digest(token),
            "device_id": known.device_id if known is not None else device_id or uuid7(),
            "skips_second_factor": trust,
            "user_agent": work.actor.user_agent,
            "created_at": work.now,
            "expires_at": work.now + work.policies.account.trusted_device_lifetime,
            "last_used_at": work.now,
        },
    )
    return SEPARATOR.join([token, *_live(work, cookie)][:TOKENS_IN_A_COOKIE])


def forget_all(work: Work, account_id: UUID) -> int:
    """Withdraw the trust in every browser of an account, and forget the browsers (MFA-11); answers how many.

    The caller notes it in the audit log, after all rows are written.
    """
    return _delete(work, TrustedDevice.account_id == account_id)


def _delete(work: Work, which: ColumnElement[bool]) -> int:
    result = work.session.execute(delete(TrustedDevice).where(which), execution_options={"synchronize_session": False})
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def _live(work: Work, cookie: str | None) -> list[str]:
    """The tokens of a cookie that still mean something, so that dead ones do not push out a neighbour's."""
    digests = {tokens.digest(token): token for token in _tokens(cookie)}
    if not digests:
        return []
    live = set(
        work.session.scalars(
            select(TrustedDevice.token_digest).where(
                TrustedDevice.token_digest.in_(digests), TrustedDevice.expires_at > work.now
            )
        )
    )
    return [token for digest, token in digests.items() if digest in live]


def _tokens(cookie: str | None) -> list[str]:
    parts = (cookie or "")[: TOKENS_IN_A_COOKIE * (TOKEN_LENGTH + 1)].split(SEPARATOR)
    return [part for part in parts if len(part) == TOKEN_LENGTH and part.isascii()]
