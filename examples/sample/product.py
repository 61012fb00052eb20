"""What makes one product different from the other: its name, its areas and their demonstration content."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

LANGUAGES = ("fr", "en")


class Text(NamedTuple):
    """One text in the two languages of the samples."""

    fr: str
    en: str

    def in_language(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


Cell = str | int | Text | Decimal | date
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Area:
    """One entry of the menu, the page behind it and the same data in the API.

    Args:
        permissions: any one of these opens the area. A product asks for permissions, never for role names, so that
            custom roles, restrictions and mandates need no work here.
        actions: permission → the act it allows; the page offers what the person may do and leaves out the rest.
        rows: makes the demonstration rows.
        fresh: seconds within which the person must have proved two factors; None where a session is enough.
    """

    id: str
    label: Text
    intro: Text
    permissions: tuple[str, ...]
    columns: tuple[Text, ...]
    rows: Callable[[], tuple[Row, ...]]
    actions: tuple[tuple[str, Text], ...] = ()
    fresh: int | None = None


@dataclass(frozen=True)
class Product:
    """A sample product: who it is for the identity service and what it shows to people.

    Args:
        program: a program for other devices that goes with it; None where there is none.
    """

    id: str
    client_id: str
    port: int
    name: Text
    promise: Text
    description: Text
    areas: tuple[Area, ...]
    other_name: Text
    other_url: str
    program: Text | None = None

    def area(self, area_id: str) -> Area | None:
        return next((area for area in self.areas if area.id == area_id), None)


def days_ago(days: int) -> date:
    """A day shortly before today (after it when negative), so that the demonstration never looks old."""
    return datetime.now(UTC).date() - timedelta(days=days)


def month(months_back: int) -> str:
    """A month as accountants write it in a period: 2026-11."""
    today = datetime.now(UTC).date()
    index = today.year * 12 + today.month - 1 - months_back
    return f"{index // 12}-{index % 12 + 1:02d}"
