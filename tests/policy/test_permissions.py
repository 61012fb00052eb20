"""From a role to permissions: the reference, the demonstration data, and each step by itself."""

import base64
import hashlib
import json
import timeit
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.policy import Grant, Policies, ceiling_of, effective, load
from idp.policy.models import matches
from idp.policy.permissions import ceiling_permissions, freeze_restrictions, restrictions_claim, set_id
from tests.policy.demo import EXPECTATIONS, POLICIES, grant_for, mandate_grant, own_grant

REFERENCE = json.loads((Path(__file__).parent / "role-permissions.json").read_text(encoding="utf-8"))["roles"]
LOADED = load(POLICIES)
TOKENS = EXPECTATIONS["tokens"]


def name(row):
    return "-".join((row["person"], row["company"], row["product"]))


@pytest.mark.parametrize("role", sorted(REFERENCE))
def test_a_role_comes_to_its_reference(policies, role):
    assert sorted(policies.roles[role].permissions) == REFERENCE[role]


def test_the_reference_knows_every_role(policies):
    assert set(policies.roles) == set(REFERENCE)


@pytest.mark.parametrize("row", [row for row in TOKENS if row["token"] == "issued"], ids=name)
def test_a_person_of_the_demonstration_data_gets_what_is_expected(policies, row):
    grant = grant_for(policies, row)
    answer = effective(policies, grant)

    assert grant.state == row["subscription"]
    assert (grant.ceiling is not None) == (row["via"] == "mandate")
    assert set(row["includes"]) <= set(answer.permissions)
    assert not set(row.get("excludes", ())) & set(answer.permissions)
    assert len(answer.permissions) == row["count"]


@pytest.mark.parametrize("row", [row for row in TOKENS if row["token"] == "refused"], ids=name)
def test_a_person_of_the_demonstration_data_is_refused(policies, row):
    grant = grant_for(policies, row)

    if row["error"] == "no_access":
        assert grant is None
    else:
        assert policies.states[grant.state].error == row["error"]
        assert not effective(policies, grant)


def test_the_set_id_is_the_digest_of_the_sorted_permissions(policies):
    answer = effective(policies, own_grant(policies, "thomas.lefevre", "atelier-lumen", "accounting"))

    text = "accounting.bank.view\naccounting.dashboard.view\naccounting.reports.export\naccounting.reports.view"
    expected = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:22]
    assert answer.set_id == f"ps_{expected}"
    assert set_id(reversed(answer.permissions)) == answer.set_id


def test_restrictions_reach_the_answer_of_a_member_and_not_of_an_accountant(policies):
    member = own_grant(policies, "hugo.perrin", "atelier-lumen", "invoicing")
    accountant = mandate_grant(policies, "karim.benali", "boulangerie-lemaire", "invoicing")
    reader = mandate_grant(policies, "lotte.peeters", "boulangerie-lemaire", "invoicing")
    limit = freeze_restrictions({"own-documents-only": True, "departments": ["north"], "no-deletion": False})

    assert restrictions_claim(effective(policies, member).restrictions) == {"own-documents-only": True}
    assert effective(policies, accountant._replace(restrictions=limit)).restrictions == ()
    assert effective(policies, reader._replace(restrictions=limit)).restrictions == ()
    assert restrictions_claim(limit) == {"departments": ["north"], "own-documents-only": True}


def test_a_restriction_takes_out_what_it_names(policies):
    grant = own_grant(policies, "sophie.lemaire", "boulangerie-lemaire", "invoicing")
    limited = grant._replace(restrictions=freeze_restrictions({"no-deletion": True}))

    lost = set(effective(policies, grant).permissions) - set(effective(policies, limited).permissions)
    assert lost
    assert all(each.endswith(".delete") for each in lost)


def test_a_restriction_to_an_empty_list_still_restricts():
    assert freeze_restrictions({"departments": []}) == (("departments", ()),)


def test_a_switch_adds_its_area_and_nothing_else(policies):
    role = next(role for role in policies.roles.values() if role.switches)
    off = Grant(product=role.product, role=role.id, state="active")
    for area, added in role.switches.items():
        on = effective(policies, off._replace(switches=frozenset({area})))
        assert set(on.permissions) == role.permissions | added


def test_switches_mean_nothing_to_other_roles(policies):
    plain = Grant(product="invoicing", role="invoicing.reader", state="active")
    assert effective(policies, plain._replace(switches=frozenset({"quotes"}))) == effective(policies, plain)


@pytest.mark.parametrize("state", ["trial", "suspended"])
def test_a_state_without_services_drops_what_needs_one(policies, state):
    grant = own_grant(policies, "ines.moreau", "atelier-lumen", "accounting")
    assert "accounting.mobile.use" in effective(policies, grant)
    assert "accounting.mobile.use" not in effective(policies, grant._replace(state=state))


def test_suspended_leaves_viewing_only(policies):
    answer = effective(policies, own_grant(policies, "samira.elamrani", "clarte-nettoyage", "accounting"))
    assert {policies.permissions[each].level for each in answer.permissions} == {"view"}
    assert not answer.step_up


def test_the_firms_own_subscription_lowers_its_mandates(policies):
    grant = mandate_grant(policies, "nathalie.deltour", "atelier-lumen", "accounting")
    suspended = effective(policies, grant._replace(firm_state="suspended"))

    assert {policies.permissions[each].level for each in suspended.permissions} == {"view"}
    assert not effective(policies, grant._replace(firm_state="ended"))
    assert effective(policies, grant._replace(firm_state="notice")) == effective(policies, grant)


def test_two_roles_of_a_mandate_open_what_either_gives(policies):
    ceiling = ceiling_of(policies, "full-file", ["payroll-reports", "payroll"])
    assert ceiling["payroll"] == ("payroll.accountant", "payroll.reader")
    opened = ceiling_permissions(policies, "payroll", ceiling["payroll"])
    either = policies.roles["payroll.accountant"].permissions | policies.roles["payroll.reader"].permissions
    assert opened == either - policies.never


def test_a_mandate_that_opens_nothing_leaves_nothing(policies):
    grant = Grant(product="accounting", role="accounting.accountant", state="active", ceiling=())
    assert not effective(policies, grant)
    assert ceiling_of(policies, "no-such-preset", ["no-such-option"]) == {}


def test_no_mandate_opens_what_is_never_opened(policies):
    assert "accounting.payments.send" in policies.never
    for preset in policies.presets:
        for product, roles in ceiling_of(policies, preset, policies.options).items():
            opened = ceiling_permissions(policies, product, roles)
            assert opened
            assert not opened & policies.never


def test_a_permission_of_the_firms_own_account_stays_there(policies):
    grant = Grant(product="capture", role="capture.administrator", state="active")
    assert "capture.companies.add" not in effective(policies, grant)
    assert "capture.companies.add" in effective(policies, grant._replace(scope="practice"))


def test_a_custom_role_brings_what_it_requires_and_never_what_is_forbidden(policies):
    listed = frozenset(
        {"capture.expenses.approve", "capture.people.manage", "accounting.bank.view", "capture.gone.view"}
    )
    answer = effective(policies, Grant(product="capture", custom_permissions=listed, state="active"))
    assert answer.permissions == ("capture.expenses.approve", "capture.expenses.view-submitted")


def test_administration_takes_no_custom_role(policies):
    grant = Grant(product="company", custom_permissions=frozenset({"company.users.view"}))
    assert not effective(policies, grant)


@pytest.mark.parametrize(
    "grant",
    [
        Grant(product="gone", role="gone.role"),
        Grant(product="accounting", role="accounting.gone", state="active"),
        Grant(product="accounting", role="payroll.manager", state="active"),
        Grant(product="accounting", role="accounting.reader", state="gone"),
        Grant(
            product="accounting",
            role="accounting.reader",
            state="active",
            ceiling=("accounting.reader",),
            firm_state="x",
        ),
        Grant(product="accounting", state="active"),
    ],
)
def test_what_the_policies_do_not_know_gives_nothing(policies, grant):
    assert not effective(policies, grant)


def test_step_up_names_the_permissions_that_demand_it(policies):
    answer = effective(policies, Grant(product="company", role="company.user-manager"))
    assert answer.step_up == {"company.users.remove"}


def test_an_answer_known_already_costs_microseconds(policies):
    grant = own_grant(policies, "amelie.dubois", "atelier-lumen", "accounting")
    before = effective.cache_info().hits
    best = min(timeit.repeat(lambda: effective(policies, grant), number=1000, repeat=5)) / 1000
    assert effective.cache_info().hits >= before + 4999
    assert best < 50e-6


PRODUCTS = sorted(LOADED.products)
AREAS = sorted({area for product in LOADED.products.values() for area in product.areas})


NO_MANDATE = st.none()


@st.composite
def grants(draw, *, ceiling=NO_MANDATE):
    product = draw(st.sampled_from(PRODUCTS))
    roles = [*LOADED.products[product].roles, None]
    custom = st.frozensets(st.sampled_from(sorted(LOADED.products[product].permissions)))
    return Grant(
        product=product,
        role=draw(st.sampled_from(roles)),
        custom_permissions=draw(st.none() | custom),
        switches=draw(st.frozensets(st.sampled_from(AREAS), max_size=8)),
        restrictions=draw(st.sampled_from([(), freeze_restrictions({"no-deletion": True})])),
        services=draw(st.frozensets(st.sampled_from(sorted(LOADED.services)))),
        state=draw(st.none() | st.sampled_from(sorted(LOADED.states))),
        ceiling=draw(ceiling),
        firm_state=draw(st.none() | st.sampled_from(sorted(LOADED.states))),
        scope=draw(st.sampled_from(["client", "practice"])),
    )


MANDATED = grants(ceiling=st.lists(st.sampled_from(sorted(LOADED.roles)), max_size=4).map(tuple))


@given(MANDATED)
def test_nothing_passes_the_ceiling_of_a_mandate(grant):
    answer = set(effective(LOADED, grant).permissions)

    opened = set().union(*(LOADED.roles[each].permissions for each in grant.ceiling))
    assert answer <= opened
    assert not answer & LOADED.never
    assert answer <= set(effective(LOADED, grant._replace(ceiling=None, restrictions=())).permissions)


@given(grants(), st.sampled_from(sorted(LOADED.states)))
def test_no_state_and_no_lost_service_ever_adds_a_permission(grant, state):
    everything = grant._replace(state=None, firm_state=None, services=frozenset(LOADED.services), restrictions=())
    widest = set(effective(LOADED, everything).permissions)

    assert set(effective(LOADED, grant).permissions) <= widest
    assert set(effective(LOADED, grant._replace(state=state)).permissions) <= widest


@given(grants() | MANDATED)
def test_an_answer_is_sorted_and_of_one_product(grant):
    answer = effective(LOADED, grant)
    assert list(answer.permissions) == sorted(set(answer.permissions))
    assert all(each.startswith(f"{grant.product}.") for each in answer.permissions)
    assert answer.step_up <= set(answer.permissions)


def test_a_star_stands_for_one_part():
    assert matches("company.users.*", "company.users.view")
    assert matches("invoicing.*.delete", "invoicing.quotes.delete")
    assert not matches("company.users.*", "company.roles.view")
    assert not matches("company.users.vie", "company.users.view")


def test_policies_are_compared_by_identity_and_known_by_revision():
    other: Policies = load(POLICIES)
    assert other.revision == LOADED.revision
    assert other != LOADED
