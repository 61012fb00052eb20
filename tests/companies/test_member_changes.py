"""Changes of a member: company roles, services, leaving, who acts on whom, and what somebody was on a date."""

import random
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.companies import access, acting_on, company_role, membership, membership_period, product_role, role
from idp.companies.access import Refusal
from idp.companies.errors import (
    ChangedMeanwhile,
    HigherRole,
    LastAdministrator,
    NotOnYourself,
    OwnerCannotLeave,
    OwnerNotEditable,
    RoleNotAssignable,
    RoleNotOffered,
)
from idp.companies.models import Membership, MembershipPeriod
from idp.core.errors import IdpError, InvalidInput, NotFound, NotPermitted
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.work import Actor, Work
from tests.companies.inviting import sent
from tests.conftest import OpenWork

MEMBER, ADMINISTRATOR, USERS = "company.member", "company.administrator", "company.user-manager"
SUBSCRIPTIONS, AUDITOR, OWNER = "company.subscription-manager", "company.auditor", "company.owner"


def acting(work: Work, account_id: UUID) -> Work:
    return work.acting(Actor("account", account_id))


def last_event(work: Work) -> AuditEvent:
    found = work.session.scalars(select(AuditEvent).order_by(AuditEvent.sequence.desc())).first()
    assert found is not None
    return found


def held(work: Work, company: UUID, person: UUID) -> Membership:
    found = membership.find(work, company, person)
    assert found is not None
    return found


def test_an_owner_appoints_and_an_administrator_does_not(demo):
    lumen, ines = demo.company("atelier-lumen"), demo.account("ines.moreau")
    amelie, thomas = demo.acting("amelie.dubois"), demo.acting("thomas.lefevre")
    company_role.change(thomas, lumen, ines, company_role=USERS)
    for wanted in ({"company_role": ADMINISTRATOR}, {"company_role": USERS, "also": [SUBSCRIPTIONS]}):
        with pytest.raises(NotPermitted):
            company_role.change(thomas, lumen, ines, **wanted)
    company_role.change(amelie, lumen, ines, company_role=ADMINISTRATOR, also=[SUBSCRIPTIONS])
    event = last_event(demo.work)
    assert (event.name, event.actor_id) == ("membership.role_changed", demo.account("amelie.dubois"))
    assert (event.details["before"]["role"], event.details["after"]["role"]) == (USERS, ADMINISTRATOR)
    answer = access.resolve(demo.work, ines, lumen, "company")
    assert {"company.users.remove", "company.subscription.cancel"} <= set(answer.permissions)
    with pytest.raises(HigherRole):  # two administrators do not act on each other
        company_role.change(thomas, lumen, ines, company_role=MEMBER)
    company_role.change(amelie, lumen, ines, company_role=MEMBER)
    assert held(demo.work, lumen, ines).also == []


def test_the_owner_s_role_is_neither_given_nor_taken(demo):
    lumen, ines = demo.company("atelier-lumen"), demo.account("ines.moreau")
    with pytest.raises(RoleNotOffered):
        company_role.change(demo.acting("amelie.dubois"), lumen, ines, company_role=OWNER)
    with pytest.raises(OwnerNotEditable):
        company_role.change(demo.work, lumen, demo.account("amelie.dubois"), company_role=MEMBER)
    with pytest.raises(RoleNotOffered):
        company_role.change(demo.work, lumen, ines, company_role=MEMBER, also=[AUDITOR])


@pytest.mark.parametrize(
    ("actor", "target", "error"),
    [
        ("katrien.desmet", "joris.vanderlinden", OwnerNotEditable),
        ("katrien.desmet", "katrien.desmet", NotOnYourself),
        ("luc.wouters", "mehdi.haddad", NotPermitted),
        ("chloe.fontaine", "mehdi.haddad", NotFound),
    ],
)
def test_who_may_not_act_on_whom(demo, actor, target, error):
    toitures = demo.company("toitures-vanderlinden")
    work, account = demo.acting(actor), demo.account(target)
    for act in (
        lambda: membership.suspend(work, toitures, account),
        lambda: membership.remove(work, toitures, account),
        lambda: company_role.change(work, toitures, account, company_role=MEMBER),
        lambda: membership.revoke_role(work, toitures, account, "payroll"),
    ):
        with pytest.raises(error):
            act()


def test_nobody_acts_on_a_higher_role(demo):
    """A user manager leaves administrators alone, suspended ones too, and roles they could not have given."""
    toitures, mehdi, elke = (
        demo.company("toitures-vanderlinden"),
        *map(demo.account, ("mehdi.haddad", "elke.janssens")),
    )
    katrien, joris = demo.acting("katrien.desmet"), demo.acting("joris.vanderlinden")
    company_role.change(joris, toitures, mehdi, company_role=ADMINISTRATOR)
    membership.suspend(joris, toitures, mehdi)
    for act in (membership.remove, membership.resume):
        with pytest.raises(HigherRole):
            act(katrien, toitures, mehdi)
    with pytest.raises(RoleNotAssignable):
        membership.revoke_role(katrien, toitures, elke, "payroll")
    membership.revoke_role(katrien, toitures, elke, "invoicing")
    membership.remove(katrien, toitures, elke)


def test_a_manager_of_a_firm_does_not_touch_its_administrators(demo):
    firm, lotte = demo.company("cabinet-deltour"), demo.account("lotte.peeters")
    nathalie, karim = demo.acting("nathalie.deltour"), demo.acting("karim.benali")
    membership.change_role(karim, firm, lotte, "practice", role_id="practice.reader")
    membership.change_role(nathalie, firm, lotte, "practice", role_id="practice.administrator")
    with pytest.raises(HigherRole):
        membership.change_role(karim, firm, lotte, "practice", role_id="practice.reader")
    with pytest.raises(OwnerNotEditable):
        membership.change_role(karim, firm, demo.account("nathalie.deltour"), "practice", role_id="practice.reader")


def test_a_role_of_the_company_s_own_gives_no_more_than_built_in_ones(demo):
    """What a user manager could give by no built-in role cannot be given by a custom one either."""
    toitures, mehdi = demo.company("toitures-vanderlinden"), demo.account("mehdi.haddad")
    wages = role.create_custom(
        demo.work, toitures, "payroll", name="wages", labels={"en": "Wages"}, permissions=["payroll.payslips.view"]
    )
    wide = role.create_custom(
        demo.work, toitures, "capture", name="wide", labels={"en": "Wide"}, permissions=["capture.purchases.view"]
    )
    katrien, joris = demo.acting("katrien.desmet"), demo.acting("joris.vanderlinden")
    with pytest.raises(RoleNotAssignable):
        membership.change_role(katrien, toitures, mehdi, "payroll", custom_role_id=wages.id)
    membership.change_role(katrien, toitures, mehdi, "capture", custom_role_id=wide.id)
    membership.change_role(joris, toitures, mehdi, "payroll", custom_role_id=wages.id)


def test_leaving_is_one_s_own_doing_and_the_company_is_told(demo):
    lumen, hugo = demo.company("atelier-lumen"), demo.account("hugo.perrin")
    with pytest.raises(OwnerCannotLeave):
        membership.leave(demo.acting("amelie.dubois"), lumen)
    with pytest.raises(NotFound):
        membership.leave(demo.acting("chloe.fontaine"), lumen)
    membership.leave(demo.acting("hugo.perrin"), lumen)
    assert membership.find(demo.work, lumen, hugo) is None
    assert isinstance(access.resolve(demo.work, hugo, lumen, "invoicing"), Refusal)
    assert last_event(demo.work).name == "membership.left"
    mails = demo.work.session.scalars(select(OutboxMessage).where(OutboxMessage.name == "member_left")).all()
    told = [open_payload(demo.work, each) for each in mails]
    assert {each["variables"]["who"] for each in told} == {"Hugo Perrin"}
    assert {each["recipient"].split("@")[0] for each in told} == {"amelie.dubois", "thomas.lefevre"}
    [own] = sent(demo.work, "membership_ended")
    assert (own["recipient"].split("@")[0], own["variables"]["left"]) == ("hugo.perrin", True)


def test_who_is_removed_is_written_to_in_their_language_and_told_by_whom(demo):
    toitures, mehdi = demo.company("toitures-vanderlinden"), demo.account("mehdi.haddad")
    membership.remove(demo.acting("joris.vanderlinden"), toitures, mehdi)
    [mail] = sent(demo.work, "membership_ended")
    assert mail["recipient"].startswith("mehdi")
    assert mail["locale"] == demo.work.session.get_one(Account, mehdi).locale
    assert (mail["variables"]["by"], mail["variables"]["left"]) == ("Joris Vanderlinden", False)


def test_who_alone_runs_a_firm_names_another_first(system, make_company, join):
    firm = make_company(kind="firm", products=("practice",))
    join(firm, company_role=OWNER)
    one, two = join(firm, practice="practice.administrator"), join(firm, practice="practice.accountant")
    with pytest.raises(LastAdministrator):
        membership.leave(acting(system, one), firm)
    membership.change_role(system, firm, two, "practice", role_id="practice.administrator")
    membership.leave(acting(system, one), firm)
    with pytest.raises(LastAdministrator):
        membership.leave(acting(system, two), firm)


def test_a_portfolio_manager_is_no_other_practice_administrator(system, make_company, join):
    """J11: who leaves as the last practice administrator names another, whoever else gives clients to colleagues."""
    firm = make_company(kind="firm", products=("practice",))
    join(firm, company_role=OWNER)
    one, two = join(firm, practice="practice.administrator"), join(firm, practice="practice.manager")
    with pytest.raises(LastAdministrator):
        membership.leave(acting(system, one), firm)
    membership.leave(acting(system, two), firm)  # nobody is an administrator less


def test_who_alone_gives_clients_without_an_administrator_stays(system, make_company, join):
    firm = make_company(kind="firm", products=("practice",))
    join(firm, company_role=OWNER)
    one = join(firm, practice="practice.manager")
    with pytest.raises(LastAdministrator):
        membership.leave(acting(system, one), firm)
    join(firm, practice="practice.manager")
    membership.leave(acting(system, one), firm)


def test_a_service_of_one_s_own_is_switched_by_the_person(demo):
    lumen, ines, thomas = demo.company("atelier-lumen"), demo.account("ines.moreau"), demo.acting("thomas.lefevre")
    mobile = "accounting.mobile.use"
    assert mobile in access.resolve(demo.work, ines, lumen, "accounting").permissions
    company_role.set_services(demo.acting("ines.moreau"), lumen, ines, [])
    assert mobile not in access.resolve(demo.work, ines, lumen, "accounting").permissions
    assert last_event(demo.work).details["before"]["services"] == ["mobile-data"]
    company_role.set_services(thomas, lumen, ines, ["mobile-data"])
    assert mobile in access.resolve(demo.work, ines, lumen, "accounting").permissions
    for service in ("vat-filing", "nothing"):  # the company's own, and none at all
        with pytest.raises(InvalidInput):
            company_role.set_services(demo.acting("ines.moreau"), lumen, ines, [service])
    with pytest.raises(OwnerNotEditable):
        company_role.set_services(thomas, lumen, demo.account("amelie.dubois"), ["mobile-data"])
    lemaire, sophie = demo.company("boulangerie-lemaire"), demo.account("sophie.lemaire")
    with pytest.raises(InvalidInput):  # the company has no such service
        company_role.set_services(demo.acting("sophie.lemaire"), lemaire, sophie, ["mobile-data"])


def test_limits_are_kept_as_the_product_defines_them(demo):
    lumen, hugo, thomas = demo.company("atelier-lumen"), demo.account("hugo.perrin"), demo.acting("thomas.lefevre")
    employee = {"role_id": "invoicing.employee"}
    for wrong in ({"unknown": True}, {"departments": True}, {"departments": []}, {"no-deletion": "yes"}):
        with pytest.raises(InvalidInput):
            membership.change_role(thomas, lumen, hugo, "invoicing", **employee, restrictions=wrong)
    with pytest.raises(InvalidInput):  # for roles with switches
        membership.change_role(
            thomas, lumen, hugo, "invoicing", role_id="invoicing.reader", restrictions={"no-deletion": True}
        )
    kept = membership.change_role(
        thomas, lumen, hugo, "invoicing", **employee,
        restrictions={"departments": ["Ventes ", "Achats"], "no-deletion": True, "own-documents-only": False},
    )  # fmt: skip
    assert kept.restrictions == {"departments": ["Achats", "Ventes"], "no-deletion": True}
    assert not [
        each for each in access.resolve(demo.work, hugo, lumen, "invoicing").permissions if each.endswith(".delete")
    ]


def test_a_right_whose_time_is_over_can_be_given_again(system, make_company, join):
    home = make_company(plan="solo")
    one, two = join(home), join(home, accounting="accounting.reader")
    reader = {"product": "accounting", "role_id": "accounting.reader"}
    membership.grant_role(system, home, one, **reader, expires_at=system.later(days=2).now)
    later = system.later(days=3)
    third = join(home)
    membership.grant_role(later, home, third, **reader)  # the seat is free again
    with pytest.raises(IdpError):
        membership.grant_role(later, home, one, **reader)  # and taken
    membership.revoke_role(later, home, two, "accounting")
    again = membership.grant_role(later, home, one, **reader)
    assert again.ended_at is None


def test_the_second_of_two_administrators_is_told(demo):
    toitures, luc = demo.company("toitures-vanderlinden"), demo.account("luc.wouters")
    joris, katrien = demo.acting("joris.vanderlinden"), demo.acting("katrien.desmet")
    member = held(demo.work, toitures, luc)
    row = product_role.current(demo.work, member, "invoicing")
    period = membership_period.current(demo.work, member)
    assert row is not None
    assert period is not None
    employee = {"product": "invoicing", "role_id": "invoicing.employee"}
    membership.change_role(joris, toitures, luc, **employee, switches={"invoices": True}, seen=row.id)
    with pytest.raises(ChangedMeanwhile):
        membership.change_role(katrien, toitures, luc, **employee, switches={"tasks": True}, seen=row.id)
    with pytest.raises(ChangedMeanwhile):
        membership.revoke_role(katrien, toitures, luc, "invoicing", seen=row.id)
    company_role.change(joris, toitures, luc, company_role=AUDITOR, seen=period)
    for act in (membership.suspend, membership.remove):
        with pytest.raises(ChangedMeanwhile):
            act(joris, toitures, luc, seen=period)


def test_two_who_save_together_do_not_overwrite_each_other(system: Work, open_work: OpenWork, make_company, join):
    """Both were shown the same role; one saves, the other hears of it."""
    home = make_company(products=("invoicing",))
    owner, person = join(home, company_role=OWNER), join(home, invoicing="invoicing.employee")
    seen = product_role.current(system, held(system, home, person), "invoicing")
    assert seen is not None
    key = seen.id
    system.session.commit()

    def save(area: str) -> bool:
        work = acting(open_work(), owner)
        try:
            membership.change_role(
                work, home, person, "invoicing", role_id="invoicing.employee", switches={area: True}, seen=key
            )
            work.session.commit()
        except ChangedMeanwhile:
            work.session.rollback()
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, ["orders", "payments", "stock", "time"])) == [False, False, False, True]


def test_a_company_never_loses_its_owner(system: Work, open_work: OpenWork, make_company, join):
    """Owner and administrators remove, demote, suspend each other and leave, a thousand times, four at a time."""
    home = make_company()
    people = [join(home, company_role=OWNER), *(join(home, company_role=ADMINISTRATOR) for _ in range(4))]
    people += [join(home, company_role=USERS), join(home)]
    system.session.commit()

    def attempt(seed: int) -> str:
        chance = random.Random(seed)
        work = acting(open_work(), chance.choice([people[0]] * 4 + people))
        work.write()
        target, given = chance.choice(people), chance.choice((MEMBER, USERS, ADMINISTRATOR, AUDITOR, OWNER))
        act = chance.choice(
            (
                lambda: membership.remove(work, home, target),
                lambda: membership.leave(work, home),
                lambda: membership.suspend(work, home, target),
                lambda: membership.resume(work, home, target),
                lambda: company_role.change(work, home, target, company_role=given),
                lambda: membership.add(work, home, target, company_role=given),
            )
        )
        try:
            act()
            work.session.commit()
        except IdpError as refused:
            work.session.rollback()
            return refused.code
        except OperationalError as busy:  # on a machine that is very busy one is told to come back; nothing happened
            work.session.rollback()
            return "deadlock" if "deadlock" in str(busy) else "unavailable"
        finally:
            work.session.close()
        return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(1000)))
    assert outcomes.count("done") > 50
    assert "deadlock" not in outcomes
    assert {"owner_not_editable", "owner_cannot_leave", "not_on_yourself"} <= set(outcomes)
    work = open_work()
    owners = work.session.scalars(
        select(Membership.account_id).where(
            Membership.company_id == home, Membership.ended_at.is_(None), Membership.company_role == OWNER
        )
    ).all()
    assert owners == [people[0]]
    assert acting_on.find(work, home, people[0]).suspended_at is None
    open_ended = select(MembershipPeriod.membership_id).where(MembershipPeriod.ended_at.is_(None))
    current = select(Membership.id).where(Membership.ended_at.is_(None))
    assert set(work.session.scalars(open_ended)) == set(work.session.scalars(current))
