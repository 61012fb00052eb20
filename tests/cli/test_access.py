"""`idp access`: an answer with its reason, for a person to read and for a program."""

import pytest

from idp.cli import context, demo_data
from idp.work import Actor
from tests.cli.conftest import Idp
from tests.companies.conftest import DATA

HUGO, NATHALIE = ("hugo.perrin", "nathalie.deltour")


@pytest.fixture
def explained(idp: Idp):
    with context.operating() as work:
        demo_data.load(work.acting(Actor("system", name="tests")), "demonstration of the tests", DATA)
    addresses = {entry["id"]: entry["email"] for entry in DATA["people"]}
    return lambda person, *rest: idp("access", "explain", addresses.get(person, person), *rest)


def test_an_answer_has_its_chain_its_reason_and_what_would_turn_it(explained) -> None:
    question = (HUGO, "atelier-lumen", "invoicing", "invoicing.payments.view")
    found = explained(*question, "--json")
    assert found.code == 1
    assert (found.json["allowed"], found.json["reason"]) == (False, "switched_off")
    assert [link["kind"] for link in found.json["chain"]] == [
        "account", "membership", "subscription", "role", "permission",
    ]  # fmt: skip
    (step,) = found.json["change"]
    assert (step["act"], step["area"]) == ("switch_on_area", "payments")
    assert "company.owner" in step["by"]
    said = explained(*question)
    assert said.out.startswith("Not allowed: This area is switched off for the person.")
    assert "1. Switch on the area “" in said.out
    french = explained(*question, "--locale", "fr")
    assert "Activer le domaine «" in french.out

    yes = explained(HUGO, "atelier-lumen", "invoicing")
    assert (yes.code, yes.out.splitlines()[0]) == (0, "Allowed: Everything needed is there.")
    no = explained(NATHALIE, "boulangerie-lemaire", "accounting", "accounting.settings.edit")
    assert (no.code, no.out.splitlines()[-1]) == (1, "Nothing that can be done here would change this.")

    for arguments, error in (
        (("nobody@company.example", "atelier-lumen", "accounting"), "not_found"),
        ((HUGO, "no-such-company", "accounting"), "not_found"),
        ((HUGO, "atelier-lumen", "no-such-product"), "invalid_input"),
        ((HUGO, "atelier-lumen", "accounting", "payroll.reports.view"), "invalid_input"),
    ):
        refused = explained(*arguments, "--json")
        assert (refused.code, refused.problem["error"]) == (1, error)


def test_every_permission_has_its_line(explained) -> None:
    found = explained(HUGO, "atelier-lumen", "invoicing", "--every", "--json")
    assert found.code == 0
    answers = {row["permission"]: row for row in found.json}
    assert len(answers) == len(found.json) == 93
    assert answers["invoicing.quotes.create"]["allowed"]
    assert answers["invoicing.payments.view"]["reason"] == "switched_off"
    assert sum(row["allowed"] for row in found.json) == 17
    assert explained(NATHALIE, "boulangerie-lemaire", "payroll", "--every").code == 1
