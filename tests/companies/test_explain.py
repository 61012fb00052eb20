"""Explanations: the engine's answer, the chain, the reason, and the smallest change, which is done and seen to work."""

import random

import pytest
from sqlalchemy import select, update

from idp.accounts.models import Account
from idp.companies import access, assignment, company, mandate, membership, module, role, subscription
from idp.companies.explain import Cause, explain, explain_for_firm
from idp.companies.models import Company, Membership, ProductRole, SubscribedProduct, Subscription
from idp.companies.remedy import Act
from idp.core.errors import InvalidInput, NotFound
from tests.companies.applying import Scene
from tests.companies.generated import some
from tests.policy.demo import EXPECTATIONS

PRODUCTS = ("accounting", "capture", "invoicing", "payroll")
HOPELESS = {Cause.COMPANY_CLOSED, Cause.PRACTICE_ONLY, Cause.MANDATE_NEVER, Cause.SUBSCRIPTION_ENDED, Cause.SERVICE}


def kinds(found):
    return [(link.kind, link.holds) for link in found.chain]


def acts(found):
    return None if found.change is None else [step.act for step in found.change]


def test_an_explanation_says_what_the_engine_says(demo):
    for row in EXPECTATIONS["tokens"]:
        account, company = demo.account(row["person"]), demo.company(row["company"])
        found = explain(demo.work, account, company, row["product"])
        assert found.answer == access.resolve(demo.work, account, company, row["product"])
        assert found.allowed == (row["token"] == "issued"), row
        assert (found.cause is Cause.ALLOWED, found.change == ()) == (found.allowed, found.allowed)
        for permission in (*row.get("includes", ()), *row.get("excludes", ())):
            said = explain(demo.work, account, company, row["product"], permission)
            assert said.allowed == (permission in row.get("includes", ())), permission
            assert all(link.holds for link in said.chain) == said.allowed, (row, permission, said.chain)


def test_the_chain_of_a_member_names_the_revision_of_a_role_of_ones_own(demo):
    found = explain(
        demo.work, demo.account("thomas.lefevre"), demo.company("atelier-lumen"), "accounting", "accounting.bank.view"
    )
    assert kinds(found) == [
        ("account", True), ("membership", True), ("subscription", True), ("role", True), ("permission", True),
    ]  # fmt: skip
    assert found.chain[3].facts["revision"] == 1


def test_the_chain_of_a_colleague_leads_through_the_firm(demo):
    """PRA-12: the bakery's mandate does not cover the filing, and only its owner can widen it."""
    found = explain(
        demo.work, demo.account("nathalie.deltour"), demo.company("boulangerie-lemaire"), "accounting",
        "accounting.tax.file",
    )  # fmt: skip
    assert [kind for kind, _ in kinds(found)] == [
        "account", "mandate", "firm_role", "firm_subscription", "subscription", "ceiling", "assignment", "permission",
    ]  # fmt: skip
    assert not found.allowed
    assert found.cause in (Cause.MANDATE, Cause.NOT_IN_ROLE)
    assert found.change[-1].act is Act.WIDEN_MANDATE
    assert found.change[-1].what["preset"] == "full-file-filing"
    assert "company.owner" in found.change[-1].by


def test_what_no_mandate_opens_has_no_way(demo):
    found = explain(
        demo.work, demo.account("karim.benali"), demo.company("boulangerie-lemaire"), "accounting",
        "accounting.settings.edit",
    )  # fmt: skip
    assert (found.allowed, found.change) == (False, None)


def test_a_switch_a_limit_and_a_service_are_named(demo):
    lumen = demo.company("atelier-lumen")
    hugo = explain(demo.work, demo.account("hugo.perrin"), lumen, "invoicing", "invoicing.payments.view")
    assert (hugo.cause, acts(hugo)) == (Cause.SWITCHED_OFF, [Act.SWITCH_ON])
    assert hugo.change[0].what == {"area": "payments", "product": "invoicing"}
    camille = explain(demo.work, demo.account("camille.roux"), lumen, "payroll")
    assert (camille.cause, acts(camille)[-1]) == (Cause.NOT_SUBSCRIBED, Act.GIVE_ROLE)
    stranger = explain(demo.work, demo.account("luc.wouters"), lumen, "accounting")
    assert (stranger.cause, acts(stranger)) == (Cause.NOT_A_MEMBER, [Act.ORDER_SEAT, Act.INVITE])  # all are taken there


@pytest.mark.parametrize(
    ("plan", "seats", "announced", "expected"),
    [
        ("team", 5, None, [Act.ORDER_SEAT]),
        ("solo", 2, None, [Act.LARGER_PLAN]),
        ("business", 25, 2, [Act.FREE_SEAT]),
        ("business", 25, None, []),
    ],
)
def test_where_no_seat_is_left_one_is_ordered_or_freed_first(
    plan, seats, announced, expected, system, make_company, join
):
    company_id = make_company(plan=plan, seats=seats)
    person = join(company_id)
    for _ in range(min(seats, 5) if announced is None else announced):
        join(company_id, accounting="accounting.reader")
    contract = system.session.scalar(select(Subscription).filter_by(company_id=company_id))
    if announced is not None:
        contract.next_plan, contract.next_seats, contract.changes_at = plan, announced, system.later(days=9).now
    system.session.flush()
    found = explain(system, person, company_id, "accounting", "accounting.journals.create")
    assert acts(found) == [*expected, Act.GIVE_ROLE]
    scene = Scene(system, person, company_id, company_id, "accounting")
    for step in found.change:
        assert step.by
        assert not permitted(system, person, company_id, "accounting", "accounting.journals.create")
        scene.do(step)
    assert permitted(system, person, company_id, "accounting", "accounting.journals.create")


def test_the_companys_own_account_is_explained_by_its_role(demo):
    lumen = demo.company("atelier-lumen")
    ines = explain(demo.work, demo.account("ines.moreau"), lumen, "company", "company.users.invite")
    assert (ines.cause, acts(ines)) == (Cause.NOT_IN_ROLE, [Act.CHANGE_COMPANY_ROLE])
    assert ines.change[0].what == {"company_role": "company.user-manager"}
    assert ines.change[0].by == ("company.owner", "company.administrator")
    owner = explain(demo.work, demo.account("ines.moreau"), lumen, "company", "company.ownership.transfer")
    assert owner.change is None  # handed over by the owner alone, never given
    assert explain(demo.work, demo.account("amelie.dubois"), lumen, "company").allowed


def test_a_question_that_makes_no_sense_is_refused(demo):
    lumen, ines = demo.company("atelier-lumen"), demo.account("ines.moreau")
    for product, permission in (("nothing", None), ("operations", None), ("accounting", "payroll.reports.view")):
        with pytest.raises(InvalidInput):
            explain(demo.work, ines, lumen, product, permission)
    for account, nowhere in ((lumen, lumen), (ines, ines)):
        with pytest.raises(NotFound):
            explain(demo.work, account, nowhere, "accounting")


@pytest.fixture
def world(system, make_company, join):
    """A company and a firm, with people to be put into any state."""
    company_id = make_company(plan="business", seats=200, products=PRODUCTS)
    firm = make_company(kind="firm", products=("practice", "capture", "accounting"))
    own = [
        role.create_custom(system, where, "accounting", name="Own", labels={"en": "Own"}, permissions=permissions)
        for where, permissions in ((company_id, ["accounting.bank.view"]), (firm, ["accounting.journals.create"]))
    ]
    join(company_id, company_role="company.owner")
    return company_id, firm, own, join(firm), join(company_id), join(make_company())


def disturbed(system, world, dice, product):
    """A state that could be, of a member, a colleague or a stranger."""
    company_id, firm, own, colleague, member, stranger = world
    policies, later = system.policies, system.later(hours=1)
    who = dice.choice([member, member, colleague, colleague, colleague, stranger])
    if who == member and dice.random() < 0.8:
        _as_member(later, company_id, member, product, own[0], dice)
    if who == colleague:
        _as_colleague(later, world, product, dice)
    states = [each for each in policies.states if each != "purged" or dice.random() < 0.1]
    for where, products, odds in ((company_id, [product], 0.5), (firm, ["practice"], 0.3)):
        if dice.random() < odds:
            system.session.execute(
                update(SubscribedProduct)
                .where(SubscribedProduct.company_id == where, SubscribedProduct.product.in_(products))
                .values(state=dice.choice(states), since_at=system.now)
            )
    system.session.execute(
        update(Company).where(Company.id == company_id).values(services=some(dice, policies.services))
    )
    if dice.random() < 0.4:
        areas = [each.id for each in policies.products[product].areas.values() if each.switch]
        module.tell(later, company_id, product, some(dice, areas))
    if dice.random() < 0.3:  # none is left
        system.session.execute(update(Subscription).where(Subscription.company_id == company_id).values(seats=0))
    if dice.random() < 0.1:
        system.session.execute(update(Account).where(Account.id == who).values(status="blocked"))
    system.session.expire_all()
    return who


def _as_member(work, company_id, member, product, own, dice):
    policies = work.policies
    if product == own.product and dice.random() < 0.2:
        membership.grant_role(work, company_id, member, product, custom_role_id=own.id)
    else:
        offered = [policies.roles[each] for each in policies.products[product].roles]
        given = dice.choice([each for each in offered if "member" in each.held_by and each.assignable_by - {"mandate"}])
        rules = policies.products[product].restrictions if given.switches else {}
        limits = dict.fromkeys([each for each in some(dice, rules) if rules[each].values is None], True)
        membership.grant_role(
            work, company_id, member, product, role_id=given.id, restrictions=limits,
            switches={area: dice.random() < 0.5 for area in given.switches},
        )  # fmt: skip
    if dice.random() < 0.15:
        expires = {"expires_at": work.now}
        work.session.execute(update(ProductRole).where(ProductRole.account_id == member).values(**expires))
    if dice.random() < 0.2:
        membership.suspend(work, company_id, member)
    if dice.random() < 0.4:
        on = [each.id for each in policies.services.values() if each.per_person]
        work.session.execute(update(Membership).where(Membership.account_id == member).values(services=on))


def _as_colleague(work, world, product, dice):
    company_id, firm, own, colleague, _, _ = world
    policies = work.policies
    preset, options = dice.choice(sorted(policies.presets)), some(dice, policies.options)
    made = mandate.record(work, company_id, firm, preset=preset, options=options, way="client-invites")
    if dice.random() < 0.9:
        mandate.confirm(work, made.id)
        if dice.random() < 0.3:
            made.lowered = [f"{product}:{dice.choice(['view', 'work'])}"]
    practice = dice.choice(["practice.administrator", "practice.manager", "practice.accountant", "practice.reader"])
    membership.grant_role(work, firm, colleague, "practice", role_id=practice)
    offered = [policies.roles[each] for each in policies.products[product].roles]
    given = dice.choice([each for each in offered if {"colleague", "mandate"} & each.held_by])
    everywhere = policies.roles[practice].entry.clients == "all" and dice.random() < 0.5
    open_here = any(product in part.roles for part in [policies.presets[preset], *map(policies.options.get, options)])
    if dice.random() < 0.7 and (everywhere or (open_here and made.state == "active")):
        what = (
            {"custom_role_id": own[1].id} if product == "accounting" and dice.random() < 0.3 else {"role_id": given.id}
        )
        assignment.give(work, firm, colleague, product=product, client_id=None if everywhere else company_id, **what)
    if dice.random() < 0.2:
        membership.revoke_role(work, firm, colleague, "practice")
    if dice.random() < 0.2 and made.state == "active":
        mandate.end(work, made.id)
    if dice.random() < 0.1:
        membership.suspend(work, firm, colleague)


def test_the_change_that_is_proposed_turns_the_answer(system, world):
    """In states by chance: what is proposed is done by the commands, and only the last act makes the engine permit."""
    dice, turned, hopeless = random.Random(9), 0, 0
    for _ in range(70):
        product = dice.choice(PRODUCTS)
        with system.session.begin_nested() as point:
            who = disturbed(system, world, dice, product)
            permission = dice.choice([None, *sorted(system.policies.products[product].permissions)])
            work = system.later(hours=2)
            found = explain(work, who, world[0], product, permission)
            scene = Scene(work, who, world[0], world[1], product)
            if found.change is None:
                hopeless += 1
                assert found.cause in HOPELESS or permission is not None, found
            for step in found.change or ():
                assert step.by or step.act in (Act.UNBLOCK, Act.ACTIVATE), step
                assert not permitted(work, who, world[0], product, permission), found
                scene.do(step)
            if found.change is not None:
                assert permitted(work, who, world[0], product, permission), found
                turned += bool(found.change)
            point.rollback()
        system.session.expire_all()
    assert turned > 35
    assert hopeless < 25


def permitted(work, who, company_id, product, permission):
    work.session.flush()
    answer = access.resolve(work, who, company_id, product)
    return isinstance(answer, access.Access) and (permission is None or permission in answer.permissions)


FIRM_PEOPLE = ("nathalie.deltour", "karim.benali", "lotte.peeters")
CLIENTS = ("atelier-lumen", "boulangerie-lemaire", "clarte-nettoyage", "toitures-vanderlinden")


def test_a_firm_is_told_of_its_colleagues_what_the_engine_says(demo):
    """For each colleague, client, product and permission: the same answer as the engine's, whose way the mandate is."""
    firm, told = demo.company("cabinet-deltour"), 0
    for reference in CLIENTS:
        client = demo.company(reference)
        for person in FIRM_PEOPLE:
            account = demo.account(person)
            for product in PRODUCTS:
                held = set(getattr(access.resolve(demo.work, account, client, product), "permissions", ()))
                asked = [
                    None,
                    *sorted(held)[:2],
                    *sorted(set(demo.work.policies.products[product].permissions) - held)[:3],
                ]
                for permission in asked:
                    found = explain_for_firm(demo.work, firm, account, client, product, permission)
                    assert found.allowed == (permission in held if permission else bool(held)), (reference, person)
                    assert all(link.holds for link in found.chain) == found.allowed, found
                    assert (found.cause is Cause.ALLOWED) == found.allowed
                    told += 1
    assert told > 150


def test_a_firm_is_told_nothing_of_what_is_not_its_own(demo):
    """Another firm, a client without a mandate, no colleague: the same error. A mandate that has ended is said."""
    firm, lumen, lotte = demo.company("cabinet-deltour"), demo.company("atelier-lumen"), demo.account("lotte.peeters")
    other = company.create(
        demo.work, reference="cabinet-b", name="Cabinet B", kind="firm", country="FR", city="Lille", locale="fr-FR"
    )
    for asked in (
        (other.id, lotte, lumen),  # another firm, of which she is none
        (firm, demo.account("ines.moreau"), lumen),  # one of the client's own people
        (firm, lotte, other.id),  # never a client
        (firm, lotte, firm),
    ):
        with pytest.raises(NotFound):
            explain_for_firm(demo.work, *asked, "capture")
    for product in ("practice", "company", "operations", "nonsense"):
        with pytest.raises(InvalidInput):
            explain_for_firm(demo.work, firm, lotte, lumen, product)
    with pytest.raises(InvalidInput):
        explain_for_firm(demo.work, firm, lotte, lumen, "capture", "accounting.bank.view")
    mandate.end(demo.work, mandate.between(demo.work, lumen, firm)[0].id)
    over = explain_for_firm(demo.work, firm, lotte, lumen, "capture")
    assert (over.allowed, over.cause) == (False, Cause.MANDATE_OVER)
    assert acts(over)[0] is Act.GIVE_MANDATE


def test_what_the_client_itself_gives_a_colleague_is_not_the_firms_to_know(system, make_client, join):
    client = make_client()
    through_firm = explain_for_firm(system, client.firm, client.manager, client.company, "accounting")
    join(client.company, account_id=client.manager, accounting="accounting.administrator")
    assert access.resolve(system, client.manager, client.company, "accounting").via == "membership"
    after = explain_for_firm(system, client.firm, client.manager, client.company, "accounting")
    assert (after.allowed, after.chain) == (through_firm.allowed, through_firm.chain)
    settings = explain_for_firm(
        system, client.firm, client.manager, client.company, "accounting", "accounting.settings.edit"
    )
    assert not settings.allowed
    membership.suspend(system, client.company, client.manager)  # which closes the firm's way too
    closed = explain_for_firm(system, client.firm, client.manager, client.company, "accounting")
    assert (closed.allowed, closed.cause) == (False, Cause.MEMBERSHIP_SUSPENDED)


def test_a_second_firm_of_a_colleague_is_not_told_to_the_first(demo):
    """The other firm's mandate opens what this one's does not: neither its name nor its effect is there."""
    firm, roofs, lotte = (
        demo.company("cabinet-deltour"),
        demo.company("toitures-vanderlinden"),
        demo.account("lotte.peeters"),
    )
    place = {"country": "FR", "city": "Lille", "locale": "fr-FR"}
    other = company.create(demo.work, reference="cabinet-b", name="Cabinet B", kind="firm", **place)
    subscription.start(demo.work, other.id, plan="practice")
    subscription.set_state(demo.work, other.id, "practice", "active")
    membership.add(demo.work, other.id, lotte, company_role="company.member")
    membership.grant_role(demo.work, other.id, lotte, "practice", role_id="practice.accountant")
    made = mandate.record(demo.work, roofs, other.id, preset="full-file", way="client-invites")
    mandate.confirm(demo.work, made.id)
    before = explain_for_firm(demo.work, firm, lotte, roofs, "invoicing")
    assignment.give(demo.work, other.id, lotte, product="invoicing", role_id="invoicing.accountant", client_id=roofs)
    assert isinstance(access.resolve(demo.work, lotte, roofs, "invoicing"), access.Access)
    after = explain_for_firm(demo.work, firm, lotte, roofs, "invoicing")
    assert (after.allowed, after.cause, after.chain) == (False, before.cause, before.chain)
    assert "Cabinet B" not in str(after.chain)
    assert explain_for_firm(demo.work, other.id, lotte, roofs, "invoicing").allowed
