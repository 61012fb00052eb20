"""Several at once on one case: one of them changes it, the others are told where it is."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from idp.authn.models import MailedLink
from idp.companies import support_acts, support_case, support_due
from idp.companies.models import SupportCase
from idp.core.errors import IdpError
from tests.companies.support import links, make_desk
from tests.outbox_content import mails

RUNNERS = 8


@pytest.fixture
def desk(work, make_account):
    return make_desk(work, make_account)


@pytest.fixture
def race(open_work, work):
    """Run acts from many transactions at once, the number of the runner says which; answers how often each result."""

    def race(act, *, hours=0.0):
        work.session.commit()
        gate = threading.Barrier(RUNNERS)

        def run(number):
            own = open_work(at=work.later(hours=hours).now)
            gate.wait()
            try:
                result = act(own, number)
                own.session.commit()
            except IdpError as error:
                own.session.rollback()
                return type(error).__name__
            return result

        with ThreadPoolExecutor(RUNNERS) as pool:
            results = Counter(pool.map(run, range(RUNNERS)))
        work.session.expire_all()
        work.write()
        return results

    return race


def test_of_many_approvals_one_counts(desk, race, work):
    case_id = desk.open().id
    approvers = ("security", "administrator")

    def approve(own, number):
        return support_case.approve(desk.by(approvers[number % 2], own), case_id).state

    assert race(approve) == {"waiting_time": 1, "CaseState": RUNNERS - 1}
    assert [mail["template"] for mail in mails(work)].count("case_opened") == 1


def test_of_many_who_open_one_does(desk, race, work):
    results = race(lambda own, number: desk.open(work=own).state)
    assert results == {"waiting_approval": 1, "CaseOpen": RUNNERS - 1}
    assert work.session.scalar(select(func.count()).select_from(SupportCase)) == 1


def test_a_link_stops_once_however_often_it_is_pressed(desk, race, work):
    desk.open()
    token = links(work)[desk.person.address]
    assert race(lambda own, number: support_case.stop(own, token).state) == {"closed": 1, "Expired": RUNNERS - 1}


def test_of_many_workers_one_sends_the_link(desk, race, work):
    case_id = desk.open().id
    support_case.approve(desk.by("security"), case_id)

    def carry_out(own, number):
        return len(support_due.carry_out(own, support_acts.ACTS)["carried_out"])

    assert race(carry_out, hours=24.5) == {1: 1, 0: RUNNERS - 1}
    assert [mail["template"] for mail in mails(work)].count("lost_factor_link") == 1


def test_who_stops_while_the_link_is_sent_leaves_no_link_that_works(desk, race, work):
    """Whichever comes first: stopped before it is sent, or sent and void."""
    case_id = desk.open().id
    support_case.approve(desk.by("security"), case_id)
    token = links(work, "case_opened")[desk.person.address]

    def act(own, number):
        if number == 0:
            return support_case.stop(own, token).state
        return len(support_due.carry_out(own, support_acts.ACTS)["carried_out"])

    results = race(act, hours=24.5)
    assert results["closed"] == 1
    assert work.session.get_one(SupportCase, case_id, populate_existing=True).state == "closed"
    usable = select(func.count()).where(
        MailedLink.purpose == "lost_factor", MailedLink.withdrawn_at.is_(None), MailedLink.used_at.is_(None)
    )
    assert work.session.scalar(usable) == 0


def test_approving_and_closing_at_once_leaves_one_outcome(desk, race, work):
    case_id = desk.open().id

    def act(own, number):
        if number % 2:
            return support_case.approve(desk.by("administrator", own), case_id).state
        return support_case.close(desk.by("security", own), case_id, "no").state

    results = race(act)
    assert results["closed"] == 1  # whatever was approved before it
    assert results["waiting_time"] <= 1
    assert work.session.get_one(SupportCase, case_id, populate_existing=True).state == "closed"
