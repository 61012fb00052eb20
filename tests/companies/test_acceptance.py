"""An invitation as the person who is invited meets it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from idp.companies import (
    acceptance,
    access,
    company,
    company_suspension,
    invitation,
    membership,
    role,
    seats,
    subscription,
)
from idp.companies.access import Access
from idp.companies.errors import AlreadyMember, RoleNotOffered
from idp.companies.models import CustomRole, Invitation, InvitedRole, Membership, ProductRole
from idp.companies.role_wish import Wish
from idp.core.errors import Expired, NotFound, NotPermitted
from idp.work import Actor
from tests.companies.inviting import link, offer, sent
from tests.conftest import later


@pytest.fixture
def luc(demo):
    """Luc Wouters, who has an account and an invitation to Clarté."""
    return demo.acting("luc.wouters")


@pytest.fixture
def token(demo):
    return link(demo.work, "luc@toitures-vanderlinden.example.com")


def test_opening_the_link_spends_nothing(demo, token):
    for _ in range(10):
        offered = acceptance.find(demo.work, token)
    assert offered.company.name == "Clarté Nettoyage SRL"
    assert offered.inviter == "Samira El Amrani"
    assert [(each.product, each.role) for each in offered.roles] == [("capture", "capture.reader")]
    assert offered.has_account
    assert not acceptance.find(demo.work, link(demo.work, "lea.marchand@atelier-lumen.example.com")).has_account


def test_accepting_makes_a_member_with_the_same_seat(demo, luc, token):
    clarte = demo.company("clarte-nettoyage")
    before = seats.used(luc, clarte, "capture")
    old = access.resolve(luc, luc.actor.id, demo.company("toitures-vanderlinden"), "payroll").epoch
    joined = acceptance.accept(luc, token)
    assert joined.missing == {}
    assert seats.used(luc, clarte, "capture") == before
    member = membership.find(luc, clarte, luc.actor.id)
    assert (member.company_role, member.added_by) == ("company.member", demo.account("samira.elamrani"))
    answer = access.resolve(luc, luc.actor.id, clarte, "capture")
    assert isinstance(answer, Access)
    assert (answer.role, answer.subscription) == ("capture.reader", "suspended")
    assert answer.epoch > old
    granted = luc.session.scalar(select(ProductRole).where(ProductRole.membership_id == member.id))
    assert granted.granted_by == demo.account("samira.elamrani")
    assert acceptance.accepted_by(luc, token, luc.actor.id).closed_by == luc.actor.id
    assert acceptance.accepted_by(luc, token, demo.account("ines.moreau")) is None
    with pytest.raises(Expired) as again:
        acceptance.accept(luc, token)
    assert again.value.members["reason"] == "accepted"


def test_only_an_account_that_has_proved_that_address_accepts(demo, token):
    for work in (demo.acting("ines.moreau"), demo.work, demo.work.acting(Actor())):
        with pytest.raises(NotPermitted):
            acceptance.accept(work, token)
    assert acceptance.find(demo.work, token)


def test_everything_that_was_offered_arrives(demo):
    vanderlinden, joris = demo.company("toitures-vanderlinden"), demo.acting("joris.vanderlinden")
    wish = Wish("invoicing.employee", switches={"time": True}, restrictions={"own-documents-only": True},
                expires_at=joris.now + timedelta(days=30))  # fmt: skip
    offer(
        joris, vanderlinden, "fatou@clarte-nettoyage.example.net", company_role="company.auditor",
        also=("company.subscription-manager",), roles={"invoicing": wish, "payroll": "payroll.employee"},
    )  # fmt: skip
    fatou = demo.acting("fatou.diallo")
    joined = acceptance.accept(fatou, link(joris, "fatou@clarte-nettoyage.example.net"))
    assert (joined.membership.company_role, joined.membership.also) == (
        "company.auditor", ["company.subscription-manager"],
    )  # fmt: skip
    answer = access.resolve(fatou, fatou.actor.id, vanderlinden, "invoicing")
    assert answer.restrictions == (("own-documents-only", True),)
    assert answer.until == wish.expires_at
    assert [each for each in answer.permissions if each.startswith("invoicing.time.")]
    assert isinstance(access.resolve(fatou, fatou.actor.id, vanderlinden, "payroll"), Access)


def test_who_comes_too_late(demo, luc, token):
    lasts = luc.policies.invitation_lifetime
    sent_at = luc.now - timedelta(days=1)
    with pytest.raises(Expired) as late:
        acceptance.accept(luc.later(seconds=(sent_at + lasts - luc.now).total_seconds()), token)
    assert late.value.members["reason"] == "expired"
    luc.session.rollback()
    luc.write()
    acceptance.accept(luc.later(seconds=(sent_at + lasts - luc.now).total_seconds() - 1), token)


def test_a_suspended_company_takes_nobody_in(demo, luc, token):
    where = demo.company("clarte-nettoyage")
    company_suspension.suspend(demo.work, where, "A forged order")
    for act in (acceptance.find, acceptance.accept):
        with pytest.raises(Expired) as refused:
            act(luc, token)
        assert refused.value.members["reason"] == "suspended"
    company_suspension.reopen(demo.work, where)
    assert acceptance.accept(luc, token)


def test_a_link_that_never_was(demo, luc):
    for strange in ("", "x", "\x00", "é" * 40, "x" * 5000):
        with pytest.raises(NotFound):
            acceptance.find(luc, strange)


def test_who_belongs_there_by_now_changes_nothing(demo, luc, token):
    clarte = demo.company("clarte-nettoyage")
    membership.add(demo.work, clarte, luc.actor.id, company_role="company.member")
    demo.work.session.commit()
    luc.write()
    with pytest.raises(AlreadyMember):
        acceptance.accept(luc, token)
    luc.session.rollback()
    assert acceptance.find(luc, token)


def test_what_cannot_be_given_any_more_is_left_out_and_named(demo):
    lumen, amelie = demo.company("atelier-lumen"), demo.acting("amelie.dubois")
    own = role.create_custom(amelie, lumen, "capture", name="own", labels={"fr": "Sien"},
                             permissions=["capture.notes.view"])  # fmt: skip
    address = "fatou@clarte-nettoyage.example.net"
    temporary = Wish("invoicing.reader", expires_at=amelie.now + timedelta(hours=1))
    offer(amelie, lumen, address, extra_cost=True, roles={
        "capture": Wish(custom_role_id=own.id), "accounting": "accounting.reader", "invoicing": temporary,
    })  # fmt: skip
    token = link(amelie, address)
    amelie.session.execute(update(CustomRole).where(CustomRole.id == own.id).values(deleted_at=amelie.now))
    subscription.set_state(demo.work, lumen, "accounting", "notice", until_at=amelie.now + timedelta(hours=2))
    assert seats.count(amelie, lumen, "accounting").of == 6
    fatou = later(demo.acting("fatou.diallo"), hours=3)
    joined = acceptance.accept(fatou, token)
    assert joined.missing == {"capture": "role_not_offered", "accounting": "not_subscribed", "invoicing": "over"}
    assert membership.find(fatou, lumen, fatou.actor.id) is not None
    assert fatou.session.scalar(select(func.count()).where(ProductRole.membership_id == joined.membership.id)) == 0
    assert seats.count(fatou, lumen, "accounting").of == 5  # the seat that was bought for nothing


def test_a_role_that_counts_only_since_is_left_out_when_no_seat_is_left(demo):
    lemaire, benoit = demo.company("boulangerie-lemaire"), demo.acting("benoit.lemaire")
    address = "fatou@clarte-nettoyage.example.net"
    offer(benoit, lemaire, address, roles={"capture": "capture.expenses-standard"})
    token = link(benoit, address)
    benoit.session.execute(
        update(InvitedRole)
        .where(InvitedRole.invitation_id == acceptance.find(benoit, token).id)
        .values(product="invoicing", role="invoicing.employee")
    )
    assert acceptance.accept(demo.acting("fatou.diallo"), token).missing == {"invoicing": "seat_limit_reached"}
    assert seats.used(benoit, lemaire, "invoicing") == 2


def test_without_its_company_role_nothing_is_accepted(demo, luc, token):
    clarte = demo.company("clarte-nettoyage")
    luc.session.execute(update(Invitation).where(Invitation.company_id == clarte).values(company_role="company.gone"))
    with pytest.raises(RoleNotOffered):
        acceptance.accept(luc, token)


def test_a_closed_company_is_not_joined(demo, luc, token):
    company.get(luc, demo.company("clarte-nettoyage")).closed_at = luc.now
    luc.session.flush()
    with pytest.raises(Expired) as closed:
        acceptance.find(luc, token)
    assert closed.value.members["reason"] == "closed"


def test_a_refusal_frees_the_seat_and_tells_the_inviter(demo, luc, token):
    clarte = demo.company("clarte-nettoyage")
    before = seats.used(luc, clarte, "capture")
    stranger = demo.work.acting(Actor())  # who has the link needs no account to say no
    acceptance.refuse(stranger, token)
    assert seats.used(luc, clarte, "capture") == before - 1
    [told] = sent(luc, "invitation_refused")
    assert told["recipient"] == "samira@clarte-nettoyage.example.net"
    for act in (acceptance.accept, acceptance.refuse, acceptance.find):
        with pytest.raises(Expired) as over:
            act(luc, token)
        assert over.value.members["reason"] == "refused"


def test_a_refusal_is_told_to_who_administers_when_the_inviter_has_left(demo):
    lumen = demo.company("atelier-lumen")
    token = link(demo.work, "lea.marchand@atelier-lumen.example.com")
    membership.remove(demo.work, lumen, demo.account("thomas.lefevre"))
    acceptance.refuse(demo.work.acting(Actor()), token)
    [told] = sent(demo.work, "invitation_refused")
    assert told["recipient"].startswith("amelie.dubois@")


def test_a_withdrawn_invitation_is_not_accepted(demo, luc, token):
    samira, clarte = demo.acting("samira.elamrani"), demo.company("clarte-nettoyage")
    invitation.withdraw(samira, clarte, acceptance.find(luc, token).id)
    with pytest.raises(Expired):
        acceptance.accept(luc, token)
    assert luc.session.scalar(
        select(func.count()).where(Membership.company_id == clarte, Membership.account_id == luc.actor.id)
    ) == 0  # fmt: skip
