"""Asking the administrators of a company for a user of a colleague's own: the right way instead of sharing (PER-05)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile
from idp.audit import log as audit
from idp.companies import access, paged, tables
from idp.companies.models import ColleagueRequest, ProductRole
from idp.companies.paged import Order, Page
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

PAGE = "/account/requests"
NAME_MAX = 100
MOST_OPEN = 5  # of one person in one company: more are no request but a nuisance
OPEN_FOR = timedelta(days=90)
SETTLES = "company.users.invite"

_r = ColleagueRequest
_requests = tables.colleague_requests.c
_LATEST = Order((_requests.created_at,), _requests.id, latest_first=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A company in which the person can ask. `administers`: there they can add the colleague themselves."""

    id: UUID
    name: str
    administers: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as those concerned read it."""

    id: UUID
    company_id: UUID
    company: str
    by: str
    name: str
    address: str
    created_at: datetime


def places(work: Work, account_id: UUID) -> list[Place]:
    """The companies to which a person belongs now."""
    m, c = tables.memberships.c, tables.companies.c
    rows = work.session.execute(
        select(c.id, c.name, m.company_role)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), m.suspended_at.is_(None), c.closed_at.is_(None))
        .order_by(c.name, c.id)
    )
    return [Place(row.id, row.name, row.company_role in _able(work)) for row in rows]


def ask(work: Work, company_id: UUID, *, name: str, address: str) -> None:
    """Ask for a user of a colleague's own; every administrator of the company is written to.

    Asking twice for the same colleague changes nothing.

    Raises:
        NotFound: the actor does not belong to the company.
        InvalidInput: `field` is `name` or `email`.
        Conflict: as many requests as may be are open already.
    """
    work.write()
    asker = work.actor.id
    if asker is None or company_id not in {place.id for place in places(work, asker)}:
        raise NotFound(kind="company")
    kept = " ".join(name.split())
    if not kept or len(kept) > NAME_MAX:
        raise InvalidInput(field="name", reason="missing" if not kept else "too_long")
    canonical = email_address.canonical_new(address)
    if canonical == email_address.primary_address(work, asker).canonical:
        raise InvalidInput(field="email", reason="own_address")
    present = set(
        work.session.scalars(
            select(_r.canonical).where(_r.company_id == company_id, _r.account_id == asker, _r.closed_at.is_(None))
        )
    )
    if canonical in present:
        return
    if len(present) >= MOST_OPEN:
        raise Conflict(field="form", max=MOST_OPEN)
    work.session.add(
        _r(
            id=uuid7(),
            company_id=company_id,
            account_id=asker,
            name=kept,
            address=email_address.written(address),
            canonical=canonical,
            created_at=work.now,
        )  # fmt: skip
    )
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_colleague_requests_open: sent twice at once
        raise Conflict(field="form", reason="asked") from error
    _tell(work, company_id, asker, kept, email_address.written(address))
    audit.record(work, "colleague.requested", ("account", asker), company_id=company_id)


def of_person(
    work: Work, account_id: UUID, *, after: paged.Place | None = None, before: paged.Place | None = None
) -> Page[Asked]:
    """The open requests of a person, the latest first."""
    found = paged.page(work, _open(work).where(_r.account_id == account_id), _LATEST, after=after, before=before)
    return found.seen([_asked(row) for row in found.rows])


def of_companies(
    work: Work, account_id: UUID, *, after: paged.Place | None = None, before: paged.Place | None = None
) -> Page[Asked]:
    """The open requests in the companies that this person administers, the latest first."""
    administered = [place.id for place in places(work, account_id) if place.administers]
    wanted = _open(work).where(_r.company_id.in_(administered))
    found = paged.page(work, wanted, _LATEST, after=after, before=before)
    return found.seen([_asked(row) for row in found.rows])


def open_in(work: Work, company_id: UUID, request_id: UUID) -> Asked:
    """An open request in a company that the actor administers.

    Raises:
        NotFound: there is none.
        NotPermitted: the actor does not invite here.
    """
    access.require(work, SETTLES, company_id)
    wanted = _open(work).where(_r.company_id == company_id, _r.id == request_id)
    row = work.session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound(kind="request")
    return _asked(row)


def roles_of_asker(work: Work, company_id: UUID, request_id: UUID) -> list[ProductRole]:
    """What the person who asks holds in the products there: the colleague may begin with the same (J12)."""
    access.require(work, SETTLES, company_id)
    asker = select(_r.account_id).where(_r.id == request_id, _r.company_id == company_id, _r.closed_at.is_(None))
    return list(
        work.session.scalars(
            select(ProductRole).where(
                ProductRole.account_id == asker.scalar_subquery(), ProductRole.company_id == company_id,
                ProductRole.ended_at.is_(None),
            )
        )
    )  # fmt: skip


def close(work: Work, request_id: UUID, outcome: str) -> None:
    """Settle a request, by an administrator of its company.

    Args:
        outcome: `accepted` or `declined`.

    Raises:
        NotFound: there is none, it is settled, or the actor does not administer its company.
    """
    work.write()
    company_id = work.session.scalar(select(_r.company_id).where(_r.id == request_id, _r.closed_at.is_(None)))
    if company_id is None:
        raise NotFound(kind="request")
    access.require(work, SETTLES, company_id)
    closed = work.session.execute(
        update(_r)
        .where(_r.id == request_id, _r.closed_at.is_(None))
        .values(closed_at=work.now, closed_by=work.actor.id, outcome=outcome),
        execution_options={"synchronize_session": False},
    )
    if closed.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="request")
    audit.record(work, "colleague.settled", ("request", request_id), company_id=company_id, decision=outcome)


def _open(work: Work) -> Select[*tuple[Any, ...]]:
    a, c = tables.accounts.c, tables.companies.c
    found: Select[*tuple[Any, ...]] = (
        select(
            _r.id, _r.company_id, c.name.label("company"), a.given_name, a.family_name, _r.name, _r.address,
            _r.created_at,
        )
        .join_from(_r, tables.companies, c.id == _r.company_id)
        .join(tables.accounts, a.id == _r.account_id)
        .where(_r.closed_at.is_(None), _r.created_at > work.now - OPEN_FOR)
    )  # fmt: skip
    return found


def _asked(row: Row[Any]) -> Asked:
    by = f"{row.given_name} {row.family_name}".strip()
    return Asked(row.id, row.company_id, row.company, by, row.name, row.address, row.created_at)


def _tell(work: Work, company_id: UUID, asker: UUID, name: str, address: str) -> None:
    company = work.session.scalar(select(tables.companies.c.name).where(tables.companies.c.id == company_id))
    by = profile.get(work, asker).display_name
    for each in access.administrators(work, company_id):
        outbox.mail(
            work, each.address, "colleague_request", locale=each.locale, name=each.name, by=by, company=company,
            colleague=name, colleague_address=address, path=PAGE,
        )  # fmt: skip


def _able(work: Work) -> Iterable[str]:
    return [role.id for role in work.policies.roles.values() if access.EDITS_ACCESS in role.permissions]
