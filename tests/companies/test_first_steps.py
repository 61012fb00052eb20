"""The first steps of a company that has its owner."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.companies import company, first_steps, invitation, onboarding, seats, subscription, takeover
from idp.companies.errors import (
    AlreadyInvited,
    ExtraCostUnconfirmed,
    FirstUserRefused,
    NotOnYourself,
    RoleNotAssignable,
    RoleNotOffered,
    SeatLimitReached,
)
from idp.companies.models import FirstUser, Invitation, Onboarding, Subscription
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.work import Actor, Work
from tests.companies.test_onboarding import DETAILS, FLEURS, token_of
from tests.outbox_content import mails

READER = {"accounting": "accounting.reader"}


@pytest.fixture
def begun(system: Work) -> Work:
    """Fleurs du Quai, taken up; the work is its owner's."""
    return taken(system)


def taken(system: Work, *, uses_software: bool = True, **changed: object) -> Work:
    onboarding.order(system, replace(FLEURS, **changed))
    attempt, _ = takeover.activate(system, token_of(system), uses_software=uses_software, **DETAILS)
    return system.acting(Actor("account", attempt.account_id))


def key_of(work: Work):
    found = company.find(work, FLEURS.reference)
    assert found is not None
    return found.id


def listed(work: Work, name: str, roles: dict[str, str] | None = None, *, extra_cost: bool = False) -> FirstUser:
    return first_steps.list_user(
        work, key_of(work), given_name=name.title(), family_name="Petit", address=f"{name}@quai.example",
        locale="fr-FR", roles=READER if roles is None else roles, extra_cost=extra_cost,
    )  # fmt: skip


def invitations(work: Work) -> list[dict]:
    return [mail for mail in mails(work) if mail["template"] == "invitation"]


def test_the_steps_come_one_after_the_other_and_stay(begun):
    key = key_of(begun)
    assert first_steps.unfinished_of(begun, begun.actor.id) == key
    assert first_steps.progress(begun, key).next == "users"
    first_steps.users_decided(begun, key, later=True)
    assert first_steps.progress(begun, key).next == "services"
    first_steps.services_decided(begun, key, {"mobile-data": True, "vat-filing": None, "sepa-payments": False})
    progress = first_steps.progress(begun, key)
    assert (progress.next, progress.users, progress.services) == ("summary", "later", "later")
    assert company.get(begun, key).services == ["mobile-data"]
    assert first_steps.finish(begun, key) == ()
    assert first_steps.progress(begun, key).next == "done"
    assert first_steps.unfinished_of(begun, begun.actor.id) is None
    assert invitations(begun) == []


def test_everybody_listed_gets_one_invitation_and_only_at_the_end(begun):
    key = key_of(begun)
    listed(begun, "lise", {"accounting": "accounting.bookkeeper", "capture": "capture.documents-basic"})
    listed(begun, "paul")
    gone = listed(begun, "ines")
    first_steps.unlist_user(begun, key, gone.id)
    first_steps.users_decided(begun, key)
    first_steps.services_decided(begun, key, {})
    assert invitations(begun) == []
    assert first_steps.progress(begun, key).next == "summary"
    assert first_steps.finish(begun, key) == ("lise@quai.example", "paul@quai.example")
    assert first_steps.finish(begun, key) == ()  # the button pressed twice
    assert sorted(mail["recipient"] for mail in invitations(begun)) == ["lise@quai.example", "paul@quai.example"]
    assert begun.session.scalar(select(func.count()).select_from(FirstUser)) == 0
    [lise, paul] = first_steps.invited(begun, key)
    assert (lise.given_name, lise.family_name, lise.invited_by) == ("Lise", "Petit", begun.actor.id)
    assert {each.product: each.role for each in invitation.roles_of(begun, lise)} == {
        "accounting": "accounting.bookkeeper", "capture": "capture.documents-basic",
    }  # fmt: skip
    with pytest.raises(NotFound):
        listed(begun, "late")
    assert paul.address == "paul@quai.example"


def test_the_list_ends_with_the_seats(system):
    begun = taken(system, plan="solo", seats=2)
    listed(begun, "second")
    with pytest.raises(SeatLimitReached) as refused:
        listed(begun, "third")
    assert (refused.value.members["used"], refused.value.members["of"]) == (2, 2)
    places = {each.product: (each.used, each.of) for each in first_steps.places(begun, key_of(begun))}
    assert places == {"accounting": (2, 2), "capture": (1, 2), "invoicing": (1, 2)}
    listed(begun, "third", {"capture": "capture.expenses-standard"})
    assert seats.count(begun, key_of(begun), "accounting").used == 1  # nobody holds a seat before the end


def test_a_seat_beyond_the_plan_is_confirmed_when_listed_and_bought_at_the_end(begun):
    key = key_of(begun)
    for number in range(4):
        listed(begun, f"user{number}")
    with pytest.raises(ExtraCostUnconfirmed) as refused:
        listed(begun, "sixth")
    assert (refused.value.members["product"], refused.value.members["of"]) == ("accounting", 5)
    sixth = listed(begun, "sixth", extra_cost=True)
    places = {each.product: (each.used, each.of, each.extra) for each in first_steps.places(begun, key)}
    assert places == {"accounting": (6, 6, 1), "capture": (1, 6, 0), "invoicing": (1, 6, 0)}
    with pytest.raises(ExtraCostUnconfirmed):
        listed(begun, "seventh")
    first_steps.unlist_user(begun, key, sixth.id)  # and nothing is bought for somebody who is not listed
    listed(begun, "late", extra_cost=True)
    first_steps.users_decided(begun, key)
    first_steps.services_decided(begun, key, {})
    assert len(first_steps.finish(begun, key)) == 5
    standing = seats.count(begun, key, "accounting")
    assert (standing.used, standing.of, standing.extra) == (6, 6, 1)
    bought = [mail for mail in mails(begun) if mail["template"] == "seat_bought"]
    assert [mail["recipient"] for mail in bought] == [FLEURS.address]


def test_who_cannot_be_listed_is_told_why(begun, make_account):
    listed(begun, "lise")
    cases = (
        ({"name": "lise"}, AlreadyInvited),
        ({"name": "a", "roles": {}}, InvalidInput),
        ({"name": "not an"}, InvalidInput),
        ({"name": "\u0430nna"}, InvalidInput),  # Cyrillic a
        ({"name": "b", "roles": {"accounting": "accounting.accountant"}}, RoleNotOffered),
        ({"name": "c", "roles": {"accounting": "capture.reader"}}, RoleNotOffered),
        ({"name": "d", "roles": {"payroll": "payroll.reader"}}, Exception),
    )
    for values, kind in cases:
        with pytest.raises(kind):
            listed(begun, **values)
    with pytest.raises(NotOnYourself):
        first_steps.list_user(
            begun,
            key_of(begun),
            given_name="Rose",
            family_name="M",
            address=FLEURS.address,
            locale="fr-FR",
            roles=READER,
        )


def test_only_who_may_invite_takes_the_steps(begun, join, make_company):
    key = key_of(begun)
    member = begun.acting(Actor("account", join(key)))
    manager = begun.acting(Actor("account", join(key, company_role="company.user-manager")))
    stranger = begun.acting(Actor("account", join(make_company(), company_role="company.owner")))
    for work, refused in ((member, NotPermitted), (stranger, NotFound)):
        for act in (
            lambda work: listed(work, "x"),
            lambda work: first_steps.users_decided(work, key),
            lambda work: first_steps.services_decided(work, key, {}),
            lambda work: first_steps.finish(work, key),
        ):
            with pytest.raises(refused):
                act(work)
    with pytest.raises(RoleNotAssignable):
        listed(manager, "x", {"accounting": "accounting.administrator"})
    listed(manager, "x")


def test_nothing_is_sent_when_one_of_them_cannot_be_invited_any_more(begun):
    key = key_of(begun)
    listed(begun, "lise")
    listed(begun, "paul", {"capture": "capture.documents-basic"})
    for number in range(4):  # somebody else fills the seats meanwhile
        invitation.offer(begun, key, address=f"other{number}@quai.example", locale="fr-FR", roles=READER)
    first_steps.users_decided(begun, key)
    first_steps.services_decided(begun, key, {})
    begun.session.commit()
    before = len(mails(begun))
    begun.write()
    with pytest.raises(FirstUserRefused) as refused:
        first_steps.finish(begun, key)
    assert refused.value.members["name"] == "Lise Petit"
    begun.session.rollback()
    assert len(mails(begun)) == before
    assert not first_steps.progress(begun, key).finished


def test_steps_that_do_not_apply_are_left_out(system):
    alone = taken(system, products={"capture": "active"})
    key = key_of(alone)
    assert first_steps.progress(alone, key).services is None
    contract = alone.session.scalars(select(Subscription).where(Subscription.company_id == key)).one()
    contract.seats = 1
    alone.session.flush()
    progress = first_steps.progress(alone, key)
    assert (progress.users, progress.services, progress.next) == (None, None, "summary")


def test_a_plan_that_counts_no_seats_has_no_end(system):
    endless = taken(system, plan="unlimited-invoicing", products={"invoicing": "active"}, seats=None)
    assert [(each.used, each.of) for each in first_steps.places(endless, key_of(endless))] == [(1, None)]
    for number in range(7):
        listed(endless, f"user{number}", {"invoicing": "invoicing.employee"})
    assert set(first_steps.choices(endless, key_of(endless))) == {"invoicing"}


def test_an_ended_product_is_neither_offered_nor_taken(begun):
    key = key_of(begun)
    row = subscription.product_of(begun, key, "capture")
    row.until_at = begun.now + timedelta(days=1)
    begun.session.flush()
    later = begun.later(days=2)
    assert "capture" not in first_steps.choices(later, key)
    assert begun.session.scalar(select(func.count()).select_from(Onboarding)) == 1
    assert begun.session.scalar(select(func.count()).select_from(Invitation)) == 0
