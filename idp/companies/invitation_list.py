"""The invitations of a company, a page at a time: the latest first, by state, searched by name and address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from idp.accounts import profile
from idp.companies import access
from idp.companies.invitation import VIEWS
from idp.companies.models import Invitation, InvitedRole
from idp.work import Work

LISTED = 25
OPEN, EXPIRED, CLOSED = "open", "expired", "closed"
STATES = (OPEN, EXPIRED, CLOSED)

Place = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Listed:
    """One invitation, its roles, and who sent it."""

    invitation: Invitation
    roles: tuple[InvitedRole, ...]
    inviter: str
    state: str


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """Attributes:
    counts: how many there are in each state, whatever is shown and searched.
    first: the number of the first one shown, counted from one; `total` are those found.
    previous, next: what to pass as `before` and `after` for the neighbours; None at an end.
    """

    listed: tuple[Listed, ...]
    counts: dict[str, int]
    first: int
    total: int
    previous: Place | None
    next: Place | None


def of_company(
    work: Work,
    company_id: UUID,
    *,
    state: str = OPEN,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> InvitationPage:
    """The invitations of a company in one state, the latest first.

    Raises:
        NotPermitted, NotFound: the actor may not see them.
    """
    access.require_one(work, VIEWS, company_id)
    i = Invitation
    own = i.company_id == company_id
    matching = and_(own, _in(work, state), _search(search))
    total = _count(work, matching)
    found: Select[Any] = select(i).where(matching)
    if before is not None:
        rows = list(work.session.scalars(found.where(_later(before)).order_by(i.created_at, i.id).limit(limit)))[::-1]
    else:
        onwards = found.where(_earlier(after)) if after is not None else found
        rows = list(work.session.scalars(onwards.order_by(i.created_at.desc(), i.id.desc()).limit(limit)))
    counts = {each: _count(work, and_(own, _in(work, each))) for each in STATES}
    if not rows:
        return InvitationPage((), counts, 1, total, None, None)
    begin, end = _place(rows[0]), _place(rows[-1])
    first = _count(work, and_(matching, _later(begin))) + 1
    more = first + len(rows) - 1 < total
    names = profile.names(work, {row.invited_by for row in rows if row.invited_by})
    roles: dict[UUID, list[InvitedRole]] = {row.id: [] for row in rows}
    offered = select(InvitedRole).where(InvitedRole.invitation_id.in_(list(roles))).order_by(InvitedRole.product)
    for role in work.session.scalars(offered):
        roles[role.invitation_id].append(role)
    listed = tuple(
        Listed(row, tuple(roles[row.id]), names.get(row.invited_by, "") if row.invited_by else "", state)
        for row in rows
    )
    return InvitationPage(listed, counts, first, total, begin if first > 1 else None, end if more else None)


def _in(work: Work, state: str) -> ColumnElement[bool]:
    i = Invitation
    over = and_(i.closed_at.is_(None), i.expires_at <= work.now)
    if state == OPEN:
        return and_(i.closed_at.is_(None), i.expires_at > work.now)
    if state == EXPIRED:
        return or_(over, i.outcome == "expired")
    return and_(i.closed_at.is_not(None), i.outcome != "expired")


def _search(search: str) -> ColumnElement[bool]:
    i, wanted = Invitation, search.replace("\x00", "").strip()
    if not wanted:
        return i.id.is_not(None)
    name = i.given_name + " " + i.family_name
    return or_(i.address.icontains(wanted, autoescape=True), name.icontains(wanted, autoescape=True))


def _count(work: Work, *where: ColumnElement[bool]) -> int:
    return work.session.scalar(select(func.count()).select_from(Invitation).where(*where)) or 0


def _place(row: Invitation) -> Place:
    return row.created_at.isoformat(), row.id


def _earlier(place: Place) -> ColumnElement[bool]:
    i, at = Invitation, datetime.fromisoformat(place[0])
    return or_(i.created_at < at, and_(i.created_at == at, i.id < place[1]))


def _later(place: Place) -> ColumnElement[bool]:
    i, at = Invitation, datetime.fromisoformat(place[0])
    return or_(i.created_at > at, and_(i.created_at == at, i.id > place[1]))
