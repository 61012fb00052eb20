"""The clock of access changes: every change of anybody's access takes its next value, and leaves it where it matters.

A token's epoch is the greatest value among the rows its access came from. One change of one person's access marks all
their current memberships, so that an answer through another way can never carry an older epoch than the last one.

Each change is told to the floors above as a fact, `access.changed`: whose access, where, and the epoch from which on a
token knows of it.
"""

from uuid import UUID

from sqlalchemy import func, insert, select, update

from idp.companies import tables
from idp.outbox import queue
from idp.work import Work

CHANGED = "access.changed"

_clock = tables.access_clock
LATEST = func.coalesce(select(_clock.c.value).where(_clock.c.id == 1).scalar_subquery(), 0)
"""The latest value as a column, for a statement that reads something else anyway. Who remembers an answer keeps it
until anybody's access changes."""

_TICK = update(_clock).where(_clock.c.id == 1).values(value=_clock.c.value + 1).returning(_clock.c.value)


def tick(work: Work) -> int:
    """The next value; whoever takes it holds the clock until the commit, so values are committed in their order."""
    work.write()
    moved = work.session.execute(_TICK).scalar_one_or_none()
    if moved is None:  # the first change of all
        work.session.execute(insert(_clock).values(id=1, value=1))
        return 1
    return int(moved)


def hold(work: Work) -> None:
    """Take the clock without moving it: until the commit, access is changed by this transaction alone."""
    work.write()
    work.session.execute(select(_clock.c.value).where(_clock.c.id == 1).with_for_update())


def person(work: Work, account_id: UUID) -> int:
    """Something about one person changed: their memberships, roles, assignments."""
    latest = tick(work)
    m = tables.memberships.c
    work.session.execute(
        update(tables.memberships).where(m.account_id == account_id, m.ended_at.is_(None)).values(epoch=latest)
    )
    queue.fact(work, CHANGED, epoch=latest, account=str(account_id))
    return latest


def company(work: Work, company_id: UUID) -> int:
    """Something that touches everybody in a company changed: its subscription, its services, a role of its own."""
    latest = tick(work)
    work.session.execute(update(tables.companies).where(tables.companies.c.id == company_id).values(epoch=latest))
    queue.fact(work, CHANGED, epoch=latest, company=str(company_id))
    return latest


def mandate(work: Work, company_id: UUID, firm_id: UUID) -> int:
    """What a company opens to a firm changed; the caller writes the value into the mandate's row."""
    latest = tick(work)
    queue.fact(work, CHANGED, epoch=latest, company=str(company_id), firm=str(firm_id))
    return latest
