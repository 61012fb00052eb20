"""docs/configuration.md has one row per setting, and says what the code says."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from idp.core.settings import Settings
from tests.docs.tables import DOCS, bare, read_table

ROWS = {bare(row[0]): row[1:] for row in read_table(DOCS / "configuration.md", "Variable", "Meaning", "Default")}


def written(value: Any) -> str:
    """A default as the table writes it."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if str(value) else "empty"


def test_every_setting_is_documented_and_nothing_else():
    assert list(ROWS) == [f"IDP_{name.upper()}" for name in Settings.model_fields]


def test_meanings_are_those_of_the_code():
    meanings = {f"IDP_{name.upper()}": field.description for name, field in Settings.model_fields.items()}
    assert {name: row[0] for name, row in ROWS.items()} == meanings


def test_defaults_are_those_of_the_code():
    for name, field in Settings.model_fields.items():
        shown = ROWS[f"IDP_{name.upper()}"][1]
        if field.default_factory is None:
            assert shown == written(field.default), name
        else:  # a folder that lies elsewhere in a checkout than in an installation
            folder = Path(field.default_factory()).name.removeprefix("_")  # type: ignore[call-arg]
            assert shown == f"`{folder}/` of the installation", name
