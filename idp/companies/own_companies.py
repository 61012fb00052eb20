"""The companies a person is one of the own people of, and what they may do in the accounts of these.

Clients of a firm are not among them: who works there by mandate administers nothing there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, func, literal, select, tuple_

from idp.companies import company, tables
from idp.companies.models import Company
from idp.companies.reach import Access, Refusal, Why, resolve
from idp.core.errors import NotFound, NotPermitted
from idp.policy.permissions import Grant, effective
from idp.work import Work

LISTED = 25
IN_MENU = 6

Place = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class OwnCompany:
    """A company of the person's, as its account knows them.

    Attributes:
        role_labels: of the company role.
        permissions: what they may do in its account; for a firm also in the running of the firm. Empty while suspended.
        suspended: an administrator keeps the person out for the time being.
        stopped: staff have suspended the company itself.
    """

    company_id: UUID
    name: str
    kind: str
    role_labels: Mapping[str, str]
    permissions: frozenset[str]
    suspended: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class OwnCompanies:
    """Companies by name.

    Attributes:
        first: the number of the first one shown, counted from one.
        previous: what to pass as `before` for those that come before these; None at the beginning.
        next: what to pass as `after` for those that follow; None at the end.
    """

    companies: tuple[OwnCompany, ...]
    first: int
    total: int
    previous: Place | None
    next: Place | None


def standing(work: Work, account_id: UUID, company_id: UUID) -> tuple[Company, frozenset[str]]:
    """A company, and what one of its people may do in its account; for a firm also in the running of the firm.

    Raises:
        NotFound: they are none of its people, or there is no such company; the two look the same.
        NotPermitted: they are, but suspended, or the company is closed or suspended itself.
    """
    answer = resolve(work, account_id, company_id, _administration(work))
    if isinstance(answer, Refusal):
        if answer.why is Why.NOT_A_MEMBER:
            raise NotFound(kind="company")
        raise NotPermitted(permission=answer.product, reason=answer.why.value)
    found = company.get(work, company_id)
    return found, frozenset(answer.permissions) | _practice(work, account_id, company_id, found.kind)


def latest(work: Work, account_id: UUID, *, limit: int = IN_MENU) -> tuple[tuple[OwnCompany, ...], bool]:
    """The companies a person joined last, by name, and whether there are more."""
    m = tables.memberships.c
    found = _open(account_id).order_by(m.created_at.desc(), m.id.desc()).limit(limit + 1)
    rows = work.session.execute(found).all()
    shown = sorted(rows[:limit], key=lambda row: (row.name, row.id))
    return tuple(_own(work, account_id, row) for row in shown), len(rows) > limit


def of_person(
    work: Work,
    account_id: UUID,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> OwnCompanies:
    """The open companies of a person, by name.

    Args:
        search: a part of a company's name, in any case.
        after: where the page before this one ended (`OwnCompanies.next`).
        before: where the page after this one began (`OwnCompanies.previous`).
    """
    c = tables.companies.c
    found = _open(account_id)
    wanted = search.replace("\x00", "").strip()  # no name holds one, and PostgreSQL takes none
    if wanted:
        found = found.where(c.name.icontains(wanted, autoescape=True))
    key = tuple_(c.name, c.id)
    if before is not None:
        backwards = found.where(key < _place(before)).order_by(c.name.desc(), c.id.desc())
        shown = list(work.session.execute(backwards.limit(limit)))[::-1]
    else:
        onwards = found.where(key > _place(after)) if after is not None else found
        shown = list(work.session.execute(onwards.order_by(c.name, c.id).limit(limit)))
    total = _count(work, found)
    if not shown:
        return OwnCompanies((), 1, total, None, None)
    begin, end = ((row.name, row.id) for row in (shown[0], shown[-1]))
    first = _count(work, found.where(key < _place(begin))) + 1
    more = first + len(shown) - 1 < total
    companies = tuple(_own(work, account_id, row) for row in shown)
    return OwnCompanies(companies, first, total, begin if first > 1 else None, end if more else None)


def _count(work: Work, found: Select[Any]) -> int:
    return work.session.scalar(select(func.count()).select_from(found.subquery())) or 0


def _place(place: Place) -> Any:
    return tuple_(literal(place[0]), literal(place[1], Uuid()))


def _open(account_id: UUID) -> Select[Any]:
    c, m = tables.companies.c, tables.memberships.c
    return (
        select(c.id, c.name, c.kind, c.suspended_at.label("stopped_at"), m.company_role, m.also, m.suspended_at)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), c.closed_at.is_(None))
    )


def _own(work: Work, account_id: UUID, row: Row[Any]) -> OwnCompany:
    """From the row alone; a firm, of which a person has one or two, costs a question more."""
    held: frozenset[str] = frozenset()
    roles, suspended = work.policies.roles, row.suspended_at is not None
    if not suspended and row.stopped_at is None:
        for role in (row.company_role, *row.also):
            held |= frozenset(effective(work.policies, Grant(product=_administration(work), role=role)).permissions)
        held |= _practice(work, account_id, row.id, row.kind)
    labels = roles[row.company_role].label if row.company_role in roles else {}
    return OwnCompany(row.id, row.name, row.kind, labels, held, suspended, row.stopped_at is not None)


def _administration(work: Work) -> str:
    return next(each.id for each in work.policies.products.values() if each.kind == "administration")


def _practice(work: Work, account_id: UUID, company_id: UUID, kind: str) -> frozenset[str]:
    """What the person may do in the running of the firm."""
    if kind != "firm":
        return frozenset()
    running = [each.id for each in work.policies.products.values() if each.firm_only]
    answers = (resolve(work, account_id, company_id, product) for product in running)
    return frozenset().union(*(answer.permissions for answer in answers if isinstance(answer, Access)))
