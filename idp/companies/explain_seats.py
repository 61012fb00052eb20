"""The seat for a role that an explanation proposes to give: ordered beside the plan, with a larger plan, or freed."""

from idp.companies import reach, seats, subscription
from idp.companies.errors import ExtraCostUnconfirmed
from idp.companies.explanation import Asked
from idp.companies.remedy import Act, Step, holders_of
from idp.companies.seats import Seats
from idp.policy.agreements import Plan

_GIVING = (Act.INVITE, Act.GIVE_ROLE, Act.CHANGE_ROLE, Act.BUILD_ROLE)


def with_seats(asked: Asked, steps: tuple[Step, ...] | None) -> tuple[Step, ...] | None:
    """The acts, and before the one that would take a seat, what makes a seat free for it."""
    if steps is None or asked.row.state is None:  # with a product to be ordered come its seats
        return steps
    at = next((n for n, step in enumerate(steps) if step.act in _GIVING and _takes_seat(asked, step)), None)
    if at is None or _has_seat(asked):
        return steps
    needed = _seat(asked, steps[at].what.get("role"))
    return (*steps[:at], needed, *steps[at:]) if needed is not None else steps


def _takes_seat(asked: Asked, step: Step) -> bool:
    given = asked.work.policies.roles.get(step.what.get("role", ""))
    return given is None or given.seat  # every role of one's own takes one


def _has_seat(asked: Asked) -> bool:
    row = asked.row
    if not reach.role_holds(asked.work, row.role, row.custom_role_found, row.expires_at):
        return False
    return row.role is None or asked.work.policies.roles[row.role].seat


def _seat(asked: Asked, role: str | None) -> Step | None:
    """What has to be done for one more seat; None where one is free."""
    work, product = asked.work, asked.product.id
    if "seats" not in asked.known:
        asked.known["seats"] = seats.overview(work, asked.row.company_id)
    subscribed: dict[str, Seats] = asked.known["seats"]
    standing = subscribed.get(product)
    if standing is None or standing.next == "accepted":
        return None
    givers = holders_of(work.policies, "company.users.edit-access")
    if standing.next == ExtraCostUnconfirmed.code:
        return Step(Act.ORDER_SEAT, {"product": product}, givers)
    larger = _larger(asked, subscribed, role)
    if larger is None:
        return Step(Act.FREE_SEAT, {"product": product}, givers)
    by = holders_of(work.policies, "company.subscription.change")
    return Step(Act.LARGER_PLAN, {"plan": larger.id, "product": product}, by)


def _larger(asked: Asked, subscribed: dict[str, Seats], role: str | None) -> Plan | None:
    """The smallest plan with more seats than this one and than are used, which has all that the company uses and offers
    the role."""
    plans, contract = asked.work.policies.plans, subscription.of(asked.work, asked.row.company_id)
    now = plans.get(contract.plan) if contract is not None else None
    needed = max(max(each.used for each in subscribed.values()), _room(now) if now is not None else 0) + 1
    fitting = [
        (_room(plan), plan.id, plan)
        for plan in plans.values()
        if (plan.only_for or "company") == asked.row.kind
        and frozenset(subscribed) <= frozenset(plan.products)
        and (plan.offers(role) if role is not None else plan.custom_roles)
        and _room(plan) >= needed
    ]
    return min(fitting)[2] if fitting else None


def _room(plan: Plan) -> float:
    return float("inf") if plan.seats.included == "unlimited" else plan.seats.included
