"""A role that is put together: a level for an area, or single permissions, and areas that always go together."""

import random

import pytest

from idp.companies import role_draft
from idp.companies.role_content import with_twins


@pytest.fixture
def capture(policies):
    return policies.products["capture"]


def test_a_level_brings_its_permissions_and_never_what_has_to_be_named(capture):
    everything = frozenset(capture.permissions)
    found = role_draft.with_levels(capture, everything, [], {"expenses": "manage", "bank-statements": "work"})
    assert "capture.expenses.approve" in found
    assert "capture.expenses.categories" not in found  # explicit
    assert {each for each in found if ".bank-statements." in each} == {
        "capture.bank-statements.view", "capture.bank-statements.upload", "capture.bank-statements.edit",
    }  # fmt: skip
    kept = role_draft.with_levels(capture, everything, ["capture.expenses.categories"], {"expenses": "manage"})
    assert "capture.expenses.categories" in kept
    lowered = role_draft.with_levels(capture, everything, ["capture.expenses.categories"], {"expenses": "view"})
    assert "capture.expenses.categories" not in lowered


def test_areas_that_are_paired_are_one_and_stay_so(capture):
    found = role_draft.areas(capture, capture.permissions, ["capture.supplier-statements.view"])
    assert [each.id for each in found[:2]] == ["purchases", "sales"]
    assert (found[0].level, [each.id for each in found[0].areas]) == ("view", ["purchases", "supplier-statements"])
    ticked = role_draft.with_levels(capture, capture.permissions, ["capture.purchases.edit"], {})
    assert ticked == {"capture.purchases.edit", "capture.supplier-statements.edit"}
    assert not role_draft.with_levels(capture, capture.permissions, ticked, {"purchases": "none"})


def test_only_levels_that_make_a_difference_are_offered(capture):
    found = {each.id: each for each in role_draft.areas(capture, capture.permissions, [])}
    assert found["log"].levels == ("none", "view") if "log" in found else True
    only = role_draft.areas(capture, ["capture.bank-statements.view", "capture.bank-statements.delete"], [])
    assert [(each.id, each.levels, each.level) for each in only] == [
        ("bank-statements", ("none", "view", "manage"), "none")
    ]


def test_what_is_shown_comes_back_as_it_was(policies):
    """Whatever was chosen: the levels that the editor shows lead to the same permissions."""
    dice = random.Random(7)
    for product in policies.products.values():
        for _ in range(40):
            chosen = with_twins(product, dice.sample(sorted(product.permissions), dice.randint(0, 12)))
            shown = role_draft.areas(product, product.permissions, chosen)
            assert with_twins(product, frozenset().union(*(area.chosen for area in shown))) == chosen
            levels = {area.id: area.level for area in shown if area.level is not None}
            assert role_draft.with_levels(product, product.permissions, chosen, levels) == chosen
