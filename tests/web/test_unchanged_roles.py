"""A role that is chosen as it is: the page says so, and has nothing to save."""

import pytest

from tests.stage import Stage, demonstration, stage  # noqa: F401
from tests.web.test_my_access_pages import english
from tests.web.test_people_pages import LUMEN, one, text


@pytest.mark.parametrize(
    ("asked", "saves"),
    [
        ({}, False),
        ({"until": "2031-04-30"}, True),
        ({"switch": ["invoices"]}, True),
        ({"limit": []}, True),
    ],
)
def test_a_product_role(stage: Stage, asked: dict[str, object], saves: bool) -> None:  # noqa: F811
    browser = english(stage.signed_in("thomas.lefevre"))
    browser.get(f"{one(stage, LUMEN, 'hugo.perrin', 'roles', 'invoicing')}?role=invoicing.employee-no-delete")
    browser.submit(asked)
    assert browser.heading == "What changes for Hugo Perrin in Invoicing", browser.text
    assert ("Save these rights" in browser.text) is saves
    assert "Change the choice" in browser.text


def test_a_company_role(stage: Stage) -> None:  # noqa: F811
    owner = english(stage.signed_in("amelie.dubois"))
    owner.get(one(stage, LUMEN, "ines.moreau", "company-role"))
    owner.submit()
    assert "Nothing changes." in text(owner)
    assert "Save this role" not in owner.text
