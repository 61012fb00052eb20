"""What a person sees of their own means of signing in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from idp.authn.models import Passkey, PasswordCredential, Session, TotpAuthenticator
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Held:
    """What an account signs in with, in a few figures.

    Attributes:
        password_at: when the password was set; None without one.
        app_since: when the oldest authenticator app that counts was linked; None without one.
        passkeys: how many.
        sessions: how many are live.
    """

    password_at: datetime | None
    app_since: datetime | None
    passkeys: int
    sessions: int


def held(work: Work, account_id: UUID) -> Held:
    """The means of signing in that an account holds now."""
    app_since = (
        select(func.min(TotpAuthenticator.confirmed_at))
        .where(TotpAuthenticator.account_id == account_id, TotpAuthenticator.confirmed_at.is_not(None))
        .scalar_subquery()
    )
    password_at = (
        select(PasswordCredential.changed_at).where(PasswordCredential.account_id == account_id).scalar_subquery()
    )
    passkeys = select(func.count()).where(Passkey.account_id == account_id).scalar_subquery()
    row = work.session.execute(select(password_at, app_since, passkeys)).one()
    return Held(row[0], row[1], row[2], open_sessions(work, account_id))


def open_sessions(work: Work, account_id: UUID) -> int:
    """How many sessions of the account are live."""
    counted = work.session.scalar(
        select(func.count()).where(
            Session.account_id == account_id,
            Session.ended_at.is_(None),
            Session.expires_at > work.now,
            Session.last_seen_at > work.now - work.policies.session_idle,
        )
    )
    return counted or 0
