"""What a person sees of their own means of signing in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from idp.authn.models import Session, TotpAuthenticator
from idp.work import Work


def linked_since(work: Work, account_id: UUID) -> datetime | None:
    """When the authenticator app that counts was linked; None without one."""
    return work.session.scalar(
        select(func.min(TotpAuthenticator.confirmed_at)).where(
            TotpAuthenticator.account_id == account_id, TotpAuthenticator.confirmed_at.is_not(None)
        )
    )


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
