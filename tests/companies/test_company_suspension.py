"""Staff suspend a company and reopen it: nobody reaches anything there meanwhile, and nothing is lost by it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.companies import (
    access,
    as_of,
    client_access,
    closure,
    company,
    company_suspension,
    explain,
    own_companies,
    service,
)
from idp.companies.access import Access, Why
from idp.companies.explanation import Cause
from idp.companies.models import Company, SubscribedProduct
from idp.companies.remedy import Act
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from idp.work import Work
from tests.companies.conftest import statements
from tests.companies.test_closure import by, facts, mails


def answer(work: Work, person, where, product: str = "accounting"):
    return access.resolve(work, person, where, product)


def test_nobody_reaches_anything_until_it_is_reopened(system, make_client, join):
    client = make_client()
    person = join(client.company, company_role="company.administrator", accounting="accounting.reader")
    before = {each: answer(system, each, client.company).epoch for each in (person, client.manager)}
    company_suspension.suspend(system, client.company, "  A forged   order ")

    assert answer(system, person, client.company).why is Why.COMPANY_SUSPENDED
    assert answer(system, person, client.company, "company").why is Why.COMPANY_SUSPENDED
    assert answer(system, client.manager, client.company).why is Why.NOT_A_MEMBER  # as one of no concern is told
    with pytest.raises(NotPermitted):
        access.require(by(system, person), "company.profile.view", client.company)
    for each in (person, client.manager):
        assert access.count_companies(system, each, "accounting") == 0
        assert access.only_company(system, each, "accounting") == (0, None)
    held = ("accounting.journals.view",)
    assert client_access.resolve(system, client.company, "accounting", held) is access.Reason.NO_ACCESS
    ((mine,), _) = own_companies.latest(system, person)
    assert (mine.stopped, mine.permissions) == (True, frozenset())
    told = explain.explain(system, person, client.company, "accounting")
    assert (told.cause, [step.act for step in told.change or ()]) == (Cause.COMPANY_SUSPENDED, [Act.REOPEN])

    company_suspension.reopen(system, client.company)
    for each in (person, client.manager):
        after = answer(system, each, client.company)
        assert isinstance(after, Access)
        assert after.epoch > before[each]
        assert access.count_companies(system, each, "accounting") == 1
    written = [mail["variables"]["what"] for mail in mails(system) if mail["template"] == "company_closing"]
    assert written == ["suspended", "reopened"]


def test_a_suspended_firm_reaches_no_client(system, make_client, join):
    client = make_client()
    home = join(client.company, accounting="accounting.reader")
    company_suspension.suspend(system, client.firm, "Unpaid")
    assert not isinstance(answer(system, client.manager, client.company), Access)
    assert isinstance(answer(system, home, client.company), Access)  # the client's own people go on
    ended = [fact for fact in facts(system, "access.ended") if fact["firm"] == str(client.firm)]
    assert ended
    assert ended[0]["logout"]
    told = explain.explain(system, client.manager, client.company, "accounting")
    assert told.cause is Cause.MANDATE_OVER
    company_suspension.reopen(system, client.firm)
    assert isinstance(answer(system, client.manager, client.company), Access)


def test_it_is_told_with_the_reason_and_answered_for_the_past(system, make_company, join):
    home = make_company()
    person = join(home, accounting="accounting.reader")
    company_suspension.suspend(system.later(days=1), home, "A forged order")
    company_suspension.reopen(system.later(days=3), home)
    rows = {
        row.name: row.details
        for row in system.session.scalars(select(AuditEvent).where(AuditEvent.name.like("company.%ed")))
        if row.name in ("company.suspended", "company.reopened")
    }
    assert rows["company.suspended"]["reason"] == "A forged order"
    assert rows["company.suspended"]["before"] == {"standing": "open"}
    assert rows["company.reopened"]["after"] == {"standing": "open"}
    now = system.later(days=9)
    could = []
    for days in (0.5, 2, 4):
        found = as_of.of_person(now, home, person, at=system.now + timedelta(days=days))
        could.append(any(each.product == "accounting" and isinstance(each.answer, Access) for each in found.products))
    assert could == [True, False, True]


def test_who_may_and_what_is_no_suspension(system, make_company, make_account):
    home, staff = make_company(), make_account().account.id
    acting = by(system, staff)
    with pytest.raises(NotPermitted):
        company_suspension.suspend(acting, home, "because")
    with pytest.raises(NotPermitted):
        company_suspension.reopen(acting, home)
    with pytest.raises(NotPermitted):
        company_suspension.current(acting, home)
    for reason in ("", "   ", "x" * 501, "a\x00b", "a\u202eb"):
        with pytest.raises(InvalidInput):
            company_suspension.suspend(system, home, reason)
    with pytest.raises(Conflict):
        company_suspension.reopen(system, home)
    company_suspension.suspend(system, home, "because")
    with pytest.raises(Conflict):
        company_suspension.suspend(system, home, "because")
    present = company_suspension.current(system, home)
    assert present is not None
    assert present.reason == "because"
    company.get(system, home).closed_at = system.now
    system.session.flush()
    with pytest.raises(NotFound):
        company_suspension.reopen(system, home)


@pytest.mark.parametrize("act", ["suspend", "services", "close"])
def test_the_clock_is_taken_before_the_company(system, make_company, act):
    """As by everybody else: two that take them in turns would wait for each other on PostgreSQL."""
    key = make_company()
    if act == "close":
        ended = {"state": "ended", "since_at": system.now, "kept_until_at": system.later(days=180).now}
        system.session.execute(update(SubscribedProduct).where(SubscribedProduct.company_id == key).values(ended))
        system.session.execute(update(Company).where(Company.id == key).values(closes_at=system.now))
    wanted = {} if act == "close" else {service.offered_ids(system, key)[0]: True}
    system.session.expire_all()
    with statements(system) as sent:
        if act == "suspend":
            company_suspension.suspend(system, key, "A forged order")
        elif act == "services":
            service.switch(system, key, wanted)
        else:
            assert closure._close(system, key)
    held = next(number for number, each in enumerate(sent) if "access_clock" in each)
    taken = [
        number for number, each in enumerate(sent) if re.search(r"UPDATE companies|companies.*FOR UPDATE", each, re.S)
    ]
    assert held < min(taken)
