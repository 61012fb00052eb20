"""Initial access tokens, which open dynamic registration a limited number of times (RFC 7591 §3)."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from idp.audit import log as audit
from idp.core import tokens
from idp.core.errors import InvalidInput
from idp.core.ids import uuid7
from idp.oidc.models import InitialAccessToken
from idp.work import Work


def create(work: Work, *, note: str, uses: int, lifetime: timedelta) -> str:
    """A token that opens dynamic registration `uses` times within `lifetime`.

    Raises:
        InvalidInput: that is never.
    """
    if uses < 1 or lifetime <= timedelta(0):
        raise InvalidInput(field="uses" if uses < 1 else "lifetime", reason="must be positive")
    token = tokens.new()
    work.session.execute(
        insert(InitialAccessToken).values(
            id=uuid7(), token_digest=tokens.digest(token), note=note, uses_left=uses,
            created_at=work.now, expires_at=work.now + lifetime,
        )
    )  # fmt: skip
    work.session.execute(delete(InitialAccessToken).where(InitialAccessToken.expires_at < work.now))
    audit.record(work, "initial_access_token.created", note=note, uses=uses)
    return token


def lives(work: Work, token: str) -> bool:
    """Whether a token could open a registration now; only `spend` decides."""
    return work.session.scalar(select(InitialAccessToken.id).where(*_usable(work, token))) is not None


def spend(work: Work, token: str) -> bool:
    """Use a token once more; True for one caller per use left."""
    spent = work.session.execute(
        update(InitialAccessToken).where(*_usable(work, token)).values(uses_left=InitialAccessToken.uses_left - 1)
    )
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


def _usable(work: Work, token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        InitialAccessToken.token_digest == tokens.digest(token),
        InitialAccessToken.uses_left > 0,
        InitialAccessToken.expires_at > work.now,
    )
