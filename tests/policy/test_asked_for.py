"""Every permission of the company's account, of a firm's running and of the service's is asked for, or said why not."""

import ast
from collections.abc import Iterator
from pathlib import Path

from idp.policy.catalogue import Policies
from tests import route_policy
from tests.docs.tables import DOCS, ROOT, bare, read_table

AREAS = ("company", "operations", "personal", "practice")
TELLING = {"explain.py", "explain_firm.py", "explain_seats.py", "remedy.py"}
"""Rooms that name who could change something, and ask nobody for anything."""


def listed() -> dict[str, str]:
    """Permissions that the documentation says nobody asks for here, with the reason."""
    rows = read_table(DOCS / "permissions.md", "Permission", "Why it is not asked for here")
    found = {bare(permission): reason for permission, reason in rows}
    assert len(found) == len(rows), "a permission stands there twice"
    return found


def in_routes() -> set[str]:
    return {each for line in route_policy.read().values() for each in (*line.needs, *line.any)}


def in_code(*folders: str) -> set[str]:
    """Whatever text the commands and the pages hold."""
    return {text for folder in folders for path in (ROOT / "idp" / folder).rglob("*.py") for text in _texts(path)}


def _texts(path: Path) -> Iterator[str]:
    if path.name in TELLING:
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_permission_is_asked_for_or_is_said_why_not(policies: Policies) -> None:
    known = {each for each in policies.permissions if each.partition(".")[0] in AREAS}
    assert {each.partition(".")[0] for each in known} >= {"company", "operations", "practice"}
    asked = (in_routes() | in_code("authn", "companies", "oidc", "web")) & known
    told = listed()
    assert sorted(known - asked - set(told)) == [], "ask for it, or say in docs/permissions.md why nobody does"
    assert sorted(asked & set(told)) == [], "docs/permissions.md says that nobody asks for these"
    assert sorted(set(told) - known) == [], "docs/permissions.md names what is not in the catalogue"
    assert all(len(reason) >= len("as above") for reason in told.values())
    assert len(asked) > 60
