"""docs/api.md lists every route of the application with its methods."""

import secrets
from pathlib import Path

import pytest

from idp.app import create_app
from idp.core.settings import Settings
from idp.core.tokens import write_secret
from tests.docs.tables import DOCS, bare, read_table

IMPLIED = {"HEAD", "OPTIONS"}
HEADER = ("Path", "Method", "Authentication", "Purpose")


@pytest.fixture
def routes(tmp_path: Path) -> dict[bool, dict[str, set[str]]]:
    """Methods by path, in production and in development."""
    write_secret(tmp_path / "secrets" / "master.key", secrets.token_hex(32))
    found: dict[bool, dict[str, set[str]]] = {}
    for development in (False, True):
        app = create_app(Settings(data_dir=tmp_path, development=development))
        methods: dict[str, set[str]] = {}
        for rule in app.url_map.iter_rules():
            methods.setdefault(rule.rule, set()).update((rule.methods or set()) - IMPLIED)
        found[development] = methods
    return found


def documented() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, methods, _, _ in read_table(DOCS / "api.md", *HEADER):
        assert bare(path) not in found, f"{path} is listed twice"
        found[bare(path)] = set(methods.split(", "))
    return found


def test_every_route_is_documented_with_its_methods(routes):
    assert documented() == routes[True]


def test_what_is_for_development_is_said_to_be(routes):
    text = (DOCS / "api.md").read_text("utf-8")
    everywhere, _, development = text.partition("In development mode only")
    extra = set(routes[True]) - set(routes[False])
    assert extra
    for path in extra:
        assert f"| `{path}` |" in development
        assert f"| `{path}` |" not in everywhere


def test_every_route_says_who_may_and_what_for():
    for path, _, authentication, purpose in read_table(DOCS / "api.md", *HEADER):
        assert authentication, path
        assert len(purpose) > 5, path
