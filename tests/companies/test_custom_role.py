"""Roles that a company makes itself: what they may hold, who builds them, their revisions, and who keeps them."""

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import access, assignment, custom_role, invitation, membership, role, role_content, subscription
from idp.companies.errors import (
    CustomRoleRefused,
    NotSubscribed,
    RoleChanged,
    RoleInUse,
    RoleNotAssignable,
    RoleNotOffered,
)
from idp.companies.models import CustomRoleRevision
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.companies.inviting import offer
from tests.companies.test_period import drift

BANK = ["accounting.bank.view"]
ENTRY = [*BANK, "accounting.journals.create"]


@pytest.fixture
def acting(system):
    return lambda account_id: system.acting(Actor("account", account_id))


@pytest.fixture
def here(make_company, join):
    """A company with its owner."""
    company_id = make_company(products=("accounting", "payroll"))
    return company_id, join(company_id, company_role="company.owner")


def make(work, company_id, product="accounting", called="Bank", permissions=BANK):
    return role.create_custom(work, company_id, product, name=called, labels={"en": called}, permissions=permissions)


def test_what_is_required_comes_along_and_what_no_role_may_hold_is_refused(system, here):
    company_id, _ = here
    made = make(system, company_id, permissions=["accounting.journals.create"])
    answer = role_content.offered(system, company_id, "accounting")
    never = system.policies.products["accounting"].custom_roles.never
    assert not answer & set(never)
    for wanted in ([], ["nothing.at.all"], ["payroll.reports.view"], [never[0], *BANK]):
        with pytest.raises(InvalidInput) as refused:
            make(system, company_id, called="Other", permissions=wanted)
        assert refused.value.members["field"] == "permissions"
    assert made.revision == 1


@pytest.mark.parametrize("called", ["", "   ", "x" * 81, "Ba\u202enk", "Bank\x00", "\u200b"])
def test_a_name_is_read_by_people(system, here, called):
    with pytest.raises(InvalidInput):
        make(system, here[0], called=called)


def test_a_name_is_taken_once_in_a_product_whatever_its_capitals_and_never_that_of_a_built_in_role(system, here):
    company_id, _ = here
    make(system, company_id)
    for called in ("Bank", " bank ", "BANK", "Bookkeeper", "teneur de livres"):
        with pytest.raises(CustomRoleRefused) as refused:
            make(system, company_id, called=called)
        assert refused.value.members["reason"] == "name_taken"
    make(system, company_id, product="payroll", permissions=["payroll.reports.view"])


def test_there_are_only_so_many(system, here):
    company_id, _ = here
    most = system.policies.products["payroll"].custom_roles.max_per_company
    for number in range(most):
        make(system, company_id, "payroll", f"Role {number}", ["payroll.reports.view"])
    with pytest.raises(CustomRoleRefused) as refused:
        make(system, company_id, "payroll", "One more", ["payroll.reports.view"])
    assert (refused.value.members["reason"], refused.value.members["max"]) == ("too_many", most)


def test_only_builders_build(system, here, join, acting):
    company_id, owner = here
    administrator = join(company_id, company_role="company.administrator")
    manager = join(company_id, company_role="company.user-manager")
    assert make(acting(owner), company_id, "payroll", permissions=["payroll.reports.view"])
    with pytest.raises(RoleNotAssignable):  # payroll roles are the owner's to build
        make(acting(administrator), company_id, "payroll", "Other", ["payroll.reports.view"])
    with pytest.raises(NotPermitted):
        make(acting(manager), company_id)
    assert role_content.building(acting(administrator), company_id, "payroll").why == "not_yours"
    assert role_content.building(acting(administrator), company_id, "accounting").why is None
    assert role_content.building(acting(owner), company_id, "company").why == "not_in_product"


def test_a_plan_without_own_roles_says_so_and_an_ended_product_too(system, make_company):
    small = make_company(plan="unlimited-invoicing", products=("invoicing",))
    with pytest.raises(CustomRoleRefused) as refused:
        make(system, small, "invoicing", permissions=["invoicing.quotes.view"])
    assert refused.value.members["reason"] == "not_in_plan"
    assert role_content.building(system, small, "invoicing").plan == "unlimited-invoicing"
    with pytest.raises(NotSubscribed):
        make(system, small, "accounting")
    with pytest.raises(NotSubscribed):
        make(system, small, "no-such-product")


def test_nobody_puts_into_a_role_what_they_could_not_give(system, here, join, acting):
    """An administrator gives no role with the closing of a year: neither does a role of their making hold it."""
    company_id, owner = here
    administrator = join(company_id, company_role="company.administrator")
    can = role_content.grantable(acting(administrator), company_id, "payroll")
    all_of_it = set(system.policies.products["payroll"].permissions)
    beyond = sorted(
        role_content.offered(acting(owner), company_id, "payroll") - can
    )  # fmt: skip
    assert can < all_of_it
    with pytest.raises(RoleNotAssignable) as refused:
        role_content.checked(acting(administrator), company_id, "payroll", [beyond[0]])
    assert refused.value.members["permissions"] == [beyond[0]]
    kept = role_content.checked(acting(administrator), company_id, "payroll", [beyond[0]], present=[beyond[0]])
    assert kept == [beyond[0]]


def test_a_change_is_the_next_revision_and_the_one_before_is_kept(system, here, join):
    company_id, _ = here
    made = make(system, company_id)
    person = join(company_id)
    membership.grant_role(system, company_id, person, "accounting", custom_role_id=made.id)
    before = access.resolve(system, person, company_id, "accounting")

    later = system.later(days=1)
    changed = custom_role.change(later, company_id, made.id, seen=1, permissions=ENTRY)
    after = access.resolve(later, person, company_id, "accounting")
    assert (changed.revision, changed.name) == (2, "Bank")
    assert set(after.permissions) > set(before.permissions) == set(BANK)
    assert after.epoch > before.epoch

    custom_role.change(later.later(days=1), company_id, made.id, seen=2, labels={"fr": "Banque", "en": "Bank"})
    found = custom_role.revisions(system, company_id, made.id).rows
    assert [(each.number, each.name, list(each.permissions)) for each in found] == [
        (3, "Banque", sorted(ENTRY)), (2, "Bank", sorted(ENTRY)), (1, "Bank", BANK),
    ]  # fmt: skip
    assert found[1].ended_at == found[0].began_at == later.later(days=1).now
    assert drift(system) == []
    said = system.session.scalars(
        select(AuditEvent).where(AuditEvent.name == "custom_role.changed").order_by(AuditEvent.sequence)
    ).all()
    assert [(event.details["added"], event.details["taken"]) for event in said] == [
        (["accounting.journals.create"], []), ([], []),
    ]  # fmt: skip
    assert (said[1].details["before"]["title"], said[1].details["called"]) == ("Bank", "Banque")


def test_a_change_to_the_same_is_none_and_one_from_an_old_page_is_refused(system, here):
    company_id, _ = here
    made = make(system, company_id)
    assert custom_role.change(system, company_id, made.id, seen=1, permissions=BANK).revision == 1
    custom_role.change(system.later(days=1), company_id, made.id, seen=1, permissions=ENTRY)
    with pytest.raises(RoleChanged) as refused:
        custom_role.change(system.later(days=1), company_id, made.id, seen=1, permissions=["accounting.dashboard.view"])
    assert refused.value.members["revision"] == 2
    with pytest.raises(InvalidInput):
        custom_role.change(system, company_id, made.id, seen=2, permissions=[])
    other = make(system, company_id, called="Other")
    with pytest.raises(CustomRoleRefused):
        custom_role.change(system, company_id, other.id, seen=1, labels={"en": "bank"})


def test_a_role_that_is_held_is_not_deleted(system, here, join):
    company_id, _ = here
    made = make(system, company_id)
    people = [join(company_id) for _ in range(2)]
    for person in people:
        membership.grant_role(system, company_id, person, "accounting", custom_role_id=made.id)
    assert custom_role.holders(system, company_id, made.id).names == ("Ada Byron", "Ada Byron")
    with pytest.raises(RoleInUse) as refused:
        custom_role.delete(system, company_id, made.id)
    assert refused.value.members["people"] == 2

    for person in people:
        membership.revoke_role(system.later(days=1), company_id, person, "accounting")
    custom_role.delete(system.later(days=2), company_id, made.id)
    for act in (custom_role.get, custom_role.delete, custom_role.revisions):
        with pytest.raises(NotFound):
            act(system, company_id, made.id)
    with pytest.raises(RoleNotOffered):
        membership.grant_role(system, company_id, people[0], "accounting", custom_role_id=made.id)
    assert make(system, company_id).id != made.id  # the name is free again
    assert drift(system) == []
    ended = system.session.scalars(
        select(CustomRoleRevision.ended_at).where(CustomRoleRevision.custom_role_id == made.id)
    )
    assert list(ended) == [system.later(days=2).now]


def test_a_role_that_is_offered_is_not_deleted(system, here):
    """Neither while its invitation is open; and what is deleted is offered to nobody, also by an old invitation."""
    company_id, _ = here
    made = make(system, company_id)
    wish = {"accounting": Wish(custom_role_id=made.id)}
    first = offer(system, company_id, roles=wish)
    assert custom_role.holders(system, company_id, made.id) == custom_role.Holders(invited=1)
    with pytest.raises(RoleInUse) as refused:
        custom_role.delete(system, company_id, made.id)
    assert refused.value.members == {"people": 0, "clients": 0, "invited": 1}
    invitation.withdraw(system, company_id, first.id)
    old = offer(system, company_id, "eva@example.test", roles=wish)
    late = system.later(days=15)
    custom_role.delete(late, company_id, made.id)
    for act in (
        lambda: offer(late, company_id, "bob@example.test", roles=wish),
        lambda: invitation.resend(late, company_id, old.id),
    ):
        with pytest.raises(RoleNotOffered):
            act()


def test_another_companys_role_is_a_missing_one(system, here, make_company, join, acting):
    company_id, _ = here
    elsewhere = make_company()
    stranger = join(elsewhere, company_role="company.owner")
    made = make(system, company_id)
    for act in (
        lambda work: custom_role.get(work, elsewhere, made.id),
        lambda work: custom_role.change(work, elsewhere, made.id, seen=1, permissions=ENTRY),
        lambda work: custom_role.delete(work, elsewhere, made.id),
        lambda work: custom_role.change(work, company_id, made.id, seen=1, permissions=ENTRY),
        lambda work: custom_role.require_reader(work, company_id),
    ):
        with pytest.raises(NotFound):
            act(acting(stranger))


def test_a_firm_makes_roles_for_its_colleagues_at_clients(system, make_client, join, acting):
    """J10: the administrator of the firm builds and the manager only assigns; the mandate stays the ceiling."""
    client = make_client()
    for company_id, product in ((client.firm, "capture"), (client.firm, "accounting"), (client.company, "capture")):
        subscription.set_state(system, company_id, product, "active")
    administrator = join(client.firm, practice="practice.administrator")
    bank = ["capture.bank-statements.view", "capture.bank-statements.upload", "capture.bank-statements.edit"]
    with pytest.raises(NotPermitted):
        make(acting(client.manager), client.firm, "capture", permissions=bank)
    made = make(acting(administrator), client.firm, "capture", permissions=bank)
    with pytest.raises(RoleNotAssignable):  # accounting roles are the owner's to build
        make(acting(administrator), client.firm, "accounting")

    colleague = join(client.firm, practice="practice.assistant")
    assignment.give(
        acting(administrator), client.firm, colleague, product="capture", custom_role_id=made.id,
        client_id=client.company,
    )  # fmt: skip
    assert custom_role.holders(system, client.firm, made.id) == custom_role.Holders(1, ("Ada Byron",), 1)
    answer = access.resolve(system, colleague, client.company, "capture")
    assert answer.role == "capture.custom"
    assert set(answer.permissions) == set(bank)
    custom_role.change(
        acting(administrator), client.firm, made.id, seen=1, permissions=[*bank, "capture.bank-statements.delete"]
    )
    assert "capture.bank-statements.delete" in access.resolve(system, colleague, client.company, "capture").permissions
    with pytest.raises(RoleInUse):
        custom_role.delete(acting(administrator), client.firm, made.id)
