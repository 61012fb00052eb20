"""JSON on the hot paths: what `json` writes and reads, by pydantic's serializer, at a quarter of the cost
(docs/performance.md)."""

from typing import Any

from pydantic_core import from_json, to_json


def write(value: Any) -> str:
    """The value as JSON without blanks; text beyond ASCII stays as it is."""
    return to_json(value).decode()


def read(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is none.
    """
    return from_json(text)


def is_text(value: str) -> bool:
    """Whether this can be written as UTF-8: half a surrogate pair cannot, nor can bytes that were none."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
