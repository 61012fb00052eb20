"""`idp sharing`: looking for signs that accounts are used by more than one person, apart from every request."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import click
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.authn import sharing as signs
from idp.authn.models import SharingPass
from idp.cli.context import Output, operating, verb
from idp.companies import sharing_case
from idp.core.errors import IdpError
from idp.oidc import parallel_sessions
from idp.work import Actor, Work

EVERY_SECONDS = 300.0
BATCH = 200  # sign-ins read at a time
JOB = Actor(kind="system", name="sharing")

log = structlog.get_logger("sharing")
UnitOfWork = Callable[[], AbstractContextManager[Work]]


@click.group()
def sharing() -> None:
    """Signs that an account is used by more than one person."""


@verb(sharing, "look")
def look(out: Output) -> None:
    """Look at the accounts that have signed in since the last time, as the worker does every five minutes."""
    with operating(write=False) as work:
        looked_at, told = look_at_new(work)
    out.result({"accounts": looked_at, "told": told}, f"{looked_at} accounts looked at, {told} people told.")


def look_at_new(work: Work) -> tuple[int, int]:
    """Look at every account that has signed in since the last pass; answers how many, and how many people were told.

    Each account is a transaction of its own. Where the pass has got to is written down after each batch: two that run
    at once look twice, which changes nothing.
    """
    work = work.acting(JOB)
    looked_at = told = 0
    while True:
        work.write()
        since = _reached(work)
        rows = work.session.execute(
            select(AuditEvent.sequence, AuditEvent.subject_id)
            .where(AuditEvent.sequence > since, AuditEvent.name == "session.started")
            .order_by(AuditEvent.sequence)
            .limit(BATCH)
        ).all()
        active = _active(work, {row.subject_id for row in rows})
        work.checkpoint(write=False)
        for account_id in active:
            looked_at += 1
            told += look_at(work, account_id)
        if rows:
            work.write()
            work.session.execute(
                update(SharingPass)
                .where(SharingPass.id == 1, SharingPass.sequence < rows[-1].sequence)
                .values(sequence=rows[-1].sequence, passed_at=work.now)
            )
            work.checkpoint(write=False)
        if len(rows) < BATCH:
            return looked_at, told


def look_at(work: Work, account_id: UUID) -> bool:
    """Look at one account, in a transaction of its own; answers whether its holder was told of something."""
    try:
        work.write()
        standing = signs.look(work, account_id, parallel_sessions.look(work, account_id))
        sharing_case.follow(work, account_id, standing)
        work.checkpoint(write=False)
    except (IntegrityError, IdpError) as error:  # another worker was at this account, or its holder has just left
        work.session.rollback()
        log.info("sharing.left_out", error=type(error).__name__)
        return False
    return standing.told_now


def every_five_minutes(open_work: UnitOfWork, stop: threading.Event) -> None:
    """Look now and then every five minutes until told to stop."""
    while True:
        try:
            with open_work() as work:
                looked_at, told = look_at_new(work)
            if looked_at:
                log.info("sharing.looked", accounts=looked_at, told=told)
        except SQLAlchemyError as error:  # the database is away or busy: the next pass begins where this one ended
            log.warning("sharing.database_unavailable", error=type(error).__name__)
        if stop.wait(EVERY_SECONDS):
            return


def _reached(work: Work) -> int:
    row = work.session.get(SharingPass, 1, populate_existing=True)
    if row is None:
        row = SharingPass(id=1, sequence=0, passed_at=work.now)
        work.session.add(row)
        work.session.flush()
    return row.sequence


def _active(work: Work, subjects: set[str]) -> list[UUID]:
    """Those of the accounts that somebody can still sign in to."""
    keys = [key for subject in subjects if (key := _key(subject)) is not None]
    return list(work.session.scalars(select(Account.id).where(Account.id.in_(keys), Account.status == "active")))


def _key(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:  # the log of an account that was erased
        return None
