"""The end of an account at its holder's wish (J14b): asked, waited for, agreed to by one of the staff, then done.

Rows that a company needs as its history stay and name the account by its key, which is given to nobody else (R-69).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from idp.accounts import email_address, personal_data, profile
from idp.accounts.models import Account
from idp.accounts.personal_data import Held
from idp.audit import log as audit
from idp.audit import retention
from idp.authn import erasure_request, session
from idp.companies import clock, firm_run, support_case, tables
from idp.companies.models import FirmInvitation, Invitation, MandateRequest
from idp.core.errors import Conflict
from idp.outbox import queue as outbox
from idp.work import Actor, Work

SYSTEM = Actor(kind="system", name="erasure")
REASON, IDENTITY_CHECK, KEPT = "holder_request", "own_session", "kept"  # as `duty.reason` puts them into words


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an account cannot be erased yet: `owner` of an open company, or the only `administrator` of a firm."""

    kind: str
    company_id: UUID
    company: str


def obstacles(work: Work, account_id: UUID) -> list[Obstacle]:
    """The companies that nobody would run any more. Handing them over, or closing them, is the way on."""
    m, c = tables.memberships.c, tables.companies.c
    rows = work.session.execute(
        select(c.id, c.name, c.kind, m.unique_role)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), c.closed_at.is_(None))
        .order_by(c.name, c.id)
    ).all()
    found = [Obstacle("owner", row.id, row.name) for row in rows if row.unique_role]
    for row in rows:
        if row.kind == "firm" and not row.unique_role and firm_run.runs_alone(work, account_id, row.id):
            found.append(Obstacle("administrator", row.id, row.name))
    return found


def request(work: Work, account_id: UUID) -> datetime:
    """Ask for the erasure of one's own account; answers from when on it is erased.

    The caller has seen a fresh password and second factor. Sessions end at once; the account waits, and is kept by
    signing in.

    Raises:
        Conflict: companies depend on the account (`reason="obstacles"`), or it is not active (`status`).
    """
    work.write()
    if obstacles(work, account_id):
        raise Conflict(reason="obstacles")
    due_at = erasure_request.begin(work, account_id)
    support_case.open_case(work.acting(SYSTEM), "erase", account_id, REASON, IDENTITY_CHECK, due_at=due_at)
    return due_at


def kept(work: Work, account_id: UUID) -> None:
    """The holder has come back and keeps the account: the staff have nothing more to decide."""
    support_case.close_about(work, account_id, "erasure", KEPT)


def erase(work: Work, account_id: UUID, held: Iterable[Held]) -> None:
    """Erase an account whose waiting period is over, in this transaction.

    Args:
        held: every table about a person, the one that names another one first.

    Raises:
        Conflict: it does not wait to be erased, or not long enough; or companies depend on it (`reason="obstacles"`).
    """
    if obstacles(work, account_id):
        raise Conflict(reason="obstacles")
    account = profile.get(work, account_id)
    farewell = (email_address.primary_address(work, account_id).address, account.locale, account.given_name)
    claimed = work.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.status == "erasure_requested", Account.erasure_at <= work.now)
        .values(status="erased"),
        execution_options={"synchronize_session": False},
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(status=account.status)
    session.end_all(work, account_id, "erased")
    clock.person(work, account_id)
    for waiting in (Invitation, FirmInvitation, MandateRequest):
        _close_waiting(work, account_id, waiting)
    personal_data.erase(work, account_id, held)
    address, locale, name = farewell
    outbox.mail(work, address, "account_erased", locale=locale, name=name, when=work.now.isoformat())
    retention.erase_traces_of(work, account_id)
    audit.record(work, audit.ERASED, ("account", account_id))


def _close_waiting(work: Work, account_id: UUID, kind: Any) -> None:
    """What waits at an address of the person waits for nobody."""
    work.session.execute(
        update(kind)
        .where(kind.canonical.in_(personal_data.canonicals(account_id)), kind.closed_at.is_(None))
        .values(closed_at=work.now, outcome="erased"),
        execution_options={"synchronize_session": False},
    )
