"""Who could do what on a date: what the engine says of a past instant is what it said then."""

import random
from datetime import timedelta

import pytest

from idp.companies import (
    access,
    as_of,
    assignment,
    custom_role,
    mandate,
    mandate_change,
    membership,
    product_role,
    role,
    service,
    subscription,
)
from idp.companies.access import Access
from idp.companies.mandate_scope import Scope
from idp.core.errors import IdpError, InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.companies.conftest import statements
from tests.companies.generated import some
from tests.companies.test_period import drift

PRODUCTS = ("accounting", "capture", "invoicing")
ODDS = (8, 2, 2, 2, 3, 1, 3, 3, 5, 1)  # of the acts: more is given than taken, so that there is something to see


@pytest.fixture
def world(system, make_company, join):
    """A company and a firm with people who have nothing yet, and an auditor."""
    company_id = make_company(plan="business", seats=200, products=PRODUCTS)
    firm = make_company(kind="firm", products=("practice", "capture", "accounting"))
    auditor = join(company_id, company_role="company.auditor")
    people = [join(company_id), join(company_id), join(firm), join(firm)]
    return company_id, firm, people, auditor


def seen(work, company_id, people):
    """What the engine says now, of everybody."""
    answers = {}
    for person in people:
        for product in (*PRODUCTS, "company"):
            answer = access.resolve(work, person, company_id, product)
            if isinstance(answer, Access):
                answers[person, product] = (answer.permissions, answer.restrictions, answer.via, answer.role)
    return answers


def told(page):
    return {
        (person.account_id, each.product): (
            each.answer.permissions, each.answer.restrictions, each.answer.via, each.answer.role,
        )
        for person in page.people
        for each in person.products
        if isinstance(each.answer, Access)
    }  # fmt: skip


def tries(work, world, dice):
    """One act by chance; what the rules refuse does not happen."""
    company_id, firm, people, _ = world
    policies, person = work.policies, dice.choice(people)
    product, at_home = dice.choice(PRODUCTS), person in people[:2]
    where = company_id if at_home else firm
    offered = [policies.roles[each] for each in policies.products[product].roles]
    match dice.choices(range(10), weights=ODDS)[0]:
        case 0 if at_home:
            given = dice.choice([each for each in offered if "member" in each.held_by and each.assignable_by])
            act = product_role.change_role if has(work, person, company_id, product) else product_role.grant_role
            act(work, company_id, person, product, role_id=given.id,
                switches={area: dice.random() < 0.5 for area in given.switches})  # fmt: skip
        case 0:
            practice = dice.choice(["practice.administrator", "practice.accountant"])
            act = product_role.change_role if has(work, person, firm, "practice") else product_role.grant_role
            act(work, firm, person, "practice", role_id=practice)
        case 1:
            product_role.revoke_role(work, where, person, product if at_home else "practice")
        case 2:
            dice.choice([membership.suspend, membership.resume, membership.resume])(work, where, person)
        case 3:
            service.switch(work, company_id, {name: dice.random() < 0.5 for name in some(dice, policies.services)})
        case 4:
            state = dice.choice(["active", "active", "suspended", "notice", "ended"])
            where, product = dice.choice([(company_id, product), (company_id, product), (firm, "practice")])
            subscription.set_state(work, where, product, state)
        case 5:
            made = role.create_custom(
                work, company_id, "accounting", name=f"R{work.now:%d%H}", labels={"en": f"R{work.now:%d%H}"},
                permissions=["accounting.bank.view"],
            )  # fmt: skip
            give = (
                product_role.change_role if has(work, people[0], company_id, "accounting") else product_role.grant_role
            )
            give(work, company_id, people[0], "accounting", custom_role_id=made.id)
        case 6:
            other = dice.choice(["accounting.journals.view", "accounting.sales.view"])
            for each in work.session.query(custom_role.CustomRole).filter_by(deleted_at=None):
                custom_role.change(
                    work, company_id, each.id, seen=each.revision,
                    permissions=["accounting.bank.view", other],
                )  # fmt: skip
        case 7:
            mandates(work, company_id, firm, dice)
        case 8:
            given = dice.choice([each for each in offered if {"colleague", "mandate"} & each.held_by])
            client = company_id if dice.random() < 0.7 else None
            assignment.give(work, firm, dice.choice(people[2:]), product=product, role_id=given.id, client_id=client)
        case 9:
            held = assignment.of_colleague(work, firm, person)
            assignment.end(work, firm, dice.choice([each.id for each in held if each.ended_at is None]))


def mandates(work, company_id, firm, dice):
    live = [each for each in mandate.between(work, company_id, firm) if each.state == "active"]
    if not live:
        made = mandate.record(work, company_id, firm, preset="full-file", way="client-invites")
        mandate.confirm(work, made.id)
    elif dice.random() < 0.4:
        mandate.end(work, live[0].id)
    else:
        preset = dice.choice(["full-file", "review", "full-file-filing"])
        mandate_change.change(work, live[0].id, Scope(preset, (), dice.choice([{}, {"accounting": "view"}])))


def has(work, person, company_id, product):
    found = membership.find(work, company_id, person)
    return found is not None and product_role.current(work, found, product) is not None


def test_a_past_instant_answers_as_it_did(system, world):
    """A history by chance, looked at after every act; at its end each instant is asked about again."""
    company_id, _, people, auditor = world
    dice, known, done = random.Random(4), [], 0
    product_role.grant_role(system, company_id, people[0], "accounting", role_id="accounting.bookkeeper")
    product_role.grant_role(system, company_id, people[1], "invoicing", role_id="invoicing.employee")
    for person in people[2:]:
        product_role.grant_role(system, world[1], person, "practice", role_id="practice.manager")
    mandates(system, company_id, world[1], dice)
    for hours in range(1, 70):
        work = system.later(hours=hours)
        try:
            with system.session.begin_nested():
                tries(work, world, dice)
                done += 1
        except (IdpError, IndexError):  # the rules refuse it, or there is nothing to end
            continue
        system.session.expire_all()
        known.append((work.now + timedelta(minutes=dice.choice([0, 30])), seen(work, company_id, [*people, auditor])))
    assert done > 40
    assert drift(system) == []
    assert len({str(answers) for _, answers in known}) > 15
    later = system.later(days=30)
    for at, answers in known:
        assert told(as_of.on(later, company_id, at, limit=100)) == answers, at


def test_the_time_before_anything_and_the_time_to_come(system, world):
    company_id, *_ = world
    assert as_of.on(system, company_id, system.now - timedelta(days=1)).people == ()
    with pytest.raises(InvalidInput):
        as_of.on(system, company_id, system.now + timedelta(seconds=1))


def test_only_who_reads_the_log_may_ask(system, world, make_company, join):
    company_id, _, people, auditor = world
    stranger = join(make_company(), company_role="company.owner")
    assert as_of.on(system.acting(Actor("account", auditor)), company_id, system.now).total == 3
    with pytest.raises(NotPermitted):
        as_of.on(system.acting(Actor("account", people[0])), company_id, system.now)
    with pytest.raises(NotFound):
        as_of.on(system.acting(Actor("account", stranger)), company_id, system.now)


def test_people_are_listed_by_name_a_page_at_a_time_whatever_their_number(system, world, join):
    company_id, *_ = world
    for _ in range(6):
        product_role.grant_role(system, company_id, join(company_id), "accounting", role_id="accounting.reader")
    work = system.later(hours=1)
    with statements(system) as few:
        first = as_of.on(work, company_id, work.now, limit=4)
    with statements(system) as many:
        whole = as_of.on(work, company_id, work.now, limit=100)
    assert len(many) <= len(few) + 1 < 20
    second = as_of.on(work, company_id, work.now, limit=4, after=first.next)
    back = as_of.on(work, company_id, work.now, limit=4, before=second.previous)
    assert (first.total, first.first, second.first) == (9, 1, 5)
    assert back.people == first.people
    assert [each.account_id for each in (*first.people, *second.people)] == [
        each.account_id for each in whole.people[:8]
    ]
    assert as_of.on(work, company_id, work.now, search="ada byron").total == 9
    assert as_of.on(work, company_id, work.now, search="%\x00").total == 0


def test_the_revision_of_a_role_of_ones_own_is_named(system, world):
    company_id, _, people, _ = world
    made = role.create_custom(
        system, company_id, "accounting", name="Bank", labels={"en": "Bank"}, permissions=["accounting.bank.view"]
    )
    product_role.grant_role(system, company_id, people[0], "accounting", custom_role_id=made.id)
    custom_role.change(system.later(days=1), company_id, made.id, seen=1, permissions=["accounting.sales.view"])
    work = system.later(days=2)
    for days, revision, permission in ((0, 1, "accounting.bank.view"), (1, 2, "accounting.sales.view")):
        found = as_of.of_person(work, company_id, people[0], system.now + timedelta(days=days))
        (held,) = [each for each in found.products if each.product == "accounting"]
        assert (held.revision, held.answer.permissions) == (revision, (permission,))
