"""What is changed in place leaves its periods: nothing is lost or overlaps, and the open one is what holds now."""

from sqlalchemy import select

from idp.companies import membership, period, role
from idp.companies.models import CustomRole, CustomRoleRevision, Membership, MembershipPeriod, ServicePeriod


def periods(work, model, **key):
    rows = work.session.scalars(select(model).filter_by(**key).order_by(model.began_at, model.ended_at))
    return list(rows)


def drift(work):
    """Rows whose open period says something else than they do: a command that forgot to keep it."""
    found = []
    open_ones = {
        row.membership_id: row for row in work.session.scalars(select(MembershipPeriod).filter_by(ended_at=None))
    }
    for row in work.session.scalars(select(Membership).where(Membership.ended_at.is_(None))):
        held = open_ones.pop(row.id, None)
        now = (row.company_role, row.also, row.services, row.suspended_at is not None)
        if held is None or (held.company_role, held.also, held.services, held.suspended) != now:
            found.append(("membership", row.id))
    found += [("membership", key) for key in open_ones]
    services = {
        row.company_id: row.services for row in work.session.scalars(select(ServicePeriod).filter_by(ended_at=None))
    }
    for row in work.session.execute(select(period.Company.id, period.Company.services)):
        if services.get(row.id) != sorted(row.services):
            found.append(("company", row.id))
    revisions = {
        row.custom_role_id: row for row in work.session.scalars(select(CustomRoleRevision).filter_by(ended_at=None))
    }
    for row in work.session.scalars(select(CustomRole).where(CustomRole.deleted_at.is_(None))):
        held = revisions.get(row.id)
        if held is None or (held.revision, held.name, held.permissions) != (row.revision, row.name, row.permissions):
            found.append(("custom_role", row.id))
    return found


def test_a_suspension_has_its_period(system, make_company, join):
    company_id = make_company()
    person = join(company_id)
    key = {"membership_id": membership.find(system, company_id, person).id}
    begin = system.now
    membership.suspend(system.later(days=1), company_id, person)
    membership.suspend(system.later(days=2), company_id, person)
    membership.resume(system.later(days=3), company_id, person)
    membership.remove(system.later(days=4), company_id, person)

    found = periods(system, MembershipPeriod, **key)
    assert [(row.suspended, (row.began_at - begin).days, (row.ended_at - begin).days) for row in found] == [
        (False, 0, 1), (True, 1, 3), (False, 3, 4),
    ]  # fmt: skip
    assert drift(system) == []


def test_what_began_and_ended_at_one_moment_never_held(system, make_company, join):
    company_id = make_company()
    person = join(company_id)
    key = {"membership_id": membership.find(system, company_id, person).id}
    at = system.later(days=1)
    membership.suspend(at, company_id, person)
    membership.resume(at, company_id, person)

    found = periods(system, MembershipPeriod, **key)
    assert [(row.suspended, row.ended_at is None) for row in found] == [(False, False), (False, True)]
    assert found[0].ended_at == found[1].began_at


def test_a_clock_that_is_behind_ends_nothing_before_its_beginning(system, make_company, join):
    """F-28: the change is written by a process whose clock is behind that of the process that made the row."""
    company_id = make_company()
    person = join(company_id)
    role.create_custom(
        system, company_id, "accounting", name="bank", labels={"en": "Bank"}, permissions=["accounting.bank.view"]
    )
    key = {"membership_id": membership.find(system, company_id, person).id}
    membership.suspend(system.later(minutes=2), company_id, person)
    behind = system.later(seconds=-90)
    membership.resume(behind, company_id, person)
    membership.remove(behind, company_id, person)
    period.end_custom_roles(behind, company_id, "accounting")

    system.session.expire_all()
    row = system.session.get(Membership, key["membership_id"])
    assert row.ended_at == row.created_at
    (stayed,) = periods(system, MembershipPeriod, **key)  # what lasted no time at all is gone
    assert (stayed.suspended, stayed.began_at, stayed.ended_at) == (False, system.now, system.later(minutes=2).now)
    (revision,) = periods(system, CustomRoleRevision)
    assert revision.ended_at == revision.began_at


def test_a_role_of_the_companys_own_begins_with_its_first_revision(system, make_company):
    made = role.create_custom(
        system, make_company(), "accounting", name="bank", labels={"en": "Bank"}, permissions=["accounting.bank.view"]
    )
    (found,) = periods(system, CustomRoleRevision, custom_role_id=made.id)
    assert (found.revision, found.permissions, found.ended_at) == (1, ["accounting.bank.view"], None)


def test_the_demonstration_data_has_its_periods(demo):
    assert drift(demo.work) == []
