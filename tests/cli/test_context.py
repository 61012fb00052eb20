"""Exit codes, and errors as sentences or JSON."""

import stat
from pathlib import Path

import pytest

from idp.cli import context
from idp.web.work import database
from tests.cli.conftest import Idp
from tests.security.serving import free_port


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


@pytest.mark.parametrize("written", [b"issuer = [", b"issuer = '\xff'", b"\x00"])
def test_a_file_of_settings_that_cannot_be_read_is_one_sentence(bare: Idp, tmp_path: Path, written: bytes) -> None:
    (tmp_path / "idp.toml").write_bytes(written)

    ended = bare("accounts", "list")

    assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert ended.err.startswith("idp: idp.toml is not readable TOML")


@pytest.mark.parametrize("address", ["nonsense", "mysql://u:s3cret@db/x", "postgresql+psycopg://u:s3cret@db:port/x"])
def test_a_database_of_an_unknown_kind_is_one_sentence_without_its_password(
    bare: Idp, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("IDP_DATABASE_URL", address)

    ended = bare("accounts", "list")

    assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert "IDP_DATABASE_URL" in ended.err
    assert "s3cret" not in ended.err


@pytest.mark.parametrize("verb", [("serve",), ("outbox", "run", "--once")])
def test_nothing_is_served_with_the_master_key_of_another_instance(
    idp: Idp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    assert idp("keys", "create").code == 0
    other = tmp_path / "other.key"
    other.write_text("7c" * 32)
    other.chmod(0o600)
    monkeypatch.setenv("IDP_SECRET_KEY_FILE", str(other))
    monkeypatch.setenv("IDP_LISTEN_PORT", str(free_port()))
    with context.application().app_context():
        database.engine.dispose()
    context.application.cache_clear()

    ended = idp(*verb)

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.splitlines()[-1] == f"idp: The master key {other} is not the one of this database."


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
