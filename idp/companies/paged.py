"""A list a page at a time, in the order of columns and then of a key, so that a page costs the same wherever it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, Uuid, func, literal, select, tuple_
from sqlalchemy.types import TypeEngine

from idp.core.db import UTCDateTime
from idp.work import Work

LISTED = 25

Place = tuple[str, UUID]
RowT = TypeVar("RowT")
SeenT = TypeVar("SeenT")


class Onwards(tuple[str, UUID]):
    """A place from which a program reads on: where nothing follows it reads nothing, so that it reads no row twice."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Attributes:
    first: the number of the first row shown, counted from one.
    total: how many there are on all pages.
    previous: what to pass as `before` for those that come before these; None at the beginning.
    next: what to pass as `after` for those that follow; None at the end.
    """

    rows: tuple[RowT, ...]
    first: int
    total: int
    previous: Place | None
    next: Place | None

    def seen(self, rows: Sequence[SeenT]) -> "Page[SeenT]":
        """The same page, with what is shown of each of its rows."""
        return Page(tuple(rows), self.first, self.total, self.previous, self.next)


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by.

    Attributes:
        by: columns or expressions, never null: instants, numbers or texts.
        key: the column that tells rows apart of which `by` is the same.
        latest_first: from the largest to the smallest.
    """

    by: tuple[ColumnElement[Any], ...]
    key: ColumnElement[UUID]
    latest_first: bool = False


def page(
    work: Work,
    found: Select[*tuple[Any, ...]],
    order: Order,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Row[Any]]:
    """A page of what `found` selects, in this order; three statements at most. The first one where there is nothing
    after or before the place that is asked for, unless that is a place `Onwards`.

    Args:
        after: where the page before this one ended (`Page.next`); the first page without it and without `before`.
        before: where the page after this one began (`Page.previous`).
    """
    columns = (*order.by, order.key)
    forth = [each.desc() if order.latest_first else each.asc() for each in columns]
    back = [each.asc() if order.latest_first else each.desc() for each in columns]
    placed = [each.label(f"placed_{number}") for number, each in enumerate(columns)]
    wanted = found.add_columns(*placed).limit(limit)
    if before is not None:
        rows = list(work.session.execute(wanted.where(_ahead(order, before)).order_by(*back)))[::-1]
    else:
        onwards = wanted.where(_behind(order, after)) if after is not None else wanted
        rows = list(work.session.execute(onwards.order_by(*forth)))
    # They have gone meanwhile: nobody reads that there are none while there are some.
    if not rows and (after or before) and not isinstance(after, Onwards):
        return page(work, found, order, limit=limit)
    total = _count(work, found)
    if not rows:
        return Page((), 1, total, None, None)
    begin, end = _place(order, rows[0]), _place(order, rows[-1])
    first = _count(work, found.where(_ahead(order, begin))) + 1 if after or before else 1
    more = first + len(rows) - 1 < total
    return Page(tuple(rows), first, total, begin if first > 1 else None, end if more else None)


def _count(work: Work, found: Select[*tuple[Any, ...]]) -> int:
    return work.session.scalar(select(func.count()).select_from(found.subquery())) or 0


def _place(order: Order, row: Row[Any]) -> Place:
    *by, key = row[-len(order.by) - 1 :]
    return json.dumps([each.isoformat() if isinstance(each, datetime) else str(each) for each in by]), key


def _ahead(order: Order, place: Place) -> ColumnElement[bool]:
    """What comes before a place."""
    here, there = _compared(order, place)
    ahead: ColumnElement[bool] = here > there if order.latest_first else here < there
    return ahead


def _behind(order: Order, place: Place) -> ColumnElement[bool]:
    here, there = _compared(order, place)
    behind: ColumnElement[bool] = here < there if order.latest_first else here > there
    return behind


def _compared(order: Order, place: Place) -> tuple[Any, Any]:
    there = [
        literal(_read(each.type, written), each.type)
        for each, written in zip(order.by, json.loads(place[0]), strict=True)
    ]  # fmt: skip
    return tuple_(*order.by, order.key), tuple_(*there, literal(place[1], Uuid()))


def _read(kind: TypeEngine[Any], written: str) -> Any:
    if isinstance(kind, UTCDateTime):
        return datetime.fromisoformat(written)
    return int(written) if isinstance(kind, Integer) else written
