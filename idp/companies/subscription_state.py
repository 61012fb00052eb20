"""The states of a subscribed product: the moves that the policy knows, and those that time makes by itself.

A date needs nobody to come true: whoever reads a row judges it at the time of the work (`reach.state_now`), and
`settle` writes down what has become true since, so that history, products and people are told of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from idp.audit import log
from idp.companies import access_end, clock, subscription_notice, subscription_purge
from idp.companies.errors import TransitionRefused
from idp.companies.models import SubscribedProduct, SubscriptionPeriod
from idp.companies.reach import PAYMENT_FAILED, kept_until
from idp.companies.subscription_notice import Told
from idp.core.ids import uuid7
from idp.policy import Policies
from idp.policy.agreements import Transition
from idp.work import Actor, Work

SUBSCRIBE = "subscribe"
CANCEL = "cancel"
RESUME = "resume"
PAYMENT_RECEIVED = "payment_received"
TRIAL_EXPIRED = "trial_expired"
END_REACHED = "end_date_reached"
MAX_REACHED = "max_days_reached"
RETENTION_OVER = "retention_over"
TIME = Actor(kind="system", name="subscriptions")
RECORDED = "recorded"  # not a transition: what an operator or the demonstration has set


def step_of(policies: Policies, state: str, by: str) -> Transition | None:
    """The transition of the policy that leads on from this state in this way."""
    return next((each for each in policies.transitions if each.from_ == state and each.by == by), None)


def leading(policies: Policies, product: str, state: str, by: str) -> Transition:
    """As `step_of`.

    Raises:
        TransitionRefused: the policy knows no such step.
    """
    step = step_of(policies, state, by)
    if step is None:
        raise TransitionRefused(product=product, state=state, by=by)
    return step


def ends_by(policies: Policies, state: str) -> str | None:
    """The transition that the date of an end brings about in this state; None where nothing ends by a date."""
    return next((by for by in (TRIAL_EXPIRED, END_REACHED) if step_of(policies, state, by)), None)


def due(policies: Policies, row: SubscribedProduct, now: datetime) -> tuple[str, datetime] | None:
    """The first move that time alone has made by now: its name in the policy, and when."""
    known = policies.states.get(row.state)
    if known is None:
        return None
    dates: list[tuple[datetime, str]] = []
    by_date = ends_by(policies, row.state)
    if row.until_at is not None and by_date is not None:
        dates.append((row.until_at, by_date))
    if row.suspends_at is not None and step_of(policies, row.state, PAYMENT_FAILED):
        dates.append((row.suspends_at, PAYMENT_FAILED))
    if known.max_days and step_of(policies, row.state, MAX_REACHED):
        dates.append((row.since_at + timedelta(days=known.max_days), MAX_REACHED))
    if row.kept_until_at is not None and step_of(policies, row.state, RETENTION_OVER):
        dates.append((row.kept_until_at, RETENTION_OVER))
    first = min(dates, default=None)
    return (first[1], first[0]) if first is not None and first[0] <= now else None


@dataclass(frozen=True, slots=True)
class Change:
    """One step that was taken.

    Attributes:
        by: the transition of the policy.
        at: when it happened, which may be before it was written down.
        until: the end that counts from now on.
        kept: until when data and rights are kept.
    """

    product: str
    by: str
    before: str
    after: str
    at: datetime
    until: datetime | None
    kept: datetime | None


def settle(work: Work, row: SubscribedProduct) -> list[Change]:
    """Write down what time has done to a product, step by step."""
    done: list[Change] = []
    while (step := due(work.policies, row, work.now)) is not None:
        by, at = step
        done.append(move(work, row, by, at=at))
    return done


def move(
    work: Work, row: SubscribedProduct, by: str, *, at: datetime | None = None, until: datetime | None = None,
    reason: str = "",
) -> Change:  # fmt: skip
    """Take one step of the policy and write it down; whom to tell of it is for the caller (`tell`).

    Args:
        at: when it happened; now by default.
        until: the end that begins to count with it: of a notice, or of a suspension that was cancelled. Otherwise what
            was recorded stays.
        reason: in words, for the history.

    Raises:
        TransitionRefused: the policy knows no such step.
    """
    policies, states = work.policies, work.policies.states
    step = leading(policies, row.product, row.state, by)
    before, after, running = row.state, step.to, not states[row.state].refused
    began = row.since_at if after == row.state else max(at or work.now, row.since_at)
    end, grace = until or row.until_at, row.suspends_at if by in (CANCEL, RESUME) and running else None
    if by == PAYMENT_RECEIVED and end is not None:
        after = leading(policies, row.product, after, CANCEL).to  # a cancellation is recorded, and counts
    if states[after].refused:
        kept = kept_until(policies, row.state, began) if running else row.kept_until_at
        write(work, row, after, by, began=began, kept=kept, reason=reason)
    else:
        end = None if by in (SUBSCRIBE, RESUME) else end
        write(work, row, after, by, began=began, until=end, suspends=grace, reason=reason)
    if by == RETENTION_OVER:
        subscription_purge.erase(work, row.company_id, row.product)
    return Change(row.product, by, before, after, began, row.until_at, row.kept_until_at)


def tell(work: Work, company_id: UUID, changes: Iterable[Change]) -> None:
    """Write to those who look after the subscription, and to firms, about these steps."""
    told = (_told(work.policies, each) for each in changes)
    subscription_notice.tell(work, company_id, [each for each in told if each is not None])


def _told(policies: Policies, change: Change) -> Told | None:
    """What people are told of a step; nothing of a subscription that they have just ordered."""
    over = policies.states[change.after].refused
    came_back = policies.states[change.before].refused
    if change.by == RETENTION_OVER:
        return Told(change.product, "purged")
    if over:
        return Told(change.product, "ended", change.at, change.kept)
    if change.by == CANCEL:
        viewing = change.after == change.before
        kept = kept_until(policies, change.after, change.until) if change.until else None
        return Told(change.product, "cancelled_viewing" if viewing else "cancelled", change.until, kept)
    if change.by == PAYMENT_FAILED:
        days = policies.states[change.after].max_days
        longest = change.at + timedelta(days=days) if days else None
        ends = min((each for each in (change.until, longest) if each), default=None)
        return Told(change.product, "suspended", ends)
    what = {RESUME: "back" if came_back else "resumed", PAYMENT_RECEIVED: "paid"}.get(change.by)
    return Told(change.product, what) if what else None


def write(
    work: Work, row: SubscribedProduct, state: str, cause: str, *, began: datetime, until: datetime | None = None,
    suspends: datetime | None = None, kept: datetime | None = None, reason: str = "",
) -> None:  # fmt: skip
    """Write a state with its dates, its period of history and its effect; whether it may be is for the caller."""
    known, before = work.policies.states, row.state or None
    row.state, row.since_at = state, began
    row.until_at, row.suspends_at, row.kept_until_at, row.reminded_at = until, suspends, kept, None
    work.session.add(row)
    work.session.flush()
    _begin_period(work, row, cause, began if before != state else work.now, reason)
    clock.company(work, row.company_id)
    running = before is not None and not (before in known and known[before].refused)
    if known[state].end_sessions and running:
        access_end.tell(work, company_id=row.company_id, product=row.product, logout=True)
    log.record(
        work, "subscription.state_changed", ("company", row.company_id), company_id=row.company_id,
        product=row.product, before=before, after=state, by=cause, until=until.isoformat() if until else None,
    )  # fmt: skip


def _begin_period(work: Work, row: SubscribedProduct, cause: str, began: datetime, reason: str) -> None:
    """The period that was is over where the new one begins; what is over never ends before it began."""
    p = SubscriptionPeriod
    before = work.session.scalar(
        select(p).where(p.company_id == row.company_id, p.product == row.product, p.ended_at.is_(None))
    )
    if before is not None:
        before.ended_at = began = max(began, before.began_at)
        work.session.flush()
    work.session.add(
        SubscriptionPeriod(
            id=uuid7(), company_id=row.company_id, product=row.product, state=row.state, cause=cause, reason=reason,
            began_at=began, until_at=row.until_at,
        )
    )  # fmt: skip
    work.session.flush()


def locked(work: Work, company_id: UUID, products: Iterable[str] | None = None) -> list[SubscribedProduct]:
    """The products of a company, by name, held by this transaction and settled: what they say is true now.

    Args:
        products: those alone; all of them by default.
    """
    work.write()
    s = SubscribedProduct
    wanted = select(s).where(s.company_id == company_id).order_by(s.product)
    if products is not None:
        wanted = wanted.where(s.product.in_(list(products)))
    rows = list(work.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)))
    tell(work.acting(TIME), company_id, [change for row in rows for change in settle(work.acting(TIME), row)])
    return rows
