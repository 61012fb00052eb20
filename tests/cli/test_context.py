"""Exit codes, and errors as sentences or JSON."""

import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Idp


def test_a_missing_master_key_is_wrong_configuration_in_one_sentence(bare: Idp) -> None:
    ended = bare("accounts", "list")

    assert ended.code == 3
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert "`idp keys create-master` makes it" in ended.err


def test_an_unknown_verb_is_wrong_usage(bare: Idp) -> None:
    ended = bare("accounts", "forget", "--json")

    assert ended.code == 2
    assert ended.problem["error"] == "usage"
    assert "forget" in ended.problem["message"]


@pytest.mark.parametrize("name", ["IDP_LISTEN_PORT", "IDP_ISSUER", "IDP_SMTP_SECURITY"])
def test_an_impossible_setting_is_named(bare: Idp, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "nonsense")

    ended = bare("policies", "check")

    assert ended.code == 3
    assert name in ended.err


def test_a_database_that_was_never_migrated_is_wrong_configuration(bare: Idp) -> None:
    bare("keys", "create-master")

    ended = bare("accounts", "list", "--json")

    assert ended.code == 3
    assert ended.problem["error"] == "not_migrated"


def test_a_database_that_is_away_is_unavailable(bare: Idp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IDP_DATABASE_URL", f"postgresql+psycopg://nobody@/idp?host={tmp_path}")
    bare("keys", "create-master")

    ended = bare("accounts", "list", "--json")

    assert ended.code == 4
    assert ended.problem["error"] == "unavailable"


def test_what_does_not_exist_is_not_found(idp: Idp) -> None:
    ended = idp("accounts", "show", "nobody@example.test", "--json")

    assert ended.code == 1
    assert ended.problem == {"error": "not_found", "message": "There is no such account.", "kind": "account"}


def test_the_master_key_is_its_owner_s_alone_and_never_replaced(bare: Idp, tmp_path: Path) -> None:
    assert bare("keys", "create-master").code == 0
    path = tmp_path / "var" / "secrets" / "master.key"
    before = path.read_text()

    again = bare("keys", "create-master")

    assert again.code == 1
    assert path.read_text() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
