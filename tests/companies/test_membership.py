"""Members and their roles: who may give what to whom."""

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import access, membership, subscription
from idp.companies.errors import (
    AlreadyMember,
    NotOnYourself,
    NotSubscribed,
    OwnerNotEditable,
    RoleExists,
    RoleNotAssignable,
    RoleNotOffered,
    UniqueRoleTaken,
)
from idp.core.errors import InvalidInput, NotFound, NotPermitted


def test_nobody_gives_more_than_they_may(demo):
    toitures = demo.company("toitures-vanderlinden")
    katrien, mehdi = demo.acting("katrien.desmet"), demo.account("mehdi.haddad")
    with pytest.raises(RoleNotAssignable):
        membership.change_role(katrien, toitures, mehdi, "payroll", role_id="payroll.administrator")
    membership.change_role(katrien, toitures, mehdi, "capture", role_id="capture.documents-basic")
    answer = access.resolve(demo.work, mehdi, toitures, "capture")
    assert answer.role == "capture.documents-basic"


def test_the_owner_is_changed_by_nobody_else_and_nobody_changes_themselves(demo):
    lumen, amelie = demo.company("atelier-lumen"), demo.account("amelie.dubois")
    with pytest.raises(OwnerNotEditable):
        membership.revoke_role(demo.acting("thomas.lefevre"), lumen, amelie, "accounting")
    with pytest.raises(NotOnYourself):
        membership.revoke_role(demo.acting("amelie.dubois"), lumen, amelie, "accounting")
    with pytest.raises(NotPermitted):
        membership.revoke_role(demo.acting("ines.moreau"), lumen, demo.account("hugo.perrin"), "invoicing")
    with pytest.raises(OwnerNotEditable):
        membership.remove(demo.work, lumen, amelie)


def test_a_stranger_learns_nothing_about_members(demo):
    lumen = demo.company("atelier-lumen")
    for target in ("hugo.perrin", "chloe.fontaine"):
        with pytest.raises(NotFound) as refused:
            membership.revoke_role(demo.acting("chloe.fontaine"), lumen, demo.account(target), "accounting")
        assert refused.value.members == {"kind": "company"}


def test_a_company_has_one_owner_and_a_person_one_membership(system, make_company, join):
    home = make_company()
    join(home, company_role="company.owner")
    person = join(home)
    system.session.commit()
    system.write()
    with pytest.raises(AlreadyMember):
        membership.add(system, home, person, company_role="company.member")
    membership.remove(system, home, person)
    with pytest.raises(UniqueRoleTaken):
        membership.add(system, home, person, company_role="company.owner")


def test_only_combinable_roles_are_combined(system, make_company, join):
    home, person = make_company(), join(make_company())
    with pytest.raises(RoleNotOffered):
        membership.add(system, home, person, company_role="company.member", also=["company.auditor"])
    with pytest.raises(RoleNotOffered):
        membership.add(system, home, person, company_role="accounting.reader")
    membership.add(system, home, person, company_role="company.member", also=["company.subscription-manager"])
    assert "company.subscription.change" in access.resolve(system, person, home, "company").permissions


def test_one_role_per_product(system, make_company, join):
    """Told before anybody is asked to pay for a seat that could not be used."""
    home = make_company(seats=5)
    person = [join(home, accounting="accounting.reader") for _ in range(5)][0]
    with pytest.raises(RoleExists):
        membership.grant_role(system, home, person, "accounting", role_id="accounting.bookkeeper")
    with pytest.raises(NotFound):
        membership.change_role(system, home, person, "capture", role_id="capture.reader")


@pytest.mark.parametrize(
    ("product", "values", "error"),
    [
        ("accounting", {"role_id": "accounting.accountant"}, RoleNotOffered),  # comes with a mandate only
        ("accounting", {"role_id": "capture.reader"}, RoleNotOffered),
        ("accounting", {"role_id": "accounting.gone"}, RoleNotOffered),
        ("capture", {"role_id": "capture.reader"}, NotSubscribed),
        ("accounting", {}, InvalidInput),
        ("accounting", {"role_id": "accounting.reader", "switches": {"quotes": True}}, InvalidInput),
        ("accounting", {"role_id": "accounting.reader", "restrictions": {"no-deletion": True}}, InvalidInput),
    ],
)
def test_a_role_that_is_not_offered_is_refused(system, make_company, join, product, values, error):
    home = make_company()
    person = join(home)
    with pytest.raises(error):
        membership.grant_role(system, home, person, product, **values)


def test_no_role_is_given_in_an_ended_product(system, make_company, join):
    home = make_company(products=("accounting",))
    person = join(home)
    subscription.set_state(system, home, "accounting", "notice", until_at=system.later(days=1).now)
    with pytest.raises(NotSubscribed):
        membership.grant_role(system.later(days=1), home, person, "accounting", role_id="accounting.reader")


def test_a_change_of_role_is_felt_and_written_down(system, make_company, join):
    home = make_company()
    person = join(home, accounting="accounting.reader")
    before = access.resolve(system, person, home, "accounting")
    membership.change_role(system, home, person, "accounting", role_id="accounting.bookkeeper")
    after = access.resolve(system, person, home, "accounting")
    assert set(before.permissions) < set(after.permissions)
    assert before.permission_set != after.permission_set
    event = system.session.scalars(select(AuditEvent).order_by(AuditEvent.sequence.desc())).first()
    assert (event.name, event.company_id, event.subject_id) == ("role.changed", home, str(person))
    assert event.details["before"]["role"] == "accounting.reader"


def test_a_removed_colleague_loses_every_client_and_no_other_company(system, make_client, make_company, join):
    client, other = make_client(), make_company()
    join(other, account_id=client.manager, accounting="accounting.reader")
    membership.remove(system, client.firm, client.manager)
    assert access.count_companies(system, client.manager, "accounting") == 1
    assert access.resolve(system, client.manager, other, "accounting").via == "membership"
