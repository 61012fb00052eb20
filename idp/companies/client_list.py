"""The clients of a firm as its people see them: found, sorted out, counted, a page at a time.

Who reaches every client sees all of them, and what is being agreed upon; anybody else sees those given by name. A page
costs the same statements whatever the number of clients.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, union
from sqlalchemy.orm import aliased

from idp.companies import access, directory, paged, tables
from idp.companies.models import Mandate
from idp.companies.paged import LISTED, Order, Page, Place
from idp.companies.reach import state_now
from idp.core.errors import NotFound, NotPermitted
from idp.policy.catalogue import Policies
from idp.policy.permissions import ceiling_of
from idp.work import Work

VIEWS = "practice.clients.view"
VIEWS_ALL = "practice.clients.view-all"


class Phase(StrEnum):
    """Where a mandate stands, in the words of a list."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WAITING = "waiting"  # one of the two has not answered yet
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for. Without a phase: every client there is now, and those that are being agreed upon.

    Attributes:
        search: a part of the name or of the town, in any case.
        product: open to the firm at the client now.
        colleague_id: somebody who works there.
    """

    search: str = ""
    product: str = ""
    group_id: UUID | None = None
    colleague_id: UUID | None = None
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """Attributes:
    products: those that the mandate covers and the client uses now, in the order of the catalogue.
    colleagues: how many people of the firm work there.
    groups: names.
    """

    company_id: UUID
    name: str
    city: str
    mandate_id: UUID
    phase: Phase
    preset: str
    options: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    ended_at: datetime | None
    products: tuple[str, ...]
    colleagues: int
    groups: tuple[str, ...]


def sees_all(work: Work, firm_id: UUID) -> bool:
    """Whether the actor sees every client of the firm, or only those given by name.

    Raises:
        NotPermitted: no client at all.
        NotFound: the actor has nothing to do with the firm.
    """
    access.require(work, VIEWS, firm_id)
    try:
        access.require(work, VIEWS_ALL, firm_id)
    except NotPermitted:
        return False
    return True


def listed(
    work: Work,
    firm_id: UUID,
    wanted: Filter,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Client]:
    """A page of the firm's clients, by name.

    Raises:
        NotPermitted, NotFound: as `sees_all`.
    """
    found = _found(work, firm_id, wanted, every=sees_all(work, firm_id))
    c = tables.companies.c
    page = paged.page(work, found, Order((c.name,), c.id), after=after, before=before, limit=limit)
    return page.seen(_clients(work, firm_id, page.rows))


def keys(work: Work, firm_id: UUID, wanted: Filter, *, limit: int) -> list[UUID]:
    """The clients of a filter, as many as asked for, by name.

    Raises:
        NotPermitted, NotFound: as `sees_all`.
    """
    c = tables.companies.c
    found = _found(work, firm_id, wanted, every=sees_all(work, firm_id))
    return [row.id for row in work.session.execute(found.order_by(c.name, c.id).limit(limit))]


def count(work: Work, firm_id: UUID, wanted: Filter, *, besides: Collection[UUID] = ()) -> int:
    """How many clients a filter has, without the ones that are named.

    Raises:
        NotPermitted, NotFound: as `sees_all`.
    """
    found = _found(work, firm_id, wanted, every=sees_all(work, firm_id))
    return _count(work, found.where(tables.companies.c.id.not_in(besides)) if besides else found)


def get(work: Work, firm_id: UUID, client_id: UUID) -> Client:
    """One client, over or not.

    Raises:
        NotPermitted: the actor sees no client at all.
        NotFound: not this one, or it is none of this firm's; the two look the same.
    """
    every = sees_all(work, firm_id)
    for phase in (None, Phase.OVER):
        found = _found(work, firm_id, Filter(phase=phase), every=every).where(tables.companies.c.id == client_id)
        row = work.session.execute(found).one_or_none()
        if row is not None:
            return _clients(work, firm_id, [row])[0]
    raise NotFound(kind="client")


def works_there(work: Work, colleague: ColumnElement[UUID] | UUID) -> ColumnElement[bool]:
    """In a statement on mandates: whether this person was given something that counts there, by name or for every
    client. Two questions, each of which an index answers; however deep they stand in the statement, the mandate and the
    person are those of the statement."""
    a, m = tables.assignments.c, tables.mandates.c
    theirs = a.account_id == colleague, a.ended_at.is_(None)
    by_name = exists(select(literal(1)).where(*theirs, a.mandate_id == m.id).correlate_except(tables.assignments))
    everywhere = exists(
        select(literal(1))
        .where(*theirs, a.firm_id == m.firm_id, a.mandate_id.is_(None), counts_everywhere(work.policies))
        .correlate_except(tables.assignments)
    )
    return or_(by_name, everywhere)


def counts_everywhere(policies: Policies) -> ColumnElement[bool]:
    """In a statement on mandates and assignments for every client: whether the mandate covers the product, and the
    colleague's role in the firm reaches every client."""
    a, r = tables.assignments.c, tables.product_roles.alias("practice_role").c
    able = [each.id for each in policies.roles.values() if each.entry.clients == "all"]
    reaches = exists().where(
        r.account_id == a.account_id, r.company_id == a.firm_id, r.ended_at.is_(None), r.role.in_(able)
    )
    covered = or_(
        *(
            and_(a.product == product.id, directory.covered(policies, product))
            for product in policies.products.values()
            if product.subscribed
        )
    )
    return and_(covered, reaches)


def _found(work: Work, firm_id: UUID, wanted: Filter, *, every: bool) -> Select[*tuple[Any, ...]]:
    c, m, a = tables.companies.c, tables.mandates.c, tables.assignments.c
    found: Select[*tuple[Any, ...]] = (
        select(
            c.id, c.name, c.city, m.id.label("mandate_id"), m.state, m.preset, m.options, m.lowered,
            m.started_at, m.until_at, m.ended_at,
        )
        .join_from(tables.mandates, tables.companies, c.id == m.company_id)
        .where(m.firm_id == firm_id, c.closed_at.is_(None), _in_phase(work, wanted.phase))
    )  # fmt: skip
    if not every:
        assert work.actor.id is not None  # an operator sees every client
        mine = exists().where(a.account_id == work.actor.id, a.mandate_id == m.id, a.ended_at.is_(None))
        found = found.where(mine, m.state.in_(("active", "suspended")))
    text = wanted.search.replace("\x00", "").strip()  # no name holds one, and PostgreSQL takes none
    if text:
        found = found.where(or_(c.name.icontains(text, autoescape=True), c.city.icontains(text, autoescape=True)))
    if wanted.product:
        found = found.where(_open(work, wanted.product))
    if wanted.group_id is not None:
        g, t = tables.grouped_clients.c, tables.client_groups.c
        found = found.where(
            exists().where(g.company_id == c.id, g.group_id == t.id, t.id == wanted.group_id, t.firm_id == firm_id)
        )
    if wanted.colleague_id is not None:
        found = found.where(works_there(work, wanted.colleague_id))
    return found


def _in_phase(work: Work, phase: Phase | None) -> ColumnElement[bool]:
    m = tables.mandates.c
    running = or_(m.until_at.is_(None), m.until_at > work.now)
    # A request to an address says nothing of the company behind it before that one has said yes (`mandate_request`).
    waiting = or_(m.state == "invited", and_(m.state == "requested", m.request_id.is_(None)))
    match phase:
        case Phase.ACTIVE:
            return and_(m.state == "active", running)
        case Phase.SUSPENDED:
            return and_(m.state == "suspended", running)
        case Phase.WAITING:
            return waiting
        case Phase.OVER:
            later = aliased(Mandate)
            present = exists().where(
                later.company_id == m.company_id, later.firm_id == m.firm_id, later.created_at > m.created_at
            )
            ended = or_(m.state == "ended", and_(m.state.in_(("active", "suspended")), ~running))
            return and_(ended, m.started_at.is_not(None), ~present)
    return or_(waiting, and_(m.state.in_(("active", "suspended")), running))


def _open(work: Work, product: str) -> ColumnElement[bool]:
    """The mandate covers the product, and the client uses it."""
    s, c = tables.subscribed_products.c, tables.companies.c
    policy = work.policies.products.get(product)
    if policy is None or not policy.subscribed:
        return literal(False)
    refused = [each.id for each in work.policies.states.values() if each.refused]
    used = exists().where(
        s.company_id == c.id, s.product == product, s.state.not_in(refused),
        or_(s.until_at.is_(None), s.until_at > work.now),
    )  # fmt: skip
    return and_(used, directory.covered(work.policies, policy))


def _clients(work: Work, firm_id: UUID, rows: Sequence[Row[Any]]) -> tuple[Client, ...]:
    ids = [row.id for row in rows]
    used, groups = _used(work, ids), _groups(work, firm_id, ids)
    people = _colleagues(work, firm_id, [row.mandate_id for row in rows])
    return tuple(
        Client(
            company_id=row.id,
            name=row.name,
            city=row.city,
            mandate_id=row.mandate_id,
            phase=_phase(work, row),
            preset=row.preset,
            options=tuple(row.options),
            since=row.started_at,
            until=row.until_at,
            ended_at=row.ended_at,
            products=_products(work, row, used.get(row.id, frozenset())),
            colleagues=people.get(row.mandate_id, 0),
            groups=tuple(groups.get(row.id, ())),
        )
        for row in rows
    )


def _phase(work: Work, row: Row[Any]) -> Phase:
    if row.state in ("invited", "requested"):
        return Phase.WAITING
    over = row.state not in ("active", "suspended") or (row.until_at is not None and row.until_at <= work.now)
    return Phase.OVER if over else Phase(row.state)


def _products(work: Work, row: Row[Any], used: Collection[str]) -> tuple[str, ...]:
    opened = ceiling_of(work.policies, row.preset, row.options, row.lowered)
    return tuple(each for each in work.policies.products if each in opened and each in used)


def _used(work: Work, company_ids: list[UUID]) -> dict[UUID, set[str]]:
    """What these companies use now, be it for viewing only."""
    s = tables.subscribed_products.c
    used: dict[UUID, set[str]] = {}
    rows = work.session.execute(
        select(s.company_id, s.product, s.state, s.since_at, s.until_at).where(s.company_id.in_(company_ids))
    )
    for row in rows:
        if state_now(work, row.state, row.since_at, row.until_at)[1] is None:
            used.setdefault(row.company_id, set()).add(row.product)
    return used


def _groups(work: Work, firm_id: UUID, company_ids: list[UUID]) -> dict[UUID, list[str]]:
    g, t = tables.grouped_clients.c, tables.client_groups.c
    named: dict[UUID, list[str]] = {}
    rows = work.session.execute(
        select(g.company_id, t.name)
        .join_from(tables.grouped_clients, tables.client_groups, t.id == g.group_id)
        .where(t.firm_id == firm_id, g.company_id.in_(company_ids))
        .order_by(t.name)
    )
    for row in rows:
        named.setdefault(row.company_id, []).append(row.name)
    return named


def _colleagues(work: Work, firm_id: UUID, mandate_ids: list[UUID]) -> dict[UUID, int]:
    """How many of the firm's people work at each."""
    a, m, p = tables.assignments.c, tables.mandates.c, tables.memberships.c
    given = (
        select(m.id, a.account_id)
        .join_from(tables.mandates, tables.assignments, a.ended_at.is_(None))
        .join(tables.memberships, and_(
            p.account_id == a.account_id, p.company_id == m.firm_id, p.ended_at.is_(None), p.suspended_at.is_(None)
        ))
        .where(m.firm_id == firm_id, m.id.in_(mandate_ids))
    )  # fmt: skip
    both = union(
        given.where(a.mandate_id == m.id),
        given.where(a.firm_id == m.firm_id, a.mandate_id.is_(None), counts_everywhere(work.policies)),
    ).subquery()
    rows = work.session.execute(select(both.c.id, func.count(both.c.account_id.distinct())).group_by(both.c.id))
    return {row[0]: row[1] for row in rows}


def _count(work: Work, found: Select[*tuple[Any, ...]]) -> int:
    return work.session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
