"""What time has done to subscriptions, written down once a minute, so that products and people hear of it.

Nothing depends on it: every date is judged when it is asked about. Companies are taken one by one, each in a
transaction of its own, by any number of workers at once: who comes second finds nothing left to do.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, union

from idp.companies import billing_message, subscription_notice, terms
from idp.companies.models import SubscribedProduct, Subscription
from idp.companies.reach import PAYMENT_FAILED
from idp.companies.renewal import day_of
from idp.companies.subscription_notice import Told
from idp.companies.subscription_state import (
    MAX_REACHED,
    RETENTION_OVER,
    TIME,
    TRIAL_EXPIRED,
    ends_by,
    locked,
    step_of,
)
from idp.policy import Policies
from idp.work import Work

REMINDED_BEFORE = timedelta(days=7)
AT_ONCE = 100


def carry_out(work: Work) -> int:
    """Write down, tell and remind of what is due; answers how many companies it was about. Work comes without an open
    transaction."""
    work = work.acting(TIME)
    number = 0
    for company_id in _companies(work):
        work.write()
        number += _settled(work, company_id)
        work.checkpoint(write=False)
    return number


def _companies(work: Work) -> Iterator[UUID]:
    """The companies with something due, by their keys, each once."""
    s, c = SubscribedProduct, Subscription
    conditions = [_over(work.policies, work.now), _to_remind(work.policies, work.now)]
    products = select(s.company_id).where(or_(*conditions))
    contracts = select(c.company_id).where(or_(c.changes_at <= work.now, c.seats.is_distinct_from(c.told_seats)))
    found = union(products, contracts).subquery()
    after: UUID | None = None
    while True:
        wanted = select(found.c.company_id).order_by(found.c.company_id).limit(AT_ONCE)
        batch = list(work.session.scalars(wanted.where(found.c.company_id > after) if after is not None else wanted))
        work.session.rollback()
        yield from batch
        if len(batch) < AT_ONCE:
            return
        after = batch[-1]


def _settled(work: Work, company_id: UUID) -> bool:
    """One company; whether there was anything left to do."""
    contract = terms.find(work, company_id, lock=True)
    changed = contract is not None and terms.settle(work, contract)
    if contract is not None and contract.seats != contract.told_seats:
        billing_message.put(work, company_id, "seats.changed", seats=contract.seats)
        contract.told_seats = contract.seats
        changed = True
    s = SubscribedProduct
    due = list(work.session.scalars(select(s.id).where(s.company_id == company_id, _over(work.policies, work.now))))
    rows = locked(work, company_id)
    reminded = [row for row in rows if _is_to_remind(work, row)]
    for row in reminded:
        row.reminded_at = work.now
    work.session.flush()
    _remind(
        work, company_id, [row for row in reminded if row.until_at and row.until_at - row.since_at > REMINDED_BEFORE]
    )
    return changed or bool(reminded) or bool(due)


def _remind(work: Work, company_id: UUID, rows: list[SubscribedProduct]) -> None:
    """A week before its end, where it was not known just before."""
    for row in rows:
        assert row.until_at is not None
        trial = step_of(work.policies, row.state, TRIAL_EXPIRED) is not None
        told = Told(row.product, "trial_reminder" if trial else "reminder", row.until_at)
        days = max(1, (day_of(row.until_at) - day_of(work.now)).days)
        subscription_notice.tell(work, company_id, [told], days=days)


def _over(policies: Policies, now: datetime) -> ColumnElement[bool]:
    """`subscription_state.due`, in SQL."""
    s = SubscribedProduct
    found: list[ColumnElement[bool]] = []
    for state in policies.states.values():
        dates: list[ColumnElement[bool]] = []
        if ends_by(policies, state.id):
            dates.append(s.until_at <= now)
        if step_of(policies, state.id, PAYMENT_FAILED):
            dates.append(s.suspends_at <= now)
        if state.max_days and step_of(policies, state.id, MAX_REACHED):
            dates.append(s.since_at <= now - timedelta(days=state.max_days))
        if step_of(policies, state.id, RETENTION_OVER):
            dates.append(s.kept_until_at <= now)
        if dates:
            found.append(and_(s.state == state.id, or_(*dates)))
    return or_(*found) if found else false()


def _to_remind(policies: Policies, now: datetime) -> ColumnElement[bool]:
    s = SubscribedProduct
    ending = [state.id for state in policies.states.values() if ends_by(policies, state.id)]
    return and_(s.state.in_(ending), s.reminded_at.is_(None), s.until_at > now, s.until_at <= now + REMINDED_BEFORE)


def _is_to_remind(work: Work, row: SubscribedProduct) -> bool:
    if row.until_at is None or row.reminded_at is not None or ends_by(work.policies, row.state) is None:
        return False
    return work.now < row.until_at <= work.now + REMINDED_BEFORE
