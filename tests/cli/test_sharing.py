"""The job that looks for signs, and its verb."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from idp.accounts.models import EmailAddress
from idp.authn.models import SharingPass, SharingSignal
from idp.cli import housekeeping
from idp.cli import sharing as job
from idp.companies.models import ColleagueRequest
from idp.core.ids import uuid7
from tests.authn.trace import LILLE, NAMUR, Device, Trace
from tests.companies.conftest import make_company, system  # noqa: F401
from tests.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def somebody(open_work, make_account, work):
    def somebody(address: str) -> Trace:
        person = make_account(address)
        work.session.rollback()
        return Trace(open_work, person)

    return somebody


def test_only_who_has_signed_in_since_the_last_pass_is_looked_at(somebody):
    ada, bob = somebody("ada@example.test"), somebody("bob@example.test")
    ada.sign_in(Device(), NOW, NAMUR)
    ada.sign_in(Device(), NOW + HOUR, NAMUR)
    assert job.look_at_new(ada.job(NOW + 2 * HOUR)) == (1, 0)
    assert job.look_at_new(ada.job(NOW + 2 * HOUR)) == (0, 0)
    bob.sign_in(Device(), NOW + 3 * HOUR, NAMUR)
    bob.sign_in(Device(), NOW + 3 * HOUR + timedelta(minutes=2), LILLE)
    assert job.look_at_new(ada.job(NOW + 4 * HOUR)) == (1, 1)
    assert job.look_at_new(ada.job(NOW + 4 * HOUR)) == (0, 0)


def test_many_sign_ins_are_read_in_batches(somebody, monkeypatch):
    monkeypatch.setattr(job, "BATCH", 2)
    traces = [somebody(f"person{number}@example.test") for number in range(5)]
    for trace in traces:
        trace.sign_in(Device(), NOW, NAMUR)
    assert job.look_at_new(traces[0].job(NOW + HOUR)) == (5, 0)
    assert job.look_at_new(traces[0].job(NOW + HOUR)) == (0, 0)


def test_an_account_that_fails_does_not_stop_the_others(somebody):
    gone, bob = somebody("gone@example.test"), somebody("bob@example.test")
    gone.sign_in(Device(), NOW, NAMUR)
    bob.sign_in(Device(), NOW, NAMUR)
    bob.sign_in(Device(), NOW + timedelta(minutes=2), LILLE)
    work = gone.job(NOW + HOUR)
    work.write()
    work.session.execute(  # the address is given back while the job runs
        update(EmailAddress).where(EmailAddress.canonical == "gone@example.test").values(released_at=work.now)
    )
    work.session.commit()
    assert job.look_at_new(gone.job(NOW + HOUR)) == (2, 1)


def test_nothing_is_looked_for_while_somebody_signs_in(somebody, engine):
    ada = somebody("ada@example.test")
    ada.sign_in(Device(), NOW, NAMUR)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    ada.sign_in(Device(), NOW + timedelta(minutes=2), LILLE)
    assert statements
    assert not [text for text in statements if "sharing" in text.lower()]


def test_the_worker_looks_when_it_starts(somebody):
    ada = somebody("ada@example.test")
    ada.sign_in(Device(), NOW, NAMUR)
    stop = threading.Event()
    stop.set()

    @contextmanager
    def opened():
        yield ada.job(NOW + HOUR)

    job.every_five_minutes(opened, stop)
    work = ada.job(NOW + HOUR)
    assert work.session.scalar(select(SharingPass.sequence)) > 0


def test_what_is_over_is_swept(somebody):
    ada = somebody("ada@example.test")
    ada.sign_in(Device(), NOW, NAMUR)
    ada.sign_in(Device(), NOW + timedelta(minutes=2), LILLE)
    ada.look(NOW + HOUR)
    sweeper = ada.job(NOW + timedelta(days=89))
    assert housekeeping.sweep(sweeper)["sharing_signals"] == 0
    assert housekeeping.sweep(replace(sweeper, now=NOW + timedelta(days=92)))["sharing_signals"] == 1
    assert sweeper.session.scalar(select(func.count()).select_from(SharingSignal)) == 0


def test_requests_for_colleagues_are_swept_ninety_days_after_they_were_settled(work, make_account, make_company):  # noqa: F811
    person, company = make_account("ada@example.test"), make_company()
    for settled in (None, NOW + timedelta(days=30)):
        work.session.add(
            ColleagueRequest(
                id=uuid7(),
                company_id=company,
                account_id=person.account.id,
                name="Marc",
                address="m@a.example",
                canonical="m@a.example",
                created_at=NOW,
                closed_at=settled,
                outcome="accepted" if settled else None,
            )  # fmt: skip
        )
    work.session.commit()
    assert housekeeping.sweep(work.later(days=91))["colleague_requests"] == 1
    assert housekeeping.sweep(work.later(days=121))["colleague_requests"] == 1


def test_the_verb_says_how_many(idp):
    looked = idp("sharing", "look", "--json")
    assert looked.code == 0, looked.err
    assert looked.json == {"accounts": 0, "told": 0}
