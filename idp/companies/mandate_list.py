"""Mandates a page at a time: those of a company, open or over, and the invitations that wait for a firm."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from idp.companies import access, mandate_view, paged, tables
from idp.companies.mandate_state import LIVE, OPEN, WAITING
from idp.companies.mandate_view import COMPANY_VIEWS, FIRM_VIEWS, LISTED, Seen
from idp.companies.models import Mandate
from idp.companies.paged import Order, Page, Place
from idp.work import Work

_m = Mandate


def of_company(
    work: Work,
    company_id: UUID,
    *,
    over: bool = False,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Seen]:
    """A company's mandates that are open in any way, the oldest first; or those that are over, the last one first.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, COMPANY_VIEWS, company_id)
    past = _over(work)
    wanted = select(_m).where(_m.company_id == company_id, past if over else ~past)
    order = Order((_ended_at(work),), _key(), latest_first=True) if over else _oldest_first()
    return _seen(work, paged.page(work, wanted, order, after=after, before=before, limit=limit))


def present(work: Work, company_id: UUID) -> tuple[Seen, ...]:
    """Every open mandate of a company, the oldest first: a company has a few firms (`firms_per_company`).

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, COMPANY_VIEWS, company_id)
    wanted = select(_m).where(_m.company_id == company_id, ~_over(work)).order_by(_m.created_at, _m.id)
    return tuple(mandate_view.seen(work, work.session.scalars(wanted).all()))


def waiting_for_firm(
    work: Work, firm_id: UUID, *, after: Place | None = None, before: Place | None = None, limit: int = LISTED
) -> Page[Seen]:
    """The invitations that wait for a firm's answer, the oldest first.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, FIRM_VIEWS, firm_id)
    wanted = select(_m).where(_m.firm_id == firm_id, _m.state == "invited", ~_over(work))
    return _seen(work, paged.page(work, wanted, _oldest_first(), after=after, before=before, limit=limit))


def _seen(work: Work, found: Page[Any]) -> Page[Seen]:
    return found.seen(mandate_view.seen(work, [row[0] for row in found.rows]))


def _oldest_first() -> Order:
    return Order((tables.mandates.c.created_at,), _key())


def _key() -> ColumnElement[UUID]:
    return tables.mandates.c.id


def _over(work: Work) -> ColumnElement[bool]:
    """Those that are closed, and those whose date has come before anything closed them (`mandate_view`)."""
    unanswered = and_(_m.state.in_(WAITING), _m.created_at <= work.now - work.policies.mandates.invitation_lifetime)
    run_out = and_(_m.state.in_(LIVE), _m.until_at.is_not(None), _m.until_at <= work.now)
    return or_(_m.state.not_in(OPEN), unanswered, run_out)


def _ended_at(work: Work) -> ColumnElement[Any]:
    """When it was over; of one that was never answered, when it began."""
    m = tables.mandates.c
    return func.coalesce(m.ended_at, case((and_(m.state.in_(LIVE), m.until_at <= work.now), m.until_at)), m.created_at)
