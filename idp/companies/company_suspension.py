"""Staff stop a company for the time being, and let it go on (`operations.companies.suspend`).

Nobody reaches anything while it lasts: its own people, firms that work for it, and, of a firm, its clients. Nothing is
taken away by it: roles, seats, mandates and subscriptions stay as they are, and count again from the moment on at which
the company is reopened.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from idp.audit import log
from idp.companies import access, access_end, clock, company
from idp.companies.models import Company, CompanySuspension
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

SUSPENDS = "operations.companies.suspend"
REASON_MAX = 500
TEMPLATE = "company_closing"


def suspend(work: Work, company_id: UUID, reason: str) -> None:
    """Stop a company: products are told at once, refresh tokens end, and no new one is given. Those who run it are
    written to.

    The caller has seen a fresh second factor.

    Args:
        reason: kept in the log, which those who may read the company's log read too.

    Raises:
        NotPermitted: the actor may not stop companies.
        NotFound: there is none, or it is closed.
        InvalidInput: the reason is missing, or too long.
        Conflict: it is stopped already; `state` says so.
    """
    work.write()
    access.require(work, SUSPENDS)
    clock.hold(work)  # before the company's row, as everybody does
    told = " ".join(reason.split())
    if not 0 < len(told) <= REASON_MAX or not told.isprintable():
        raise InvalidInput(field="reason")
    _turn(work, company_id, Company.suspended_at.is_(None), state="suspended", suspended_at=work.now)
    work.session.add(CompanySuspension(id=uuid7(), company_id=company_id, reason=told, began_at=work.now))
    work.session.flush()
    clock.company(work, company_id)
    access_end.tell(work, company_id=company_id, logout=True)
    if company.get(work, company_id).kind == "firm":
        access_end.tell(work, firm_id=company_id, logout=True)
    _write(work, company_id, "suspended")
    _record(work, "company.suspended", company_id, "open", "suspended", reason=told)


def reopen(work: Work, company_id: UUID) -> None:
    """Let a company go on with everything that it had. Those who run it are written to.

    Raises:
        NotPermitted: the actor may not.
        NotFound: there is none, or it is closed.
        Conflict: it is not stopped; `state` says so.
    """
    work.write()
    access.require(work, SUSPENDS)
    clock.hold(work)  # before the company's row, as everybody does
    _turn(work, company_id, Company.suspended_at.is_not(None), state="open", suspended_at=None)
    s = CompanySuspension
    work.session.execute(
        update(s).where(s.company_id == company_id, s.ended_at.is_(None)).values(ended_at=work.now),
        execution_options={"synchronize_session": False},
    )
    clock.company(work, company_id)
    _write(work, company_id, "reopened")
    _record(work, "company.reopened", company_id, "suspended", "open")


def current(work: Work, company_id: UUID) -> CompanySuspension | None:
    """The suspension that lasts; None for a company that is not stopped.

    Raises:
        NotPermitted: the actor may not stop companies.
    """
    access.require(work, SUSPENDS)
    s = CompanySuspension
    return work.session.scalar(select(s).where(s.company_id == company_id, s.ended_at.is_(None)))


def _turn(work: Work, company_id: UUID, which: Any, *, state: str, **values: Any) -> None:
    """One step, which one caller takes."""
    moved = work.session.execute(
        update(Company).where(Company.id == company_id, Company.closed_at.is_(None), which).values(**values),
        execution_options={"synchronize_session": False},
    )
    work.session.expire_all()
    if moved.rowcount == 1:  # type: ignore[attr-defined]
        return
    found = work.session.get(Company, company_id)
    if found is None or found.closed_at is not None:
        raise NotFound(kind="company")
    raise Conflict(field="state", state=state)


def _write(work: Work, company_id: UUID, what: str) -> None:
    name = company.get(work, company_id).name
    for each in access.administrators(work, company_id):
        outbox.mail(
            work, each.address, TEMPLATE, locale=each.locale, name=each.name, company=name, what=what, day="",
            path="/companies",
        )  # fmt: skip


def _record(work: Work, name: str, company_id: UUID, before: str, after: str, **details: str) -> None:
    log.record(
        work, name, ("company", company_id), company_id=company_id,
        before={"standing": before}, after={"standing": after}, **details,
    )  # fmt: skip
