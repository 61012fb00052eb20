"""The companies of a person: pages to choose from, counts, the launcher.

What is listed is found by conditions in SQL, so that two thousand clients cost no more than the page shown; what each
company gives is then answered by the engine itself. A statement is built once per product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    distinct,
    exists,
    func,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.sql import false

from idp.companies import tables
from idp.companies.reach import Access, Reason, Refusal, Why, resolve_many, unpaid_state
from idp.core.db import UTCDateTime
from idp.core.prepared import Prepared
from idp.policy.catalogue import Policies, Product
from idp.work import Work

LISTED = 50
_NOW = bindparam("now", type_=UTCDateTime())
_ACCOUNT: BindParameter[UUID] = bindparam("account", type_=Uuid())


@dataclass(frozen=True, slots=True)
class CompanyChoice:
    """A company that a product can be used for, and through what."""

    company_id: UUID
    name: str
    via: Literal["membership", "mandate"]
    firm_id: UUID | None
    firm_name: str
    roles: tuple[str, ...]
    role_labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChoicePage:
    """Some companies by name; `next` is what to pass as `after` for those that follow, None at the end.

    A page may be shorter than asked for and still have a next one.
    """

    choices: tuple[CompanyChoice, ...]
    next: tuple[str, UUID] | None


@dataclass(frozen=True, slots=True)
class LauncherTile:
    """A product of a company: open, or refused for a reason worth telling (its subscription ended, say)."""

    product: str
    access: Access | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class LauncherCompany:
    company_id: UUID
    name: str
    via: Literal["membership", "mandate"]
    firm_name: str
    tiles: tuple[LauncherTile, ...]


def choices(
    work: Work,
    account_id: UUID,
    product: str,
    *,
    search: str = "",
    after: tuple[str, UUID] | None = None,
    limit: int = LISTED,
) -> ChoicePage:
    """The companies this person can use the product for, by name; three statements at most.

    Args:
        search: a part of the name, in any case.
        after: the keyset of the page before (`ChoicePage.next`).
    """
    if not _listed(work, product):
        return ChoicePage((), None)
    found = _matching(_open_companies(work.policies, product), search)
    if after is not None:
        name, key = after
        column = found.selected_columns
        found = found.where(or_(column.name > name, and_(column.name == name, column.id > key)))
    listed = found.distinct().order_by(found.selected_columns.name, found.selected_columns.id).limit(limit + 1)
    rows = work.session.execute(listed, _asked(work, account_id)).all()
    shown = rows[:limit]
    if not shown:
        return ChoicePage((), None)
    answers = _answers(work, account_id, [row.id for row in shown], product)
    open_ones = [answer for row in shown if isinstance(answer := answers.get(row.id), Access)]
    last = (shown[-1].name, shown[-1].id) if len(rows) > limit else None
    return ChoicePage(tuple(_choice(each) for each in open_ones), last)


def only_company(work: Work, account_id: UUID, product: str) -> tuple[int, UUID | None]:
    """None, exactly one, or several: 0, 1 or 2, and the first company found. One statement."""
    if not _listed(work, product):
        return 0, None
    # A client appears once per firm and kind of assignment; enough rows are read to tell one client from two.
    asked = _asked(work, account_id) | {"most": 2 * work.policies.mandates.firms_per_company + 2}
    rows = _first_companies(work.policies, product).all(work.session.connection(), asked)
    ids = list(dict.fromkeys(row.id for row in rows))
    return min(len(ids), 2), ids[0] if ids else None


def count_companies(work: Work, account_id: UUID, product: str, *, search: str = "", most: int | None = None) -> int:
    """How many companies this person can use the product for. One statement.

    Args:
        most: stop counting there, so that an accountant of two thousand clients costs no more than anybody else.
    """
    if not _listed(work, product):
        return 0
    asked = _asked(work, account_id)
    connection = work.session.connection()
    if search:
        found = _matching(_open_companies(work.policies, product), search)
        return connection.execute(_counting(found.limit(most) if most else found), asked).scalar_one()
    if most:
        asked["most"] = most
    return int(_counted(work.policies, product, capped=bool(most)).first(connection, asked)[0])


def why_none(work: Work, account_id: UUID, product: str) -> Refusal | None:
    """When no company can be used for the product: the most telling refusal; None for a person without any company."""
    ids = [row.id for row in _own_companies(work, account_id)]
    ids += [row.id for row in _clients(work, account_id, product) if row.id not in ids]
    if not ids:
        return None
    answers = _answers(work, account_id, ids, product)
    missing = Refusal(ids[0], product, Reason.NO_ACCESS, Why.NOT_SUBSCRIBED)
    refusals = [each for each in answers.values() if isinstance(each, Refusal)]
    telling = (Reason.ACCOUNT_BLOCKED, Reason.SUBSCRIPTION_ENDED, Reason.NO_ACCESS)
    return min(refusals, key=lambda each: (telling.index(each.reason), ids.index(each.company_id)), default=missing)


def launcher(work: Work, account_id: UUID, *, limit: int = LISTED) -> tuple[tuple[LauncherCompany, ...], bool]:
    """The products open to this person, company by company: their own first, then clients, each by name; and whether
    there are more, at most `limit` of either kind being shown: four statements whatever their number.
    """
    own, clients = _own_companies(work, account_id, limit + 1), _clients(work, account_id, None, limit + 1)
    names = {row.id: row.name for row in (*own[:limit], *clients[:limit])}
    products = [each.id for each in work.policies.products.values() if each.subscribed]
    answers = resolve_many(work, account_id, names, products) if names else {}
    companies = []
    for company_id, name in names.items():
        given = [(product, answers.get((company_id, product))) for product in products]
        tiles = tuple(tile for product, answer in given if (tile := _tile(product, answer)))
        firm = next((tile.access.firm_name for tile in tiles if tile.access and tile.access.firm_id), "")
        if tiles:
            companies.append(LauncherCompany(company_id, name, "mandate" if firm else "membership", firm, tiles))
    return tuple(companies), max(len(own), len(clients)) > limit


def _tile(product: str, answer: Access | Refusal | None) -> LauncherTile | None:
    if isinstance(answer, Access):
        return LauncherTile(product, answer, None)
    return LauncherTile(product, None, answer) if answer is not None and answer.why is Why.ENDED else None


def _choice(reach: Access) -> CompanyChoice:
    return CompanyChoice(
        reach.company_id,
        reach.company_name,
        reach.via,
        reach.firm_id,
        reach.firm_name,
        (reach.role,),
        reach.role_labels,
    )


def _answers(work: Work, account_id: UUID, ids: list[UUID], product: str) -> dict[UUID, Access | Refusal]:
    return {key[0]: answer for key, answer in resolve_many(work, account_id, ids, [product]).items()}


def _own_companies(work: Work, account_id: UUID, limit: int = LISTED) -> list[Any]:
    c, m = tables.companies.c, tables.memberships.c
    statement = (
        select(c.id, c.name)
        .join_from(tables.companies, tables.memberships, m.company_id == c.id)
        .where(m.account_id == account_id, m.ended_at.is_(None), c.closed_at.is_(None))
        .order_by(c.name, c.id)
        .limit(limit)
    )
    return list(work.session.execute(statement))


def _clients(work: Work, account_id: UUID, product: str | None, limit: int = LISTED) -> list[Any]:
    """Clients by active mandate that this person was given; what the product says of each is for the engine."""
    c, m, a = tables.companies.c, tables.mandates.c, tables.assignments.c
    given = [
        select(c.id, c.name)
        .join_from(tables.assignments, tables.mandates, and_(way, m.state == "active"))
        .join(tables.companies, c.id == m.company_id)
        .where(a.account_id == account_id, a.ended_at.is_(None), c.closed_at.is_(None))
        .where(a.product == product if product is not None else a.product.is_not(None))
        for way in _ways()
    ]
    found = union(*given).subquery()
    return list(work.session.execute(select(found.c.id, found.c.name).order_by(found.c.name, found.c.id).limit(limit)))


def _asked(work: Work, account_id: UUID) -> dict[str, Any]:
    return {"account": account_id, "now": work.now, **_oldest(work)}


def _oldest(work: Work) -> dict[str, Any]:
    """For states that last a number of days at most: the instant before which they must not have begun."""
    states = work.policies.states.values()
    return {f"oldest_{each.id}": work.now - timedelta(days=each.max_days) for each in states if each.max_days}


def _listed(work: Work, product: str) -> bool:
    """Whether companies subscribe to this product at all; administration and operations are no choice of company."""
    policy = work.policies.products.get(product)
    return policy is not None and policy.subscribed


def _matching(found: Select[Any], search: str) -> Select[Any]:
    wanted = search.replace("\x00", "").strip()  # no name holds one, and PostgreSQL takes none
    return found.where(found.selected_columns.name.icontains(wanted, autoescape=True)) if wanted else found


def _counting(found: Select[Any]) -> Select[int]:
    return select(func.count(distinct(found.subquery().c.id)))


@lru_cache(maxsize=128)
def _counted(policies: Policies, product: str, *, capped: bool) -> Prepared:
    found = _open_companies(policies, product)
    return Prepared(_counting(found.limit(bindparam("most", type_=Integer())) if capped else found))


@lru_cache(maxsize=64)
def _first_companies(policies: Policies, product: str) -> Prepared:
    return Prepared(_open_companies(policies, product).limit(bindparam("most", type_=Integer())))


@lru_cache(maxsize=64)
def _open_companies(policies: Policies, product: str) -> Select[Any]:
    """Own companies and clients with a live role in the product; a client may appear more than once."""
    policy = policies.products[product]
    by_mandate = (_mandated(policies, policy, way) for way in _ways())
    both: CompoundSelect[Any] = union_all(_held(policies, policy), *by_mandate)
    rows = both.subquery("found")
    return select(rows.c.id, rows.c.name)


def _membership(company: ColumnElement[UUID]) -> ColumnElement[bool]:
    m = tables.memberships.c
    return and_(m.account_id == _ACCOUNT, m.company_id == company, m.ended_at.is_(None))


def _held(policies: Policies, product: Product) -> Select[Any]:
    """Companies where the person holds a live role in the product as one of their own people."""
    c, m, s = tables.companies.c, tables.memberships.c, tables.subscribed_products.c
    return (
        select(c.id, c.name)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .join(tables.subscribed_products, and_(s.company_id == c.id, s.product == product.id))
        .where(_membership(c.id), m.suspended_at.is_(None), c.closed_at.is_(None), c.suspended_at.is_(None))
        .where(_live(policies, tables.subscribed_products), _holds_role(product, c.id))
    )


def _holds_role(product: Product, company: ColumnElement[UUID]) -> ColumnElement[bool]:
    r = tables.product_roles.c
    return exists().where(
        r.account_id == _ACCOUNT, r.company_id == company, r.product == product.id, r.ended_at.is_(None),
        or_(r.expires_at.is_(None), r.expires_at > _NOW), _role_known(product, r.role, r.custom_role_id),
    )  # fmt: skip


def _role_known(
    product: Product, role: ColumnElement[str | None], custom: ColumnElement[UUID | None]
) -> ColumnElement[bool]:
    own = tables.custom_roles.alias().c
    if not product.custom_roles.allowed:
        return role.in_(product.roles)
    return or_(role.in_(product.roles), exists().where(own.id == custom, own.deleted_at.is_(None)))


def _ways() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """How an assignment leads to a mandate: by name, or for every client. Asked apart, an index answers each."""
    a, m = tables.assignments.c, tables.mandates.c
    return a.mandate_id == m.id, and_(a.mandate_id.is_(None), a.firm_id == m.firm_id)


def _mandated(policies: Policies, product: Product, way: ColumnElement[bool]) -> Select[Any]:
    """Clients that a mandate and an assignment open to the person, and where they hold no role of their own."""
    c, m, s, a = tables.companies.c, tables.mandates.c, tables.subscribed_products.c, tables.assignments.c
    firm = tables.firms.c
    own = tables.memberships.alias("own_membership").c
    suspended = exists().where(
        own.account_id == _ACCOUNT, own.company_id == c.id, own.ended_at.is_(None), own.suspended_at.is_not(None)
    )
    return (
        select(c.id, c.name)
        .join_from(tables.assignments, tables.mandates, way)
        .join(tables.firms, and_(
            firm.id == m.firm_id, firm.kind == "firm", firm.closed_at.is_(None), firm.suspended_at.is_(None),
        ))
        .join(tables.companies, and_(c.id == m.company_id, c.closed_at.is_(None), c.suspended_at.is_(None)))
        .join(tables.subscribed_products, and_(s.company_id == c.id, s.product == product.id))
        .where(
            a.account_id == _ACCOUNT, a.product == product.id, a.ended_at.is_(None), a.firm_id == firm.id,
            m.state == "active", m.started_at <= _NOW, or_(m.until_at.is_(None), m.until_at > _NOW),
            _role_known(product, a.role, a.custom_role_id), covered(policies, product),
            _practises(policies), _live(policies, tables.subscribed_products),
            ~_holds_role(product, c.id), ~suspended,
        )
    )  # fmt: skip


def covered(policies: Policies, product: Product) -> ColumnElement[bool]:
    """Whether the mandate's preset or one of its options opens the product, and the client has not closed it."""
    m = tables.mandates.c
    presets = [each.id for each in policies.presets.values() if product.id in each.roles]
    options = [each.id for each in policies.options.values() if product.id in each.roles]
    listed = cast(m.options, String)  # a list of names in JSON: each stands between quotes, and holds none
    closed = cast(m.lowered, String).contains(f'"{product.id}:none"', autoescape=True)
    opened = or_(m.preset.in_(presets), *(listed.contains(f'"{each}"', autoescape=True) for each in options))
    return and_(opened, ~closed)


def _practises(policies: Policies) -> ColumnElement[bool]:
    """Whether the firm has a live practice product, and the person a role in it that reaches this client."""
    a, m = tables.assignments.c, tables.mandates.c
    r, p = tables.product_roles.alias("practice_role").c, tables.memberships.alias("colleague").c
    practice = tables.subscribed_products.alias("practice_subscription")
    s = practice.c
    products = [each for each in policies.products.values() if each.firm_only]
    if not products:
        return false()
    known = [role for each in products for role in each.roles]
    everywhere = [role for role in known if policies.roles[role].entry.clients == "all"]
    closed = [state for state, level in policies.mandates.firm_states.items() if level == "none"]
    return exists().where(
        p.account_id == _ACCOUNT, p.company_id == a.firm_id, p.ended_at.is_(None), p.suspended_at.is_(None),
        r.membership_id == p.id, r.ended_at.is_(None), or_(r.expires_at.is_(None), r.expires_at > _NOW),
        r.product.in_([each.id for each in products]), or_(r.role.in_(known), r.role.is_(None)),
        s.company_id == a.firm_id, s.product == r.product, s.state.not_in(closed), _live(policies, practice),
        or_(a.mandate_id == m.id, and_(a.mandate_id.is_(None), r.role.in_(everywhere))),
    )  # fmt: skip


def _live(policies: Policies, subscribed: Any) -> ColumnElement[bool]:
    """The state, at the time of the work, lets anybody in (`reach.state_now`, in SQL)."""
    s = subscribed.c
    states = []
    for each in policies.states.values():
        if each.refused:
            continue
        alive = [s.state == each.id]
        if each.max_days:
            alive.append(s.since_at > bindparam(f"oldest_{each.id}", type_=UTCDateTime()))
        unpaid = unpaid_state(policies, each.id)  # the grace may be over, and the days of the state after it
        if unpaid and policies.states[unpaid].max_days:
            oldest = bindparam(f"oldest_{unpaid}", type_=UTCDateTime())
            alive.append(or_(s.suspends_at.is_(None), s.suspends_at > oldest))
        states.append(and_(*alive))
    return and_(or_(*states), or_(s.until_at.is_(None), s.until_at > _NOW))
