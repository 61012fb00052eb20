"""`idp outbox`: what waits to leave, and the worker that lets it leave."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from uuid import UUID

import click
from sqlalchemy import select, update

from idp.cli.context import Output, application, check_master_key, operating, settings, verb
from idp.cli.due import every_minute, run_due
from idp.cli.housekeeping import every_hour
from idp.cli.sharing import every_five_minutes
from idp.core.errors import NotFound
from idp.outbox.deliver import Deliverer
from idp.outbox.models import OutboxMessage
from idp.outbox.sms_gateway import texter
from idp.outbox.smtp import mailer
from idp.work import Actor, Work

SYSTEM = Actor(kind="system", name="outbox")


@click.group()
def outbox() -> None:
    """What waits to leave: mail, logout notices."""


@contextmanager
def open_work() -> Iterator[Work]:
    """A unit of work of this instance, not yet a writing one."""
    from idp.web.work import unit_of_work

    with unit_of_work(application(), SYSTEM, write=False) as work:
        yield work


def deliverer() -> Deliverer:
    """The deliverer of this instance, joined with those who handle its facts."""
    from idp.authn.facts import HANDLERS
    from idp.companies import address_change, billing_message, onboarding, support_acts
    from idp.oidc import access_change, access_end, logout

    return Deliverer(
        open_work,
        mailer(settings()),
        handlers={
            **HANDLERS,
            **support_acts.HANDLERS,
            **address_change.HANDLERS,
            **access_end.HANDLERS,
            **access_change.HANDLERS,
            **onboarding.HANDLERS,
            "session.ended": logout.session_ended,
            "session.expired": logout.session_expired,
        },
        callers={
            "backchannel_logout": logout.deliver,
            billing_message.FACT: billing_message.caller(settings().billing_url),
            **access_change.CALLERS,
        },
        texter=texter(settings()),
    )


@verb(outbox, "run")
@click.option("--once", is_flag=True, help="Deliver what is due now, then end.")
def run(out: Output, once: bool) -> None:
    """Deliver until stopped (SIGINT or SIGTERM); once a minute, do what is due (`idp cases due`); every five, look for
    signs of shared accounts (`idp sharing look`); once an hour, remove what is over (`idp db sweep`)."""
    check_master_key()
    worker = deliverer()
    if once:
        run_due(open_work)
        tried = worker.run_due()
        out.result({"tried": tried}, f"{tried} messages tried.")
        return
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    for job in (every_hour, every_five_minutes, every_minute):
        threading.Thread(target=job, args=(open_work, stop), name=job.__name__, daemon=True).start()
    worker.run(stop)


@verb(outbox, "list")
@click.option("--all", "everything", is_flag=True, help="Also what was delivered.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def list_(out: Output, everything: bool, limit: int) -> None:
    """List what waits and what was given up, the latest first; never the content."""
    columns = OutboxMessage.__table__.columns
    query = select(*(column for column in columns if column.name != "payload")).order_by(columns.id.desc()).limit(limit)
    if not everything:
        query = query.where(columns.finished_at.is_(None) | columns.failure.is_not(None))
    with operating(write=False) as work:
        rows = [dict(row._mapping) for row in work.session.execute(query)]
    out.table(
        rows, ["id", "kind", "name", "created_at", "due_at", "attempts", "failure", "finished_at"], empty="Empty."
    )


@verb(outbox, "retry")
@click.argument("message", type=click.UUID, required=False)
def retry(out: Output, message: UUID | None) -> None:
    """Try MESSAGE, or all that wait, again at once. What was given up is gone: its content was erased."""
    with operating() as work:
        query = update(OutboxMessage).where(OutboxMessage.finished_at.is_(None)).values(due_at=work.now)
        if message is not None:
            query = query.where(OutboxMessage.id == message)
        moved = work.session.scalars(query.returning(OutboxMessage.id)).all()
        if message is not None and not moved:
            raise NotFound(kind="waiting message")
    out.result({"due_now": [str(key) for key in moved]}, f"{len(moved)} messages are due now.")
