"""Who could do what in a company on a date: the engine, asked with the rows of that instant.

The rules are those of today: what a built-in role comes to, and which states there are, is what the policy files say
now. Whether an account was blocked for a while is not looked at: the answer is about rights that were given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid, func, literal, select, tuple_

from idp.companies import access_log, mandate_history, reach, tables, then
from idp.companies.answers import Access, Refusal
from idp.companies.models import MandateTerms
from idp.core.errors import InvalidInput
from idp.work import Work

LISTED = 25

Place = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class ProductThen:
    """What one person could do in one product.

    Attributes:
        revision: of a role of the company's or firm's own; None for others.
        answer: the engine's: an access, or a refusal where something that was given opened nothing.
    """

    product: str
    answer: Access | Refusal
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class PersonThen:
    """Attributes:
    name: as it is today; empty for an account that was erased since.
    company_roles: ids, for the company's own people; empty for those of a firm.
    firms: names of the firms they worked for the company from.
    products: those in which they had something.
    """

    account_id: UUID
    name: str
    company_roles: tuple[str, ...]
    suspended: bool
    firms: tuple[str, ...]
    products: tuple[ProductThen, ...]


@dataclass(frozen=True, slots=True)
class PageThen:
    """People by name.

    Attributes:
        first: the number of the first one shown, counted from one.
        previous: what to pass as `before` for those that come before these; None at the beginning.
        next: what to pass as `after` for those that follow; None at the end.
    """

    people: tuple[PersonThen, ...]
    first: int
    total: int
    previous: Place | None
    next: Place | None


def on(
    work: Work,
    company_id: UUID,
    at: datetime,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> PageThen:
    """Everybody who had something to do with the company at that instant, by name, with what they could do.

    Raises:
        NotPermitted, NotFound: the actor may not read the log of this company.
        InvalidInput: an instant to come.
    """
    access_log.require(work, company_id, access_log.VIEWS, access_log.FIRM_VIEWS)
    if at > work.now:
        raise InvalidInput(field="date")
    a = tables.accounts.c
    name = func.trim(a.family_name + literal(" ") + a.given_name, type_=String()).label("name")
    found = select(a.id, name, a.given_name, a.family_name).where(
        a.id.in_(then.people(work, company_id, MandateTerms, at))
    )
    wanted = search.replace("\x00", "").strip()
    if wanted:
        found = found.where((a.given_name + literal(" ") + a.family_name).icontains(wanted, autoescape=True))
    listed = found.subquery().c
    key = tuple_(listed.name, listed.id)
    query = select(listed.id, listed.name, listed.given_name, listed.family_name)
    if before is not None:
        backwards = query.where(key < _place(before)).order_by(listed.name.desc(), listed.id.desc())
        shown = list(work.session.execute(backwards.limit(limit)))[::-1]
    else:
        onwards = query.where(key > _place(after)) if after is not None else query
        shown = list(work.session.execute(onwards.order_by(listed.name, listed.id).limit(limit)))
    counted = select(func.count()).select_from(found.subquery())
    total = work.session.scalar(counted) or 0
    if not shown:
        return PageThen((), 1, total, None, None)
    begin, end = ((row.name, row.id) for row in (shown[0], shown[-1]))
    first = (
        work.session.scalar(select(func.count()).select_from(query.where(key < _place(begin)).subquery())) or 0
    ) + 1
    names = {row.id: f"{row.given_name} {row.family_name}".strip() for row in shown}
    people = _people(work, company_id, at, names)
    more = first + len(shown) - 1 < total
    return PageThen(tuple(people), first, total, begin if first > 1 else None, end if more else None)


def of_person(work: Work, company_id: UUID, account_id: UUID, at: datetime) -> PersonThen:
    """What one person could do at that instant; nothing at all for somebody who had nothing to do with the company.

    Raises:
        NotPermitted, NotFound: the actor may not read the log of this company.
        InvalidInput: an instant to come.
    """
    access_log.require(work, company_id, access_log.VIEWS, access_log.FIRM_VIEWS)
    if at > work.now:
        raise InvalidInput(field="date")
    a = tables.accounts.c
    row = work.session.execute(select(a.given_name, a.family_name).where(a.id == account_id)).one_or_none()
    name = f"{row.given_name} {row.family_name}".strip() if row is not None else ""
    return _people(work, company_id, at, {account_id: name})[0]


def _place(place: Place) -> Any:
    return tuple_(literal(place[0]), literal(place[1], Uuid()))


def _people(work: Work, company_id: UUID, at: datetime, names: dict[UUID, str]) -> list[PersonThen]:
    """The answers for these people, in their order."""
    asking, ids = replace(work, now=at), list(names)
    rows = _Rows(asking, company_id, ids)
    return [_person(asking, rows, each, names[each]) for each in ids]


class _Rows:
    """What stood in the rows at the instant of the work, in the shape in which the engine reads them."""

    def __init__(self, work: Work, company_id: UUID, people: Sequence[UUID]) -> None:
        at = self.at = work.now
        self.company, self.services = then.company(work, company_id, at)
        self.terms = mandate_history.on(work, company_id, at)
        f = tables.firms.c
        firms = {each.firm_id for each in self.terms}
        self.firms = {
            row.id: row for row in work.session.execute(select(f.id, f.name, f.closed_at).where(f.id.in_(firms)))
        }
        places = [company_id, *firms]
        self.states = then.states(work, places, at)
        self.suspended = then.suspended(work, places, at)
        self.members = {(row.company_id, row.account_id): row for row in then.memberships(work, places, people, at)}
        self.roles = then.product_roles(work, places, people, at)
        self.assignments = then.assignments(work, firms, people, at)
        given = [row.custom_role_id for rows in self.roles.values() for row in rows]
        given += [row.custom_role_id for row in self.assignments]
        self.own_roles = then.own_roles(work, given, at)
        self.firm_products = frozenset(reach.firm_products(work))

    def row(self, account_id: UUID, product: str) -> Any:
        where, at_home = self.company, self.members.get((self.company.id, account_id))
        state = self.states.get((where.id, product))
        held = next((each for each in self.roles.get((where.id, account_id), ()) if each.product == product), None)
        own = self.own_roles.get(held.custom_role_id) if held is not None and held.custom_role_id else None
        return SimpleNamespace(
            company_id=where.id, company_name=where.name, kind=where.kind, company_services=self.services,
            company_epoch=0, closed_at=self._closed(where.closed_at), status="active",
            company_suspended_at=self.suspended.get(where.id),
            state=state.state if state else None, since_at=state.since if state else None,
            until_at=state.until if state else None, suspends_at=state.suspends if state else None, kept_until_at=None,
            membership_id=at_home.id if at_home else None, company_role=at_home.company_role if at_home else None,
            also=at_home.also if at_home else [], person_services=at_home.services if at_home else [], member_epoch=0,
            suspended_at=at_home.began_at if at_home and at_home.suspended else None,
            role=held.role if held else None, switches=held.switches if held else [],
            restrictions=held.restrictions if held else {}, expires_at=held.expires_at if held else None,
            custom_role_found=own.id if own else None, permissions=list(own.permissions) if own else None,
            labels=own.labels if own else None,
        )  # fmt: skip

    def links(self, account_id: UUID, product: str) -> list[Any]:
        """A row for every mandate, with every role in the firm and every assignment, as the engine joins them."""
        found = []
        for terms in self.terms:
            colleague = self.members.get((terms.firm_id, account_id))
            if colleague is None:
                continue
            roles: list[Any] = [
                each for each in self.roles.get((terms.firm_id, account_id), ()) if each.product in self.firm_products
            ]
            given: list[Any] = [
                each for each in self.assignments
                if each.account_id == account_id and each.firm_id == terms.firm_id and each.product == product
                and each.mandate_id in (None, terms.mandate_id)
            ]  # fmt: skip
            found += [self._link(terms, colleague, role, each) for role in roles or [None] for each in given or [None]]
        return found

    def _link(self, terms: MandateTerms, colleague: Any, role: Any, given: Any) -> Any:
        firm = self.firms[terms.firm_id]
        state = self.states.get((terms.firm_id, role.product)) if role is not None else None
        own = self.own_roles.get(given.custom_role_id) if given is not None and given.custom_role_id else None
        return SimpleNamespace(
            mandate_id=terms.mandate_id, preset=terms.preset, options=terms.options, lowered=terms.lowered,
            mandate_state="active", mandate_started=terms.from_at, mandate_until=terms.until_at, mandate_epoch=0,
            view_from_at=terms.from_at if terms.only_reads else None,
            firm_id=firm.id, firm_name=firm.name, firm_epoch=0, firm_closed_at=self._closed(firm.closed_at),
            firm_suspended_at=self.suspended.get(firm.id),
            colleague_epoch=0, colleague_suspended_at=colleague.began_at if colleague.suspended else None,
            colleague_role=role.role if role else None, colleague_custom_role_id=role.custom_role_id if role else None,
            colleague_expires_at=role.expires_at if role else None,
            firm_state=state.state if state else None, firm_since=state.since if state else None,
            firm_until=state.until if state else None, firm_suspends=state.suspends if state else None,
            for_mandate=given.mandate_id if given else None, product=given.product if given else None,
            role=given.role if given else None, locale=None, custom_role_found=own.id if own else None,
            permissions=list(own.permissions) if own else None, labels=own.labels if own else None,
        )  # fmt: skip

    def _closed(self, closed_at: datetime | None) -> datetime | None:
        return closed_at if closed_at is not None and closed_at <= self.at else None


def _person(work: Work, rows: _Rows, account_id: UUID, name: str) -> PersonThen:
    member = rows.members.get((rows.company.id, account_id))
    known = work.policies.products.values()
    asked = [each.id for each in known if not each.subscribed or (rows.company.id, each.id) in rows.states]
    products = []
    for product in asked:
        if work.policies.products[product].kind == "operations":
            continue
        row, links = rows.row(account_id, product), rows.links(account_id, product)
        answer = reach.judge(work, account_id, product, row, links)
        given = row.role is not None or row.custom_role_found is not None or any(link.product for link in links)
        if isinstance(answer, Access) or given:
            own = answer.custom_role_id if isinstance(answer, Access) else row.custom_role_found
            revision = rows.own_roles[own].revision if own in rows.own_roles else None
            products.append(ProductThen(product, answer, revision))
    firms = {terms.firm_id for terms in rows.terms if (terms.firm_id, account_id) in rows.members}
    return PersonThen(
        account_id=account_id,
        name=name,
        company_roles=(member.company_role, *member.also) if member is not None else (),
        suspended=member is not None and member.suspended,
        firms=tuple(sorted(rows.firms[each].name for each in firms)),
        products=tuple(products),
    )
