"""traceability.yaml names tests that exist, at least one for each rule; a rule does not get lost unnoticed."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from idp.policy.load import read_yaml

HERE = Path(__file__).parent
RULES: dict[str, list[dict[str, Any]]] = read_yaml(HERE / "traceability.yaml")
COUNTS = {"RFC 9700": 42, "FAPI 2.0 Security Profile": 32, "FAPI 2.0 Message Signing": 7}
EVERY = [(name, place, rule) for name, rules in RULES.items() for place, rule in enumerate(rules)]


@cache
def named_in(path: Path) -> frozenset[str]:
    """The tests of a file that are run: those that somebody has marked to be skipped do not count."""
    tree = ast.parse(path.read_text("utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    marked = {node.name for node in found if any("skip" in ast.unparse(each) for each in node.decorator_list)}
    return frozenset(node.name for node in found) - marked


@pytest.mark.parametrize("rule", [each[2] for each in EVERY], ids=[f"{name} {place}" for name, place, _ in EVERY])
def test_a_rule_has_tests_that_exist_or_a_reason(rule: dict[str, Any]) -> None:
    assert rule["section"], rule
    assert rule["rule"], rule
    assert ("tests" in rule) != ("not_ours" in rule), rule
    assert set(rule) <= {"section", "rule", "tests", "not_ours"}, rule
    assert rule.get("tests") or rule.get("not_ours"), f"{rule['section']}: {rule['rule']} has no test"
    for name in rule.get("tests", ()):
        where, _, test = name.partition("::")
        path = HERE / f"{where}.py" if "/" not in where else HERE.parent / f"{where}.py"
        assert path.exists(), f"{rule['section']}: there is no {where}"
        assert test in named_in(path), f"{rule['section']}: {where} has no {test}"


def test_no_rule_is_lost() -> None:
    assert {name: len(rules) for name, rules in RULES.items()} == COUNTS
