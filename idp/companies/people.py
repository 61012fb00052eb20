"""The people of a company, for those who administer them (USR-01): a page of the list, its counts, and one person.

A page costs the same statements whatever the number of people, and whatever they hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Uuid,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from idp.authn.models import Passkey, Session, TotpAuthenticator
from idp.companies import access, tables
from idp.core.errors import NotFound
from idp.work import Work

VIEWS = "company.users.view"
SEES = (VIEWS, "practice.colleagues.edit-access", "practice.colleagues.remove")
"""One of them is enough to see one of the people: in a firm, who changes a colleague's roles sees what they change."""
LISTED = 50
_m, _a, _e, _r = tables.memberships.c, tables.accounts.c, tables.email_addresses.c, tables.product_roles.c

Place = tuple[str, UUID]


class State(StrEnum):
    """How somebody stands in a company."""

    ACTIVE = "active"
    SET_UP = "set-up"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role in a product. Attributes:

    row: the key of its row; another one after each change.
    labels: what it is called, by language; empty for a role that is known no longer.
    over: its time is over, and it opens nothing.
    """

    row: UUID
    product: str
    role_id: str | None
    custom_role_id: UUID | None
    labels: Mapping[str, str]
    switches: tuple[str, ...]
    restrictions: Mapping[str, Any]
    uses_seat: bool
    since: datetime
    expires_at: datetime | None
    over: bool


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """One of the company's people.

    Attributes:
        company_roles: the company role, then those combined with it.
        owner: holds the role that there is once, and that nobody else changes.
        last_sign_in: of the sessions that are still kept; None for who has not been there for long, or never.
    """

    account_id: UUID
    given_name: str
    family_name: str
    address: str
    locale: str
    company_roles: tuple[str, ...]
    owner: bool
    state: State
    since: datetime
    suspended_at: datetime | None
    last_sign_in: datetime | None
    services: tuple[str, ...]
    roles: tuple[HeldRole, ...]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to. Attributes:

    search: a part of a name or an address, in any case.
    product: only people with a role there.
    role: id of a role, in a product or of the company's account, or the key of one of the company's own.
    """

    search: str = ""
    product: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """People by name.

    Attributes:
        first: the number of the first one shown, counted from one.
        total: how many match.
        states: how many of all the people are in each state.
        previous: what to pass as `before` for those that come before these; None at the beginning.
        next: what to pass as `after` for those that follow; None at the end.
    """

    people: tuple[PersonSeen, ...]
    first: int
    total: int
    states: Mapping[State, int]
    previous: Place | None
    next: Place | None

    @property
    def everybody(self) -> int:
        return sum(self.states.values())


def of_company(
    work: Work,
    company_id: UUID,
    wanted: Wanted | None = None,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> PeoplePage:
    """A page of the people of a company. Five statements.

    Raises:
        NotPermitted: the actor may not see them.
        NotFound: the actor has nothing to do with the company.
    """
    access.require(work, VIEWS, company_id)
    states = _states(work, company_id)
    found = _narrowed(work, _people(company_id), wanted or Wanted())
    key = tuple_(_sorted_by(), _a.id)
    if before is not None:
        backwards = found.where(key < _place(before)).order_by(_sorted_by().desc(), _a.id.desc())
        shown = list(work.session.execute(backwards.limit(limit)))[::-1]
    else:
        onwards = found.where(key > _place(after)) if after is not None else found
        shown = list(work.session.execute(onwards.order_by(_sorted_by(), _a.id).limit(limit)))
    total = _count(work, found)
    if not shown:
        return PeoplePage((), 1, total, states, None, None)
    begin, end = ((row.sorted_by, row.id) for row in (shown[0], shown[-1]))
    first = _count(work, found.where(key < _place(begin))) + 1 if after or before else 1
    more = first + len(shown) - 1 < total
    people = _seen(work, company_id, shown)
    return PeoplePage(people, first, total, states, begin if first > 1 else None, end if more else None)


def get(work: Work, company_id: UUID, account_id: UUID) -> PersonSeen:
    """One of the people of a company.

    Raises:
        NotPermitted: the actor may not see them.
        NotFound: no member here, or the actor has nothing to do with the company.
    """
    access.require_one(work, SEES, company_id)
    rows = work.session.execute(_people(company_id).where(_m.account_id == account_id)).all()
    if not rows:
        raise NotFound(kind="membership")
    return _seen(work, company_id, rows)[0]


def _sorted_by() -> ColumnElement[str]:
    return func.lower(_a.family_name + literal(" ") + _a.given_name)


def _place(place: Place) -> Any:
    return tuple_(literal(place[0]), literal(place[1], Uuid()))


def _count(work: Work, found: Select[Any]) -> int:
    return work.session.scalar(select(func.count()).select_from(found.subquery())) or 0


def _state() -> ColumnElement[str]:
    """Suspended, or without any second factor yet, or active."""
    linked = or_(
        exists().where(TotpAuthenticator.account_id == _a.id, TotpAuthenticator.confirmed_at.is_not(None)),
        exists().where(Passkey.account_id == _a.id),
    )
    return case(
        (_m.suspended_at.is_not(None), literal(State.SUSPENDED.value)),
        (~linked, literal(State.SET_UP.value)),
        else_=literal(State.ACTIVE.value),
    )


def _members(company_id: UUID, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join_from(tables.memberships, tables.accounts, _a.id == _m.account_id)
        .where(_m.company_id == company_id, _m.ended_at.is_(None))
    )


def _people(company_id: UUID) -> Select[Any]:
    last = select(func.max(Session.auth_time)).where(Session.account_id == _a.id).scalar_subquery()
    return _members(
        company_id,
        _a.id, _a.given_name, _a.family_name, _a.locale, _e.address, _m.company_role, _m.also, _m.services,
        _m.unique_role, _m.created_at, _m.suspended_at, last.label("last_sign_in"), _state().label("state"),
        _sorted_by().label("sorted_by"),
    ).join(tables.email_addresses, and_(_e.account_id == _a.id, _e.released_at.is_(None)), isouter=True)  # fmt: skip


def _states(work: Work, company_id: UUID) -> dict[State, int]:
    state = _state().label("state")
    rows = work.session.execute(_members(company_id, state, func.count()).group_by(state))
    counted = {State(row[0]): row[1] for row in rows}
    return {state: counted.get(state, 0) for state in State}


def _narrowed(work: Work, found: Select[Any], wanted: Wanted) -> Select[Any]:
    search = " ".join(wanted.search.replace("\x00", "").split())  # no name holds one, and PostgreSQL takes none
    if search:
        names = (_a.given_name + literal(" ") + _a.family_name, _a.family_name + literal(" ") + _a.given_name)
        found = found.where(or_(*(each.icontains(search, autoescape=True) for each in (*names, _e.address))))
    if wanted.state:
        found = found.where(_state() == wanted.state)
    held = [_r.membership_id == _m.id, _r.ended_at.is_(None), or_(_r.expires_at.is_(None), _r.expires_at > work.now)]
    if wanted.product:
        found = found.where(exists().where(*held, _r.product == wanted.product))
    if wanted.role:
        named = work.policies.roles.get(wanted.role)
        if named is None:
            found = found.where(exists().where(*held, _r.custom_role_id == _key(wanted.role)))
        elif work.policies.products[named.product].kind == "administration":
            combined = cast(_m.also, String).contains(f'"{named.id}"', autoescape=True)
            found = found.where(or_(_m.company_role == named.id, combined))
        else:
            found = found.where(exists().where(*held, _r.role == named.id))
    return found


def _key(text: str) -> UUID:
    """The key of a company's own role; one that no row has when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _seen(work: Work, company_id: UUID, rows: Iterable[Row[Any]]) -> tuple[PersonSeen, ...]:
    shown = list(rows)
    held: dict[UUID, list[HeldRole]] = {row.id: [] for row in shown}
    for role in work.session.execute(_roles(company_id, list(held))):
        held[role.account_id].append(_role(work, role))
    order = list(work.policies.products)
    known = {product: place for place, product in enumerate(order)}
    return tuple(
        PersonSeen(
            account_id=row.id, given_name=row.given_name, family_name=row.family_name, address=row.address or "",
            locale=row.locale, company_roles=(row.company_role, *row.also), owner=row.unique_role,
            state=State(row.state), since=row.created_at, suspended_at=row.suspended_at,
            last_sign_in=row.last_sign_in, services=tuple(row.services),
            roles=tuple(sorted(held[row.id], key=lambda each: known.get(each.product, len(order)))),
        )
        for row in shown
    )  # fmt: skip


def _roles(company_id: UUID, accounts: list[UUID]) -> Select[Any]:
    own = tables.custom_roles.c
    return (
        select(
            _r.id, _r.account_id, _r.product, _r.role, _r.custom_role_id, _r.switches, _r.restrictions, _r.uses_seat,
            _r.created_at, _r.expires_at, own.labels,
        )
        .join_from(tables.product_roles, tables.custom_roles, own.id == _r.custom_role_id, isouter=True)
        .where(_r.company_id == company_id, _r.account_id.in_(accounts), _r.ended_at.is_(None))
    )  # fmt: skip


def _role(work: Work, row: Row[Any]) -> HeldRole:
    known = work.policies.roles.get(row.role) if row.role is not None else None
    return HeldRole(
        row=row.id, product=row.product, role_id=row.role, custom_role_id=row.custom_role_id,
        labels=(row.labels or {}) if row.role is None else (known.label if known else {}),
        switches=tuple(row.switches), restrictions=row.restrictions, uses_seat=row.uses_seat, since=row.created_at,
        expires_at=row.expires_at, over=row.expires_at is not None and row.expires_at <= work.now,
    )  # fmt: skip


def held_roles(work: Work, company_id: UUID) -> tuple[tuple[str, str, Mapping[str, str]], ...]:
    """The roles that somebody holds in the products here: product, key of the role (`Wanted.role`), labels; by product.

    The caller has seen `of_company`.
    """
    own = tables.custom_roles.c
    held = (
        select(_r.product, _r.role, _r.custom_role_id)
        .distinct()
        .where(_r.company_id == company_id, _r.ended_at.is_(None))
        .subquery()
    )
    rows = work.session.execute(
        select(held.c.product, held.c.role, own.id, own.name, own.labels).join_from(
            held, tables.custom_roles, own.id == held.c.custom_role_id, isouter=True
        )
    ).all()
    found = []
    for product in work.policies.products.values():
        mine = [row for row in rows if row.product == product.id]
        built_in = {row.role for row in mine if row.role is not None}
        found += [(product.id, key, work.policies.roles[key].label) for key in product.roles if key in built_in]
        named = sorted((row for row in mine if row.id is not None), key=lambda row: (row.name, row.id))
        found += [(product.id, str(row.id), row.labels) for row in named]
    return tuple(found)


def waiting(work: Work, company_id: UUID) -> int:
    """How many invitations are open. The caller has seen `of_company`."""
    i = tables.invitations.c
    counted = select(func.count()).where(i.company_id == company_id, i.closed_at.is_(None), i.expires_at > work.now)
    return work.session.scalar(counted) or 0
