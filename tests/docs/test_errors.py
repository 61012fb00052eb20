"""docs/errors.md lists every code of the service with the status it is answered with."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import idp
from idp.core.errors import IdpError
from idp.policy.errors import Problem
from idp.web.errors import status_of
from tests.docs.tables import DOCS, bare, read_table

ROWS = {bare(row[0]): row[1:] for row in read_table(DOCS / "errors.md", "Code", "Status", "Meaning")}


def kinds_of(kind: type[IdpError]) -> Iterator[type[IdpError]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("idp."):  # a test may have made its own
            yield below
            yield from kinds_of(below)


@pytest.fixture(scope="module")
def kinds() -> dict[str, type[IdpError]]:
    """Every kind of error of the service, by its code."""
    for module in pkgutil.walk_packages(idp.__path__, "idp."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[str, type[IdpError]] = {}
    for kind in kinds_of(IdpError):
        assert "code" in vars(kind), f"{kind.__name__} has no code of its own"
        assert found.setdefault(kind.code, kind) is kind, f"two errors are called {kind.code}"
    return found


def test_every_code_is_documented_and_nothing_else(kinds):
    assert set(ROWS) == set(kinds)


def test_statuses_are_those_that_are_answered(kinds):
    for code, kind in kinds.items():
        error = kind([Problem("a.yaml", "b", "c")]) if code == "policy_error" else kind()
        status = status_of(error)
        assert ROWS[code][0] == ("–" if status == 500 else str(status)), code


def test_every_code_is_explained():
    assert all(len(meaning) > 20 for _, meaning in ROWS.values())
