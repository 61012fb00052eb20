"""Pages of a list of the API: `{"data": […], "next": cursor}`, with opaque, authenticated cursors (R-68)."""

from uuid import UUID

from idp.companies.paged import Onwards
from idp.core.errors import InvalidInput
from idp.web import cursors
from idp.web.api.shapes import ListQuery
from idp.work import Work

Place = tuple[str, UUID]


def after(work: Work, query: ListQuery, purpose: str) -> Place | None:
    """The place where the page before ended; None for the first page.

    Raises:
        InvalidInput: the cursor is not one of this list, or older than a day.
    """
    try:
        place = cursors.read(work, query.cursor, f"api {purpose}")
    except ValueError as error:  # a cursor of another list cannot come to this: its purpose differs
        raise InvalidInput(field="cursor") from error
    return Onwards(place) if place is not None else None


def following(work: Work, place: Place | None, purpose: str) -> str | None:
    """The cursor of the place where a page ends; None at the end of the list."""
    return cursors.write(work, place, f"api {purpose}")


def number(place: Place | None) -> int | None:
    """The number that a place stands for, in lists that are ordered by number."""
    return int(place[0]) if place is not None else None


NOWHERE = UUID(int=0)


def at_number(value: int | None) -> Place | None:
    """The place of a number."""
    return (str(value), NOWHERE) if value is not None else None
