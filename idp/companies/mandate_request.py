"""A firm asks for access at an address (MAN-08). It hears the same whoever is found there, and sees no company's name
before that company has said yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address
from idp.audit import log
from idp.authn import throttle
from idp.companies import access, mandate, mandate_scope, paged, tables
from idp.companies.errors import FirmsFull, MandateAsked, MandateExists, NotSubscribed
from idp.companies.mandate_scope import Scope
from idp.companies.models import Mandate, MandateRequest
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import NotFound, Throttled
from idp.core.ids import uuid7
from idp.policy.account import Limit
from idp.work import Work

ASKS = "practice.mandates.request"
_MANY = Limit(max=50, per=timedelta(hours=1))
_OWN_COMPANIES = 5  # of somebody who runs several, as many are asked; the holder answers for each

_r = MandateRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the firm sees it.

    Attributes:
        outcome: None while it waits.
    """

    id: UUID
    address: str
    preset: str
    by: str
    created_at: datetime
    expires_at: datetime
    outcome: str | None


def ask(work: Work, firm_id: UUID, *, address: str, preset: str) -> MandateRequest:
    """Ask for access at somebody's address; whoever runs a company there is written to, and answers.

    Raises:
        NotPermitted: the actor may not ask for the firm.
        InvalidInput: it is no address, or there is no such preset.
        MandateAsked: a request to this address waits already.
        Throttled: the firm has asked too often.
    """
    work.write()
    access.require(work, ASKS, firm_id)
    scope = mandate_scope.checked(work, Scope(preset))
    canonical = email_address.canonical_new(address)
    if not throttle.take(work, "mandate_requests", f"firm {firm_id}", _MANY, in_a_row=None).allowed:
        work.checkpoint(write=False)
        raise Throttled(retry_after=int(_MANY.per.total_seconds()))
    _close_over(work, firm_id)
    open_one = select(_r.id).where(_r.firm_id == firm_id, _r.canonical == canonical, _r.closed_at.is_(None))
    if work.session.scalar(open_one) is not None:
        raise MandateAsked()
    request = _r(
        id=uuid7(),
        firm_id=firm_id,
        address=email_address.written(address),
        canonical=canonical,
        preset=preset,
        asked_by=work.actor.id if work.actor.kind == "account" else None,
        created_at=work.now,
        expires_at=work.now + work.policies.mandates.invitation_lifetime,
    )
    work.session.add(request)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_mandate_requests_open
        raise MandateAsked() from error
    way = mandate.way_of(work, from_company=False)
    for company_id in _companies_at(work, canonical):
        if company_id != firm_id and not mandate.waits_or_works(work, company_id, firm_id):
            try:
                mandate.begin(work, company_id, firm_id, scope, way, request_id=request.id)
            except (FirmsFull, NotSubscribed, MandateExists):
                continue  # the company cannot say yes now; the firm hears nothing of it
    log.record(
        work, "mandate.requested", ("mandate_request", request.id), company_id=firm_id, preset=preset,
        before=None, after={"standing": "requested"}, **_kind(work, preset),
    )  # fmt: skip
    return request


def withdraw(work: Work, firm_id: UUID, request_id: UUID) -> None:
    """Take a request back, wherever it has arrived.

    Raises:
        NotPermitted: the actor may not ask for the firm.
        NotFound: the firm has no such request that waits.
    """
    work.write()
    access.require(work, ASKS, firm_id)
    waiting = work.session.scalars(
        select(Mandate).where(
            Mandate.request_id == request_id, Mandate.firm_id == firm_id, Mandate.state == "requested"
        )
    ).all()
    for each in waiting:
        mandate.withdraw(work, each.id)
    closed = work.session.execute(
        update(_r)
        .where(_r.id == request_id, _r.firm_id == firm_id)
        .where(_r.closed_at.is_(None) | (_r.closed_at == work.now))
        .values(closed_at=work.now, outcome="withdrawn"),
        execution_options={"synchronize_session": False},
    )
    if closed.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="mandate_request")
    log.record(
        work, "mandate.request_withdrawn", ("mandate_request", request_id), company_id=firm_id,
        before={"standing": "requested"}, after={"standing": "withdrawn"},
        **_kind(work, work.session.get_one(_r, request_id).preset),
    )  # fmt: skip


def of_firm(
    work: Work,
    firm_id: UUID,
    *,
    search: str = "",
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Asked]:
    """A firm's requests: those that wait before those that are closed, of either the latest first.

    Args:
        search: a part of the address, in any case.
    """
    wanted, found = search.replace("\x00", "").strip(), _asked(firm_id)  # no address holds one
    if wanted:
        found = found.where(_r.address.icontains(wanted, autoescape=True))
    page = paged.page(work, found, _waiting_first(), after=after, before=before, limit=limit)
    return page.seen([_shown(work, row[0], row.given_name, row.family_name) for row in page.rows])


def find(work: Work, firm_id: UUID, request_id: UUID) -> Asked | None:
    """One of a firm's requests; None for that of another one."""
    row = work.session.execute(_asked(firm_id).where(_r.id == request_id)).one_or_none()
    return _shown(work, *row) if row is not None else None


def one(work: Work, firm_id: UUID, request_id: UUID) -> Asked:
    """As `find`.

    Raises:
        NotFound: the firm has no such request; that of another one answers the same.
    """
    found = find(work, firm_id, request_id)
    if found is None:
        raise NotFound(kind="mandate_request")
    return found


def _asked(firm_id: UUID) -> Select[Any]:
    a = tables.accounts.c
    wanted = select(_r, a.given_name, a.family_name).join(tables.accounts, a.id == _r.asked_by, isouter=True)
    return wanted.where(_r.firm_id == firm_id)


def _waiting_first() -> Order:
    r = tables.mandate_requests.c
    return Order((case((r.closed_at.is_(None), 1), else_=0), r.created_at), r.id, latest_first=True)


def _shown(work: Work, found: MandateRequest, given: str | None, family: str | None) -> Asked:
    outcome = found.outcome or ("expired" if found.expires_at <= work.now else None)
    by = f"{given or ''} {family or ''}".strip()
    return Asked(found.id, found.address, found.preset, by, found.created_at, found.expires_at, outcome)


def _companies_at(work: Work, canonical: str) -> list[UUID]:
    """The companies for which the holder of an address can say yes; for one of the people of a single company, that
    one, whose administrators then answer."""
    account = email_address.find_account(work, canonical)
    if account is None:
        return []
    c, m = tables.companies.c, tables.memberships.c
    confirms = mandate.way_of(work, from_company=False).finish.permission
    able = [each.id for each in work.policies.roles.values() if confirms in each.permissions]
    rows = work.session.execute(
        select(c.id, m.company_role.in_(able).label("runs"))
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account.id, m.ended_at.is_(None), m.suspended_at.is_(None))
        .where(c.closed_at.is_(None), c.suspended_at.is_(None))
        .order_by(m.company_role.in_(able).desc(), c.created_at, c.id)
        .limit(_OWN_COMPANIES)
    ).all()
    running = [row.id for row in rows if row.runs]
    return running or ([rows[0].id] if len(rows) == 1 else [])


def _close_over(work: Work, firm_id: UUID) -> None:
    work.session.execute(
        update(_r)
        .where(_r.firm_id == firm_id, _r.closed_at.is_(None), _r.expires_at <= work.now)
        .values(closed_at=work.now, outcome="expired"),
        execution_options={"synchronize_session": False},
    )


def _kind(work: Work, preset: str) -> dict[str, Any]:
    """What the log says of temporary support, which is told in other words."""
    return {"temporary": True} if mandate_scope.longest(work.policies, preset) is not None else {}
