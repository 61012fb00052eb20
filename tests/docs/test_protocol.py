"""docs/protocol.md names tests that exist, and speaks of what discovery says."""

import re
from collections import Counter

from idp.oidc.metadata import describe
from tests.docs.tables import DOCS, ROOT, read_table

ROWS = read_table(DOCS / "protocol.md", "Specification", "Section", "State", "Remark", "Test")


def test_named_tests_exist():
    named = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row[4])}
    assert named
    assert named <= {path.stem for path in (ROOT / "tests" / "protocol").glob("test_*.py")}


def test_every_state_is_one_of_four():
    assert {row[2] for row in ROWS} == {"supported", "refused", "not supported", "followed"}


def test_what_discovery_offers_is_in_the_table():
    text = " ".join(cell for row in ROWS if row[2] == "supported" for cell in row)
    offered = describe("https://id.example.com")
    words = [
        *offered["scopes_supported"], *offered["prompt_values_supported"], *offered["code_challenge_methods_supported"],
        *offered["id_token_signing_alg_values_supported"], *offered["subject_types_supported"],
    ]  # fmt: skip
    assert len(words) > 10
    assert [word for word in words if word not in text] == []


def test_each_section_has_one_row():
    """What has changed is changed in its row, not told beside it."""
    told = Counter((row[0], row[1]) for row in ROWS)
    assert [each for each, times in told.items() if times > 1] == []
