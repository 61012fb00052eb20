"""Lists that grow with the years, over the API: every row once, by cursors of that list alone."""

from typing import Any

import pytest

from idp.companies import custom_role, role
from tests.web.api.calling import Callers, problem
from tests.web.test_long_lists import DELTOUR, LUMEN, MANY, many

HELD = ["accounting.journals.view"]


@pytest.fixture(scope="module")
def grown(callers: Callers) -> dict[str, str]:
    """The lists by name, each with more rows than a page."""
    stage = callers.stage
    many(stage)
    home, firm = stage.company(LUMEN), stage.company(DELTOUR)
    with stage.work() as work:
        made = role.create_custom(work, home, "accounting", name="Long", labels={"en": "Long"}, permissions=HELD)
        for number in range(1, 7):
            labels = {"en": f"Long {number}"}
            custom_role.change(work.later(minutes=number), home, made.id, seen=number, labels=labels, permissions=None)
        key = made.id
    return {
        "over": f"/companies/{home}/mandates?state=over",
        "open": f"/companies/{home}/mandates",
        "requests": f"/companies/{firm}/mandate-requests",
        "received": f"/companies/{firm}/received-mandates",
        "revisions": f"/companies/{home}/custom-roles/{key}/revisions",
    }


def reader(callers: Callers, path: str) -> Any:
    return callers.person("amelie.dubois" if str(callers.stage.company(LUMEN)) in path else "nathalie.deltour")


def test_every_row_is_reached_once(callers: Callers, grown: dict[str, str]) -> None:
    least = {"over": MANY, "open": 1, "requests": MANY, "received": 0, "revisions": 7}
    for name, path in grown.items():
        api = reader(callers, path)
        rows = api.every(path, limit=11 if least[name] == MANY else 2)
        keys = [each.get("id", each.get("number")) for each in rows]
        assert len(keys) == len(set(keys)) >= least[name], name
        page = api.shown(f"{path}{'&' if '?' in path else '?'}limit=100")
        assert (page["data"], page["next"]) == (rows, None), name
    requests = reader(callers, grown["requests"])
    found = requests.every(f"{grown['requests']}?search=CLIENT5", limit=4)
    assert {each["address"] for each in found} == {f"client{each}@long.example" for each in (5, *range(50, 60))}
    states = {each["state"] for each in reader(callers, grown["over"]).every(grown["over"], limit=20)}
    assert states == {"ended"}


def test_a_cursor_is_of_its_list(callers: Callers, grown: dict[str, str]) -> None:
    """An altered one, one of another list, and what never was one are refused alike."""
    over = reader(callers, grown["over"])
    good = over.shown(f"{grown['over']}&limit=2")["next"]
    bad = ["x", good[:-2], f"{good}x", "%00", "é", "a" * 1999]
    for name, path in grown.items():
        api, joint = reader(callers, path), "&" if "?" in path else "?"
        for cursor in bad if name == "over" else [*bad, good]:
            answer = api.get(f"{path}{joint}cursor={cursor}")
            assert problem(answer) == (422, "invalid_input"), (name, cursor)
            assert answer.json["errors"][0]["field"] == "cursor" if "errors" in answer.json else answer.json["field"]
        assert problem(api.get(f"{path}{joint}cursor={'a' * 2001}"))[0] == 422
    assert problem(over.get(f"/companies/{callers.stage.company(LUMEN)}/mandates?state=never"))[0] == 422
