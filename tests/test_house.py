"""The rules of the house that no linter knows: sizes of rooms and functions, names of modules, what a person runs."""

import ast
from pathlib import Path

import pytest

from idp.cli import idp as command

ROOT = Path(__file__).resolve().parents[1]
ROOM_LINES = 400
FUNCTION_LINES = 60
NAMELESS = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}


def rooms() -> list[Path]:
    """Every file of Python that somebody has written."""
    folders = ("idp", "examples", "benchmarks", "tests", "migrations")
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "versions" not in path.parts]


def test_there_are_rooms_to_look_at() -> None:
    assert len(rooms()) > 50


@pytest.mark.parametrize("path", rooms(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_has_a_size_and_a_name(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= ROOM_LINES
    assert path.stem not in NAMELESS

    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", rooms(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_branch_asks_whether_a_test_is_running(path: Path) -> None:
    if path.is_relative_to(ROOT / "idp"):
        source = path.read_text("utf-8")
        assert "PYTEST_CURRENT_TEST" not in source
        assert "TESTING" not in source


def test_every_verb_of_the_command_is_documented() -> None:
    documented = (ROOT / "docs" / "cli.md").read_text("utf-8")
    verbs = [
        f"idp {noun} {verb}" for noun, group in command.commands.items() for verb in getattr(group, "commands", {})
    ]

    assert len(verbs) > 25
    assert [verb for verb in verbs if f"`{verb}" not in documented] == []
    assert "`idp serve`" in documented


def test_every_verb_answers_in_json() -> None:
    for noun, group in command.commands.items():
        for name, verb in getattr(group, "commands", {noun: group}).items():
            assert "as_json" in {parameter.name for parameter in verb.params}, f"{noun} {name}"
