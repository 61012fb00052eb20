"""The code blocks of the integration pages, with their addresses replaced by those of a test."""

import re

from tests.docs.tables import DOCS

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def block(page: str, language: str, words: str, **places: str) -> str:
    """The one block of a page in `docs/integrate` in this language that contains these words.

    Args:
        places: texts to be replaced and what by: `{"https://id.example.com": …}` as a mapping.
    """
    text = (DOCS / "integrate" / page).read_text("utf-8")
    found = [code for kind, code in _FENCE.findall(text) if kind == language and words in code]
    assert len(found) == 1, f"{page}: {len(found)} blocks with {words}"
    code: str = found[0]
    for old, new in places.items():
        assert old in code, f"{page}: no {old}"
        code = code.replace(old, new)
    return code
