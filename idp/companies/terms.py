"""Plan and seats of a contract at an instant: a change that was announced counts from its day on."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from idp.companies.errors import UnknownPlan
from idp.companies.models import Company, Subscription
from idp.core.errors import InvalidInput
from idp.policy.agreements import Plan
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Terms:
    """Attributes:
    seats: per product; None where the plan does not count them.
    next_plan, next_seats, changes_at: what was announced and has not come yet; None, None, None without anything.
    """

    plan: str
    seats: int | None
    next_plan: str | None = None
    next_seats: int | None = None
    changes_at: datetime | None = None

    @property
    def room(self) -> int | None:
        """How many seats may be filled: nobody is added for whom there would be no seat a little later."""
        told = [each for each in (self.seats, self.next_seats) if each is not None]
        return min(told) if told else None


def now(work: Work, contract: Subscription) -> Terms:
    """What holds at the time of the work."""
    if contract.changes_at is None or contract.next_plan is None:
        return Terms(contract.plan, contract.seats)
    if contract.changes_at <= work.now:
        return Terms(contract.next_plan, contract.next_seats)
    return Terms(contract.plan, contract.seats, contract.next_plan, contract.next_seats, contract.changes_at)


def settle(work: Work, contract: Subscription) -> bool:
    """Write down an announced change whose day has come; whether there was one."""
    found = now(work, contract)
    come = contract.changes_at is not None and found.changes_at is None
    if come:
        contract.plan, contract.seats = found.plan, found.seats
        contract.told_seats = found.seats
        contract.next_plan = contract.next_seats = contract.changes_at = None
        work.session.flush()
    return come


def find(work: Work, company_id: UUID, *, lock: bool = False) -> Subscription | None:
    """The contract of a company; held by this transaction until its end with `lock`."""
    wanted = select(Subscription).where(Subscription.company_id == company_id)
    if lock:
        work.write()
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return work.session.scalar(wanted)


def plan_for(work: Work, plan: str, kind: str) -> Plan:
    """The plan of this name, for a company or a firm.

    Raises:
        UnknownPlan: there is none.
    """
    found = work.policies.plans.get(plan)
    if found is None or (found.only_for or "company") != kind:
        raise UnknownPlan(field="plan")
    return found


def seats_for(plan: Plan, asked: int | None) -> int | None:
    """The number of seats per product that this plan makes of what was asked for; those included by default.

    Raises:
        InvalidInput: the plan does not sell so many, or so few, or does not count them.
    """
    included = None if plan.seats.included == "unlimited" else plan.seats.included
    if asked is None:
        return included
    if included is None or not included <= asked <= included + (plan.seats.extra_max or 0):
        raise InvalidInput(field="seats")
    return asked


def most(plan: Plan) -> tuple[int, int] | None:
    """The fewest and the most seats of a plan; None where it does not count them."""
    if plan.seats.included == "unlimited":
        return None
    return plan.seats.included, plan.seats.included + (plan.seats.extra_max or 0)


def kind_of(work: Work, company_id: UUID) -> str:
    """Whether it is a company or a firm."""
    return work.session.scalars(select(Company.kind).where(Company.id == company_id)).one()
