"""What is due at a time of its own, done once a minute by the outbox worker: cases of support whose wait is over,
changes of address, invitations that nobody answered in time, ends and renewals of mandates, what time has done to
subscriptions, companies that their owners close, and signing keys that hand over to the next.

Any number of workers may do it at once: each thing is taken by one conditional update.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from idp.authn import email_change, session
from idp.cli.context import settings
from idp.companies import closure, invitation, mandate_due, subscription_due, support_acts, support_due
from idp.companies.support_due import Act
from idp.oidc import key_schedule, personal_data
from idp.work import Work

EVERY_SECONDS = 60.0

UnitOfWork = Callable[[], AbstractContextManager[Work]]
Job = Callable[[Work], int]

log = structlog.get_logger("due")


def cases(work: Work) -> int:
    """Carry out, finish and close cases; answers how many moved."""
    return sum(len(references) for references in support_due.carry_out(work, ACTS).values())


def signing_keys(work: Work) -> int:
    """Make the next signing keys and let them take over."""
    return key_schedule.carry_out(work, timedelta(days=settings().signing_key_days))


ACTS: Mapping[str, Act] = {**support_acts.ACTS, "erase": personal_data.carry_out}
"""What cases do, those included that reach every floor."""


def expired_sessions(work: Work) -> int:
    """Tell of sessions whose time has run out."""
    number, told = 0, -1
    while told:
        work.write_after_reading()
        number += (told := session.tell_expired(work))
        work.session.commit()
    return number


JOBS: Mapping[str, Job] = {
    "closures": closure.carry_out,
    "email_changes": email_change.switch_due,
    "invitations": invitation.expire_due,
    "expired_sessions": expired_sessions,
    "mandates": mandate_due.carry_out,
    "signing_keys": signing_keys,
    "subscriptions": subscription_due.carry_out,
    "support_cases": cases,
}
"""By what is done. A job gets work without an open transaction and commits for itself."""


def run_due(open_work: UnitOfWork) -> dict[str, int]:
    """Do all that is due now; answers how much of each."""
    done: dict[str, int] = {}
    for name, job in JOBS.items():
        with open_work() as work:
            done[name] = job(work)
    return done


def every_minute(open_work: UnitOfWork, stop: threading.Event) -> None:
    """Do what is due now and then once a minute until told to stop."""
    while True:
        for name, job in JOBS.items():
            _tried(name, job, open_work)
        if stop.wait(EVERY_SECONDS):
            return


def _tried(name: str, job: Job, open_work: UnitOfWork) -> None:
    """Do one job; there is another minute, whatever became of this one."""
    try:
        with open_work() as work:
            number = job(work)
    except SQLAlchemyError as error:  # the database is away or busy
        log.warning("due.database_unavailable", job=name, error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - one row that nobody thought of does not stop all that is due
        log.error("due.failed", job=name, error=type(error).__name__)
    else:
        if number:
            log.info("due.done", **{name: number})
