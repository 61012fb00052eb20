"""Seats: counted per product, held by people and by open invitations, and never given twice."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from idp.companies import tables
from idp.companies.errors import ExtraCostUnconfirmed, NotSubscribed, SeatLimitReached
from idp.companies.models import Subscription
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Seats:
    """How a product's seats stand. `of` is None where the plan does not count them.

    Attributes:
        next: what taking one more comes to: `accepted`, `confirm_extra_cost` or `seat_limit_reached`.
    """

    used: int
    of: int | None
    next: str


def used(work: Work, company_id: UUID, product: str) -> int:
    """Seats of a product taken now: one for each person with a role that takes one, suspended people included, and
    one for each invitation that is open and has not expired. One statement."""
    r = tables.product_roles.c
    people = select(func.count()).where(
        r.company_id == company_id, r.product == product, r.uses_seat.is_(True), r.ended_at.is_(None),
        or_(r.expires_at.is_(None), r.expires_at > work.now),
    )  # fmt: skip
    i, o = tables.invitations.c, tables.invited_roles.c
    offers = (
        select(func.count())
        .select_from(tables.invited_roles.join(tables.invitations, i.id == o.invitation_id))
        .where(
            and_(i.company_id == company_id, i.closed_at.is_(None), i.expires_at > work.now),
            and_(o.product == product, o.uses_seat.is_(True)),
        )
    )
    rules = work.policies.seats
    total = people.scalar_subquery()
    if rules.pending_invitations_count:
        return work.session.scalar(select(total + offers.scalar_subquery())) or 0
    return work.session.scalar(select(total)) or 0


def count(work: Work, company_id: UUID, product: str) -> Seats:
    """How the seats of a product stand, for people to see; `reserve` is what decides."""
    row = work.session.execute(
        select(Subscription.plan, Subscription.seats).where(Subscription.company_id == company_id)
    ).one_or_none()
    if row is None:
        raise NotSubscribed(product=product)
    return _standing(work, row.plan, row.seats, used(work, company_id, product))


def reserve(work: Work, company_id: UUID, product: str, *, extra_cost: bool = False) -> None:
    """Take one more seat of a product. The subscription row is locked until the commit, so that two who ask together
    never both get the last one (on SQLite the writing transaction does the same).

    Args:
        extra_cost: the person who asks has confirmed that the seat is paid for beside the plan.

    Raises:
        NotSubscribed: the company has no subscription.
        SeatLimitReached: none is left.
        ExtraCostUnconfirmed: one more costs extra, and nobody agreed to that.
    """
    work.write()
    subscription = work.session.scalar(
        select(Subscription)
        .where(Subscription.company_id == company_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if subscription is None:
        raise NotSubscribed(product=product)
    standing = _standing(work, subscription.plan, subscription.seats, used(work, company_id, product))
    if standing.next == SeatLimitReached.code:
        raise SeatLimitReached(product=product, used=standing.used, of=standing.of)
    if standing.next == ExtraCostUnconfirmed.code:
        if not extra_cost:
            raise ExtraCostUnconfirmed(product=product, used=standing.used, of=standing.of)
        subscription.seats = standing.used + 1
        work.session.flush()


def _standing(work: Work, plan: str, seats: int | None, taken: int) -> Seats:
    if seats is None or taken < seats:
        return Seats(taken, seats, "accepted")
    rules = work.policies.plans[plan].seats if plan in work.policies.plans else None
    if rules is None or rules.extra != "billed" or rules.included == "unlimited":
        return Seats(taken, seats, SeatLimitReached.code)
    room = rules.extra_max is None or taken < rules.included + rules.extra_max
    return Seats(taken, seats, ExtraCostUnconfirmed.code if room else SeatLimitReached.code)
