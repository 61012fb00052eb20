"""A firm that is only an address: asked for access by it, and invited to come into being. Neither side learns more than
it may."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.accounts import profile
from idp.companies import (
    access,
    address_change,
    company,
    firm_invitation,
    mandate,
    mandate_due,
    mandate_request,
    subscription,
)
from idp.companies.errors import MandateAsked, MandateSelf
from idp.companies.mandate_scope import Scope
from idp.companies.models import Company, FirmInvitation, Mandate
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, NotPermitted, Throttled
from idp.work import Actor
from tests.companies.conftest import ADDRESSES
from tests.companies.mandates import FULL, KARIM, NATHALIE, told, write_on

MARC = "marc.dubreuil@compta.example"
ALIKE = "m\u0430rc.dubreuil@compta.example"  # Cyrillic a
CHLOE = ADDRESSES["chloe.fontaine"]
FIRM = {"name": "Cabinet Dubreuil", "country": "FR", "city": "Metz"}


@pytest.fixture
def invited(demo):
    """Chloé has invited Marc, who has no account; the token of his mail."""
    chloe = demo.acting("chloe.fontaine")
    _, token = firm_invitation.invite(
        chloe, demo.company("studio-mirabelle"), address=MARC, scope=Scope("review"), locale="fr-FR"
    )
    return token


def marc(demo, make_account, address=MARC):
    return demo.work.acting(Actor("account", make_account(address, second_factor=False).account.id))


def test_an_invited_accountant_creates_a_firm_and_then_accepts(demo, invited, make_account):
    ((to, mail),) = told(demo.work, "firm_invitation")
    assert (to, mail["company"], mail["path"]) == (MARC, "Studio Mirabelle", f"/firm-invitations/{invited}")
    offer = firm_invitation.find(demo.work, invited)
    assert (offer.company, offer.by, offer.address) == ("Studio Mirabelle", "Chloé Fontaine", MARC)
    acting = marc(demo, make_account)
    firm, made = firm_invitation.accept(acting, invited, **FIRM)
    assert (firm.kind, firm.name, made.state) == ("firm", "Cabinet Dubreuil", "invited")
    mirabelle = demo.company("studio-mirabelle")
    assert isinstance(access.resolve(acting, acting.actor.id, mirabelle, "accounting"), access.Refusal)

    mandate.confirm(acting, made.id)
    answer = access.resolve(acting, acting.actor.id, mirabelle, "accounting")
    assert (answer.via, answer.firm_name) == ("mandate", "Cabinet Dubreuil")
    assert {demo.work.policies.permissions[each].level for each in answer.permissions} == {"view"}
    states = {each: subscription.product_of(demo.work, firm.id, each) for each in ("practice", "accounting")}
    assert (states["practice"].state, states["accounting"]) == ("active", None)  # free of charge: nothing to pay for
    with pytest.raises(Expired):
        firm_invitation.accept(acting, invited, **FIRM)
    with pytest.raises(Expired):
        firm_invitation.find(demo.work, invited)


def test_only_the_account_that_has_proved_the_address_accepts(demo, invited, make_account):
    """R-57."""
    stranger = marc(demo, make_account, "stranger@compta.example")
    before = demo.work.session.scalar(select(func.count()).select_from(Company))
    for acting in (stranger, demo.acting("nathalie.deltour"), demo.work):
        with pytest.raises(NotPermitted):
            firm_invitation.accept(acting, invited, **FIRM)
    assert demo.work.session.scalar(select(func.count()).select_from(Company)) == before
    assert firm_invitation.find(demo.work, invited)


@pytest.mark.parametrize(("field", "value"), [("name", " "), ("name", "x" * 400), ("city", ""), ("country", "fr")])
def test_a_firm_that_cannot_be_made_spends_nothing(demo, invited, make_account, field, value):
    acting = marc(demo, make_account)
    write_on(demo.work)
    with pytest.raises(InvalidInput) as refused:
        firm_invitation.accept(acting, invited, **FIRM | {field: value})
    assert refused.value.members["field"] == field
    demo.work.session.rollback()
    demo.work.write()
    assert firm_invitation.find(demo.work, invited)


def test_an_invitation_is_declined_withdrawn_replaced_or_expires(demo, invited):
    mirabelle, chloe = demo.company("studio-mirabelle"), demo.acting("chloe.fontaine")
    again = {"address": MARC, "scope": FULL, "locale": "fr-FR"}
    _, second = firm_invitation.invite(chloe, mirabelle, **again)
    with pytest.raises(Expired):
        firm_invitation.find(demo.work, invited)
    firm_invitation.decline(demo.work, second)
    assert [(to, each["news"]) for to, each in told(demo.work, "mandate_news")] == [(CHLOE, "declined")]
    row, third = firm_invitation.invite(chloe, mirabelle, **again)
    for person, refusal in (("julien.mercier", NotPermitted), ("amelie.dubois", NotFound)):
        with pytest.raises(refusal):
            firm_invitation.withdraw(demo.acting(person), mirabelle, row.id)
    with pytest.raises(NotFound):  # of another company
        firm_invitation.withdraw(demo.acting("amelie.dubois"), demo.company("atelier-lumen"), row.id)
    firm_invitation.withdraw(chloe, mirabelle, row.id)
    with pytest.raises(Expired):
        firm_invitation.decline(demo.work, third)
    _, fourth = firm_invitation.invite(chloe, mirabelle, **again)
    assert len(firm_invitation.of_company(demo.work, mirabelle).rows) == 1
    with pytest.raises(Expired) as over:
        firm_invitation.find(demo.work.later(days=14), fourth)
    assert over.value.members["reason"] == "expired"
    with pytest.raises(NotFound):
        firm_invitation.find(demo.work, "never")


def test_who_is_of_a_firm_already_is_not_asked_to_create_one(demo):
    mirabelle, chloe = demo.company("studio-mirabelle"), demo.acting("chloe.fontaine")
    asked = {"scope": FULL, "locale": "fr-FR"}
    with pytest.raises(Conflict) as refused:
        firm_invitation.invite(chloe, mirabelle, address=KARIM, **asked)
    assert refused.value.members["reason"] == "has_firm"
    with pytest.raises(MandateSelf):
        firm_invitation.invite(chloe, mirabelle, address=CHLOE, **asked)
    for number in range(3):
        firm_invitation.invite(chloe, mirabelle, address=f"a{number}@compta.example", **asked)
    with pytest.raises(Throttled):  # the count of typed addresses is one
        firm_invitation.invite(chloe, mirabelle, address="one.more@compta.example", **asked)


def test_an_invitation_goes_along_when_its_address_changes(demo, invited, make_account):
    """EML-07."""
    acting = marc(demo, make_account, "marc@new.example")
    with pytest.raises(NotPermitted):
        firm_invitation.accept(acting, invited, **FIRM)
    address_change.carry_over(demo.work, MARC, "marc@new.example")
    demo.work.session.expire_all()
    assert firm_invitation.accept(acting, invited, **FIRM)


def test_a_firm_asks_at_an_address_and_the_company_confirms(demo):
    mirabelle, deltour = demo.company("studio-mirabelle"), demo.company("cabinet-deltour")
    mandate.refuse(demo.work, mandate.between(demo.work, mirabelle, deltour)[0].id)
    nathalie = demo.acting("nathalie.deltour")
    mandate_request.ask(nathalie, deltour, address=f" {CHLOE} ", preset="review")
    ((to, mail),) = told(demo.work, "mandate_waiting")
    assert (to, mail["side"], mail["path"]) == (CHLOE, "company", f"/companies/{mirabelle}/accountants")
    assert NATHALIE not in str(mail)  # the company types the address it knows
    with pytest.raises(MandateAsked):
        mandate_request.ask(demo.acting("karim.benali"), deltour, address=CHLOE, preset="review")
    demo.work.session.rollback()
    demo.work.write()


def test_neither_side_writes_to_an_address_that_looks_like_another(demo):
    with pytest.raises(InvalidInput):
        firm_invitation.invite(
            demo.acting("chloe.fontaine"), demo.company("studio-mirabelle"), address=ALIKE, scope=Scope("review"),
            locale="fr-FR",
        )  # fmt: skip
    with pytest.raises(InvalidInput):
        mandate_request.ask(
            demo.acting("nathalie.deltour"), demo.company("cabinet-deltour"), address=ALIKE, preset="review"
        )
    assert not told(demo.work, "firm_invitation")


def test_the_firm_sees_an_address_and_no_company_before_the_yes(demo):
    mirabelle, deltour = demo.company("studio-mirabelle"), demo.company("cabinet-deltour")
    mandate.refuse(demo.work, mandate.between(demo.work, mirabelle, deltour)[0].id)
    nathalie = demo.acting("nathalie.deltour")
    addresses = (CHLOE, "nobody@nowhere.example", ADDRESSES["luc.wouters"], ADDRESSES["karim.benali"])
    for address in addresses:
        mandate_request.ask(nathalie, deltour, address=address, preset="review")
    shown = mandate_request.of_firm(demo.work, deltour).rows
    assert {each.address for each in shown} == set(addresses)
    assert {(each.outcome, each.by) for each in shown} == {(None, "Nathalie Deltour")}
    assert len(told(demo.work, "mandate_waiting")) == 1
    made = mandate.between(demo.work, mirabelle, deltour)[0]
    mandate.confirm(demo.acting("chloe.fontaine"), made.id, address=NATHALIE)
    outcomes = {each.address: each.outcome for each in mandate_request.of_firm(demo.work, deltour).rows}
    assert outcomes == {CHLOE: "confirmed"} | dict.fromkeys(addresses[1:])
    for person in ("lotte.peeters", "chloe.fontaine"):
        with pytest.raises((NotPermitted, NotFound)):
            mandate_request.ask(demo.acting(person), deltour, address="x@nowhere.example", preset="review")


def test_a_request_is_withdrawn_or_expires_wherever_it_arrived(demo, make_company, join):
    deltour, nathalie = demo.company("cabinet-deltour"), demo.acting("nathalie.deltour")
    first, second = make_company(), make_company()
    owner = join(first, company_role="company.owner")
    join(second, company_role="company.owner", account_id=owner)
    address = "person0@example.test"
    request = mandate_request.ask(nathalie, deltour, address=address, preset="full-file")
    waiting = [mandate.between(demo.work, each, deltour)[0] for each in (first, second)]
    assert {each.state for each in waiting} == {"requested"}
    acting = demo.work.acting(Actor("account", owner))
    mandate.refuse(acting, waiting[0].id)
    assert mandate_request.of_firm(demo.work, deltour).rows[0].outcome is None  # the other company may still say yes
    mandate_request.withdraw(nathalie, deltour, request.id)
    demo.work.session.expire_all()
    assert waiting[1].state == "ended"
    assert mandate_request.of_firm(demo.work, deltour).rows[0].outcome == "withdrawn"
    with pytest.raises(NotFound):
        mandate_request.withdraw(nathalie, make_company(kind="firm"), request.id)
    write_on(demo.work)
    mandate_request.ask(nathalie, deltour, address=address, preset="full-file")
    write_on(demo.work)
    mandate_due.carry_out(demo.work.later(days=14))
    demo.work.write()
    assert mandate_request.of_firm(demo.work, deltour).rows[0].outcome == "expired"
    waiting = demo.work.session.scalars(select(Mandate.state).where(Mandate.company_id.in_((first, second)))).all()
    assert sorted(waiting) == ["ended", "expired", "expired", "refused"]


def test_what_waits_at_an_address_is_kept_for_a_while_and_then_over(demo, invited):
    write_on(demo.work)
    mandate_due.carry_out(demo.work.later(days=14))
    demo.work.session.expire_all()
    row = demo.work.session.scalars(select(FirmInvitation)).one()
    assert (row.outcome, row.closed_at - row.created_at) == ("expired", timedelta(days=14))
    assert company.get(demo.work, row.company_id)
    assert profile.get(demo.work, row.invited_by)
