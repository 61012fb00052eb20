"""Offers of roles to an address, as a company makes, renews, sends again and takes them back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import acceptance, company, invitation, membership, role, seats
from idp.companies.errors import (
    AlreadyInvited,
    AlreadyMember,
    ExtraCostUnconfirmed,
    InvitationClosed,
    NotOnYourself,
    NotSubscribed,
    RoleNotAssignable,
    RoleNotOffered,
    SeatLimitReached,
)
from idp.companies.models import Invitation
from idp.companies.role_wish import Wish
from idp.core import tokens
from idp.core.errors import Expired, InvalidInput, NotFound, NotPermitted, Throttled
from idp.policy import label_for
from idp.work import Actor
from tests.companies.inviting import link, offer, sent
from tests.conftest import later


def events(work, name):
    return work.session.scalars(select(AuditEvent).where(AuditEvent.name == name).order_by(AuditEvent.sequence)).all()


def test_an_offer_is_mailed_in_its_language_with_everything_one_needs_to_decide(demo):
    lumen, thomas = demo.company("atelier-lumen"), demo.acting("thomas.lefevre")
    made = offer(
        thomas, lumen, "Zoé@Example.test", locale="nl-BE", given_name=" Zoé ", family_name="Kervadec",
        roles={"capture": "capture.documents-basic"}, message="Bienvenue !\r\nÀ lundi",
    )  # fmt: skip
    [mail] = [each for each in sent(thomas) if each["recipient"] == "Zoé@Example.test"]
    assert mail["locale"] == "nl-BE"
    told = mail["variables"]
    assert told["company"] == "Atelier Lumen SARL"
    assert told["inviter"] == "Thomas Lefèvre"
    assert told["name"] == "Zoé Kervadec"
    capture = thomas.policies.products["capture"]
    label = thomas.policies.roles["capture.documents-basic"].label
    assert told["roles"] == [{"product": label_for(capture.label, "nl"), "role": label_for(label, "nl")}]
    assert told["message"] == ["Bienvenue !", "À lundi"]
    assert made.token_digest == tokens.digest(link(thomas, "Zoé@Example.test"))
    assert made.expires_at == made.created_at + thomas.policies.invitation_lifetime
    assert made.expires_at - made.created_at <= timedelta(days=7)
    [noted] = [each for each in events(thomas, "invitation.created") if each.subject_id == str(made.id)]
    assert noted.actor_id == demo.account("thomas.lefevre")
    assert "example.test" not in str(noted.details)


def test_the_log_has_the_switches_and_the_limits(demo):
    """J8, step 4."""
    joris, roofs = demo.acting("joris.vanderlinden"), demo.company("toitures-vanderlinden")
    on = dict.fromkeys(joris.policies.roles["invoicing.employee"].switches, False) | {"tasks": True, "time": True}
    made = offer(joris, roofs, roles={"invoicing": Wish("invoicing.employee", switches=on,
                                                        restrictions={"own-documents-only": True})})  # fmt: skip
    [noted] = [each for each in events(joris, "invitation.created") if each.subject_id == str(made.id)]
    assert noted.details["roles"] == {"invoicing": "invoicing.employee"}
    assert noted.details["switches"] == {"invoicing": ["tasks", "time"]}
    assert noted.details["restrictions"] == {"invoicing": {"own-documents-only": True}}


def test_the_same_address_again_renews_the_first(demo):
    lumen, thomas = demo.company("atelier-lumen"), demo.acting("thomas.lefevre")
    first = offer(thomas, lumen, roles={"capture": "capture.documents-basic", "invoicing": "invoicing.reader"})
    old, before = link(thomas), seats.used(thomas, lumen, "capture")
    again = later(thomas, hours=2)
    renewed = offer(again, lumen, "ZOE@example.TEST", roles={"capture": "capture.reader"})
    assert renewed.id == first.id
    assert seats.used(again, lumen, "capture") == before
    assert [each.role for each in invitation.roles_of(again, renewed)] == ["capture.reader"]
    with pytest.raises(NotFound):
        acceptance.find(again, old)
    assert acceptance.find(again, link(again, "ZOE@example.TEST")).expires_at == again.now + timedelta(days=7)
    assert len(events(again, "invitation.renewed")) == 1


def test_a_form_that_is_sent_twice_is_one_offer(demo):
    lumen, thomas = demo.company("atelier-lumen"), demo.acting("thomas.lefevre")
    values = {"roles": {"invoicing": Wish("invoicing.employee", switches={"time": True})}, "message": "À lundi"}
    first = offer(thomas, lumen, **values)
    before, token = len(sent(thomas)), link(thomas)
    assert offer(later(thomas, seconds=30), lumen, **values).id == first.id
    assert (len(sent(thomas)), link(thomas)) == (before, token)
    offer(thomas, lumen, **(values | {"message": "À mardi"}))  # something else is something new
    offer(thomas.acting(demo.acting("amelie.dubois").actor), lumen, **values)
    assert len(sent(thomas)) == before + 2


@pytest.mark.parametrize(
    ("actor", "address", "error"),
    [
        ("thomas.lefevre", "THOMAS.lefevre@atelier-lumen.example.com", NotOnYourself),
        ("thomas.lefevre", "INES.moreau@atelier-lumen.example.com", AlreadyMember),
        ("ines.moreau", "zoe@example.test", NotPermitted),
        ("benoit.lemaire", "zoe@example.test", NotFound),
        ("thomas.lefevre", "zoe", InvalidInput),
        ("thomas.lefevre", "zoe@localhost", InvalidInput),
        ("thomas.lefevre", "zo\u0435@example.test", InvalidInput),  # Cyrillic e
        ("thomas.lefevre", "zoe@example.test\x00", InvalidInput),
    ],
)
def test_who_cannot_be_invited(demo, actor, address, error):
    work = demo.acting(actor)
    with pytest.raises(error):
        offer(work, demo.company("atelier-lumen"), address, roles={"capture": "capture.reader"})
    assert [each for each in sent(work) if each["recipient"] == address] == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"locale": "xx-XX"}, "locale"),
        ({"roles": {}}, "roles"),
        ({"given_name": "a" * 101}, "given_name"),
        ({"family_name": "x\u202ey"}, "family_name"),
        ({"message": "x" * 501}, "message"),
        ({"message": "voyez https://ailleurs.example"}, "message"),
        ({"message": "voyez WWW.ailleurs.example"}, "message"),
        ({"message": "x\u202ey"}, "message"),
        ({"roles": {"accounting": Wish()}}, "role"),
        ({"roles": {"accounting": Wish("accounting.reader", switches={"gone": True})}}, "switches"),
        ({"roles": {"accounting": Wish("accounting.reader", restrictions={"gone": True})}}, "restrictions"),
        ({"roles": {"invoicing": Wish("invoicing.reader", restrictions={"departments": True})}}, "restrictions"),
        ({"roles": {"invoicing": Wish("invoicing.reader", restrictions={"no-deletion": ["x"]})}}, "restrictions"),
    ],
)
def test_an_impossible_value_is_refused_by_its_name(demo, values, field):
    with pytest.raises(InvalidInput) as refused:
        offer(demo.acting("amelie.dubois"), demo.company("atelier-lumen"), **values)
    assert refused.value.members["field"] == field


def test_markup_and_long_names_do_no_harm(demo):
    values = {"given_name": "<b>Zoé</b>", "message": "<i>=1+1", "roles": {"capture": "capture.reader"}}
    made = offer(demo.acting("amelie.dubois"), demo.company("atelier-lumen"), **values)
    assert (made.given_name, made.message) == ("<b>Zoé</b>", "<i>=1+1")


def test_roles_are_those_of_plan_catalogue_and_giver(demo):
    vanderlinden, katrien = demo.company("toitures-vanderlinden"), demo.acting("katrien.desmet")
    for roles, error in (
        ({"practice": "practice.reader"}, NotSubscribed),
        ({"gone": "gone.reader"}, NotSubscribed),
        ({"payroll": "payroll.accountant"}, RoleNotOffered),
        ({"payroll": "accounting.reader"}, RoleNotOffered),
        ({"payroll": "payroll.administrator"}, RoleNotAssignable),
    ):
        with pytest.raises(error):
            offer(katrien, vanderlinden, roles=roles)
    for values in ({"company_role": "company.administrator"}, {"also": ("company.subscription-manager",)}):
        with pytest.raises(RoleNotAssignable):
            offer(katrien, vanderlinden, roles={"payroll": "payroll.employee"}, **values)
    with pytest.raises(RoleNotAssignable):
        offer(demo.acting("joris.vanderlinden"), vanderlinden, company_role="company.owner")
    with pytest.raises(RoleNotOffered):
        offer(demo.acting("joris.vanderlinden"), vanderlinden, also=("company.auditor",))
    quais = demo.company("librairie-des-quais")
    with pytest.raises(NotSubscribed):
        offer(demo.acting("etienne.garnier"), quais)


def test_an_administrator_needs_no_product_and_no_seat(demo):
    lemaire, benoit = demo.company("boulangerie-lemaire"), demo.acting("benoit.lemaire")
    made = offer(
        benoit, lemaire, roles={}, company_role="company.administrator", also=("company.subscription-manager",)
    )
    assert (made.company_role, made.also) == ("company.administrator", ["company.subscription-manager"])
    assert len(sent(benoit)[-1]["variables"]["administration"]) == 2
    with pytest.raises(InvalidInput):
        offer(benoit, lemaire, "eva@example.test", roles={})


def test_a_role_of_the_companys_own_is_offered_within_the_givers_reach(demo):
    lumen, amelie = demo.company("atelier-lumen"), demo.acting("amelie.dubois")
    own = role.find_custom(amelie, lumen, "accounting", "direction")
    offer(amelie, lumen, roles={"accounting": Wish(custom_role_id=own.id)}, extra_cost=True)
    assert sent(amelie)[-1]["variables"]["roles"][0]["role"] == "Lecture direction"
    vanderlinden = demo.company("toitures-vanderlinden")
    with pytest.raises(RoleNotOffered):
        offer(demo.acting("joris.vanderlinden"), vanderlinden, roles={"accounting": Wish(custom_role_id=own.id)})
    wide = role.create_custom(
        demo.acting("joris.vanderlinden"), vanderlinden, "payroll", name="wide", labels={"fr": "Large"},
        permissions=["payroll.runs.view"],
    )  # fmt: skip
    with pytest.raises(RoleNotAssignable):  # a user manager gives the employees' role alone
        offer(demo.acting("katrien.desmet"), vanderlinden, roles={"payroll": Wish(custom_role_id=wide.id)})


def test_switches_restrictions_and_the_end_of_a_temporary_right_are_kept(demo):
    vanderlinden, joris = demo.company("toitures-vanderlinden"), demo.acting("joris.vanderlinden")
    wish = Wish(
        "invoicing.employee", switches={"work-orders": True, "time": True, "tasks": True, "quotes": False},
        restrictions={"own-documents-only": True, "no-deletion": False, "departments": [" nord ", "sud", "nord"]},
        expires_at=joris.now + timedelta(days=30),
    )  # fmt: skip
    made = offer(joris, vanderlinden, roles={"invoicing": wish})
    [kept] = invitation.roles_of(joris, made)
    assert {"work-orders", "time", "tasks"} <= set(kept.switches)
    assert "quotes" not in kept.switches
    assert kept.restrictions == {"own-documents-only": True, "departments": ["nord", "sud"]}
    assert kept.expires_at == wish.expires_at
    with pytest.raises(InvalidInput):
        offer(joris, vanderlinden, roles={"invoicing": Wish("invoicing.employee", expires_at=joris.now)})


def test_no_seat_is_left_and_nothing_is_sent(demo):
    lemaire, benoit = demo.company("boulangerie-lemaire"), demo.acting("benoit.lemaire")
    before = len(sent(benoit))
    with pytest.raises(SeatLimitReached) as refused:
        offer(benoit, lemaire, roles={"invoicing": "invoicing.employee"}, extra_cost=True)
    assert refused.value.members == {"product": "invoicing", "used": 2, "of": 2}
    assert len(sent(benoit)) == before
    offer(benoit, lemaire, roles={"capture": "capture.expenses-standard"})  # takes no seat
    assert len(sent(benoit)) == before + 1


def test_extra_cost_is_confirmed_told_and_given_back(demo):
    """J2: steps 4 to 6."""
    lumen, amelie = demo.company("atelier-lumen"), demo.acting("amelie.dubois")
    with pytest.raises(ExtraCostUnconfirmed):
        offer(amelie, lumen)
    made = offer(amelie, lumen, extra_cost=True)
    standing = seats.count(amelie, lumen, "accounting")
    assert (standing.used, standing.of, standing.extra) == (6, 6, 1)
    told = sent(amelie, "seat_bought")
    assert {mail["recipient"].partition("@")[0] for mail in told} == {"amelie.dubois", "thomas.lefevre"}
    assert told[0]["variables"]["by"] == "Amélie Dubois"
    assert told[0]["variables"]["lines"] == [{"product": "Comptabilité", "bought": 1, "used": 6, "extra": 1}]
    token = link(amelie)
    invitation.withdraw(amelie, lumen, made.id)
    standing = seats.count(amelie, lumen, "accounting")
    assert (standing.used, standing.of, standing.extra) == (5, 5, 0)
    with pytest.raises(Expired) as gone:
        acceptance.find(amelie, token)
    assert gone.value.members["reason"] == "withdrawn"
    with pytest.raises(InvitationClosed) as closed:
        invitation.withdraw(amelie, lumen, made.id)
    assert closed.value.members == {"outcome": "withdrawn"}


def test_a_bought_seat_that_somebody_else_uses_by_now_stays(system, make_company, join):
    home = make_company(seats=5)
    for _ in range(5):
        join(home, accounting="accounting.reader")
    made = offer(system, home, extra_cost=True)
    offer(system, home, "eva@example.test", extra_cost=True)
    assert seats.count(system, home, "accounting").of == 7
    invitation.withdraw(system, home, made.id)
    assert seats.count(system, home, "accounting").of == 6


def test_an_expired_one_is_sent_again_once_there_is_a_seat(demo):
    """J2, step 7: Noah's invitation has run out, and its seat went to somebody else."""
    lemaire, benoit = demo.company("boulangerie-lemaire"), demo.acting("benoit.lemaire")
    [noah] = invitation.of_address(benoit, lemaire, "noah.dupuis@perso.example.org")
    with pytest.raises(SeatLimitReached):
        invitation.resend(benoit, lemaire, noah.id)
    benoit.session.rollback()
    system = demo.work
    system.write()
    membership.revoke_role(system, lemaire, demo.account("sophie.lemaire"), "invoicing")
    again = invitation.resend(benoit, lemaire, noah.id)
    assert (again.outcome, again.closed_at) == (None, None)
    assert again.expires_at == benoit.now + timedelta(days=7)
    assert seats.used(benoit, lemaire, "invoicing") == 2
    assert acceptance.find(benoit, link(benoit, "noah.dupuis@perso.example.org")).id == noah.id


def test_sending_again_makes_the_old_link_void(demo):
    lumen, thomas = demo.company("atelier-lumen"), demo.acting("thomas.lefevre")
    made = offer(thomas, lumen, roles={"capture": "capture.reader"})
    first = link(thomas)
    thomas = later(thomas, minutes=2)
    invitation.resend(thomas, lumen, made.id)
    assert link(thomas) != first
    with pytest.raises(NotFound):
        acceptance.find(thomas, first)
    assert seats.used(thomas, lumen, "capture") == 4
    offer(thomas, lumen, "eva@example.test", roles={"capture": "capture.reader"})
    invitation.withdraw(thomas, lumen, made.id)
    with pytest.raises(InvitationClosed):
        invitation.resend(thomas, lumen, made.id)


def test_an_expired_one_gives_way_to_a_newer_one(system, make_company):
    home = make_company()
    first = offer(system, home)
    week = later(system, days=8)
    offer(week, home)
    with pytest.raises(AlreadyInvited):
        invitation.resend(week, home, first.id)


def test_another_companys_invitation_does_not_exist(demo):
    lumen, lemaire = demo.company("atelier-lumen"), demo.company("boulangerie-lemaire")
    [noah] = invitation.of_address(demo.work, lemaire, "noah.dupuis@perso.example.org")
    thomas = demo.acting("thomas.lefevre")
    for act in (invitation.resend, invitation.withdraw, invitation.get):
        with pytest.raises(NotFound):
            act(thomas, lumen, noah.id)
        with pytest.raises(NotFound):
            act(thomas, lumen, lumen)
    with pytest.raises(NotFound):
        invitation.withdraw(thomas, lemaire, noah.id)


def test_a_user_manager_does_not_touch_the_offer_of_an_administrators_role(demo):
    vanderlinden = demo.company("toitures-vanderlinden")
    made = offer(demo.acting("joris.vanderlinden"), vanderlinden, roles={}, company_role="company.administrator")
    katrien = demo.acting("katrien.desmet")
    for act in (invitation.withdraw, invitation.resend):
        with pytest.raises(RoleNotAssignable):
            act(katrien, vanderlinden, made.id)
    with pytest.raises(RoleNotAssignable):
        offer(katrien, vanderlinden, roles={"payroll": "payroll.employee"})


def test_what_runs_out_is_closed_and_its_bought_seat_given_back(system, make_company, join, open_work):
    home = make_company(seats=5)
    for _ in range(5):
        join(home, accounting="accounting.reader")
    made = offer(system, home, extra_cost=True)
    system.session.commit()
    week = open_work(at=system.now + timedelta(days=7)).acting(Actor("system", name="due"))
    assert seats.used(week, home, "accounting") == 5
    assert invitation.expire_due(week) == 1
    assert invitation.expire_due(week) == 0
    assert seats.count(week, home, "accounting").of == 5
    assert week.session.get(Invitation, made.id).outcome == "expired"
    assert len(events(week, "invitation.expired")) == 1


def test_an_address_is_not_written_to_without_end(demo):
    lumen, thomas = demo.company("atelier-lumen"), demo.acting("thomas.lefevre")
    for _ in range(thomas.policies.account.code_sends.max):
        made = offer(thomas, lumen, roles={"capture": "capture.reader"})
        invitation.withdraw(thomas, lumen, made.id)
    with pytest.raises(Throttled):
        offer(thomas, lumen, roles={"capture": "capture.reader"})
    offer(thomas, lumen, "eva@example.test", roles={"capture": "capture.reader"})


def test_a_company_that_is_closed_invites_nobody(system, make_company):
    home = make_company()
    company.get(system, home).closed_at = system.now
    system.session.flush()
    with pytest.raises(NotFound):
        offer(system, home)


def test_an_unknown_address_and_one_with_an_account_elsewhere_look_the_same(demo):
    """R-09: nothing of what an administrator sees tells whether somebody has an account."""
    lumen, thomas = demo.company("atelier-lumen"), demo.acting("thomas.lefevre")
    seen = []
    for address in ("fatou@clarte-nettoyage.example.net", "fatou@clarte-nettoyage.example.org"):
        made = offer(thomas, lumen, address, roles={"capture": "capture.reader"})
        mail = sent(thomas)[-1]
        assert mail["recipient"] == address
        told = {key: value for key, value in mail["variables"].items() if key != "path"}
        [event] = [each for each in events(thomas, "invitation.created") if each.subject_id == str(made.id)]
        seen.append((made.outcome, made.expires_at, told, event.details))
        invitation.withdraw(thomas, lumen, made.id)
    assert seen[0] == seen[1]
