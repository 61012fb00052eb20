"""The people of a firm: what each is in the running of the firm, for how many clients they work, who works where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select

from idp.companies import access, client_list, paged, tables
from idp.companies.client_list import Client, Phase
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import NotFound
from idp.work import Work

VIEWS = "practice.colleagues.view"

_a, _e, _m = tables.accounts.c, tables.email_addresses.c, tables.memberships.c
_NAME: ColumnElement[str] = _a.family_name + " " + _a.given_name


@dataclass(frozen=True, slots=True)
class Colleague:
    """Attributes:
    roles: labels of the roles in the running of the firm, by language; none without any.
    every_client: works for all the clients, present and future.
    clients: for how many otherwise.
    """

    account_id: UUID
    name: str
    address: str
    locale: str
    since: datetime
    suspended: bool
    roles: tuple[Mapping[str, str], ...] = ()
    every_client: bool = False
    clients: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What a colleague was given: one product, at one client or at all of them.

    Attributes:
        own: a role that the firm made.
        locale: the colleague's language there; None for that of their account.
        given_by: None for what an operator set up.
    """

    id: UUID
    product: str
    role: str | None
    custom_role_id: UUID | None
    role_labels: Mapping[str, str]
    everywhere: bool
    locale: str | None
    since: datetime
    given_by: str | None

    @property
    def own(self) -> bool:
        return self.custom_role_id is not None


def listed(
    work: Work,
    firm_id: UUID,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Colleague]:
    """The people of the firm.

    Args:
        search: a part of the name or of the address, in any case.

    Raises:
        NotPermitted, NotFound: the actor may not see them.
    """
    access.require(work, VIEWS, firm_id)
    return _page(work, firm_id, _people(firm_id, search), after, before, limit)


def names(work: Work, firm_id: UUID, *, limit: int) -> list[tuple[UUID, str]]:
    """The people of the firm by family name, to choose from.

    Raises:
        NotPermitted, NotFound: the actor may not see them.
    """
    access.require(work, VIEWS, firm_id)
    rows = work.session.execute(_people(firm_id, "").order_by(_NAME, _a.id).limit(limit))
    return [(row.id, f"{row.given_name} {row.family_name}".strip()) for row in rows]


def at_client(
    work: Work,
    firm_id: UUID,
    client: Client,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> tuple[Page[Colleague], dict[UUID, list[Held]]]:
    """Those who work for a client, with what each was given there.

    Raises:
        NotPermitted, NotFound: the actor may not see them.
    """
    access.require(work, VIEWS, firm_id)
    if client.phase not in (Phase.ACTIVE, Phase.SUSPENDED):
        return Page((), 1, 0, None, None), {}
    m = tables.mandates.c
    there = exists(
        select(m.id).where(m.id == client.mandate_id, m.firm_id == firm_id, client_list.works_there(work, _a.id))
    )
    page = _page(work, firm_id, _people(firm_id, search).where(there), after, before, limit)
    return page, _held(work, firm_id, [each.account_id for each in page.rows], client)


def get(work: Work, firm_id: UUID, account_id: UUID) -> Colleague:
    """One of the firm's people.

    Raises:
        NotPermitted: the actor may not see them.
        NotFound: none of them.
    """
    access.require(work, VIEWS, firm_id)
    row = work.session.execute(_people(firm_id, "").where(_a.id == account_id)).one_or_none()
    if row is None:
        raise NotFound(kind="membership")
    return _colleagues(work, firm_id, [row])[0]


def everywhere(work: Work, firm_id: UUID, account_id: UUID) -> list[Held]:
    """What a colleague was given for every client, by product."""
    access.require(work, VIEWS, firm_id)
    return _held(work, firm_id, [account_id], None).get(account_id, [])


def held_at(work: Work, firm_id: UUID, account_id: UUID, client: Client) -> list[Held]:
    """What a colleague has at one client, by product; what counts for every client included."""
    access.require(work, VIEWS, firm_id)
    return _held(work, firm_id, [account_id], client).get(account_id, [])


def _people(firm_id: UUID, search: str) -> Select[*tuple[Any, ...]]:
    found: Select[*tuple[Any, ...]] = (
        select(
            _a.id, _a.given_name, _a.family_name, _a.locale, _e.address, _m.created_at, _m.suspended_at
        )
        .join_from(tables.memberships, tables.accounts, _a.id == _m.account_id)
        .join(tables.email_addresses, and_(_e.account_id == _a.id, _e.released_at.is_(None)))
        .where(_m.company_id == firm_id, _m.ended_at.is_(None))
    )  # fmt: skip
    text = " ".join(search.replace("\x00", "").split())  # no name holds one, and PostgreSQL takes none
    if not text:
        return found
    shown = _a.given_name + " " + _a.family_name
    texts = (shown, _NAME, _e.address)
    return found.where(or_(*(each.icontains(text, autoescape=True) for each in texts)))


def _page(
    work: Work, firm_id: UUID, found: Select[*tuple[Any, ...]], after: Place | None, before: Place | None, limit: int
) -> Page[Colleague]:
    page = paged.page(work, found, Order((_NAME,), _a.id), after=after, before=before, limit=limit)
    return page.seen(_colleagues(work, firm_id, page.rows))


def _colleagues(work: Work, firm_id: UUID, rows: Sequence[Row[Any]]) -> tuple[Colleague, ...]:
    ids = [row.id for row in rows]
    roles, counts, everywhere = (
        _roles(work, firm_id, ids),
        _clients(work, firm_id, ids),
        _everywhere(work, firm_id, ids),
    )
    return tuple(
        Colleague(
            account_id=row.id,
            name=f"{row.given_name} {row.family_name}".strip(),
            address=row.address,
            locale=row.locale,
            since=row.created_at,
            suspended=row.suspended_at is not None,
            roles=tuple(roles.get(row.id, ())),
            every_client=row.id in everywhere,
            clients=counts.get(row.id, 0),
        )
        for row in rows
    )


def _roles(work: Work, firm_id: UUID, ids: list[UUID]) -> dict[UUID, list[Mapping[str, str]]]:
    r, own = tables.product_roles.c, tables.custom_roles.c
    products = [each.id for each in work.policies.products.values() if each.firm_only]
    rows = work.session.execute(
        select(r.account_id, r.role, own.labels)
        .join_from(tables.product_roles, tables.custom_roles, own.id == r.custom_role_id, isouter=True)
        .where(r.company_id == firm_id, r.account_id.in_(ids), r.product.in_(products), r.ended_at.is_(None))
        .where(or_(r.expires_at.is_(None), r.expires_at > work.now))
    )
    found: dict[UUID, list[Mapping[str, str]]] = {}
    for row in rows:
        labels = _labels(work, row.role, row.labels)
        if labels:
            found.setdefault(row.account_id, []).append(labels)
    return found


def _clients(work: Work, firm_id: UUID, ids: list[UUID]) -> dict[UUID, int]:
    """Clients given by name."""
    x, m = tables.assignments.c, tables.mandates.c
    rows = work.session.execute(
        select(x.account_id, func.count(x.mandate_id.distinct()))
        .join_from(tables.assignments, tables.mandates, m.id == x.mandate_id)
        .where(x.firm_id == firm_id, x.account_id.in_(ids), x.ended_at.is_(None), m.state == "active")
        .where(or_(m.until_at.is_(None), m.until_at > work.now))
        .group_by(x.account_id)
    )
    return {row[0]: row[1] for row in rows}


def _everywhere(work: Work, firm_id: UUID, ids: list[UUID]) -> set[UUID]:
    x, r = tables.assignments.c, tables.product_roles.c
    able = [each.id for each in work.policies.roles.values() if each.entry.clients == "all"]
    reaches = exists().where(
        r.account_id == x.account_id, r.company_id == firm_id, r.ended_at.is_(None), r.role.in_(able)
    )
    wanted = select(x.account_id).where(
        x.firm_id == firm_id, x.account_id.in_(ids), x.mandate_id.is_(None), x.ended_at.is_(None), reaches
    )
    return set(work.session.scalars(wanted))


def _held(work: Work, firm_id: UUID, ids: list[UUID], client: Client | None) -> dict[UUID, list[Held]]:
    """What was given at a client and counts there; without one, what was given for every client."""
    x, own, giver = tables.assignments.c, tables.custom_roles.c, tables.accounts.alias("giver")
    wanted = (
        select(
            x.id, x.account_id, x.mandate_id, x.product, x.role, x.custom_role_id, own.labels, x.locale, x.created_at,
            giver.c.id.label("giver"), giver.c.given_name, giver.c.family_name,
        )
        .join_from(tables.assignments, tables.custom_roles, own.id == x.custom_role_id, isouter=True)
        .join(giver, giver.c.id == x.given_by, isouter=True)
        .where(x.firm_id == firm_id, x.account_id.in_(ids), x.ended_at.is_(None))
        .order_by(x.product, x.mandate_id.is_(None))
    )  # fmt: skip
    if client is None:
        wanted = wanted.where(x.mandate_id.is_(None))
    else:
        m = tables.mandates.c
        counts = exists(select(m.id).where(m.id == client.mandate_id, client_list.counts_everywhere(work.policies)))
        wanted = wanted.where(or_(x.mandate_id == client.mandate_id, and_(x.mandate_id.is_(None), counts)))
    found: dict[UUID, list[Held]] = {}
    order = {product: place for place, product in enumerate(work.policies.products)}
    for row in sorted(work.session.execute(wanted).all(), key=lambda row: order.get(row.product, len(order))):
        given_by = f"{row.given_name} {row.family_name}".strip() if row.giver is not None else None
        found.setdefault(row.account_id, []).append(
            Held(
                row.id,
                row.product,
                row.role,
                row.custom_role_id,
                _labels(work, row.role, row.labels),
                row.mandate_id is None,
                row.locale,
                row.created_at,
                given_by,
            )  # fmt: skip
        )
    return found


def _labels(work: Work, role_id: str | None, own: Mapping[str, str] | None) -> Mapping[str, str]:
    if role_id is None:
        return own or {}
    role = work.policies.roles.get(role_id)
    return role.label if role is not None else {}
