"""Delivering what the outbox holds, at least once each.

A message is claimed by one statement that moves its `due_at` ahead, so that of many workers one has it, and a worker
that dies gives it back. It is delivered outside that transaction, then finished and its payload erased; a fact that
only writes rows here is handled and finished in one. What fails is tried again, later each time, for a day.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.outbox.render import render, render_text_message
from idp.outbox.sms_gateway import NoGateway, Texter
from idp.outbox.smtp import Mailer, Undeliverable
from idp.work import Work

CLAIM = timedelta(seconds=60)
BEGUN_WITHIN = 30.0  # seconds of a claim in which a delivery may begin; what is left is more than any timeout
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=4)
GIVEN_UP_AFTER = {("sms", "one_time_code"): timedelta(minutes=15)}  # the code in it is over by then
GIVEN_UP_AT_LAST = timedelta(hours=24)
POLL_SECONDS = 1.0
MAIL_BATCH = 10
FACT_THREADS = 3  # a product that does not answer holds one of them for some seconds, and nobody else

Handler = Callable[[Work, dict[str, Any]], None]
UnitOfWork = Callable[[], AbstractContextManager[Work]]

log = structlog.get_logger("outbox")


class UnknownFact(Exception):
    """No handler is registered for a fact of this name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this worker has until `until`."""

    id: UUID
    kind: str
    name: str
    created_at: datetime
    attempts: int
    until: datetime


class Deliverer:
    """Delivers messages with the means it was given; safe to use from several threads and processes."""

    def __init__(
        self,
        open_work: UnitOfWork,
        mailer: Mailer,
        handlers: Mapping[str, Handler],
        callers: Mapping[str, Handler],
        texter: Texter | None = None,
    ) -> None:
        """Args:
        open_work: gives a unit of work that is committed at its end; not yet a writing one.
        mailer: how mail leaves. Used by one thread.
        handlers: by name of a fact, who is told. Called in a writing transaction, which also finishes the fact: a
            handler takes effect once.
        callers: by name of a fact, who tells another machine. Called without an open transaction, at least once.
        texter: how text messages leave; none do without one.
        """
        self._open_work = open_work
        self._mailer = mailer
        self._handlers = handlers
        self._callers = callers
        self._texter = texter or NoGateway()
        self._woken = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop: mail in one thread, text messages in another, facts in others, so that none waits
        for the others."""
        lanes = [("mail", MAIL_BATCH), ("sms", 1)] + [("fact", 1)] * FACT_THREADS
        threads = [
            threading.Thread(target=self._lane, args=(kind, batch, stop), name=f"outbox-{kind}-{number}", daemon=True)
            for number, (kind, batch) in enumerate(lanes)
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        self._woken.set()
        for thread in threads:
            thread.join(timeout=CLAIM.total_seconds())
        self._mailer.close()

    def run_due(self) -> int:
        """Deliver all that is due now, in this thread; answers how many messages were tried."""
        tried = 0
        while done := sum(self._once(kind, MAIL_BATCH) for kind in ("fact", "mail", "sms")):
            tried += done
        self._mailer.close()
        return tried

    def wake(self) -> None:
        """Look for messages now rather than at the next second."""
        self._woken.set()

    def _lane(self, kind: str, batch: int, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                busy = self._once(kind, batch) > 0
            except SQLAlchemyError as error:  # the database is away or busy: the messages wait for us
                log.warning("outbox.database_unavailable", error=type(error).__name__)
                busy = False
            if busy:
                self.wake()  # a delivered fact may have put others in the outbox
            elif self._woken.wait(POLL_SECONDS):
                self._woken.clear()

    def _once(self, kind: str, limit: int) -> int:
        """Claim and deliver one batch; answers its size."""
        began = time.monotonic()
        claims = self._claim(kind, limit)
        for claim in claims:
            if time.monotonic() - began < BEGUN_WITHIN:
                self._attempt(claim)
        return len(claims)

    def _claim(self, kind: str, limit: int) -> list[Claim]:
        with self._open_work() as work:
            due = (
                select(OutboxMessage.id)
                .where(
                    OutboxMessage.finished_at.is_(None), OutboxMessage.due_at <= work.now, OutboxMessage.kind == kind
                )
                .order_by(OutboxMessage.due_at)
                .limit(limit)
            )
            if work.session.scalar(due.limit(1)) is None:  # an idle worker only reads
                return []
            work.session.rollback()
            work.write()
            columns = (
                OutboxMessage.id, OutboxMessage.kind, OutboxMessage.name, OutboxMessage.created_at,
                OutboxMessage.attempts, OutboxMessage.due_at,
            )  # fmt: skip
            claimed = work.session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id.in_(due.with_for_update(skip_locked=True)))
                .values(due_at=work.now + CLAIM)
                .returning(*columns),
                execution_options={"synchronize_session": False},
            ).all()
            return [Claim(*row) for row in sorted(claimed, key=lambda row: row.id)]

    def _attempt(self, claim: Claim) -> None:
        """Deliver one message and write down how that went."""
        try:
            if claim.name in self._handlers and claim.kind == "fact":
                self._handle(claim)
            else:
                self._hand_over(claim)
        except Exception as error:  # noqa: BLE001 - whatever a mail server or a product does wrong, the message waits
            failure = type(error).__name__  # its text could quote the message
            self._failed(claim, failure, for_good=isinstance(error, Undeliverable))
            log.warning("outbox.failed", kind=claim.kind, name=claim.name, attempts=claim.attempts + 1, error=failure)

    def _handle(self, claim: Claim) -> None:
        """Tell who is to know here, and finish, in one transaction."""
        with self._open_work() as work:
            work.write()
            content = open_payload(work, work.session.get_one(OutboxMessage, claim.id))
            if self._settle(work, claim, **_finished(claim, work.now)):
                self._handlers[claim.name](work, content)

    def _hand_over(self, claim: Claim) -> None:
        """Hand a mail to its server, a text message to its gateway or a fact to another machine; then finish."""
        with self._open_work() as work:
            content = open_payload(work, work.session.get_one(OutboxMessage, claim.id))
            work.session.rollback()  # what is slow must not hold the database
            if claim.kind == "mail":
                self._mailer.send(work, claim.id, render(claim.name, content, work.issuer))
            elif claim.kind == "sms":
                self._texter.send(work, claim.id, *render_text_message(claim.name, content))
            elif claim.name in self._callers:
                self._callers[claim.name](work, content)
            else:
                raise UnknownFact
        with self._open_work() as work:
            self._settle(work, claim, **_finished(claim, work.now))

    def _failed(self, claim: Claim, failure: str, *, for_good: bool) -> None:
        with self._open_work() as work:
            due = work.now + min(FIRST_PAUSE * 3**claim.attempts, LONGEST_PAUSE)
            if for_good or due > claim.created_at + GIVEN_UP_AFTER.get((claim.kind, claim.name), GIVEN_UP_AT_LAST):
                self._settle(work, claim, **_finished(claim, work.now, failure))
            else:
                self._settle(work, claim, due_at=due, attempts=claim.attempts + 1, failure=failure)

    def _settle(self, work: Work, claim: Claim, **values: Any) -> bool:
        """Write down the end of a claim; False when it ran out and the message is somebody else's by now."""
        work.write()
        settled = work.session.scalars(
            update(OutboxMessage)
            .where(OutboxMessage.id == claim.id, OutboxMessage.due_at == claim.until)
            .values(**values)
            .returning(OutboxMessage.id),
            execution_options={"synchronize_session": False},
        )
        return settled.one_or_none() is not None


def _finished(claim: Claim, now: datetime, failure: str | None = None) -> dict[str, Any]:
    """What a row says once nothing more will be tried; nobody needs its content any more."""
    return {"finished_at": now, "payload": None, "attempts": claim.attempts + 1, "failure": failure}
