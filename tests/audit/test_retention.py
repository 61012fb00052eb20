"""What leaves the audit log, and that the rest still proves itself."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select, update

from idp.audit import log as audit
from idp.audit import retention
from idp.audit.models import AuditEvent
from idp.core.ids import uuid7
from idp.work import Actor

DAY = timedelta(days=1)


def record(work, actor=None, days=0.0, name="session.started", subject=None):
    at = work.later(days=days)
    audit.record(
        at.acting(replace(actor or Actor(), network="192.0.2.7", user_agent="Firefox")), name, subject or ("", "")
    )


def test_networks_of_one_account_are_erased_and_the_chain_holds(work):
    ada, bob = uuid7(), uuid7()
    record(work, Actor("account", ada))
    record(work, Actor("account", bob))
    record(work, subject=("account", ada))
    assert retention.erase_traces_of(work, ada) == 2
    record(work, Actor("system"), name=audit.ERASED, subject=("account", ada))
    work.session.expire_all()
    assert audit.verify(work) == []
    rows = work.session.execute(select(AuditEvent.network).order_by(AuditEvent.sequence)).scalars().all()
    assert rows == ["", "192.0.2.7", "", "192.0.2.7"]


def test_a_network_erased_without_reason_shows(work):
    record(work, Actor("account", uuid7()))
    work.session.execute(update(AuditEvent).values(network="", user_agent="", trace_salt=None))
    assert len(audit.verify(work)) == 1
    assert audit.verify(work.later(days=366)) == []  # by then it would have been erased anyway


def test_a_network_that_was_changed_shows(work):
    record(work, Actor("account", uuid7()))
    work.session.execute(update(AuditEvent).values(network="203.0.113.1"))
    assert len(audit.verify(work)) == 1


def test_networks_go_after_a_year(work):
    record(work, days=0)
    record(work, days=300)
    assert retention.erase_old_traces(work.later(days=366)) == 1
    assert retention.erase_old_traces(work.later(days=366)) == 0
    assert audit.verify(work.later(days=366)) == []


def test_old_events_go_and_the_rest_is_chained_to_the_last_of_them(work):
    for number in range(5):
        record(work, days=number)
    assert retention.remove_before(work, work.now + 2.5 * DAY) == 3
    assert audit.verify(work.later(days=3)) == []
    assert retention.remove_before(work, work.now + 2.5 * DAY) == 0
    record(work, days=6)
    assert audit.verify(work.later(days=6)) == []
    work.session.execute(update(AuditEvent).where(AuditEvent.sequence == 4).values(name="session.ended"))
    assert audit.verify(work.later(days=6)) != []


def test_the_latest_event_stays_however_old(work):
    record(work)
    record(work)
    assert retention.remove_before(work.later(days=4000), work.now + 4000 * DAY) == 1
    assert work.session.scalar(select(func.count()).select_from(AuditEvent)) == 1
    assert audit.verify(work.later(days=4000)) == []
    record(work, days=4000)
    assert audit.verify(work.later(days=4000)) == []


def test_an_empty_log_has_nothing_to_remove(work):
    assert retention.remove_before(work, work.now) == 0
    assert audit.verify(work) == []
