"""docs/privacy.md names every section of the export with its table, and what an erasure makes of it."""

from idp.oidc import personal_data
from tests.docs.tables import DOCS, bare, read_table

AFTER = {"deleted": ("erased",), "ended": ("ended",), "kept": ("emptied", "closed", "kept")}


def test_every_section_is_told_with_what_becomes_of_it():
    told = {}
    for section, table, after in read_table(DOCS / "privacy.md", "Section", "Table", "After an erasure"):
        told[bare(section)] = (bare(table), after)
    shown = {held.name: held for held in personal_data.ALL if held.shown}
    assert set(told) == set(shown)
    for name, (table, after) in told.items():
        assert table == shown[name].table.name
        assert after.startswith(AFTER[shown[name].after]), name


def test_tables_that_the_export_leaves_out_are_named_too():
    text = (DOCS / "privacy.md").read_text("utf-8")
    for held in personal_data.ALL:
        assert f"`{held.table.name}`" in text
