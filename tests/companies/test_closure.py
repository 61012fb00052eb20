"""A company is closed by its owner: not while anything is paid for, after some days, and then for everybody at once."""

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.companies import (
    access,
    billing_event,
    cancellation,
    closure,
    company,
    erasure,
    invitation,
    mandate,
    membership,
    ownership,
)
from idp.companies.billing_event import Event
from idp.companies.errors import StillSubscribed, UnknownCompany
from idp.companies.models import Company, Invitation, Mandate, Membership, ProductRole, SubscribedProduct
from idp.core.errors import Conflict, NotFound, NotPermitted
from idp.work import Actor, Work
from tests.outbox_content import facts, mails


def by(work: Work, account_id) -> Work:
    return work.acting(Actor("account", account_id))


@pytest.fixture
def over(system, make_company, join):
    """A company whose only product has ended, with an owner and an administrator."""
    key = make_company()
    owner = join(key, company_role="company.owner", accounting="accounting.administrator")
    other = join(key, company_role="company.administrator", accounting="accounting.reader")
    ended = {"state": "ended", "since_at": system.now, "kept_until_at": system.later(days=180).now}
    system.session.execute(update(SubscribedProduct).where(SubscribedProduct.company_id == key).values(ended))
    return key, owner, other


def carry_out(work: Work) -> int:
    work.session.commit()
    done = closure.carry_out(work)
    work.session.expire_all()
    return done


def test_nothing_is_closed_that_is_paid_for(system, make_company, join):
    key = make_company()
    owner = join(key, company_role="company.owner")
    with pytest.raises(StillSubscribed) as refused:
        closure.ask(by(system, owner), key)
    assert refused.value.members["products"] == "accounting"
    assert closure.seen(system, key).running == ("accounting",)


@pytest.mark.parametrize("role", ["company.administrator", "company.user-manager", "company.auditor", "company.member"])
def test_the_owner_alone_closes_it(system, over, join, role):
    key, _, _ = over
    with pytest.raises(NotPermitted):
        closure.ask(by(system, join(key, company_role=role)), key)


def test_it_is_kept_until_its_day_and_closed_for_everybody_then(system, over):
    key, owner, other = over
    at = closure.ask(by(system, owner), key)
    assert (at - system.now).days == system.policies.account.erasure_cooling_off.days
    with pytest.raises(Conflict):
        closure.ask(by(system, owner), key)
    assert carry_out(system.later(days=13)) == 0
    assert access.roles_of(system, other, key) >= {"company.administrator"}
    assert erasure.obstacles(system, owner)

    day = system.later(days=14)
    with pytest.raises(Conflict):
        closure.keep(by(day, owner), key)  # its time has come, whether a worker was by or not
    assert carry_out(day) == 1
    for account_id in (owner, other):
        with pytest.raises(NotFound):
            access.require(by(day, account_id), "company.profile.view", key)
        assert membership.find(day, key, account_id) is None
        assert erasure.obstacles(day, account_id) == []
    assert [each.ended_at for each in system.session.scalars(select(ProductRole).filter_by(company_id=key))] == [
        day.now, day.now,
    ]  # fmt: skip
    row = company.get(day, key)
    assert (row.closed_at, row.closes_at) == (day.now, None)
    written = [(mail["template"], mail["variables"]["what"]) for mail in mails(system)]
    assert written == [("company_closing", "asked")] * 2 + [("company_closing", "closed")] * 2
    assert [fact["kind"] for fact in facts(system, "billing.told")] == ["company.closed"]
    assert carry_out(day.later(days=1)) == 0


def test_the_owner_keeps_it_after_all(system, over):
    key, owner, _ = over
    closure.ask(by(system, owner), key)
    closure.keep(by(system.later(days=13), owner), key)
    assert carry_out(system.later(days=15)) == 0
    assert [mail["variables"]["what"] for mail in mails(system)] == ["asked", "asked", "kept", "kept"]
    with pytest.raises(Conflict):
        closure.keep(by(system, owner), key)
    events = list(system.session.scalars(select(AuditEvent.name).where(AuditEvent.name.like("company.clos%"))))
    assert sorted(events) == ["company.closing_asked", "company.closing_withdrawn"]


def test_a_company_that_subscribes_again_meanwhile_is_kept(system, over):
    key, owner, _ = over
    closure.ask(by(system, owner), key)
    cancellation.resume(by(system, owner), key, "accounting")
    assert carry_out(system.later(days=15)) == 0
    row = company.get(system, key)
    assert (row.closed_at, row.closes_at) == (None, None)


def test_the_new_owner_may_keep_it(system, over):
    key, owner, other = over
    closure.ask(by(system, owner), key)
    ownership.offer(by(system, owner), key, other, afterwards="leave")
    ownership.accept(by(system, other), key)
    with pytest.raises(NotFound):
        closure.keep(by(system, owner), key)
    closure.keep(by(system, other), key)


def test_what_waits_for_an_answer_and_what_is_open_outside_ends_with_it(demo):
    """Librairie des Quais: everything ended; an invitation is open, and its firm is the Cabinet Deltour."""
    work, key, etienne = demo.work, demo.company("librairie-des-quais"), demo.account("etienne.garnier")
    invitation.offer(
        demo.acting("etienne.garnier"),
        key,
        address="new@quais.example",
        locale="fr-FR",
        roles={},
        company_role="company.auditor",
    )
    work.session.execute(
        update(Mandate).where(Mandate.company_id == key).values(state="active", ended_at=None, started_at=work.now)
    )
    found = closure.seen(work, key)
    assert (found.running, found.people, found.waiting, found.firms) == ((), 1, 1, 1)
    closure.ask(demo.acting("etienne.garnier"), key)
    assert {mail["recipient"] for mail in mails(work) if mail["template"] == "company_closing"} >= {
        "etienne@librairie-des-quais.example.com", "nathalie@cabinet-deltour.example.net",
    }  # fmt: skip
    day = work.later(days=14)
    assert carry_out(day) == 1
    assert list(work.session.scalars(select(Invitation.outcome).filter_by(company_id=key))) == ["withdrawn"]
    (firm,) = set(work.session.scalars(select(Mandate.firm_id).filter_by(company_id=key)))
    assert {each.state for each in mandate.between(day, key, firm)} == {"ended"}
    assert {m["variables"]["news"] for m in mails(work) if m["template"] == "mandate_news"} == {"ended"}
    assert erasure.obstacles(day, etienne) == []


def test_a_firm_ends_its_mandates_with_its_clients(demo):
    work, firm = demo.work, demo.company("cabinet-deltour")
    work.session.execute(
        update(SubscribedProduct).where(SubscribedProduct.company_id == firm).values(state="ended", since_at=work.now)
    )
    clients = closure.seen(work, firm).clients
    assert clients > 2
    closure.ask(demo.acting("nathalie.deltour"), firm)
    assert carry_out(work.later(days=14)) == 1
    assert work.session.scalars(select(Mandate).filter_by(firm_id=firm, state="active")).all() == []
    told = [mail for mail in mails(work) if mail["template"] == "mandate_news" and mail["variables"]["news"] == "ended"]
    assert len(told) >= clients
    assert {(mail["variables"]["side"], mail["variables"]["by"]) for mail in told} == {("company", "firm")}


def test_work_that_was_cut_off_is_finished(system, over):
    """A worker ends between the closing and its tidying: the engine refuses already, the next one does the rest."""
    key, owner, _ = over
    closure.ask(by(system, owner), key)
    day = system.later(days=14)
    system.session.execute(update(Company).where(Company.id == key).values(closed_at=day.now))
    with pytest.raises((NotFound, NotPermitted)):
        access.require(by(day, owner), "company.profile.view", key)
    assert carry_out(day) == 0
    assert list(system.session.scalars(select(Membership).filter_by(company_id=key, ended_at=None))) == []


def test_billing_does_not_know_it_any_more(system, over):
    key, owner, _ = over
    closure.ask(by(system, owner), key)
    carry_out(system.later(days=14))
    reference = company.get(system, key).reference
    told = billing_event.receive(
        system, Event("evt_1", 1, reference, "payment.received", system.now, {"products": None}, b"x")
    )
    assert isinstance(told.error, UnknownCompany)
