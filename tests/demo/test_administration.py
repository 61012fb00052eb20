"""Rows of `expectations.yaml` about who may change what about whom in a company, through the pages."""

from pathlib import Path
from typing import Any

import pytest

from idp.policy.load import read_yaml
from tests.stage import Stage

ACTIONS = ("edit-access", "grant-administrator", "view-users")
ROWS = [
    row
    for row in read_yaml(Path(__file__).with_name("expectations.yaml"))["administration"]
    if row["action"] in ACTIONS
]
TITLES = {"owner_not_editable": "The owner is changed by nobody else", "not_on_yourself": "Not on your own account"}


def test_every_action_has_rows() -> None:
    assert {row["action"] for row in ROWS} == set(ACTIONS)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['actor']} {row['action']}" for row in ROWS])
def test_every_row_about_access_holds(own_stage: Stage, row: dict[str, Any]) -> None:
    browser = own_stage.sign_in(row["actor"])
    browser.client.set_cookie("sesame_lang", "en")
    people = f"/companies/{own_stage.company(row['company'])}/people"
    if row["action"] == "view-users":
        browser.get(people)
        assert browser.status == 404  # nothing of a client's administration exists for its accountant
        return
    page = f"{people}/{own_stage.person(row['target']).id}"
    token = browser.get("/account/details") and browser.form.values["csrf_token"]
    if row["action"] == "grant-administrator":
        address, data = f"{page}/company-role", {"company_role": "company.administrator", "confirmed": "yes"}
    else:
        address, data = f"{page}/roles/accounting", {"role": "accounting.reader", "confirmed": "yes"}
    answer = browser.client.post(address, data={**data, "csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    if row["expect"] in TITLES:
        assert answer.status_code == 403
        assert TITLES[row["expect"]] in answer.text
    else:
        assert answer.status_code in (403, 422), answer.status_code  # 422: the role is none of those on offer
    with own_stage.work(write=False) as work:
        from idp.companies import access

        held = access.roles_of(work, own_stage.person(row["target"]).id, own_stage.company(row["company"]))
    assert "company.administrator" not in held
