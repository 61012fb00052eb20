"""docs/audit.md lists the vocabulary of the audit log, in its words."""

from idp.audit.events import EVENTS
from tests.docs.tables import DOCS, bare, read_table


def test_every_event_is_documented_as_the_code_says():
    rows = {bare(name): meaning for name, meaning in read_table(DOCS / "audit.md", "Name", "Meaning")}
    assert rows == EVENTS


def test_events_are_in_order():
    names = [bare(name) for name, _ in read_table(DOCS / "audit.md", "Name", "Meaning")]
    assert names == sorted(names)
