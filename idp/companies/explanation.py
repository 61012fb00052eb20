"""What an explanation is made of: the question, the closed list of causes, the links of the chain, the answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from idp.companies import module, reach, remedy, subscription
from idp.companies.answers import Access, Refusal
from idp.companies.models import CustomRole
from idp.companies.preview import Obstacle, obstacles
from idp.companies.remedy import Place, Step
from idp.policy.agreements import Plan
from idp.policy.catalogue import Product
from idp.policy.permissions import Grant, effective
from idp.work import Work


class Cause(StrEnum):
    """Why, from a closed list; each has a text in both languages (`explain_words`)."""

    ALLOWED = "allowed"
    ACCOUNT_BLOCKED = "account_blocked"
    COMPANY_CLOSED = "company_closed"
    COMPANY_SUSPENDED = "company_suspended"
    NOT_A_MEMBER = "not_a_member"
    MEMBERSHIP_SUSPENDED = "membership_suspended"
    NOT_SUBSCRIBED = "not_subscribed"
    SUBSCRIPTION_ENDED = "subscription_ended"
    NO_ROLE = "no_role"
    ROLE_EXPIRED = "role_expired"
    MANDATE_OVER = "mandate_over"
    NEEDS_FIRM_ROLE = "needs_practice_role"
    NOT_ASSIGNED = "not_assigned"
    NOT_COVERED = "not_covered"
    NOT_IN_ROLE = "not_in_role"
    SWITCHED_OFF = "switched_off"
    NEVER = "never"
    PRACTICE_ONLY = "practice_only"
    MANDATE_NEVER = "mandate_never"
    MANDATE = "mandate"
    RESTRICTION = "restriction"
    SERVICE = "service"
    SUBSCRIPTION = "subscription"
    FIRM_SUBSCRIPTION = "firm_subscription"


@dataclass(frozen=True, slots=True)
class Link:
    """One thing that the answer hangs on.

    Attributes:
        kind: `account`, `membership`, `mandate`, `firm_role`, `firm_subscription`, `assignment`, `ceiling`, `role`,
            `subscription` or `permission`.
        holds: whether it lets through.
        facts: what it is, by name: ids, labels by language, numbers, dates.
    """

    kind: str
    holds: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Attributes:
    permission: what was asked about; None for the product as such.
    chain: from the person to the permission.
    change: the acts that would turn the answer, in order; None where nothing would, empty when it is allowed.
    answer: the engine's.
    """

    account_id: UUID
    company_id: UUID
    product: str
    permission: str | None
    allowed: bool
    cause: Cause
    chain: tuple[Link, ...]
    change: tuple[Step, ...] | None
    answer: Access | Refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, with the row that the engine's answer is made from.

    Attributes:
        known: what was read on the way, by kind; several questions about one person and product share it.
    """

    work: Work
    account_id: UUID
    product: Product
    permission: str | None
    row: Row[Any]
    known: dict[Any, Any] = field(default_factory=dict)

    def wanted(self, permissions: Collection[str]) -> bool:
        return bool(permissions) if self.permission is None else self.permission in permissions


@dataclass
class Course:
    """What was found on the way: the first thing that is missing, the links, and what has to be done about it.

    Attributes:
        acts: None from the moment that nothing helps any more.
    """

    cause: Cause | None = None
    chain: list[Link] = field(default_factory=list)
    acts: list[Step] | None = field(default_factory=list)

    def missing(self, cause: Cause, step: Step | None) -> None:
        """Something is missing, and this would mend it; None where nothing does."""
        self.cause = self.cause or cause
        if self.acts is not None:
            self.acts = [*self.acts, step] if step is not None else None


def finish(course: Course, asked: Asked, place: Place, grant: Grant) -> tuple[Step, ...] | None:
    """The acts so far, and then whatever still stands between the grant and the permission."""
    if course.acts is None:
        return None
    state = asked.work.policies.states.get(grant.state or "")
    if asked.product.subscribed and (state is None or state.refused):
        grant = grant._replace(state=remedy.RUNNING)
    rest = _shortest(asked, place, grant)
    return (*course.acts, *rest) if rest is not None else None


def _shortest(asked: Asked, place: Place, grant: Grant) -> tuple[Step, ...] | None:
    """To the permission; or, where only the product was asked about, to any at all."""
    if asked.permission is not None:
        return remedy.steps(place, grant, asked.permission)
    if effective(place.policies, grant):
        return ()
    held = obstacles(place.policies, asked.product, grant) or asked.product.permissions
    ways = (remedy.steps(place, grant, each) for each in sorted(held))
    return min((way for way in ways if way is not None), key=len, default=None)


def cause_of(asked: Asked, grant: Grant) -> Cause:
    """What stands first between a grant and the permission."""
    policies = asked.work.policies
    held = obstacles(policies, asked.product, grant)
    if asked.permission is None:
        first = next((each for each in Obstacle if each in held.values()), None)
    else:
        first = held.get(asked.permission)
    if first is not None:
        return Cause(first.value)
    role = policies.roles.get(grant.role or "")
    if role is not None and any(asked.permission in opened for opened in role.switches.values()):
        return Cause.SWITCHED_OFF
    return Cause.NOT_IN_ROLE


def place(asked: Asked, company_id: UUID, **mandate: Any) -> Place:
    """What a change could draw on: the plan and the own roles of this company or firm, the services of the row's."""
    work, row = asked.work, asked.row
    if ("place", company_id) not in asked.known:
        asked.known["place", company_id] = _drawn(work, company_id, asked.product.id)
    plan, own, missing = asked.known["place", company_id]
    return Place(
        policies=work.policies,
        company_services=frozenset(row.company_services),
        person_services=frozenset(row.person_services or ()),
        plan=plan,
        own_roles=own,
        modules_off=missing,
        **mandate,
    )


def _drawn(
    work: Work, company_id: UUID, product: str
) -> tuple[Plan | None, dict[UUID, frozenset[str]], frozenset[str]]:
    contract = subscription.of(work, company_id)
    own = work.session.execute(
        select(CustomRole.id, CustomRole.permissions).where(
            CustomRole.company_id == company_id, CustomRole.product == product, CustomRole.deleted_at.is_(None)
        )
    )
    plan = work.policies.plans.get(contract.plan) if contract is not None else None
    roles = {key: frozenset(permissions) for key, permissions in own}
    return plan, roles, module.off_in(work, company_id, product)


def account_link(row: Row[Any]) -> Link:
    return Link("account", row.status == "active", {"status": row.status})


def role_link(asked: Asked, held: Row[Any], *, kind: str = "role", holds: bool = True, **more: Any) -> Link:
    """The role that counts; one of a company's own with its revision."""
    policies = asked.work.policies
    if held.role is not None:
        known = policies.roles.get(held.role)
        return Link(kind, holds, {"role": held.role, "labels": dict(known.label) if known else {}, **more})
    own = held.custom_role_found
    if ("revision", own) not in asked.known:
        revision = asked.work.session.scalar(select(CustomRole.revision).where(CustomRole.id == own))
        asked.known["revision", own] = revision
    revision = asked.known["revision", own]
    facts = {"custom_role": str(held.custom_role_found), "labels": dict(held.labels or {}), "revision": revision}
    return Link(kind, holds, {**facts, **more})


def subscription_link(asked: Asked) -> Link:
    """The state of the product's subscription now, and whether it lets anything through."""
    work, row = asked.work, asked.row
    if row.state is None:
        return Link("subscription", False, {"state": None})
    state, ended_at = reach.state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)
    known = work.policies.states.get(state)
    facts = {"state": state, "labels": dict(known.label) if known else {}, "until": row.until_at, "ended_at": ended_at}
    return Link("subscription", ended_at is None and known is not None and not known.refused, facts)


def permission_link(asked: Asked, grant: Grant | None) -> Link:
    """The end of the chain: the permission, and whether the role holds it before any limit."""
    policies = asked.work.policies
    permissions = effective(policies, grant).permissions if grant is not None else ()
    if asked.permission is None:
        return Link("permission", bool(permissions), {"count": len(permissions)})
    definition = policies.permissions[asked.permission]
    facts = {"permission": asked.permission, "labels": dict(definition.label), "level": definition.level}
    return Link("permission", asked.permission in permissions, facts)
