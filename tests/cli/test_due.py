"""What is due once a minute, in the worker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from idp.accounts.models import EmailChange
from idp.cli import due
from idp.core import tokens
from idp.core.ids import uuid7
from idp.work import Work


class Minutes(threading.Event):
    """Ends after so many minutes, which take no time."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left <= 0


def test_a_job_that_fails_keeps_neither_the_others_nor_the_next_minute(open_work, make_account, work):
    """Or else one strange row would stop every change of address and every case, without a word."""
    ada = make_account()
    change = EmailChange(
        id=uuid7(), account_id=ada.account.id, way="person", old_address=ada.address, old_canonical=ada.address,
        new_address="new@example.test", new_canonical="new@example.test", stop_digest=tokens.digest("stop"),
        asked_at=work.now, expires_at=work.now, proved_at=work.now, switch_at=work.now,
    )  # fmt: skip
    work.session.add(change)
    work.session.commit()
    failures = [RuntimeError("a strange row"), OperationalError("a statement", None, Exception("away")), KeyError("?")]
    opened = []

    @contextmanager
    def open_() -> Iterator[Work]:
        opened.append(len(failures))
        if failures:
            raise failures.pop(0)
        yield open_work(at=work.now)

    due.every_minute(open_, Minutes(3))
    assert len(opened) == 3 * len(due.JOBS)
    work.session.refresh(change)
    assert change.done_at is not None
