"""Companies, subscriptions, custom roles, mandates, assignments, staff: their rules."""

from datetime import timedelta
from uuid import uuid4

import pytest

from idp.companies import access, assignment, company, mandate, role, staff, subscription
from idp.companies.errors import (
    CustomRoleRefused,
    MandateExists,
    NotAFirm,
    NotCovered,
    RoleExists,
    RoleNotAssignable,
    RoleNotOffered,
    TransitionRefused,
)
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.companies.conftest import ADDRESSES

COMPANY = {
    "reference": "x", "name": "X", "kind": "company", "country": "FR", "city": "Nantes", "locale": "fr-FR",
}  # fmt: skip


def test_a_company_is_made_by_an_operator_and_its_reference_is_its_own(system):
    with pytest.raises(NotPermitted):
        company.create(system.acting(Actor("account", uuid4())), **COMPANY)
    made = company.create(system, **COMPANY)
    assert company.find(system, "x").id == made.id
    with pytest.raises(Conflict):
        company.create(system, **COMPANY)
    system.session.rollback()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("kind", "club"),
        ("country", "fra"),
        ("locale", "xx-XX"),
        ("services", ["gone"]),
        ("reference", ""),
    ],
)
def test_a_company_with_an_impossible_value_is_refused(system, field, value):
    with pytest.raises(InvalidInput) as refused:
        company.create(system, **(COMPANY | {field: value}))
    assert refused.value.members["field"] == field


def test_a_subscription_follows_the_transitions_of_the_policy(system, make_company):
    home = make_company()
    with pytest.raises(TransitionRefused):
        subscription.set_state(system, home, "accounting", "trial")
    with pytest.raises(InvalidInput):
        subscription.set_state(system, home, "practice", "active")
    with pytest.raises(InvalidInput):
        subscription.set_state(system, home, "accounting", "notice", until_at=system.now - timedelta(days=1))
    subscription.set_state(system, home, "accounting", "suspended")
    with pytest.raises(Conflict):
        subscription.start(system, home, plan="team")
    other = company.create(system, **COMPANY)
    with pytest.raises(InvalidInput):
        subscription.start(system, other.id, plan="practice")
    with pytest.raises(InvalidInput):
        subscription.start(system, other.id, plan="solo", seats=3)


def test_only_staff_with_the_permission_set_a_state(demo):
    lumen = demo.company("atelier-lumen")
    with pytest.raises(NotPermitted):
        subscription.set_state(demo.acting("amelie.dubois"), lumen, "accounting", "suspended")
    with pytest.raises(NotPermitted):
        subscription.set_state(demo.acting("olivier.renard"), lumen, "accounting", "suspended")
    subscription.set_state(demo.acting("pieter.claes"), lumen, "accounting", "suspended")
    answer = access.resolve(demo.work, demo.account("ines.moreau"), lumen, "accounting")
    assert answer.subscription == "suspended"


def custom(work, company_id, **values):
    given = {"name": "mine", "labels": {"fr": "Mien"}, "permissions": ["accounting.bank.view"]} | values
    return role.create_custom(work, company_id, given.pop("product", "accounting"), **given)


def test_a_custom_role_keeps_to_the_catalogue(system, make_company):
    home = make_company()
    never = system.policies.products["accounting"].custom_roles.never[0]
    for wrong in (
        {"permissions": []},
        {"permissions": ["accounting.gone.view"]},
        {"permissions": [never]},
        {"permissions": ["capture.notes.view"]},
        {"labels": {}},
        {"labels": {"xx": "?"}},
    ):
        with pytest.raises(InvalidInput):
            custom(system, home, **wrong)
    custom(system, home)
    system.session.commit()
    system.write()
    with pytest.raises(CustomRoleRefused):
        custom(system, home)
    system.session.rollback()
    system.write()
    with pytest.raises(CustomRoleRefused) as refused:
        custom(system, make_company(plan="solo"))
    assert refused.value.members["reason"] == "not_in_plan"


def test_a_custom_role_is_made_by_who_may_build_one(demo):
    lumen = demo.company("atelier-lumen")
    custom(demo.acting("thomas.lefevre"), lumen)
    with pytest.raises(NotPermitted):
        custom(demo.acting("julien.mercier"), lumen, name="other")
    deltour = demo.company("cabinet-deltour")
    custom(demo.acting("nathalie.deltour"), deltour, product="capture", permissions=["capture.notes.view"])
    with pytest.raises(NotPermitted):
        custom(demo.acting("karim.benali"), deltour, product="capture", permissions=["capture.notes.view"], name="k")


def test_a_mandate_takes_both_sides(demo):
    mirabelle, deltour = demo.company("studio-mirabelle"), demo.company("cabinet-deltour")
    waiting = mandate.between(demo.work, mirabelle, deltour)[0]
    with pytest.raises(NotFound):
        mandate.confirm(demo.acting("karim.benali"), waiting.id)  # the firm asked; the company answers
    with pytest.raises(NotPermitted):
        mandate.confirm(demo.acting("julien.mercier"), waiting.id)
    nathalie = ADDRESSES["nathalie.deltour"]
    mandate.confirm(demo.acting("chloe.fontaine"), waiting.id, address=nathalie)
    karim = demo.account("karim.benali")
    reached = access.resolve(demo.work, karim, mirabelle, "accounting")
    assert {demo.work.policies.permissions[each].level for each in reached.permissions} == {"view"}
    with pytest.raises(Conflict):
        mandate.confirm(demo.acting("chloe.fontaine"), waiting.id, address=nathalie)
    mandate.end(demo.acting("nathalie.deltour"), waiting.id)
    assert access.resolve(demo.work, karim, mirabelle, "accounting").company_name == ""


def test_a_mandate_is_for_firms_once_and_with_consent(demo):
    lumen, deltour = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    with pytest.raises(NotAFirm):
        mandate.record(
            demo.acting("amelie.dubois"), lumen, demo.company("clarte-nettoyage"), preset="review", way="client-invites"
        )
    open_one = mandate.between(demo.work, lumen, deltour)[0]
    mandate.end(demo.acting("amelie.dubois"), open_one.id)
    with pytest.raises(RoleNotAssignable):  # payroll is the owner's to open
        mandate.record(
            demo.acting("thomas.lefevre"), lumen, deltour, preset="review", options=["payroll"], way="client-invites"
        )
    for field, values in (
        ("way", {"preset": "review", "way": "gone"}),
        ("preset", {"preset": "gone", "way": "client-invites"}),
        ("options", {"preset": "review", "options": ["gone"], "way": "client-invites"}),
    ):
        with pytest.raises(InvalidInput) as refused:
            mandate.record(demo.acting("amelie.dubois"), lumen, deltour, **values)
        assert refused.value.members["field"] == field
    mandate.record(demo.acting("thomas.lefevre"), lumen, deltour, preset="review", way="client-invites")
    demo.work.session.commit()
    demo.work.write()
    with pytest.raises(MandateExists):
        mandate.record(demo.acting("amelie.dubois"), lumen, deltour, preset="review", way="client-invites")
    demo.work.session.rollback()


def test_a_manager_assigns_and_an_accountant_does_not(demo):
    deltour, lotte = demo.company("cabinet-deltour"), demo.account("lotte.peeters")
    clarte = demo.company("clarte-nettoyage")
    given = {"product": "capture", "role_id": "capture.documents-standard", "client_id": clarte}
    with pytest.raises(NotPermitted):
        assignment.give(demo.acting("lotte.peeters"), deltour, lotte, **given)
    assignment.give(demo.acting("karim.benali"), deltour, lotte, **given)
    assert access.resolve(demo.work, lotte, clarte, "capture").via == "mandate"
    with pytest.raises(RoleNotAssignable):  # a role that its own list gives to administrators of the practice
        assignment.give(demo.acting("karim.benali"), deltour, lotte, **(given | {"role_id": "capture.administrator"}))


def test_an_assignment_keeps_to_the_mandate(demo):
    deltour, lotte = demo.company("cabinet-deltour"), demo.account("lotte.peeters")
    lumen = demo.company("atelier-lumen")
    nathalie = demo.acting("nathalie.deltour")
    with pytest.raises(NotCovered):
        assignment.give(nathalie, deltour, lotte, product="payroll", role_id="payroll.accountant", client_id=lumen)
    with pytest.raises(RoleNotOffered):
        assignment.give(
            nathalie, deltour, lotte, product="accounting", role_id="accounting.bookkeeper", client_id=lumen
        )
    with pytest.raises(NotFound):
        assignment.give(
            nathalie, deltour, lotte, product="accounting", role_id="accounting.reader",
            client_id=demo.company("librairie-des-quais"),
        )  # fmt: skip
    with pytest.raises(NotFound):
        assignment.give(
            nathalie, deltour, demo.account("ines.moreau"), product="accounting", role_id="accounting.reader"
        )
    with pytest.raises(RoleExists):
        assignment.give(nathalie, deltour, lotte, product="capture", role_id="capture.reader", client_id=lumen)
    demo.work.session.rollback()


def test_staff_is_made_by_an_operator(demo):
    ines = demo.account("ines.moreau")
    with pytest.raises(NotPermitted):
        staff.grant(demo.acting("pieter.claes"), ines, "operations.support")
    with pytest.raises(RoleNotOffered):
        staff.grant(demo.work, ines, "company.owner")
    staff.grant(demo.work, ines, "operations.support")
    with pytest.raises(RoleExists):
        staff.grant(demo.work, ines, "operations.support")
