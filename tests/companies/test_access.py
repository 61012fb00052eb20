"""Who may do what: the demonstration data against its expectations, and each rule of the engine by itself."""

from datetime import timedelta
from uuid import uuid4

import pytest

from idp.companies import access, assignment, company, membership, role, subscription
from idp.companies.access import Access, Reason, Refusal, Why
from idp.core.errors import NotFound, NotPermitted
from idp.work import Actor
from tests.companies.conftest import statements
from tests.policy.demo import EXPECTATIONS


def outcome(row, answer):
    """What an expectation speaks of, as the engine answered it."""
    if isinstance(answer, Refusal):
        return {"token": "refused", "error": answer.reason.value}
    return {
        "token": "issued",
        "via": answer.via,
        "role": answer.role,
        "subscription": answer.subscription,
        "count": len(answer.permissions),
        "missing": sorted(set(row.get("includes", ())) - set(answer.permissions)),
        "too_many": sorted(set(row.get("excludes", ())) & set(answer.permissions)),
    }


def expected(row):
    if row["token"] == "refused":
        return {"token": "refused", "error": row["error"]}
    held = f"{row['product']}.custom" if row["role"].startswith("custom:") else row["role"]
    said = {key: row[key] for key in ("token", "via", "subscription", "count")}
    return said | {"role": held, "missing": [], "too_many": []}


def test_every_expectation_about_tokens_holds(demo):
    answers, wanted = {}, {}
    for row in EXPECTATIONS["tokens"]:
        key = row["person"], row["company"], row["product"]
        answer = access.resolve(demo.work, demo.account(key[0]), demo.company(key[1]), key[2])
        answers[key], wanted[key] = outcome(row, answer), expected(row)
    assert answers == wanted


def test_one_company_and_many_give_the_same_answer(demo):
    companies = {entry: demo.company(entry) for entry in {row["company"] for row in EXPECTATIONS["tokens"]}}
    products = [each.id for each in demo.work.policies.products.values() if each.subscribed]
    for person in {row["person"] for row in EXPECTATIONS["tokens"]}:
        account = demo.account(person)
        for (company_id, product), answer in access.resolve_many(
            demo.work, account, companies.values(), products
        ).items():
            assert answer == access.resolve(demo.work, account, company_id, product)


def test_lists_and_counts_agree_with_the_engine(demo):
    people = {row["person"] for row in EXPECTATIONS["tokens"]}
    references = {row["company"] for row in EXPECTATIONS["tokens"]}
    for person in people:
        account = demo.account(person)
        for product in ("accounting", "capture", "invoicing", "payroll", "practice", "company"):
            answers = [access.resolve(demo.work, account, demo.company(each), product) for each in references]
            open_ones = {each.company_id for each in answers if isinstance(each, Access)}
            listed = access.choices(demo.work, account, product)
            if product == "company":  # a product without subscription is no choice of company
                open_ones = set()
            assert {each.company_id for each in listed.choices} == open_ones
            assert access.count_companies(demo.work, account, product) == len(open_ones)
            count, first = access.only_company(demo.work, account, product)
            assert count == min(len(open_ones), 2)
            assert first in open_ones or (first is None and not open_ones)


def test_a_member_costs_one_statement_and_a_colleague_two(demo):
    ines, karim = demo.account("ines.moreau"), demo.account("karim.benali")
    lumen, lemaire = demo.company("atelier-lumen"), demo.company("boulangerie-lemaire")
    with statements(demo.work) as sent:
        assert access.resolve(demo.work, ines, lumen, "accounting").via == "membership"
    assert len(sent) == 1
    with statements(demo.work) as sent:
        assert access.resolve(demo.work, karim, lemaire, "invoicing").via == "mandate"
    assert len(sent) == 2
    with statements(demo.work) as sent:
        access.choices(demo.work, karim, "invoicing")
    assert len(sent) == 3
    with statements(demo.work) as sent:
        access.launcher(demo.work, karim)
    assert len(sent) == 4
    with statements(demo.work) as sent:
        access.only_company(demo.work, karim, "invoicing")
        access.count_companies(demo.work, karim, "invoicing")
    assert len(sent) == 2


def test_a_foreign_company_answers_like_a_missing_one(demo):
    ines, missing = demo.account("ines.moreau"), uuid4()
    for reference in ("studio-mirabelle", "librairie-des-quais", "cabinet-deltour"):
        foreign = demo.company(reference)
        for product in ("accounting", "payroll", "company", "operations", "gone"):
            answer = access.resolve(demo.work, ines, foreign, product)
            assert answer == Refusal(foreign, product, Reason.NO_ACCESS, Why.NOT_A_MEMBER)
            assert access.resolve(demo.work, ines, missing, product) == Refusal(
                missing, product, answer.reason, answer.why
            )
    for company_id in (demo.company("studio-mirabelle"), missing):
        with pytest.raises(NotFound) as refused:
            access.require(demo.acting("ines.moreau"), "company.users.view", company_id)
        assert refused.value.members == {"kind": "company"}


def test_an_ended_subscription_says_when(demo):
    answer = access.resolve(
        demo.work, demo.account("etienne.garnier"), demo.company("librairie-des-quais"), "accounting"
    )
    assert (answer.reason, answer.company_name) == (Reason.SUBSCRIPTION_ENDED, "Librairie des Quais SAS")
    assert answer.date == demo.work.now - timedelta(days=62)
    assert answer.kept_until == demo.work.now + timedelta(days=118)


def test_why_no_company_opens_a_product(demo):
    ended = access.why_none(demo.work, demo.account("etienne.garnier"), "accounting")
    assert ended.reason is Reason.SUBSCRIPTION_ENDED
    nothing = access.why_none(demo.work, demo.account("thomas.lefevre"), "capture")
    assert (nothing.reason, nothing.why, nothing.company_name) == (
        Reason.NO_ACCESS, Why.NO_ROLE, "Atelier Lumen SARL",
    )  # fmt: skip
    assert access.why_none(demo.work, demo.account("olivier.renard"), "accounting") is None


def test_a_blocked_account_reaches_nothing(demo):
    answer = access.resolve(demo.work, demo.account("pascal.noel"), demo.company("clarte-nettoyage"), "payroll")
    assert answer.reason is Reason.ACCOUNT_BLOCKED
    leaving = access.resolve(
        demo.work, demo.account("margaux.blanc"), demo.company("librairie-des-quais"), "accounting"
    )
    assert leaving.reason is Reason.ACCOUNT_BLOCKED


def test_company_roles_add_up(demo):
    lumen = demo.company("atelier-lumen")
    thomas = access.resolve(demo.work, demo.account("thomas.lefevre"), lumen, "company")
    assert thomas.role == "company.administrator"
    assert {"company.users.invite", "company.subscription.cancel"} <= set(thomas.permissions)
    assert thomas.subscription is None
    assert thomas.needs_second_factor
    ines = access.resolve(demo.work, demo.account("ines.moreau"), lumen, "company")
    assert ines.permissions == ("company.profile.view",)
    nathalie = access.resolve(demo.work, demo.account("nathalie.deltour"), lumen, "company")
    assert nathalie.why is Why.NOT_A_MEMBER


def test_require_asks_the_engine(demo):
    lumen = demo.company("atelier-lumen")
    access.require(demo.acting("thomas.lefevre"), "company.users.invite", lumen)
    with pytest.raises(NotPermitted):
        access.require(demo.acting("ines.moreau"), "company.users.invite", lumen)
    with pytest.raises(NotFound):  # an application that has nothing to do with the company, as any stranger
        access.require(demo.work.acting(Actor("client", uuid4())), "company.users.invite", lumen)
    with pytest.raises(NotPermitted):
        access.require(demo.work.acting(Actor()), "company.users.invite", lumen)


def test_staff_permissions_are_for_staff(demo):
    olivier = access.staff_permissions(demo.work, demo.account("olivier.renard"))
    assert "operations.accounts.unlock" in olivier
    assert "operations.clients.edit" not in olivier
    assert access.staff_permissions(demo.work, demo.account("amelie.dubois")) == frozenset()
    access.require(demo.acting("pieter.claes"), "operations.clients.edit")
    with pytest.raises(NotPermitted):
        access.require(demo.acting("olivier.renard"), "operations.clients.edit")


def test_one_company_that_objects_is_enough_against_trusted_devices(demo):
    assert access.trusted_devices_allowed(demo.work, demo.account("ines.moreau"))
    assert not access.trusted_devices_allowed(demo.work, demo.account("luc.wouters"))


def test_administrators_are_those_who_can_give_access(demo):
    found = access.administrators(demo.work, demo.company("atelier-lumen"))
    assert [each.name for each in found] == ["Amélie Dubois", "Thomas Lefèvre"]
    assert found[0].address == "amelie.dubois@atelier-lumen.example.com"


def test_the_launcher_shows_own_companies_then_clients(demo):
    nathalie = demo.account("nathalie.deltour")
    seen, more = access.launcher(demo.work, nathalie)
    assert not more
    assert [(each.name, each.via) for each in seen] == [
        ("Cabinet Deltour & Associés", "membership"),
        ("Atelier Lumen SARL", "mandate"),
        ("Boulangerie Lemaire SRL", "mandate"),
        ("Clarté Nettoyage SRL", "mandate"),
        ("Toitures Vanderlinden SRL", "mandate"),
    ]
    assert seen[1].firm_name == "Cabinet Deltour & Associés"
    assert access.launcher(demo.work, nathalie, limit=4) == (seen, False)
    assert access.launcher(demo.work, nathalie, limit=3) == (seen[:4], True)
    ended, _ = access.launcher(demo.work, demo.account("etienne.garnier"))
    assert [(tile.product, tile.refusal.why) for tile in ended[0].tiles] == [
        ("accounting", Why.ENDED), ("invoicing", Why.ENDED),
    ]  # fmt: skip


def test_choices_are_paged_by_name_and_searched(demo):
    karim = demo.account("karim.benali")
    everything = access.choices(demo.work, karim, "invoicing")
    assert everything.next is None
    assert len(everything.choices) == 3
    seen, after = [], None
    while True:
        page = access.choices(demo.work, karim, "invoicing", after=after, limit=1)
        seen += page.choices
        after = page.next
        if after is None:
            break
    assert tuple(seen) == everything.choices
    found = access.choices(demo.work, karim, "invoicing", search="LEMAIRE").choices
    assert [each.name for each in found] == ["Boulangerie Lemaire SRL"]
    assert found[0].firm_name == "Cabinet Deltour & Associés"
    assert access.choices(demo.work, karim, "invoicing", search="%").choices == ()
    assert access.count_companies(demo.work, karim, "invoicing", search="lemaire") == 1
    assert access.count_companies(demo.work, karim, "invoicing", most=2) == 2


def test_a_trial_and_a_notice_end_by_themselves(demo):
    chloe, mirabelle = demo.account("chloe.fontaine"), demo.company("studio-mirabelle")
    trial = access.resolve(demo.work, chloe, mirabelle, "accounting")
    assert trial.subscription_until == demo.work.now + timedelta(days=5)
    assert isinstance(access.resolve(demo.work.later(days=4.9), chloe, mirabelle, "accounting"), Access)
    over = demo.work.later(days=5)
    answer = access.resolve(over, chloe, mirabelle, "accounting")
    assert (answer.reason, answer.date) == (Reason.SUBSCRIPTION_ENDED, over.now)
    assert answer.kept_until is not None
    assert access.only_company(over, chloe, "accounting") == (0, None)

    joris, toitures = demo.account("joris.vanderlinden"), demo.company("toitures-vanderlinden")
    assert access.resolve(demo.work, joris, toitures, "accounting").subscription == "notice"
    assert not isinstance(access.resolve(demo.work.later(days=39), joris, toitures, "accounting"), Access)


def test_a_suspension_ends_after_its_longest_time(demo):
    samira, clarte = demo.account("samira.elamrani"), demo.company("clarte-nettoyage")
    days = demo.work.policies.states["suspended"].max_days - 6
    assert isinstance(access.resolve(demo.work.later(days=days - 0.1), samira, clarte, "accounting"), Access)
    late = demo.work.later(days=days)
    assert access.resolve(late, samira, clarte, "accounting").reason is Reason.SUBSCRIPTION_ENDED
    assert access.count_companies(late, samira, "accounting") == 0


def test_a_temporary_right_ends_by_itself(system, make_company, join):
    home = make_company()
    person = join(home)
    until = system.now + timedelta(hours=3)
    membership.grant_role(system, home, person, "accounting", role_id="accounting.reader", expires_at=until)
    assert access.resolve(system, person, home, "accounting").until == until
    over = system.later(hours=3)
    assert access.resolve(over, person, home, "accounting").why is Why.NO_ROLE
    assert access.count_companies(over, person, "accounting") == 0


def test_a_suspended_member_is_refused_also_by_mandate(system, make_client, join):
    client = make_client()
    join(client.company, account_id=client.manager, accounting="accounting.reader")
    assert access.resolve(system, client.manager, client.company, "accounting").via == "membership"
    membership.suspend(system, client.company, client.manager)
    assert access.resolve(system, client.manager, client.company, "accounting").why is Why.MEMBERSHIP_SUSPENDED
    assert access.count_companies(system, client.manager, "accounting") == 0
    membership.resume(system, client.company, client.manager)
    assert access.count_companies(system, client.manager, "accounting") == 1


def test_a_closed_company_gives_nothing(system, make_company, join):
    home = make_company()
    person = join(home, accounting="accounting.reader")
    company.get(system, home).closed_at = system.now
    system.session.flush()
    assert access.resolve(system, person, home, "accounting").why is Why.COMPANY_CLOSED
    assert access.count_companies(system, person, "accounting") == 0


def test_what_is_not_subscribed_is_refused(system, make_company, join):
    home = make_company(products=("accounting",))
    person = join(home, accounting="accounting.reader")
    assert access.resolve(system, person, home, "capture").why is Why.NOT_SUBSCRIBED
    assert access.resolve(system, person, home, "gone").why is Why.NOT_SUBSCRIBED
    assert access.resolve(system, person, home, "operations").why is Why.NO_ROLE


def test_a_colleague_needs_a_practice_role(system, make_client):
    client = make_client()
    assert access.resolve(system, client.manager, client.company, "accounting").firm_id == client.firm
    membership.revoke_role(system, client.firm, client.manager, "practice")
    assert access.resolve(system, client.manager, client.company, "accounting").why is Why.NEEDS_PRACTICE_ROLE
    assert access.only_company(system, client.manager, "accounting") == (0, None)


def test_every_client_is_for_roles_that_reach_every_client(system, make_client):
    client = make_client()
    membership.change_role(system, client.firm, client.manager, "practice", role_id="practice.accountant")
    assert access.resolve(system, client.manager, client.company, "accounting").why is Why.NOT_ASSIGNED
    assert access.count_companies(system, client.manager, "accounting") == 0
    assignment.give(
        system, client.firm, client.manager,
        product="accounting", role_id="accounting.reader", client_id=client.company,
    )  # fmt: skip
    answer = access.resolve(system, client.manager, client.company, "accounting")
    assert answer.role == "accounting.reader"
    assert access.count_companies(system, client.manager, "accounting") == 1


def test_the_role_for_one_client_goes_before_the_one_for_all_unless_the_product_says_otherwise(system, make_client):
    client = make_client()
    subscription.set_state(system, client.company, "capture", "active")
    assignment.give(system, client.firm, client.manager, product="capture", role_id="capture.documents-standard")
    for product, lesser in (("accounting", "accounting.reader"), ("capture", "capture.reader")):
        assignment.give(system, client.firm, client.manager, product=product, role_id=lesser, client_id=client.company)
    assert access.resolve(system, client.manager, client.company, "accounting").role == "accounting.reader"
    assert system.policies.products["capture"].rules.account_scope_wins
    assert access.resolve(system, client.manager, client.company, "capture").role == "capture.documents-standard"
    assert access.count_companies(system, client.manager, "capture") == 1


def test_the_firms_own_subscription_counts(system, make_client):
    client = make_client()
    full = set(access.resolve(system, client.manager, client.company, "accounting").permissions)
    subscription.set_state(system, client.firm, "practice", "suspended")
    lowered = access.resolve(system, client.manager, client.company, "accounting")
    assert set(lowered.permissions) < full
    assert {system.policies.permissions[each].level for each in lowered.permissions} == {"view"}
    assert lowered.subscription == "active"
    subscription.set_state(system, client.firm, "practice", "ended")
    assert access.resolve(system, client.manager, client.company, "accounting").why is Why.FIRM_SUBSCRIPTION
    assert access.count_companies(system, client.manager, "accounting") == 0


def test_a_mandate_ends_by_its_date(system, make_client):
    client = make_client(preset="support")
    subscription.set_state(system, client.company, "invoicing", "active")
    assignment.give(system, client.firm, client.manager, product="invoicing", role_id="invoicing.support")
    assert access.resolve(system, client.manager, client.company, "accounting").why is Why.NOT_COVERED
    answer = access.resolve(system, client.manager, client.company, "invoicing")
    assert answer.until == system.now + timedelta(days=30)
    later = system.later(days=30)
    assert access.resolve(later, client.manager, client.company, "invoicing").why is Why.NOT_A_MEMBER
    assert access.count_companies(later, client.manager, "invoicing") == 0


def test_an_option_opens_its_product(system, make_client):
    client = make_client(options=("payroll",))
    subscription.set_state(system, client.company, "payroll", "active")
    assignment.give(system, client.firm, client.manager, product="payroll", role_id="payroll.accountant")
    assert access.resolve(system, client.manager, client.company, "payroll").via == "mandate"
    assert access.count_companies(system, client.manager, "payroll") == 1


def test_a_deleted_custom_role_gives_nothing(system, make_company, join):
    home = make_company()
    person = join(home)
    made = role.create_custom(
        system, home, "accounting", name="lecture", labels={"fr": "Lecture"}, permissions=["accounting.bank.view"]
    )
    membership.grant_role(system, home, person, "accounting", custom_role_id=made.id)
    answer = access.resolve(system, person, home, "accounting")
    assert (answer.role, answer.custom_role_id, answer.role_labels) == (
        "accounting.custom", made.id, {"fr": "Lecture"},
    )  # fmt: skip
    made.deleted_at = system.now
    system.session.flush()
    assert access.resolve(system, person, home, "accounting").why is Why.NO_ROLE
    assert access.count_companies(system, person, "accounting") == 0
