"""Opaque, authenticated cursors of paged lists: where the last page ended (R-68)."""

import json
from uuid import UUID

from idp.core.errors import InvalidInput
from idp.work import Work

LIFETIME_SECONDS = 24 * 3600
Place = tuple[str, UUID]


def write(work: Work, place: Place | None, purpose: str) -> str | None:
    """The cursor of a place in a list; None at its end."""
    if place is None:
        return None
    return work.keyring.seal(json.dumps([place[0], str(place[1])]), f"place {purpose}")


def read(work: Work, cursor: str | None, purpose: str) -> Place | None:
    """The place a cursor of this list stands for; None for the beginning.

    Raises:
        InvalidInput: not a cursor of ours for this list, or one older than a day.
    """
    if not cursor:
        return None
    text = work.keyring.unseal(cursor, f"place {purpose}", LIFETIME_SECONDS)
    if text is None:
        raise InvalidInput(field="cursor")
    name, key = json.loads(text)
    return str(name), UUID(key)
