"""Claims, retries, giving up, and what is left of a message afterwards."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from idp.core.settings import Settings
from idp.outbox import queue
from idp.outbox.models import LocalMail
from idp.outbox.smtp import LocalMailbox, mailer
from idp.work import Work
from tests.outbox.conftest import Outbox, Sink, running

MailSettings = Callable[..., Settings]


def test_a_delivered_mail_leaves_an_empty_row(outbox: Outbox, sink: Sink, mail_settings: MailSettings) -> None:
    outbox.mail()
    assert outbox.row().payload is not None

    outbox.deliverer(mailer(mail_settings(sink.port))).run_due()

    row = outbox.row()
    assert (row.payload, row.failure, row.attempts, row.finished_at) == (None, None, 1, outbox.now)


def test_the_payload_is_not_readable_in_the_database(outbox: Outbox) -> None:
    outbox.mail()

    assert b"a-secret-token" not in (outbox.row().payload or b"")


def test_without_a_mail_server_a_mail_goes_to_the_local_mailbox(outbox: Outbox) -> None:
    outbox.mail()

    outbox.deliverer(mailer(Settings())).run_due()

    with outbox.open_work() as work:
        (mail,) = work.session.scalars(select(LocalMail)).all()
        assert (mail.recipient, mail.subject) == ("ada@example.test", "Activez votre compte Sésame")
        assert "/activation/a-secret-token" in mail.text_body
        assert "/activation/a-secret-token" in mail.html_body


def test_a_refused_mail_is_tried_again_later_with_the_same_message_id(
    outbox: Outbox, sink: Sink, mail_settings: MailSettings
) -> None:
    outbox.mail()
    sink.answers = ["451 come back later"]
    deliverer = outbox.deliverer(mailer(mail_settings(sink.port)))

    deliverer.run_due()
    waiting = outbox.row()
    assert (waiting.failure, waiting.attempts, waiting.finished_at) == ("SMTPDataError", 1, None)
    assert waiting.due_at == outbox.now + timedelta(seconds=5)
    assert waiting.payload is not None

    assert deliverer.run_due() == 0  # not before it is due
    outbox.now += timedelta(seconds=5)
    deliverer.run_due()

    (message,) = sink.messages()
    assert message["Message-ID"] == f"<{waiting.id}@id.example.test>"
    assert outbox.row().failure is None


def test_a_mailbox_that_does_not_exist_is_not_tried_again(
    outbox: Outbox, sink: Sink, mail_settings: MailSettings
) -> None:
    outbox.mail("nobody@example.test")

    outbox.deliverer(mailer(mail_settings(sink.port))).run_due()

    row = outbox.row()
    assert (row.failure, row.payload, row.finished_at) == ("Undeliverable", None, outbox.now)


def test_pauses_grow_and_a_message_is_given_up_after_a_day(outbox: Outbox) -> None:
    outbox.fact("product.told")
    tries: list[timedelta] = []

    def fail(work: Work, members: dict[str, Any]) -> None:
        tries.append(work.now - outbox.row().created_at)
        raise ConnectionError("the text of an error may quote a secret")

    deliverer = outbox.deliverer(LocalMailbox(), callers={"product.told": fail})
    while outbox.row().finished_at is None:
        deliverer.run_due()
        outbox.now = max(outbox.now, outbox.row().due_at)

    pauses = [later - sooner for sooner, later in zip(tries, tries[1:], strict=False)]
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45)]
    assert pauses == sorted(pauses)
    assert timedelta(hours=20) <= tries[-1] <= timedelta(hours=24)
    row = outbox.row()
    assert (row.failure, row.payload, row.attempts) == ("ConnectionError", None, len(tries))


def test_a_fact_without_anybody_to_tell_is_a_failure(outbox: Outbox) -> None:
    outbox.fact("nobody.knows")

    outbox.deliverer(LocalMailbox()).run_due()

    assert outbox.row().failure == "UnknownFact"


def test_what_a_handler_writes_and_the_end_of_its_fact_are_one(outbox: Outbox) -> None:
    outbox.fact("session.ended", sid="s1")
    broken = True

    def tell_products(work: Work, members: dict[str, Any]) -> None:
        queue.fact(work, "product.told", sid=members["sid"])
        if broken:
            raise RuntimeError

    told: list[str] = []
    deliverer = outbox.deliverer(
        LocalMailbox(),
        handlers={"session.ended": tell_products},
        callers={"product.told": lambda work, members: told.append(members["sid"])},
    )
    deliverer.run_due()
    assert [row.name for row in outbox.rows()] == ["session.ended"]  # what it wrote was taken back

    broken = False
    outbox.now += timedelta(seconds=5)
    deliverer.run_due()
    assert told == ["s1"]
    assert all(row.finished_at is not None for row in outbox.rows())


def test_a_caller_holds_no_transaction(outbox: Outbox) -> None:
    outbox.fact("product.told")
    held: list[bool] = []

    outbox.deliverer(
        LocalMailbox(), callers={"product.told": lambda work, members: held.append(work.session.in_transaction())}
    ).run_due()

    assert held == [False]


def test_the_messages_of_a_worker_that_died_come_back_after_a_minute(outbox: Outbox) -> None:
    outbox.fact("product.told")

    class Died(BaseException):
        pass

    def die(work: Work, members: dict[str, Any]) -> None:
        raise Died

    with pytest.raises(Died):
        outbox.deliverer(LocalMailbox(), callers={"product.told": die}).run_due()
    told: list[object] = []
    second = outbox.deliverer(LocalMailbox(), callers={"product.told": lambda work, members: told.append(1)})
    second.run_due()
    assert told == []

    outbox.now += timedelta(seconds=61)
    second.run_due()
    assert told == [1]


def test_many_workers_deliver_each_message_once(outbox: Outbox) -> None:
    for number in range(60):
        outbox.fact("product.told", number=number)
    told: list[int] = []
    callers = {"product.told": lambda work, members: told.append(members["number"])}
    workers = [threading.Thread(target=outbox.deliverer(LocalMailbox(), callers=callers).run_due) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(told) == list(range(60))


def test_a_product_that_hangs_keeps_nobody_else_waiting(outbox: Outbox) -> None:
    release, told = threading.Event(), threading.Event()

    def call(work: Work, members: dict[str, Any]) -> None:
        if members["hangs"]:
            release.wait(20)
        else:
            told.set()

    outbox.fact("product.told", hangs=True)
    outbox.fact("product.told", hangs=False)
    with running(outbox.deliverer(LocalMailbox(), callers={"product.told": call})):
        try:
            assert told.wait(15)  # the other one hangs for longer
        finally:
            release.set()


def test_a_session_s_end_reaches_the_products_within_two_seconds(outbox: Outbox) -> None:
    told = threading.Semaphore(0)

    def tell_products(work: Work, members: dict[str, Any]) -> None:
        for product in ("accounting", "capture"):
            queue.fact(work, "product.told", product=product)

    deliverer = outbox.deliverer(
        LocalMailbox(),
        handlers={"session.ended": tell_products},
        callers={"product.told": lambda work, members: told.release()},
    )
    with running(deliverer):
        time.sleep(0.3)  # the workers are idle by now
        began = time.monotonic()
        outbox.fact("session.ended")
        assert told.acquire(timeout=5)
        assert told.acquire(timeout=5)
        assert time.monotonic() - began < 2
