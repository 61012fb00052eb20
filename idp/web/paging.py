"""Pages of a long list: where one starts, and the addresses of its neighbours, with opaque cursors (R-68)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from idp.companies.paged import Page
from idp.core.errors import InvalidInput
from idp.web import cursors
from idp.work import Work

Place = tuple[str, UUID]
_NOT_KEPT = ("after", "before", "done", "saved")  # another page does not say again what was just done


@dataclass(frozen=True, slots=True)
class Asked:
    """The page that was asked for: what comes after a place, or before one; the first page without either."""

    after: Place | None = None
    before: Place | None = None


def asked(work: Work, purpose: str) -> Asked:
    """What this request asks for; an old or altered cursor is the first page."""
    try:
        after = cursors.read(work, request.args.get("after"), purpose)
        return Asked(after, None if after else cursors.read(work, request.args.get("before"), purpose))
    except InvalidInput:
        return Asked()


def pager(
    work: Work, purpose: str, *, first: int, shown: int, total: int, previous: Place | None, following: Place | None
) -> dict[str, Any] | None:
    """What `ui.pager` shows; None when one page holds all. The other parameters of the address are kept."""
    if previous is None and following is None:
        return None
    return {
        "first": first,
        "last": first + shown - 1,
        "total": total,
        "previous_url": _address(before=cursors.write(work, previous, purpose)),
        "next_url": _address(after=cursors.write(work, following, purpose)),
    }


def around(work: Work, purpose: str, found: Page[Any], *, section: str = "", label: str = "") -> dict[str, Any] | None:
    """As `pager`, for a page of a list.

    Args:
        section: where the list begins on a page that shows more than it; the neighbours open there.
        label: what the list is called, to tell its pages from those of the others.
    """
    shown = pager(
        work, purpose, first=found.first, shown=len(found.rows), total=found.total, previous=found.previous,
        following=found.next,
    )  # fmt: skip
    if shown is None or not section:
        return shown
    placed = {name: f"{shown[name]}#{section}" for name in ("previous_url", "next_url") if shown[name]}
    return shown | placed | {"label": label}


def _address(**cursor: str | None) -> str | None:
    if None in cursor.values():
        return None
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in _NOT_KEPT]
    return f"{request.path}?{urlencode([*kept, *cursor.items()])}"
