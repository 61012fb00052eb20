"""The states of a subscribed product: what `subscriptions.yaml` says can happen does, and nothing else."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.companies import cancellation, contract, reach, subscription, subscription_state
from idp.companies.errors import TransitionRefused
from idp.companies.models import SubscribedProduct, SubscriptionPeriod
from idp.core.errors import IdpError
from idp.work import Actor
from tests.outbox_content import facts

PRODUCT = "accounting"


def put(work, company_id, state, **dates):
    """The product in this state, whatever it was before."""
    row = subscription.product_of(work, company_id, PRODUCT)
    subscription_state.write(work, row, state, "recorded", began=dates.pop("began", work.now), **dates)
    work.session.commit()
    work.write()
    return row


@pytest.fixture
def owned(system, make_company, join):
    """A company with an owner, who acts."""
    home = make_company(products=(PRODUCT,))
    owner = join(home, company_role="company.owner", accounting="accounting.administrator")
    return home, system.acting(Actor("account", owner))


def acts(owner, system, home):
    """Everything that anybody and time can do to a product, by what the policy calls it."""
    days = 400
    one = [PRODUCT]
    return {
        "cancel": lambda w: cancellation.cancel(w.acting(owner.actor), home, PRODUCT, reason="", exported=True),
        "cancel by contact": lambda w: cancellation.record(w, home, one, ends_at=w.later(days=90).now, reason=""),
        "resume": lambda w: cancellation.resume(w.acting(owner.actor), home, PRODUCT),
        "resumed": lambda w: cancellation.record_resumed(w, home, one),
        "added": lambda w: contract.add_product(w, home, PRODUCT),
        "trial": lambda w: contract.add_product(w, home, PRODUCT, trial_until=w.later(days=14).now),
        "trial expired": lambda w: contract.end(w, home, one, only=subscription_state.TRIAL_EXPIRED),
        "failed": lambda w: contract.payment_failed(w, home, one, w.now - timedelta(days=20)),
        "paid": lambda w: contract.payment_received(w, home, one),
        "ended": lambda w: contract.end(w, home, one),
        "time": lambda w: subscription_state.locked(w.later(days=days), home, one),
    }


def test_every_transition_of_the_policy_is_reached_and_no_other(owned, system):
    home, owner = owned
    dates = {
        "trial": {"until": system.later(days=5).now},
        "active": {},
        "notice": {"until": system.later(days=40).now},
        "suspended": {},
        "ended": {"kept": system.later(days=100).now},
        "purged": {},
    }
    assert set(dates) == set(system.policies.states)
    seen = set()
    for state, with_dates in dates.items():
        for name, act in acts(owner, system, home).items():
            row = put(system, home, state, **with_dates, began=system.now - timedelta(days=40))
            began = system.session.scalar(
                select(SubscriptionPeriod.id).where(
                    SubscriptionPeriod.company_id == home, SubscriptionPeriod.ended_at.is_(None)
                )
            )
            try:
                act(system)
            except TransitionRefused:
                system.session.refresh(row)
                assert row.state == state, name
                continue
            periods = system.session.scalars(
                select(SubscriptionPeriod)
                .where(SubscriptionPeriod.company_id == home, SubscriptionPeriod.id > began)
                .order_by(SubscriptionPeriod.id)
            ).all()
            before = state
            for period in periods:
                if period.cause != "recorded":
                    seen.add((before, period.state, period.cause))
                before = period.state
            assert row.state == before
            system.session.commit()
            system.write()
    known = {(each.from_, each.to, each.by) for each in system.policies.transitions}
    assert seen == known, f"not reached: {known - seen}; not in the policy: {seen - known}"


def test_what_was_purged_begins_anew(owned, system):
    home, _ = owned
    row = put(system, home, "purged")
    contract.add_product(system, home, PRODUCT)
    assert row.state == "active"


def test_payment_leads_back_to_the_notice_that_was_recorded(owned, system):
    home, owner = owned
    row = put(system, home, "suspended")
    cancellation.cancel(owner, home, PRODUCT, reason="", exported=True)
    end = row.until_at
    assert row.state == "suspended"
    assert end is not None
    with pytest.raises(TransitionRefused):
        cancellation.cancel(owner, home, PRODUCT, reason="", exported=True)
    contract.payment_received(system, home)
    assert (row.state, row.until_at) == ("notice", end)


def test_a_failed_payment_suspends_after_its_grace(owned, system):
    home, owner = owned
    row = put(system, home, "active")
    assert contract.payment_failed(system, home, None, system.now) == [PRODUCT]
    assert contract.payment_failed(system.later(days=3), home, None, system.later(days=3).now) == []
    cancellation.cancel(owner, home, PRODUCT, reason="", exported=True)
    assert row.state == "notice"
    for days, state in ((13.9, "notice"), (14, "suspended"), (73.9, "ended")):
        at = system.later(days=days)
        assert reach.state_now(at, row.state, row.since_at, row.until_at, row.suspends_at)[0] == state
    contract.payment_received(system.later(days=13), home)
    assert (row.state, row.suspends_at) == ("notice", None)


def test_an_end_tells_products_and_keeps_rights_for_their_time(owned, system):
    home, owner = owned
    row = put(system, home, "trial", until=system.later(days=5).now)
    cancellation.cancel(owner, home, PRODUCT, reason="", exported=True)
    assert (row.state, row.kept_until_at) == ("ended", system.later(days=30).now)
    (told,) = facts(system, "access.ended")
    assert (told["company"], told["product"], told["logout"]) == (str(home), PRODUCT, True)
    cancellation.resume(owner.later(days=29), home, PRODUCT)
    assert (row.state, row.until_at, row.kept_until_at) == ("active", None, None)


def test_the_periods_follow_one_another_without_a_gap(owned, system):
    home, owner = owned
    row = put(system, home, "notice", until=system.later(days=40).now)
    subscription_state.locked(system.later(days=1000), home)
    assert row.state == "purged"
    periods = system.session.scalars(
        select(SubscriptionPeriod).where(SubscriptionPeriod.company_id == home).order_by(SubscriptionPeriod.began_at)
    ).all()
    assert [each.state for each in periods][-3:] == ["notice", "ended", "purged"]
    for earlier, after in zip(periods, periods[1:], strict=False):
        assert earlier.ended_at == after.began_at
    assert [(each.ended_at - each.began_at).days for each in periods[-3:-1]] == [40, 180]
    assert owner.actor.id is not None


@pytest.mark.parametrize("seed", range(4))
def test_on_any_way_reading_and_writing_down_agree(owned, system, seed):
    """Whoever reads a row that no job has touched yet sees what the job will write."""
    home, owner = owned
    chance = random.Random(seed)
    work = system
    known = {(each.from_, each.to) for each in work.policies.transitions} | {("purged", "active"), ("purged", "trial")}
    for _ in range(40):
        work = work.later(days=chance.choice((0, 1, 7, 14, 31, 61)))
        row = work.session.scalars(select(SubscribedProduct).where(SubscribedProduct.company_id == home)).one()
        read, ended_at = reach.state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)
        subscription_state.locked(work, home)
        refused = work.policies.states[row.state].refused
        assert refused == (ended_at is not None)
        assert refused or row.state == read
        before = row.state
        name, act = chance.choice(list(acts(owner, system, home).items())[:-1])
        try:
            act(work)
        except IdpError:
            work.session.refresh(row)
            assert row.state == before, name
        assert row.state == before or (before, row.state) in known or name == "failed", (before, name, row.state)
