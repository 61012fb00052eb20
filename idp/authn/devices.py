"""The sessions and trusted browsers of one person, as that person sees and ends them (R-49, SGN-08, MFA-11).

The caller has seen a fresh proof. Ending a session ends what products hold through it, and tells them: that follows
from the fact `session.ended`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, or_, select

from idp.audit import log as audit
from idp.authn import browser, notices, session, trusted_device
from idp.authn.models import Session, TrustedDevice
from idp.core.errors import NotFound
from idp.work import Work

ENDED = "ended_by_person"
EVERYWHERE = "signed_out_everywhere"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its holder sees it.

    Attributes:
        device: browser and system in words.
        place: where its network address is; empty when that is not known.
        network: the address from which it began.
        live: whether it still opens this service; if not, only products that were given lasting access hold on to it.
    """

    id: UUID
    device: str
    place: str
    network: str
    started_at: datetime
    last_seen_at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class TrustedBrowser:
    """A browser that signs in without a code."""

    id: UUID
    device: str
    since: datetime
    until: datetime
    last_used_at: datetime


def sessions(work: Work, account_id: UUID, holding: Collection[UUID] = ()) -> list[OpenSession]:
    """The sessions of an account that are not over, the one used last first.

    Args:
        holding: sessions through which a product still has access, and which are listed although they have run out.
    """
    live = and_(Session.expires_at > work.now, Session.last_seen_at > work.now - work.policies.session_idle)
    rows = work.session.execute(
        select(
            Session.id,
            Session.user_agent,
            Session.network,
            Session.created_at,
            Session.last_seen_at,
            live.label("live"),
        )
        .where(Session.account_id == account_id, Session.ended_at.is_(None), or_(live, Session.id.in_(holding)))
        .order_by(Session.last_seen_at.desc(), Session.id.desc())
    )
    return [
        OpenSession(
            row.id,
            browser.label(row.user_agent),
            work.places.name(row.network),
            row.network,
            row.created_at,
            row.last_seen_at,
            bool(row.live),
        )
        for row in rows
    ]


def get(work: Work, account_id: UUID, session_id: UUID) -> OpenSession:
    """One session of this account that is not over.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    for each in sessions(work, account_id, {session_id}):
        if each.id == session_id:
            return each
    raise NotFound(kind="session")


def end(work: Work, account_id: UUID, session_id: UUID) -> None:
    """End one session of this account, and tell the holder.

    Raises:
        NotFound: as `get`.
    """
    found = get(work, account_id, session_id)
    notices.tell(work, account_id, "sessions_ended", what=found.device)
    if not session.end(work, session_id, ENDED):
        raise NotFound(kind="session")


def end_others(work: Work, account_id: UUID, own_id: UUID) -> int:
    """End every session of this account but one; answers how many."""
    if not _any(work, account_id, own_id):
        return 0
    notices.tell(work, account_id, "sessions_ended")
    return session.end_all(work, account_id, ENDED, except_id=own_id)


def end_everything(work: Work, account_id: UUID) -> None:
    """Sign out everywhere: every session ends, no browser is trusted or known any more."""
    forgotten = trusted_device.forget_all(work, account_id)
    notices.tell(work, account_id, "sessions_ended")
    session.end_all(work, account_id, EVERYWHERE)
    if forgotten:
        audit.record(work, "trusted_device.forgotten", ("account", account_id), reason=EVERYWHERE, browsers=forgotten)


def trusted(work: Work, account_id: UUID) -> list[TrustedBrowser]:
    """The browsers this account trusts, the one used last first."""
    rows = work.session.scalars(
        select(TrustedDevice)
        .where(
            TrustedDevice.account_id == account_id,
            TrustedDevice.skips_second_factor,
            TrustedDevice.expires_at > work.now,
        )
        .order_by(TrustedDevice.last_used_at.desc(), TrustedDevice.id.desc())
    )
    return [
        TrustedBrowser(
            row.id, browser.label(row.user_agent), row.created_at, row.expires_at, row.last_used_at or row.created_at
        )
        for row in rows
    ]


def get_trusted(work: Work, account_id: UUID, trusted_id: UUID) -> TrustedBrowser:
    """One browser that this account trusts.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    for each in trusted(work, account_id):
        if each.id == trusted_id:
            return each
    raise NotFound(kind="trusted_device")


def forget(work: Work, account_id: UUID, trusted_id: UUID) -> None:
    """Withdraw the trust in one browser, and tell the holder. It is not known any more either.

    Raises:
        NotFound: as `get_trusted`.
    """
    found = get_trusted(work, account_id, trusted_id)
    gone = work.session.execute(
        delete(TrustedDevice).where(TrustedDevice.id == trusted_id, TrustedDevice.account_id == account_id),
        execution_options={"synchronize_session": False},
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="trusted_device")
    notices.tell(work, account_id, "trusted_devices_forgotten", what=found.device)
    subject = ("account", account_id)
    audit.record(work, "trusted_device.forgotten", subject, reason=ENDED, browsers=1)


def _any(work: Work, account_id: UUID, own_id: UUID) -> bool:
    return (
        work.session.scalar(
            select(Session.id)
            .where(Session.account_id == account_id, Session.ended_at.is_(None), Session.id != own_id)
            .limit(1)
        )
        is not None
    )
