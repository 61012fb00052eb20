"""What a person holds, company by company: every role, through what, since when, from whom and until when.

This is what stands in the rows, with a remark where it opens nothing now; what it opens is for `access` to say. A page
costs the same statements whatever the number of companies.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, and_, func, literal, or_, select, tuple_, union

from idp.companies import tables
from idp.companies.reach import Access, Key, Refusal, Why, resolve_many
from idp.work import Work

LISTED = 25
NAMES = 50  # as many companies as anybody is one of the own people of
_OF_NO_CONCERN = frozenset({Why.NOT_A_MEMBER, Why.NOT_SUBSCRIBED, Why.NOT_COVERED, Why.NOT_ASSIGNED})

Place = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Holding:
    """One role.

    Attributes:
        product: the product it is for; the administration of the company itself is one too.
        firm_name: the firm the person works for there; empty for one of the company's own people.
        given_by: who gave it; None when nobody is named, as for what an operator set up.
        refusal: why it opens nothing at the moment; None while it does.
    """

    product: str
    role_labels: Mapping[str, str]
    via: Literal["membership", "mandate", "assignment"]
    firm_name: str
    since: datetime
    given_by: str | None
    until: datetime | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class HeldCompany:
    company_id: UUID
    name: str
    suspended: bool
    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class HeldPage:
    """Companies by name.

    Attributes:
        first: the number of the first one shown, counted from one.
        total: how many there are in all.
        previous: what to pass as `before` for those that come before these; None at the beginning.
        next: what to pass as `after` for those that follow; None at the end.
    """

    companies: tuple[HeldCompany, ...]
    first: int
    total: int
    previous: Place | None
    next: Place | None


@dataclass(frozen=True, slots=True)
class StaffHolding:
    role_labels: Mapping[str, str]
    since: datetime


def of_person(
    work: Work,
    account_id: UUID,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> HeldPage:
    """The companies a person belongs to or works for, with every role held there. Nine statements at most.

    Args:
        search: a part of a company's name, in any case.
        after: where the page before this one ended (`HeldPage.next`).
        before: where the page after this one began (`HeldPage.previous`).
    """
    found = _companies(work, account_id, search).subquery()
    key = tuple_(found.c.name, found.c.id)
    listed = select(found.c.id, found.c.name)
    if before is not None:
        backwards = listed.where(key < _place(before)).order_by(found.c.name.desc(), found.c.id.desc())
        shown = list(work.session.execute(backwards.limit(limit)))[::-1]
    else:
        onwards = listed.where(key > _place(after)) if after is not None else listed
        shown = list(work.session.execute(onwards.order_by(found.c.name, found.c.id).limit(limit)))
    counted = select(func.count()).select_from(found)
    total = work.session.execute(counted).scalar_one()
    if not shown:
        return HeldPage((), 1, total, None, None)
    begin, end = ((row.name, row.id) for row in (shown[0], shown[-1]))
    first = work.session.execute(counted.where(key < _place(begin))).scalar_one() + 1
    more = first + len(shown) - 1 < total
    companies = _held(work, account_id, shown)
    return HeldPage(companies, first, total, begin if first > 1 else None, end if more else None)


def company_names(work: Work, account_id: UUID) -> tuple[str, ...]:
    """What the companies are called that a person is one of the own people of (R-03)."""
    c, m = tables.companies.c, tables.memberships.c
    named = (
        select(c.name)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None))
        .limit(NAMES)
    )
    return tuple(work.session.scalars(named))


def names(work: Work, company_ids: Collection[UUID]) -> dict[UUID, str]:
    """What companies are called, for somebody who has had to do with them."""
    c = tables.companies.c
    if not company_ids:
        return {}
    return {row[0]: row[1] for row in work.session.execute(select(c.id, c.name).where(c.id.in_(company_ids)))}


def inviting_names(work: Work, canonical: str) -> tuple[str, ...]:
    """What the companies are called that wait for the holder of this address (R-03)."""
    c, i = tables.companies.c, tables.invitations.c
    named = (
        select(c.name)
        .join_from(tables.invitations, tables.companies, c.id == i.company_id)
        .where(i.canonical == canonical, i.closed_at.is_(None))
        .limit(NAMES)
    )
    return tuple(work.session.scalars(named))


def as_staff(work: Work, account_id: UUID) -> tuple[StaffHolding, ...]:
    """The roles a person has among those who run this service."""
    s = tables.staff_roles.c
    held = select(s.role, s.created_at).where(s.account_id == account_id, s.ended_at.is_(None)).order_by(s.created_at)
    known = work.policies.roles
    return tuple(StaffHolding(known[row[0]].label, row[1]) for row in work.session.execute(held) if row[0] in known)


def _place(place: Place) -> Any:
    return tuple_(literal(place[0]), literal(place[1], Uuid()))


def _companies(work: Work, account_id: UUID, search: str) -> Any:
    """Own companies, and clients that a live mandate and an assignment open; each once."""
    c, p, m, a = tables.companies.c, tables.memberships.c, tables.mandates.c, tables.assignments.c
    own = (
        select(c.id, c.name)
        .join_from(tables.memberships, tables.companies, c.id == p.company_id)
        .where(p.account_id == account_id, p.ended_at.is_(None), c.closed_at.is_(None))
    )
    clients = [
        select(c.id, c.name)
        .join_from(tables.assignments, tables.mandates, given)
        .join(tables.companies, c.id == m.company_id)
        .where(a.account_id == account_id, a.ended_at.is_(None), c.closed_at.is_(None), *_live(work, m))
        for given in _ways()
    ]
    return union(_named(own, search), *(_named(each, search) for each in clients))


def _ways() -> tuple[Any, Any]:
    """How an assignment leads to a mandate: by name, or for every client. Asked apart, an index answers each."""
    a, m = tables.assignments.c, tables.mandates.c
    return and_(a.mandate_id == m.id, a.firm_id == m.firm_id), and_(a.mandate_id.is_(None), a.firm_id == m.firm_id)


def _live(work: Work, m: Any) -> tuple[Any, ...]:
    return m.state == "active", m.started_at <= work.now, or_(m.until_at.is_(None), m.until_at > work.now)


def _named(found: Select[Any], search: str) -> Select[Any]:
    wanted = search.replace("\x00", "").strip()  # no name holds one, and PostgreSQL takes none
    return found.where(tables.companies.c.name.icontains(wanted, autoescape=True)) if wanted else found


def _held(work: Work, account_id: UUID, shown: Sequence[Row[Any]]) -> tuple[HeldCompany, ...]:
    ids = [row.id for row in shown]
    products = [each.id for each in work.policies.products.values() if each.subscribed]
    answers = resolve_many(work, account_id, ids, products)
    held: dict[UUID, list[Holding]] = {key: [] for key in ids}
    suspended = set()
    for row in work.session.execute(_memberships(account_id, ids)):
        held[row.company_id].extend(_as_member(work, row))
        if row.suspended_at is not None:
            suspended.add(row.company_id)
    for row in work.session.execute(_product_roles(work, account_id, ids)):
        held[row.company_id].append(_in_product(work, row, answers))
    given = [row for way in _ways() for row in work.session.execute(_assignments(work, account_id, ids, way))]
    for row in sorted(given, key=lambda row: (row.firm_name, row.product)):
        held[row.company_id].extend(_through_firm(work, row, answers))
    return tuple(HeldCompany(row.id, row.name, row.id in suspended, tuple(held[row.id])) for row in shown)


def _memberships(account_id: UUID, ids: Iterable[UUID]) -> Select[Any]:
    m, giver = tables.memberships.c, tables.accounts.c
    return (
        select(m.company_id, m.company_role, m.also, m.created_at, m.suspended_at, *_giver())
        .join_from(tables.memberships, tables.accounts, giver.id == m.added_by, isouter=True)
        .where(m.account_id == account_id, m.ended_at.is_(None), m.company_id.in_(ids))
    )


def _product_roles(work: Work, account_id: UUID, ids: Iterable[UUID]) -> Select[Any]:
    r, own, giver = tables.product_roles.c, tables.custom_roles.c, tables.accounts.c
    return (
        select(r.company_id, r.product, r.role, own.labels, r.created_at, r.expires_at, *_giver())
        .join_from(tables.product_roles, tables.custom_roles, own.id == r.custom_role_id, isouter=True)
        .join(tables.accounts, giver.id == r.granted_by, isouter=True)
        .where(r.account_id == account_id, r.ended_at.is_(None), r.company_id.in_(ids))
        .where(or_(r.expires_at.is_(None), r.expires_at > work.now))
        .order_by(r.product)
    )


def _assignments(work: Work, account_id: UUID, ids: Iterable[UUID], way: Any) -> Select[Any]:
    a, m, f = tables.assignments.c, tables.mandates.c, tables.firms.c
    own, giver = tables.custom_roles.c, tables.accounts.c
    return (
        select(
            m.company_id, a.product, a.role, own.labels, a.created_at, a.mandate_id, m.started_at, m.until_at,
            f.name.label("firm_name"), *_giver(),
        )
        .join_from(tables.assignments, tables.mandates, way)
        .join(tables.firms, f.id == m.firm_id)
        .join(tables.custom_roles, own.id == a.custom_role_id, isouter=True)
        .join(tables.accounts, giver.id == a.given_by, isouter=True)
        .where(a.account_id == account_id, a.ended_at.is_(None), m.company_id.in_(ids), *_live(work, m))
    )  # fmt: skip


def _giver() -> tuple[Any, ...]:
    giver = tables.accounts.c
    return giver.id.label("giver"), giver.given_name, giver.family_name


def _name_of(row: Row[Any]) -> str | None:
    return f"{row.given_name} {row.family_name}".strip() if row.giver is not None else None


def _as_member(work: Work, row: Row[Any]) -> list[Holding]:
    administration = next(each.id for each in work.policies.products.values() if each.kind == "administration")
    known = work.policies.roles
    return [
        Holding(administration, known[role].label, "membership", "", row.created_at, _name_of(row), None, None)
        for role in (row.company_role, *row.also)
        if role in known
    ]


def _in_product(work: Work, row: Row[Any], answers: Mapping[Key, Access | Refusal]) -> Holding:
    refusal = _refusal(answers, row)
    labels = _labels(work, row)
    return Holding(row.product, labels, "membership", "", row.created_at, _name_of(row), row.expires_at, refusal)


def _through_firm(work: Work, row: Row[Any], answers: Mapping[Key, Access | Refusal]) -> list[Holding]:
    """What an assignment gives at one client. One for every client says nothing where the mandate does not reach."""
    refusal = _refusal(answers, row)
    everywhere = row.mandate_id is None
    answer = answers.get((row.company_id, row.product))
    if everywhere and (answer is None or (refusal is not None and refusal.why in _OF_NO_CONCERN)):
        return []
    since = max(each for each in (row.created_at, row.started_at) if each is not None)
    via: Literal["mandate", "assignment"] = "mandate" if everywhere else "assignment"
    labels = _labels(work, row)
    return [Holding(row.product, labels, via, row.firm_name, since, _name_of(row), row.until_at, refusal)]


def _refusal(answers: Mapping[Key, Access | Refusal], row: Row[Any]) -> Refusal | None:
    answer = answers.get((row.company_id, row.product))
    return answer if isinstance(answer, Refusal) else None


def _labels(work: Work, row: Row[Any]) -> Mapping[str, str]:
    if row.role is None:
        return row.labels or {}
    role = work.policies.roles.get(row.role)
    return role.label if role is not None else {}
