"""How a mandate comes about from both sides, is refused, changed, handed over, and ends."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.companies import (
    access,
    assignment,
    mandate,
    mandate_change,
    mandate_due,
    membership,
    seats,
)
from idp.companies.access import Access, Why
from idp.companies.errors import (
    FirmsFull,
    MandateExists,
    MandateExpired,
    MandateMismatch,
    MandateSelf,
    MandateWaiting,
    NotAFirm,
    NotCovered,
    NotSubscribed,
    RoleNotAssignable,
)
from idp.companies.mandate_scope import Scope
from idp.companies.models import Mandate
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted, Throttled
from tests.companies.conftest import ADDRESSES
from tests.companies.mandates import FATOU, FULL, KARIM, NATHALIE, REVIEW, UNKNOWN, ended, levels, told, write_on
from tests.outbox_content import facts


def test_the_company_invites_by_address_and_the_firm_accepts(demo):
    lumen, _firm = ended(demo, "atelier-lumen")
    made = mandate.invite(demo.acting("amelie.dubois"), lumen, address=f" {NATHALIE.upper()} ", scope=FULL)
    assert (made.state, made.way, made.started_at) == ("invited", "client-invites", None)
    assert {to for to, _ in told(demo.work, "mandate_waiting")} == {NATHALIE, KARIM}
    karim = demo.account("karim.benali")
    assert isinstance(access.resolve(demo.work, karim, lumen, "accounting"), access.Refusal)

    with pytest.raises(NotFound):  # the company cannot answer for the firm
        mandate.confirm(demo.acting("amelie.dubois"), made.id)
    with pytest.raises(NotPermitted):
        mandate.confirm(demo.acting("lotte.peeters"), made.id)
    mandate.confirm(demo.acting("karim.benali"), made.id)
    assert access.resolve(demo.work, karim, lumen, "accounting").via == "mandate"
    assert {v["side"] for _, v in told(demo.work, "mandate_news") if v["news"] == "confirmed"} == {"company", "firm"}


@pytest.mark.parametrize(
    ("company", "person", "address", "error"),
    [
        ("studio-mirabelle", "chloe.fontaine", UNKNOWN, NotAFirm),
        ("studio-mirabelle", "chloe.fontaine", FATOU, NotAFirm),
        ("studio-mirabelle", "chloe.fontaine", ADDRESSES["julien.mercier"], MandateSelf),
        ("studio-mirabelle", "chloe.fontaine", ADDRESSES["chloe.fontaine"], MandateSelf),
        ("studio-mirabelle", "chloe.fontaine", NATHALIE, MandateWaiting),
        ("atelier-lumen", "amelie.dubois", KARIM, MandateExists),
        ("studio-mirabelle", "chloe.fontaine", "nathalie@", InvalidInput),
    ],
)
def test_an_address_that_leads_to_no_new_firm_is_told_truthfully(demo, company, person, address, error):
    before = demo.work.session.scalar(select(func.count()).select_from(Mandate))
    with pytest.raises(error):
        mandate.invite(demo.acting(person), demo.company(company), address=address, scope=FULL)
    write_on(demo.work)
    assert demo.work.session.scalar(select(func.count()).select_from(Mandate)) == before
    assert told(demo.work, "mandate_waiting") == []


def test_addresses_are_tried_five_times_an_hour_whatever_comes_of_it(demo):
    mirabelle, chloe = demo.company("studio-mirabelle"), demo.acting("chloe.fontaine")
    for number in range(5):
        with pytest.raises(NotAFirm):
            mandate.invite(chloe, mirabelle, address=f"nobody{number}@cabinet.example", scope=FULL)
        demo.work.session.rollback()  # as the request of an error does; the count stays
    with pytest.raises(Throttled) as refused:
        mandate.invite(chloe, mirabelle, address=FATOU, scope=FULL)
    assert 0 < refused.value.members["retry_after"] <= 3600
    waiting = mandate.between(demo.work, mirabelle, demo.company("cabinet-deltour"))[0]
    with pytest.raises(Throttled):  # the two ways share the count
        mandate.confirm(chloe, waiting.id, address=NATHALIE)
    noted = select(AuditEvent.details).where(AuditEvent.name == "mandate.address_refused").order_by(AuditEvent.sequence)
    reasons = [details["reason"] for details in demo.work.session.scalars(noted)]
    assert reasons == ["accountant_unknown"] * 5 + ["throttled"] * 2
    write_on(demo.work)
    mandate.confirm(chloe.later(hours=1, seconds=1), waiting.id, address=NATHALIE)


def test_only_who_may_invite_a_firm_learns_about_addresses(demo):
    toitures = demo.company("toitures-vanderlinden")
    for person, refusal in (("katrien.desmet", NotPermitted), ("hugo.perrin", NotFound), ("karim.benali", NotFound)):
        with pytest.raises(refusal):
            mandate.invite(demo.acting(person), toitures, address=KARIM, scope=FULL)


def test_the_company_confirms_with_the_address_that_asked(demo, make_company, join):
    mirabelle, deltour = demo.company("studio-mirabelle"), demo.company("cabinet-deltour")
    other = make_company(kind="firm", products=("practice",))
    join(other, practice="practice.manager")
    waiting, chloe = mandate.between(demo.work, mirabelle, deltour)[0], demo.acting("chloe.fontaine")
    waiting.asked_by = demo.account("nathalie.deltour")
    write_on(demo.work)
    for address, error in (
        (UNKNOWN, NotAFirm),
        ("person0@example.test", MandateMismatch),  # of another firm
        (KARIM, MandateMismatch),  # of the firm, but somebody else
        (ADDRESSES["julien.mercier"], MandateSelf),
    ):
        with pytest.raises(error):
            mandate.confirm(chloe, waiting.id, address=address)
    with pytest.raises(InvalidInput) as refused:
        mandate.confirm(chloe, waiting.id)
    assert refused.value.members["field"] == "email"
    assert mandate.get(demo.work, waiting.id).state == "requested"
    made = mandate.confirm(chloe, waiting.id, address=NATHALIE, scope=Scope("full-file", ("payroll-reports",)))
    assert (made.state, made.preset, made.options) == ("active", "full-file", ["payroll-reports"])


def test_a_request_that_waited_too_long_is_over(demo):
    mirabelle, deltour = demo.company("studio-mirabelle"), demo.company("cabinet-deltour")
    waiting = mandate.between(demo.work, mirabelle, deltour)[0]
    with pytest.raises(MandateExpired):
        mandate.confirm(demo.acting("chloe.fontaine").later(days=13), waiting.id, address=NATHALIE)
    again = mandate.invite(demo.work.later(days=13), mirabelle, address=NATHALIE, scope=REVIEW)
    assert again.state == "invited"
    assert mandate.get(demo.work, waiting.id).state == "expired"


def test_options_take_the_consent_of_those_the_policy_names(demo):
    lumen, firm = ended(demo, "atelier-lumen")
    with_payroll = Scope("full-file", ("payroll",))
    with pytest.raises(RoleNotAssignable):
        mandate.invite(demo.acting("thomas.lefevre"), lumen, address=NATHALIE, scope=with_payroll)
    made = mandate.invite(demo.acting("thomas.lefevre"), lumen, address=NATHALIE, scope=FULL)
    mandate.confirm(demo.work, made.id)
    with pytest.raises(RoleNotAssignable):
        mandate_change.change(demo.acting("thomas.lefevre"), made.id, with_payroll)
    mandate_change.change(demo.acting("amelie.dubois"), made.id, with_payroll)
    changed = mandate_change.change(demo.acting("thomas.lefevre"), made.id, Scope("review", ("payroll",)))
    assert changed.options == ["payroll"]  # what the owner has consented to stays
    assert mandate.between(demo.work, lumen, firm)[0].preset == "review"


def test_single_products_are_left_lower_than_the_preset(demo):
    lumen, firm = ended(demo, "atelier-lumen")
    scope = Scope("full-file", lowered={"accounting": "view", "capture": "none", "invoicing": "work"})
    made = mandate.invite(demo.acting("amelie.dubois"), lumen, address=NATHALIE, scope=scope)
    mandate.confirm(demo.work, made.id)
    karim = demo.account("karim.benali")
    found = {product: access.resolve(demo.work, karim, lumen, product) for product in ("accounting", "invoicing")}
    assert levels(demo.work, found["accounting"]) == {"view"}
    assert levels(demo.work, found["invoicing"]) == {"view", "work"}
    assert access.resolve(demo.work, karim, lumen, "capture").why is Why.NOT_COVERED
    listed = {product: access.choices(demo.work, karim, product).choices for product in ("accounting", "capture")}
    assert lumen in [each.company_id for each in listed["accounting"]]
    assert lumen not in [each.company_id for each in listed["capture"]]
    given = {"product": "capture", "role_id": "capture.reader", "client_id": lumen}
    with pytest.raises(NotCovered):
        assignment.give(demo.work, firm, demo.account("lotte.peeters"), **given)


@pytest.mark.parametrize(
    ("scope", "field"),
    [
        (Scope("gone"), "preset"),
        (Scope("review", ("gone",)), "options"),
        (Scope("review", lowered={"payroll": "view"}), "lowered"),
        (Scope("review", lowered={"accounting": "manage"}), "lowered"),
        (Scope("review", lowered=dict.fromkeys(("accounting", "capture", "invoicing"), "none")), "lowered"),
        (Scope("support", yearly=True), "until_at"),
    ],
)
def test_an_impossible_scope_names_its_field_and_costs_no_try(demo, scope, field):
    lumen, _ = ended(demo, "atelier-lumen")
    for _ in range(6):
        with pytest.raises(InvalidInput) as refused:
            mandate.invite(demo.acting("amelie.dubois"), lumen, address=NATHALIE, scope=scope)
        assert refused.value.members["field"] == field


def test_a_beginning_and_an_end_are_judged_at_the_time_of_the_work(demo):
    lumen, _ = ended(demo, "atelier-lumen")
    now = demo.work.now
    scope = Scope("full-file", starts_at=now + timedelta(days=3), until_at=now + timedelta(days=40))
    made = mandate.invite(demo.acting("amelie.dubois"), lumen, address=NATHALIE, scope=scope)
    mandate.confirm(demo.work, made.id)
    karim = demo.account("karim.benali")

    def reaches(**span):
        work = demo.work.later(**span)
        listed = lumen in [each.company_id for each in access.choices(work, karim, "accounting").choices]
        assert listed == isinstance(access.resolve(work, karim, lumen, "accounting"), Access)
        return listed

    assert [reaches(days=2), reaches(days=3), reaches(days=39), reaches(days=40)] == [False, True, True, False]
    assert access.resolve(demo.work.later(days=5), karim, lumen, "accounting").until == scope.until_at
    for impossible in (Scope("review", until_at=now), Scope("review", until_at=now + timedelta(days=1), yearly=True)):
        with pytest.raises(InvalidInput):
            mandate_change.change(demo.acting("amelie.dubois"), made.id, impossible)


def test_temporary_support_ends_by_itself_after_its_days(demo):
    lumen, _ = ended(demo, "atelier-lumen")
    amelie = demo.acting("amelie.dubois")
    too_long = Scope("support", until_at=demo.work.now + timedelta(days=31))
    with pytest.raises(InvalidInput):
        mandate.invite(amelie, lumen, address=NATHALIE, scope=too_long)
    made = mandate.invite(amelie, lumen, address=NATHALIE, scope=Scope("support"))
    mandate.confirm(demo.work.later(days=2), made.id)
    assert made.until_at == demo.work.now + timedelta(days=32)
    karim = demo.account("karim.benali")
    assert isinstance(access.resolve(demo.work.later(days=31), karim, lumen, "invoicing"), Access)
    assert isinstance(access.resolve(demo.work.later(days=32), karim, lumen, "invoicing"), access.Refusal)
    with pytest.raises(InvalidInput):  # no change makes it longer
        mandate_change.change(amelie, made.id, Scope("support", until_at=demo.work.now + timedelta(days=60)))
    write_on(demo.work)
    assert mandate_due.carry_out(demo.work.later(days=33)) >= 1
    assert (made.state, made.ended_at) == ("ended", demo.work.now + timedelta(days=32))
    assert {to for to, _ in told(demo.work, "support_waiting")} == {NATHALIE, KARIM}
    assert {v["days"] for _, v in told(demo.work, "support_waiting")} == {30}
    news = {v["news"]: v for _, v in told(demo.work, "support_news")}
    assert news.keys() >= {"confirmed", "over"}
    assert news["confirmed"]["effective"] == made.until_at.isoformat()  # the end is said from the first day
    assert told(demo.work, "mandate_waiting") == []


@pytest.mark.parametrize("person", ["karim.benali", "amelie.dubois"])
def test_either_side_ends_it_at_once_and_both_are_told(demo, person):
    lumen, firm = demo.company("atelier-lumen"), demo.company("cabinet-deltour")
    held = mandate.between(demo.work, lumen, firm)[0]
    for other, refusal in (("hugo.perrin", NotPermitted), ("lotte.peeters", NotPermitted), ("fatou.diallo", NotFound)):
        with pytest.raises(refusal):
            mandate.end(demo.acting(other), held.id)
    mandate.end(demo.acting(person), held.id)
    lotte = demo.account("lotte.peeters")
    assert isinstance(access.resolve(demo.work, lotte, lumen, "capture"), access.Refusal)
    news = [(to, each["by"]) for to, each in told(demo.work, "mandate_news") if each["news"] == "ended"]
    assert {ADDRESSES["amelie.dubois"], ADDRESSES["thomas.lefevre"], KARIM, NATHALIE} == {to for to, _ in news}
    assert {by for _, by in news} == {"firm" if person == "karim.benali" else "company"}
    (fact,) = [each for each in facts(demo.work, "access.ended") if each["company"] == str(lumen)]
    assert fact["logout"]
    with pytest.raises(Conflict):
        mandate.end(demo.work, held.id)


def test_refused_and_withdrawn_are_told_to_the_side_that_waited(demo):
    mirabelle, deltour = demo.company("studio-mirabelle"), demo.company("cabinet-deltour")
    waiting = mandate.between(demo.work, mirabelle, deltour)[0]
    with pytest.raises(NotFound):
        mandate.refuse(demo.acting("karim.benali"), waiting.id)
    assert mandate.refuse(demo.acting("chloe.fontaine"), waiting.id).state == "refused"
    assert {v["side"] for _, v in told(demo.work, "mandate_news")} == {"firm"}
    second = mandate.invite(demo.acting("chloe.fontaine"), mirabelle, address=KARIM, scope=REVIEW)
    with pytest.raises(NotPermitted):
        mandate.withdraw(demo.acting("julien.mercier"), second.id)
    assert mandate.withdraw(demo.acting("chloe.fontaine"), second.id).state == "ended"
    third = mandate.invite(demo.acting("chloe.fontaine"), mirabelle, address=KARIM, scope=REVIEW)
    mandate.refuse(demo.acting("nathalie.deltour"), third.id)
    assert [(v["side"], v["news"]) for _, v in told(demo.work, "mandate_news")][-1] == ("company", "refused")
    for act in (mandate.confirm, mandate.refuse, mandate.withdraw, mandate.end):
        with pytest.raises(Conflict):
            act(demo.work, third.id)


def test_a_fourth_firm_is_refused_and_a_withdrawn_one_makes_room(system, make_company, join):
    client = make_company()
    made = [
        mandate.record(system, client, make_company(kind="firm"), preset="review", way="client-invites")
        for _ in range(3)
    ]
    fourth = make_company(kind="firm")
    with pytest.raises(FirmsFull):
        mandate.record(system, client, fourth, preset="review", way="client-invites")
    mandate.withdraw(system, made[0].id)
    mandate.record(system, client, fourth, preset="review", way="client-invites")


def test_a_mandate_is_about_products_in_use(demo):
    quais = demo.company("librairie-des-quais")
    with pytest.raises(NotSubscribed):
        mandate.invite(demo.acting("etienne.garnier"), quais, address=NATHALIE, scope=FULL)


def test_a_mandate_takes_no_seat_and_gives_the_company_nothing_in_the_firm(demo):
    """MAN-01 and R-65."""
    lemaire, deltour = demo.company("boulangerie-lemaire"), demo.company("cabinet-deltour")
    mandate.end(demo.work, mandate.between(demo.work, lemaire, deltour)[0].id)
    before = seats.used(demo.work, lemaire, "invoicing")
    made = mandate.invite(demo.acting("benoit.lemaire"), lemaire, address=NATHALIE, scope=FULL)
    mandate.confirm(demo.acting("nathalie.deltour"), made.id)
    assert seats.used(demo.work, lemaire, "invoicing") == before
    for person in ("benoit.lemaire", "sophie.lemaire"):
        account = demo.account(person)
        for product in ("practice", "capture", "accounting", "company"):
            assert access.resolve(demo.work, account, deltour, product).why is Why.NOT_A_MEMBER
    for product in ("company", "practice"):
        answer = access.resolve(demo.work, demo.account("nathalie.deltour"), lemaire, product)
        assert isinstance(answer, access.Refusal)


def test_an_accountant_of_two_firms_is_asked_which(demo, make_company):
    mirabelle, other = demo.company("studio-mirabelle"), make_company(kind="firm", products=("practice",))
    membership.add(demo.work, other, demo.account("nathalie.deltour"), company_role="company.member")
    chloe = demo.acting("chloe.fontaine")
    with pytest.raises(InvalidInput) as refused:
        mandate.invite(chloe, mirabelle, address=NATHALIE, scope=REVIEW)
    assert refused.value.members["field"] == "firm"
    assert {key for key, _ in refused.value.members["firms"]} == {str(other), str(demo.company("cabinet-deltour"))}
    assert mandate.invite(chloe, mirabelle, address=NATHALIE, scope=REVIEW, firm_id=other).firm_id == other
