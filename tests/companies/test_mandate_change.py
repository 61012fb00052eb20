"""A mandate that works: changed, handed over, reminded of, renewed, and what it opened on a date."""

from datetime import timedelta

import pytest

from idp.companies import (
    access,
    assignment,
    clock,
    mandate,
    mandate_change,
    mandate_due,
    mandate_history,
    mandate_scope,
)
from idp.companies.mandate_scope import Scope
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.companies.mandates import KARIM, REVIEW, levels, told, write_on


def test_a_change_is_felt_with_a_newer_epoch_and_the_firm_is_told(demo):
    lumen, firm = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    held, karim = mandate.between(demo.work, lumen, firm)[0], demo.account("karim.benali")
    before = access.resolve(demo.work, karim, lumen, "accounting")
    with pytest.raises(NotPermitted):
        mandate_change.change(demo.acting("hugo.perrin"), held.id, REVIEW)
    with pytest.raises(NotFound):  # nothing that the firm can do
        mandate_change.change(demo.acting("nathalie.deltour"), held.id, Scope("full-file-filing", ("payroll",)))
    mandate_change.change(demo.acting("thomas.lefevre"), held.id, REVIEW)
    after = access.resolve(demo.work, karim, lumen, "accounting")
    assert after.epoch > before.epoch
    assert levels(demo.work, after) == {"view"}
    reading = Scope("full-file-filing", lowered={"accounting": "view"})
    added, taken = mandate_scope.difference(demo.work.policies, Scope("full-file-filing"), reading)
    assert (added, bool(taken)) == (frozenset(), True)
    news = [(to, each) for to, each in told(demo.work, "mandate_news") if each["news"] == "changed"]
    assert KARIM in {to for to, _ in news}


def test_what_a_mandate_opened_on_a_date_can_be_answered(demo):
    lumen, firm = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    held, amelie, now = mandate.between(demo.work, lumen, firm)[0], demo.acting("amelie.dubois"), demo.work.now
    mandate_change.change(amelie.later(days=1), held.id, Scope("review", until_at=now + timedelta(days=20)))
    mandate_change.change(amelie.later(days=2), held.id, Scope("full-file", lowered={"capture": "view"}))
    mandate.end(amelie.later(days=3), held.id)

    def on(**span):
        return [(each.preset, each.lowered) for each in mandate_history.on(demo.work, lumen, now + timedelta(**span))]

    assert on(days=-301) == []
    assert on(days=-299) == on(hours=12) == [("full-file-filing", [])]
    assert on(days=1) == on(days=1, hours=23) == [("review", [])]
    assert on(days=2) == [("full-file", ["capture:view"])]
    assert on(days=3) == on(days=19) == []
    assert [each.changed_by for each in mandate_history.of(demo.work, held.id)][0] == amelie.actor.id


def test_the_outgoing_firm_reads_until_a_date_once_the_next_one_works(demo, make_company, join):
    lumen, firm = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    outgoing, amelie = mandate.between(demo.work, lumen, firm)[0], demo.acting("amelie.dubois")
    next_firm = make_company(kind="firm", products=("practice",))
    newcomer = join(next_firm, practice="practice.manager")
    incoming = mandate.record(demo.work, lumen, next_firm, preset="full-file", way="client-invites")
    until = demo.work.now + timedelta(days=30)
    with pytest.raises(Conflict):  # nobody has said yes yet
        mandate_change.hand_over(amelie, outgoing.id, incoming.id, until_at=until)
    mandate.confirm(demo.work, incoming.id)
    assignment.give(demo.work, next_firm, newcomer, product="accounting", role_id="accounting.accountant")
    for wrong in (outgoing.id, mandate.between(demo.work, demo.company("clarte-nettoyage"), firm)[0].id):
        with pytest.raises((Conflict, NotFound)):
            mandate_change.hand_over(amelie, outgoing.id, wrong, until_at=until)
    with pytest.raises(InvalidInput):
        mandate_change.hand_over(amelie, outgoing.id, incoming.id, until_at=demo.work.now)
    mandate_change.hand_over(amelie, outgoing.id, incoming.id, until_at=until)

    karim, at_end = demo.account("karim.benali"), demo.work.later(days=30)
    reading = access.resolve(demo.work, karim, lumen, "accounting")
    assert (levels(demo.work, reading), reading.until) == ({"view"}, until)
    assert "work" in levels(demo.work, access.resolve(demo.work, newcomer, lumen, "accounting"))
    assert isinstance(access.resolve(at_end, karim, lumen, "accounting"), access.Refusal)
    assert [each.only_reads for each in mandate_history.on(demo.work, lumen, demo.work.now)] == [False, True]
    assert "handed_over" in {each["news"] for _, each in told(demo.work, "mandate_news")}
    mandate_change.keep(amelie, outgoing.id)
    assert "work" in levels(demo.work, access.resolve(at_end, karim, lumen, "accounting"))


def test_reminders_and_renewals_come_once(demo):
    lumen, firm = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    held, now = mandate.between(demo.work, lumen, firm)[0], demo.work.now
    mandate_change.change(demo.acting("amelie.dubois"), held.id, Scope("full-file", yearly=True))
    renewal = held.started_at + timedelta(days=365)
    assert held.renews_at == renewal > now

    def news(at):
        write_on(demo.work)
        before = len(told(demo.work, "mandate_news"))
        write_on(demo.work)
        mandate_due.carry_out(demo.work.later(seconds=(at - now).total_seconds()))
        demo.work.write()
        return {each["news"] for _, each in told(demo.work, "mandate_news")[before:]}

    assert news(renewal - timedelta(days=31)) == {"expired"}  # of another company, that waited for an answer
    assert news(renewal - timedelta(days=30)) == {"renews_soon"}
    assert news(renewal - timedelta(days=29)) == set()
    assert news(renewal - timedelta(days=7)) == {"renews_soon"}
    assert news(renewal - timedelta(days=1)) == set()
    assert news(renewal) == {"renewed"}
    assert mandate.get(demo.work, held.id).renews_at == renewal + timedelta(days=365)
    assert news(renewal + timedelta(days=1)) == set()
    mandate_change.change(
        demo.acting("amelie.dubois").later(days=100), held.id, Scope("full-file", until_at=now + timedelta(days=140))
    )
    assert news(now + timedelta(days=112)) == {"ends_soon"}
    assert news(now + timedelta(days=141)) == {"over"}


def test_every_change_of_a_mandate_moves_the_clock(demo):
    lumen, firm = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    held = mandate.between(demo.work, lumen, firm)[0]
    latest = clock.tick(demo.work)
    for act in (
        lambda: mandate_change.change(demo.acting("amelie.dubois"), held.id, REVIEW),
        lambda: mandate.end(demo.acting("amelie.dubois"), held.id),
    ):
        act()
        assert mandate.get(demo.work, held.id).epoch > latest
        latest = mandate.get(demo.work, held.id).epoch
