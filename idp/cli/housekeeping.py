"""Removing what is over. Nothing depends on it: every end is checked when a thing is used, so a sweep that does not run
costs space alone. How long things stay is told in docs/retention.md.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from idp.accounts.models import EmailAddress, EmailChange
from idp.audit import retention
from idp.authn import sharing, throttle
from idp.authn.models import MailedLink, NoticeLink, OneTimeCode, PasskeyChallenge, Session, SignIn, TrustedDevice
from idp.companies.models import (
    BillingEvent,
    ColleagueRequest,
    FirmInvitation,
    FirstUser,
    Invitation,
    MandateRequest,
    OnboardingLink,
    OwnershipOffer,
    SupportCase,
)
from idp.core.db import Base
from idp.oidc import authorization, codes, families, keys, pushed, refresh
from idp.oidc.models import (
    DeviceRequest,
    Grant,
    IdempotentCall,
    InitialAccessToken,
    LogoutDelivery,
    RevokedAccessToken,
    UsedToken,
)
from idp.outbox.models import LocalMail, OutboxMessage
from idp.work import Work

EVERY_SECONDS = 3600.0
BATCH = 500  # rows of one transaction, so that a sweep never holds up a request for long

A_DAY = timedelta(days=1)
GRANT_KEPT = timedelta(days=30)
SESSION_KEPT = timedelta(days=90)
DELIVERED_KEPT = timedelta(days=30)
REQUEST_KEPT = timedelta(days=90)
CASE_KEPT = timedelta(days=365)
ADDRESS_KEPT = timedelta(days=365)
CHANGE_KEPT = timedelta(days=90)
INVITATION_KEPT = timedelta(days=90)
START_KEPT = timedelta(days=30)
LISTED_KEPT = timedelta(days=90)
BILLING_KEPT = timedelta(days=400)
EVENT_KEPT = timedelta(days=3 * 365)

UnitOfWork = Callable[[], AbstractContextManager[Work]]

log = structlog.get_logger("housekeeping")


def sweep(work: Work) -> dict[str, int]:
    """Remove what is over, in batches that are committed one by one; answers how many rows of each table.

    Grants go before the sessions they rest on: a session stays for as long as a grant does.
    """
    removed: dict[str, int] = {}
    for model, over in _over(work.now):
        table: Table = model.__table__  # type: ignore[assignment]
        removed[table.name] = sum(_batches(work, table, over))
    for name, discard in _discards(work).items():
        work.write()
        removed[name] = discard()
        work.checkpoint(write=False)
    return dict(sorted(removed.items()))


def every_hour(open_work: UnitOfWork, stop: threading.Event) -> None:
    """Sweep now and then once an hour until told to stop. Two that sweep at once only share the work."""
    while True:
        try:
            with open_work() as work:
                removed = sweep(work)
            log.info("housekeeping.swept", **{name: number for name, number in removed.items() if number})
        except SQLAlchemyError as error:  # the database is away or busy: there is another hour
            log.warning("housekeeping.database_unavailable", error=type(error).__name__)
        if stop.wait(EVERY_SECONDS):
            return


def _over(now: datetime) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    """What is over, table by table, in the order in which it is removed."""
    yield SignIn, SignIn.expires_at < now - A_DAY  # with its proofs
    yield PasskeyChallenge, PasskeyChallenge.expires_at < now  # whoever opens the sign-in page gets one
    yield MailedLink, MailedLink.expires_at < now - A_DAY
    yield NoticeLink, NoticeLink.expires_at < now - A_DAY
    yield OneTimeCode, OneTimeCode.expires_at < now - A_DAY
    yield TrustedDevice, TrustedDevice.expires_at < now - A_DAY
    yield IdempotentCall, IdempotentCall.expires_at < now
    yield RevokedAccessToken, RevokedAccessToken.expires_at < now - A_DAY
    yield DeviceRequest, DeviceRequest.expires_at < now - A_DAY
    yield UsedToken, UsedToken.expires_at < now
    ended = or_(
        Grant.expires_at < now - GRANT_KEPT,
        Grant.revoked_at < now - GRANT_KEPT,
        Grant.last_used_at < now - families.IDLE - GRANT_KEPT,
    )
    yield Grant, ended  # with its refresh tokens
    long_over = func.coalesce(Session.ended_at, Session.expires_at) < now - SESSION_KEPT
    yield Session, and_(long_over, ~exists().where(Grant.session_id == Session.id))
    changed = or_(
        EmailChange.undo_until < now - CHANGE_KEPT,
        EmailChange.closed_at < now - CHANGE_KEPT,
        and_(EmailChange.proved_at.is_(None), EmailChange.expires_at < now - CHANGE_KEPT),
    )
    yield EmailChange, changed
    yield EmailAddress, EmailAddress.released_at < now - ADDRESS_KEPT
    yield Invitation, func.coalesce(Invitation.closed_at, Invitation.expires_at) < now - INVITATION_KEPT
    yield OnboardingLink, OnboardingLink.expires_at < now - START_KEPT
    yield OwnershipOffer, func.coalesce(OwnershipOffer.closed_at, OwnershipOffer.expires_at) < now - INVITATION_KEPT
    yield FirstUser, FirstUser.created_at < now - LISTED_KEPT
    yield MandateRequest, func.coalesce(MandateRequest.closed_at, MandateRequest.expires_at) < now - INVITATION_KEPT
    yield FirmInvitation, func.coalesce(FirmInvitation.closed_at, FirmInvitation.expires_at) < now - INVITATION_KEPT
    yield SupportCase, SupportCase.closed_at < now - CASE_KEPT  # with the links of its contacts
    yield InitialAccessToken, InitialAccessToken.expires_at < now - DELIVERED_KEPT
    yield BillingEvent, BillingEvent.received_at < now - BILLING_KEPT
    yield LogoutDelivery, LogoutDelivery.created_at < now - DELIVERED_KEPT
    yield OutboxMessage, OutboxMessage.finished_at < now - DELIVERED_KEPT
    yield ColleagueRequest, func.coalesce(ColleagueRequest.closed_at, ColleagueRequest.created_at) < now - REQUEST_KEPT
    yield LocalMail, LocalMail.sent_at < now - DELIVERED_KEPT


def _discards(work: Work) -> dict[str, Callable[[], int]]:
    """What its own room removes, a few rows an hour."""
    return {
        "throttles": lambda: throttle.forget_old(work),
        "sharing_signals": lambda: sharing.forget_old(work),
        "authorization_codes": lambda: codes.discard_old(work, work.now - A_DAY),
        "authorization_requests": lambda: authorization.discard_old(work),
        "pushed_requests": lambda: pushed.discard_old(work, work.now - authorization.KEPT_FOR),
        "refresh_token_successors": lambda: refresh.forget_successors(work),
        "audit_traces": lambda: retention.erase_old_traces(work),
        "audit_events": lambda: retention.remove_before(work, work.now - EVENT_KEPT),
        "signing_keys": lambda: keys.discard_dead(work),
    }


def _batches(work: Work, table: Table, over: ColumnElement[bool]) -> Iterator[int]:
    (key,) = table.primary_key.columns
    some = select(key).where(over).limit(BATCH)
    while True:
        work.write()
        result = work.session.execute(delete(table).where(key.in_(some)))
        gone: int = result.rowcount  # type: ignore[attr-defined]
        work.checkpoint(write=False)
        yield gone
        if gone < BATCH:
            return
