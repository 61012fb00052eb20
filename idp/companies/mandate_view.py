"""What the two sides read about a mandate: a company about its firm and the people of it, a firm about what is offered.

A company sees of a firm what `client_sees` names, and nothing else (R-65).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, and_, func, literal, or_, select, tuple_

from idp.companies import access, mandate_scope, mandate_state, tables
from idp.companies.mandate_scope import Scope
from idp.companies.mandate_state import LIVE, WAITING
from idp.companies.models import Mandate
from idp.companies.reach import state_now
from idp.core.errors import NotFound
from idp.policy.permissions import ceiling_of
from idp.work import Work

COMPANY_VIEWS = "company.mandates.view"
FIRM_VIEWS = "practice.mandates.view"
LISTED = 25

Place = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Seen:
    """A mandate as one of its two sides sees it.

    Attributes:
        state: at this instant: what has come to its date is `ended`, what waited too long `expired`.
        scope: what it opens, or would open.
        begins_at: when it began or will; None while it waits.
        ends_at: its end; for one that goes on from year to year, the next renewal is `renews_at`.
        only_reads: the firm is handing over, and changes nothing any more.
        temporary: it is for support, and ends by itself.
        successor: the name of the firm that it hands over to.
        firm_works: the firm's own subscription lets it work at all.
        asked_by: who began it; empty when nobody is named.
        people: how many of the firm have access.
        epoch: grows with every change.
    """

    id: UUID
    company_id: UUID
    company: str
    firm_id: UUID
    firm: str
    state: str
    way: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    begins_at: datetime | None
    ends_at: datetime | None
    renews_at: datetime | None
    ended_at: datetime | None
    view_from_at: datetime | None
    only_reads: bool
    successor: str
    temporary: bool
    firm_works: bool
    asked_by: str
    people: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody of the firm with access at this client: their name and role for each product, as the client sees it.

    Attributes:
        used_at: when they worked there last, within an hour; None when they have not.
    """

    account_id: UUID
    name: str
    roles: tuple[tuple[str, Mapping[str, str]], ...]
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Workers:
    """People by name.

    Attributes:
        first: the number of the first one shown, counted from one.
        previous, next: what to pass as `before` and `after`; None at the two ends.
    """

    people: tuple[Worker, ...]
    first: int
    total: int
    previous: Place | None
    next: Place | None


def for_company(work: Work, company_id: UUID, mandate_id: UUID) -> Seen:
    """One mandate of a company.

    Raises:
        NotFound: the company has no such mandate; that of another one answers the same.
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, COMPANY_VIEWS, company_id)
    return _one(work, mandate_id, "company_id", company_id)


def for_firm(work: Work, firm_id: UUID, mandate_id: UUID) -> Seen:
    """One mandate of a firm. A request it has sent to an address is none before the company has said yes.

    Raises:
        NotFound: the firm has no such mandate; that of another one answers the same.
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, FIRM_VIEWS, firm_id)
    return _one(work, mandate_id, "firm_id", firm_id)


def workers(
    work: Work,
    mandate_id: UUID,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Workers:
    """Who of the firm has access at the client by this mandate, as far as the ceiling reaches. The caller has asked for
    the permission. Five statements, whatever their number."""
    mandate = mandate_state.get(work, mandate_id)
    everybody = _workers(work, mandate)
    wanted = search.replace("\x00", "").strip()  # no name holds one, and PostgreSQL takes none
    if wanted:
        everybody = everybody.where(_name().icontains(wanted, autoescape=True))
    found = everybody.distinct().subquery()
    key = tuple_(found.c.name, found.c.id)
    counted = select(func.count()).select_from(found)
    total = work.session.scalar(counted) or 0
    listed = select(found.c.name, found.c.id)
    if before is not None:
        backwards = listed.where(key < _place(before)).order_by(found.c.name.desc(), found.c.id.desc())
        shown = list(work.session.execute(backwards.limit(limit)))[::-1]
    else:
        onwards = listed.where(key > _place(after)) if after is not None else listed
        shown = list(work.session.execute(onwards.order_by(found.c.name, found.c.id).limit(limit)))
    if not shown:
        return Workers((), 1, total, None, None)
    begin, end = ((row.name, row.id) for row in (shown[0], shown[-1]))
    first = (work.session.scalar(counted.where(key < _place(begin))) or 0) + 1
    ids = [row.id for row in shown]
    roles, uses = _roles(work, mandate, ids), _uses(work, mandate, ids)
    people = tuple(Worker(row.id, row.name, tuple(roles.get(row.id, ())), uses.get(row.id)) for row in shown)
    more = first + len(shown) - 1 < total
    return Workers(people, first, total, begin if first > 1 else None, end if more else None)


def _one(work: Work, mandate_id: UUID, side: str, key: UUID) -> Seen:
    m = tables.mandates.c
    wanted = select(Mandate).where(m.id == mandate_id, m[side] == key)
    if side == "firm_id":
        wanted = wanted.where(~and_(m.state != "active", m.started_at.is_(None), m.request_id.is_not(None)))
    row = work.session.scalar(wanted)
    if row is None:
        raise NotFound(kind="mandate")
    return seen(work, [row])[0]


def seen(work: Work, rows: Any) -> list[Seen]:
    """Mandates with names and numbers, for a caller who has asked for the permission. Five statements whatever their
    number, and one for each that works."""
    if not rows:
        return []
    keys = {key for row in rows for key in (row.company_id, row.firm_id)}
    c, a = tables.companies.c, tables.accounts.c
    names = {row.id: row.name for row in work.session.execute(select(c.id, c.name).where(c.id.in_(keys)))}
    askers = {row.asked_by for row in rows if row.asked_by is not None}
    people = {
        row.id: f"{row.given_name} {row.family_name}".strip()
        for row in work.session.execute(select(a.id, a.given_name, a.family_name).where(a.id.in_(askers)))
    }
    successors = {row.successor_id for row in rows if row.successor_id is not None}
    m = tables.mandates.c
    firms = work.session.execute(
        select(m.id, c.name).join_from(tables.mandates, tables.companies, c.id == m.firm_id).where(m.id.in_(successors))
    )
    next_firms = {row.id: row.name for row in firms}
    working = _working(work, {row.firm_id for row in rows})
    return [_shown(work, row, names, people, next_firms, working) for row in rows]


def _shown(
    work: Work, row: Mandate, names: Mapping[UUID, str], people: Mapping[UUID, str], firms: Mapping[UUID, str],
    working: Mapping[UUID, bool],
) -> Seen:  # fmt: skip
    state = _state(work, row)
    return Seen(
        id=row.id,
        company_id=row.company_id,
        company=names.get(row.company_id, ""),
        firm_id=row.firm_id,
        firm=names.get(row.firm_id, ""),
        state=state,
        way=row.way,
        scope=mandate_scope.of(row),
        created_at=row.created_at,
        expires_at=row.created_at + work.policies.mandates.invitation_lifetime,
        begins_at=row.started_at,
        ends_at=row.until_at,
        renews_at=row.renews_at,
        ended_at=row.ended_at or (row.until_at if state == "ended" else None),
        view_from_at=row.view_from_at,
        only_reads=row.view_from_at is not None and row.view_from_at <= work.now,
        successor=firms.get(row.successor_id, "") if row.successor_id is not None else "",
        temporary=mandate_scope.longest(work.policies, row.preset) is not None,
        firm_works=working.get(row.firm_id, False),
        asked_by=people.get(row.asked_by, "") if row.asked_by is not None else "",
        people=_count(work, row) if state in LIVE else 0,
        epoch=row.epoch,
    )


def _state(work: Work, row: Mandate) -> str:
    if row.state in WAITING and row.created_at + work.policies.mandates.invitation_lifetime <= work.now:
        return "expired"
    if row.state in LIVE and row.until_at is not None and row.until_at <= work.now:
        return "ended"
    return row.state


def _working(work: Work, firm_ids: set[UUID]) -> dict[UUID, bool]:
    """Whether a firm's own subscription lets it work for clients, by firm."""
    s = tables.subscribed_products.c
    running = [each.id for each in work.policies.products.values() if each.firm_only]
    rows = work.session.execute(
        select(s.company_id, s.state, s.since_at, s.until_at, s.suspends_at).where(
            s.company_id.in_(firm_ids), s.product.in_(running)
        )
    )
    states = work.policies.mandates.firm_states
    return {
        row.company_id: states.get(state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)[0]) != "none"
        for row in rows
    }


def _count(work: Work, mandate: Mandate) -> int:
    found = _workers(work, mandate).distinct().subquery()
    return work.session.scalar(select(func.count()).select_from(found)) or 0


def _name() -> Any:
    a = tables.accounts.c
    return a.given_name + " " + a.family_name


def _workers(work: Work, mandate: Mandate) -> Select[Any]:
    """People of the firm whose assignment, practice role and account let them work at this client."""
    a = tables.accounts.c
    return _given(work, mandate, select(_name().label("name"), a.id))


def _given(work: Work, mandate: Mandate, wanted: Select[Any]) -> Select[Any]:
    a, m, r, s = tables.accounts.c, tables.memberships.c, tables.product_roles.c, tables.assignments.c
    policies = work.policies
    running = [each.id for each in policies.products.values() if each.firm_only]
    everywhere = [role.id for role in policies.roles.values() if role.entry.clients == "all"]
    opened = ceiling_of(policies, mandate.preset, mandate.options, mandate.lowered)
    practises = and_(
        r.membership_id == m.id, r.product.in_(running), r.ended_at.is_(None),
        or_(r.expires_at.is_(None), r.expires_at > work.now),
    )  # fmt: skip
    return (
        wanted.select_from(
            tables.assignments.join(tables.accounts, a.id == s.account_id)
            .join(tables.memberships, and_(m.account_id == a.id, m.company_id == s.firm_id))
            .join(tables.product_roles, practises)
        )
        .where(s.firm_id == mandate.firm_id, s.ended_at.is_(None), s.product.in_(opened))
        .where(or_(s.mandate_id == mandate.id, and_(s.mandate_id.is_(None), r.role.in_(everywhere))))
        .where(m.ended_at.is_(None), m.suspended_at.is_(None), a.status == "active")
    )


def _roles(work: Work, mandate: Mandate, account_ids: list[UUID]) -> dict[UUID, list[tuple[str, Mapping[str, str]]]]:
    """By person, the role in each product; the one for this client goes before the one for all."""
    s, own = tables.assignments.c, tables.custom_roles.c
    wanted = select(s.account_id, s.product, s.role, s.mandate_id, own.labels)
    rows = work.session.execute(
        _given(work, mandate, wanted)
        .outerjoin(tables.custom_roles, own.id == s.custom_role_id)
        .where(s.account_id.in_(account_ids))
        .order_by(s.product, s.mandate_id.is_(None))
    )
    found: dict[UUID, dict[str, Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.account_id, {}).setdefault(row.product, row)
    return {key: [(product, _labels(work, row)) for product, row in held.items()] for key, held in found.items()}


def _uses(work: Work, mandate: Mandate, account_ids: list[UUID]) -> dict[UUID, datetime]:
    """By person, when they worked there last."""
    u = tables.mandate_uses.c
    mine = u.company_id == mandate.company_id, u.firm_id == mandate.firm_id, u.account_id.in_(account_ids)
    return {row.account_id: row.used_at for row in work.session.execute(select(u.account_id, u.used_at).where(*mine))}


def _labels(work: Work, row: Row[Any]) -> Mapping[str, str]:
    role = work.policies.roles.get(row.role) if row.role is not None else None
    return role.label if role is not None else (row.labels or {})


def _place(place: Place) -> Any:
    return tuple_(literal(place[0]), literal(place[1], Uuid()))
