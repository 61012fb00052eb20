"""Applications that are not activated at a company have no switch there; nobody loses anything (EMP-12, J8)."""

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import access, invitation, membership, module, product_role, role_choice
from idp.companies.explain import explain
from idp.companies.remedy import Act
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput, NotFound
from tests.companies.inviting import offer

EMPLOYEE = "invoicing.employee"


@pytest.fixture
def shop(system, make_company, join):
    """A company in which stock and projects are not activated, and somebody of it."""
    company_id = make_company(products=("invoicing",))
    person = join(company_id)
    every = module.of_product(system, company_id, "invoicing").on
    module.tell(system, company_id, "invoicing", [each for each in every if each not in ("stock", "projects")])
    return company_id, person


def on(work, company_id, person):
    held = product_role.current(work, membership.find(work, company_id, person), "invoicing")
    return set(held.switches)


def test_until_a_product_says_something_all_of_it_is_activated(system, make_company):
    company_id = make_company(products=("invoicing",))
    found = module.of_product(system, company_id, "invoicing")
    assert found.off == ()
    assert set(found.on) == set(system.policies.roles[EMPLOYEE].switches)
    assert module.off(system, company_id) == {}


def test_what_is_not_activated_cannot_be_switched_on(system, shop):
    company_id, person = shop
    (choice,) = [each for each in role_choice.of_company(system, company_id) if each.product.id == "invoicing"]
    employee = choice.find(EMPLOYEE)
    assert "invoices" in employee.switches
    assert not {"stock", "projects"} & {*employee.switches, *employee.switched_on}

    membership.grant_role(system, company_id, person, "invoicing", role_id=EMPLOYEE, switches={"invoices": True})
    assert not {"stock", "projects"} & on(system, company_id, person)
    for switches in ({"stock": True}, {"invoices": True, "projects": True}):
        with pytest.raises(InvalidInput) as refused:
            membership.change_role(system, company_id, person, "invoicing", role_id=EMPLOYEE, switches=switches)
        assert refused.value.members["field"] == "switches"
        with pytest.raises(InvalidInput):
            offer(system, company_id, roles={"invoicing": Wish(EMPLOYEE, switches=switches)})


def test_a_switch_that_was_on_is_kept_for_the_day_of_the_activation(system, shop):
    company_id, person = shop
    every = [*module.of_product(system, company_id, "invoicing").on, "stock", "projects"]
    module.tell(system, company_id, "invoicing", every)
    switches = dict.fromkeys(every, False) | {"stock": True, "quotes": True}
    membership.grant_role(system, company_id, person, "invoicing", role_id=EMPLOYEE, switches=switches)
    before = access.resolve(system, person, company_id, "invoicing")

    module.tell(system, company_id, "invoicing", [each for each in every if each != "stock"])
    assert access.resolve(system, person, company_id, "invoicing") == before  # the product shows less, not the token
    shown = dict.fromkeys(every, False) | {"quotes": True, "orders": True}
    del shown["stock"]  # the form has no such switch
    membership.change_role(system, company_id, person, "invoicing", role_id=EMPLOYEE, switches=shown)
    assert on(system, company_id, person) == {"stock", "quotes", "orders"}
    membership.change_role(system, company_id, person, "invoicing", role_id=EMPLOYEE, switches={"stock": True})
    assert "stock" in on(system, company_id, person)  # said again, and no news
    membership.change_role(system, company_id, person, "invoicing", role_id=EMPLOYEE, switches={"stock": False})
    assert "stock" not in on(system, company_id, person)


def test_an_invitation_is_sent_again_without_what_is_no_longer_activated(system, shop):
    company_id, _ = shop
    made = offer(system, company_id, roles={"invoicing": Wish(EMPLOYEE, switches={"invoices": True, "quotes": True})})
    module.tell(system, company_id, "invoicing", ["quotes"])
    again = invitation.resend(system.later(days=1), company_id, made.id)
    (held,) = invitation.roles_of(system, again)
    assert set(held.switches) == {"quotes"}


def test_the_explanation_begins_with_the_activation(system, shop):
    company_id, person = shop
    membership.grant_role(system, company_id, person, "invoicing", role_id=EMPLOYEE)
    found = explain(system, person, company_id, "invoicing", "invoicing.stock.view")
    assert [step.act for step in found.change] == [Act.ACTIVATE, Act.SWITCH_ON]


def test_only_a_product_of_the_company_and_its_own_applications(system, shop, make_company):
    company_id, _ = shop
    with pytest.raises(InvalidInput):
        module.tell(system, company_id, "invoicing", ["customers"])  # open to all: no application
    for where, product in ((company_id, "payroll"), (make_company(), "invoicing"), (shop[1], "invoicing")):
        with pytest.raises(NotFound):
            module.tell(system, where, product, [])
    count = select(AuditEvent).where(AuditEvent.name == "company.modules_changed", AuditEvent.company_id == company_id)
    before = len(system.session.scalars(count).all())
    module.tell(system, company_id, "invoicing", module.of_product(system, company_id, "invoicing").on)
    assert len(system.session.scalars(count).all()) == before == 1
