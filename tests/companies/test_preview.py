"""What a role permits in words: the engine's answer and nothing else, and what is crossed out, with the reason."""

import random

import pytest

from idp.companies import membership, preview, proposal, role, subscription
from idp.companies.errors import NotCovered, NotSubscribed, RoleNotOffered
from idp.companies.preview import Obstacle
from idp.companies.proposal import Choice
from idp.core.errors import InvalidInput, NotFound
from idp.policy.permissions import Grant, effective
from tests.companies.generated import generated_grants


def shown(preview_of):
    return {area.id: area for area in (*preview_of.areas, *preview_of.sensitive)}


def lines(preview_of, part):
    return {line.id: line for area in shown(preview_of).values() for line in getattr(area, part)}


def test_the_levels_of_the_bookkeeper_are_those_of_its_role(policies):
    found = preview.of(policies, Grant("accounting", "accounting.bookkeeper", state="active"), "fr")
    areas = shown(found)

    assert (areas["journals"].label, areas["journals"].level, areas["journals"].whole) == (
        "Écritures et journaux", "manage", True,
    )  # fmt: skip
    assert (areas["settings"].level, areas["settings"].settings) == ("view", True)
    assert "api" not in areas
    assert "Accès par programme" in found.without
    assert not areas["closing"].whole  # the closing of the year is taken out
    assert [area.id for area in found.areas] == [
        area for area in policies.products["accounting"].areas if area in areas and not areas[area].sensitive
    ]


def test_sensitive_areas_come_apart_and_a_missing_language_is_english(policies):
    found = preview.of(policies, Grant("payroll", "payroll.reader", state="active"), "nl-BE")
    assert [area.id for area in found.areas] == ["declarations"]
    assert [(area.label, area.permitted[0].label) for area in found.sensitive] == [
        ("Loonrapporten", "View payroll reports")
    ]


def test_a_preview_is_the_answer_of_the_engine_in_every_state(policies):
    """For every built-in role, whatever limits it: nothing permitted that is refused, and nothing lost."""
    dice = random.Random(20261130)
    for each in policies.roles.values():
        for grant in generated_grants(policies, each, dice, 40):
            found = preview.of(policies, grant, "en")
            held = effective(policies, preview.unlimited(policies, grant)).permissions
            assert found.permissions == effective(policies, grant).permissions
            assert sorted(lines(found, "permitted")) == list(found.permissions)
            assert sorted([*lines(found, "permitted"), *lines(found, "crossed")]) == list(held)
            assert all(line.obstacle for line in lines(found, "crossed").values())


@pytest.mark.parametrize(
    ("changed", "permission", "obstacle"),
    [
        ({"state": "suspended"}, "accounting.journals.create", Obstacle.SUBSCRIPTION),
        ({"state": "trial"}, "accounting.mobile.use", Obstacle.SUBSCRIPTION),
        ({"services": frozenset()}, "accounting.mobile.use", Obstacle.SERVICE),
        ({"ceiling": ("accounting.accountant",)}, "accounting.tax.file", Obstacle.MANDATE),
        ({"ceiling": ("accounting.accountant",)}, "accounting.settings.edit", Obstacle.MANDATE_NEVER),
        ({"ceiling": ("accounting.accountant",), "firm_state": "suspended"}, "accounting.journals.create",
         Obstacle.FIRM_SUBSCRIPTION),
    ],
)  # fmt: skip
def test_what_is_crossed_out_says_which_limit_did_it(policies, changed, permission, obstacle):
    services = frozenset(policies.services)
    grant = Grant("accounting", "accounting.administrator", services=services, state="active")
    assert permission in lines(preview.of(policies, grant, "en"), "permitted")

    found = lines(preview.of(policies, grant._replace(**changed), "en"), "crossed")
    assert found[permission].obstacle is obstacle
    assert bool(found[permission].detail) == (obstacle is Obstacle.SERVICE)


def test_a_draft_shows_what_comes_along_and_what_it_can_never_hold(policies):
    draft = frozenset({"accounting.journals.create", "accounting.api.manage"})
    found = preview.of(policies, Grant("accounting", custom_permissions=draft, state="active"), "en", chosen=draft)

    assert not lines(found, "permitted")["accounting.journals.create"].along
    assert all(line.along for line in lines(found, "permitted").values() if line.id not in draft)
    assert lines(found, "crossed")["accounting.api.manage"].obstacle is Obstacle.NEVER


def test_a_limit_of_the_person_is_named(policies):
    grant = Grant(
        "invoicing", "invoicing.employee", switches=frozenset({"invoices"}), state="active",
        restrictions=(("no-deletion", True), ("own-documents-only", True)),
    )  # fmt: skip
    found = preview.of(policies, grant, "en")
    assert len(found.restrictions) == 2
    assert {line.obstacle for line in lines(found, "crossed").values()} <= {Obstacle.RESTRICTION, Obstacle.SERVICE}


def test_a_difference_names_what_comes_and_goes_by_area(policies):
    reader = preview.of(policies, Grant("accounting", "accounting.reader", state="active"), "en")
    clerk = preview.of(policies, Grant("accounting", "accounting.sales-clerk", state="active"), "en")
    change = preview.difference(policies, reader, clerk)

    gained = {line.id for area in change.areas for line in area.added}
    lost = {line.id for area in change.areas for line in area.taken}
    assert gained == set(clerk.permissions) - set(reader.permissions)
    assert lost == set(reader.permissions) - set(clerk.permissions)
    assert (change.added, change.taken) == (len(gained), len(lost))
    sales = next(area for area in change.areas if area.id == "sales")
    assert (sales.before, sales.after) == ("view", shown(clerk)["sales"].level)
    assert not preview.difference(policies, clerk, clerk)


def test_what_an_obstacle_crosses_out_changes_nothing_yet(policies):
    nothing = preview.nothing(policies, "accounting", "en")
    grant = Grant("accounting", "accounting.bookkeeper", state="suspended")
    change = preview.difference(policies, nothing, preview.of(policies, grant, "en"))
    assert {line.id for area in change.areas for line in area.added} == set(effective(policies, grant).permissions)
    assert any(line.id == "accounting.journals.create" for area in change.areas for line in area.dormant)


def test_a_limit_that_takes_nothing_out_is_a_difference_too(policies):
    grant = Grant("invoicing", "invoicing.employee", switches=frozenset({"invoices"}), state="active")
    limited = grant._replace(restrictions=(("own-documents-only", True),))
    change = preview.difference(policies, preview.of(policies, grant, "en"), preview.of(policies, limited, "en"))
    assert (change.areas, len(change.limited), change.freed) == ((), 1, ())
    assert change


def test_a_proposal_is_what_the_engine_will_be_asked_once_it_is_given(system, make_company, join):
    company_id = make_company(products=("accounting", "invoicing"))
    person = join(company_id)
    choice = Choice(role_id="invoicing.employee", switches=["invoices"], restrictions={"own-documents-only": True})
    grant = proposal.in_company(system, company_id, "invoicing", choice, account_id=person)
    membership.grant_role(
        system, company_id, person, "invoicing", role_id="invoicing.employee",
        switches=dict.fromkeys(system.policies.roles["invoicing.employee"].switches, False) | {"invoices": True},
        restrictions={"own-documents-only": True},
    )  # fmt: skip

    answer = membership.access.resolve(system, person, company_id, "invoicing")
    assert (answer.permissions, answer.restrictions) == (
        effective(system.policies, grant).permissions, effective(system.policies, grant).restrictions,
    )  # fmt: skip


def test_at_a_client_the_mandate_is_the_ceiling(system, make_client, make_company):
    client = make_client()
    choice = Choice(role_id="accounting.accountant-filing")
    grant = proposal.at_client(system, client.firm, client.company, "accounting", choice)

    found = preview.of(system.policies, grant, "en")
    assert lines(found, "crossed")["accounting.tax.file"].obstacle is Obstacle.MANDATE
    with pytest.raises(NotCovered):
        proposal.at_client(system, client.firm, client.company, "payroll", Choice(role_id="payroll.reader"))
    with pytest.raises(NotFound):
        proposal.at_client(system, client.firm, make_company(reference="other"), "accounting", choice)


def test_only_a_role_of_the_place_can_be_proposed(system, make_company):
    here, there = make_company(), make_company()
    made = role.create_custom(
        system, there, "accounting", name="bank", labels={"en": "Bank"}, permissions=["accounting.bank.view"]
    )
    for choice in (Choice(custom_role_id=made.id), Choice(role_id="payroll.reader"), Choice(role_id="nothing.here")):
        with pytest.raises(RoleNotOffered):
            proposal.in_company(system, here, "accounting", choice)
    for choice in (Choice(), Choice(role_id="accounting.reader", draft=[])):
        with pytest.raises(InvalidInput):
            proposal.in_company(system, here, "accounting", choice)
    with pytest.raises(NotSubscribed):
        proposal.in_company(system, here, "payroll", Choice(role_id="payroll.reader"))
    subscription.set_state(system, there, "accounting", "suspended")
    assert proposal.in_company(system, there, "accounting", Choice(custom_role_id=made.id)).state == "suspended"
    assert proposal.alone(system, there, "accounting", Choice(custom_role_id=made.id)).state is None
