"""Whether somebody may do something, through what, why not, and the smallest change that would turn the answer.

The answer is the engine's (`reach`), read off the same rows. `remedy` says what would change it; `explain_words` puts
both in words.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from idp.companies import explain_firm, reach, remedy
from idp.companies.answers import Access, Refusal
from idp.companies.explain_seats import with_seats
from idp.companies.explanation import (
    Asked,
    Cause,
    Course,
    Explanation,
    Link,
    account_link,
    cause_of,
    finish,
    permission_link,
    place,
    role_link,
    subscription_link,
)
from idp.companies.remedy import Act, Place, Step, holders_of
from idp.core.errors import InvalidInput, NotFound
from idp.policy.models import MANDATE
from idp.policy.permissions import Grant
from idp.work import Work

_OF_MEMBERS = (
    "membership_id", "company_role", "also", "person_services", "member_epoch", "role", "switches", "restrictions",
    "expires_at", "custom_role_found", "permissions", "labels",
)  # fmt: skip
"""Of the engine's row, what one of the company's own people holds there."""

__all__ = ["Cause", "Explanation", "explain", "explain_each", "explain_for_firm"]


def explain(work: Work, account_id: UUID, company_id: UUID, product: str, permission: str | None = None) -> Explanation:
    """Whether this person may do this in this company. Who may ask is for the caller.

    Args:
        permission: one of the product's; without it, whether the product can be used at all.

    Raises:
        NotFound: no such account or company.
        InvalidInput: no such product, or none of companies; or the permission is not one of its.
    """
    read = _read(work, account_id, company_id, product)
    if permission is not None and permission not in read.asked.product.permissions:
        raise InvalidInput(field="permission")
    return _explained(read, permission)


def explain_each(work: Work, account_id: UUID, company_id: UUID, product: str) -> Iterator[Explanation]:
    """The same for every permission of the product, in the order of the catalogue, from one reading of the rows.

    Raises:
        NotFound, InvalidInput: as `explain`.
    """
    read = _read(work, account_id, company_id, product)
    return (_explained(read, permission) for permission in read.asked.product.permissions)


def explain_for_firm(
    work: Work, firm_id: UUID, account_id: UUID, company_id: UUID, product: str, permission: str | None = None
) -> Explanation:
    """Whether a firm's colleague may do this at a client through this firm. Who may ask is for the caller.

    What the person is in the company itself, or reaches through another firm, is none of this firm's business: it is
    neither counted nor told. Only a suspension by the company is, since it closes this way too.

    Raises:
        NotFound: the firm has, and never had, a mandate of this company, or the person is none of its people.
        InvalidInput: as `explain`; the running of a company or of a firm is not asked about here.
    """
    policy = work.policies.products.get(product)
    if policy is None or not policy.subscribed or policy.firm_only:
        raise InvalidInput(field="product")
    if permission is not None and permission not in policy.permissions:
        raise InvalidInput(field="permission")
    found, every = reach.rows(work, account_id, company_id, product)
    links = [each for each in every if each.firm_id == firm_id]
    if found is None or not links:
        raise NotFound(kind="client")
    row: Any = found._replace(**dict.fromkeys(_OF_MEMBERS))  # as `core.prepared` reads it
    asked = Asked(work, account_id, policy, permission, row)
    course = _begin(row)
    if row.suspended_at is not None:
        step = Step(Act.RESUME, {}, holders_of(work.policies, "company.users.suspend"))
        course.missing(Cause.MEMBERSHIP_SUSPENDED, step)
    answer = reach.judge(work, account_id, product, row, links)
    return _answered(asked, company_id, course, explain_firm.follow(course, asked, links), answer)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the engine read and said, and the question without a permission."""

    company_id: UUID
    asked: Asked
    links: reach.Links
    answer: Access | Refusal


def _read(work: Work, account_id: UUID, company_id: UUID, product: str) -> _Read:
    policy = work.policies.products.get(product)
    if policy is None or policy.kind == "operations":
        raise InvalidInput(field="product")
    row, links = reach.rows(work, account_id, company_id, product)
    if row is None:
        raise NotFound(kind="account or company")
    answer = reach.resolve(work, account_id, company_id, product)
    return _Read(company_id, Asked(work, account_id, policy, None, row), links, answer)


def _explained(read: _Read, permission: str | None) -> Explanation:
    asked, answer, row = replace(read.asked, permission=permission), read.answer, read.asked.row
    course = _begin(row)
    if asked.product.kind == "administration":
        change = _administration(course, asked, answer)
    elif read.links and _by_firm(row, answer):
        change = explain_firm.follow(course, asked, read.links)
    else:
        change = with_seats(asked, _as_member(course, asked))
    return _answered(asked, read.company_id, course, change, answer)


def _begin(row: Row[Any]) -> Course:
    """What has to hold whatever way somebody comes."""
    course = Course(chain=[account_link(row)])
    if row.status != "active":
        course.missing(Cause.ACCOUNT_BLOCKED, Step(Act.UNBLOCK))
    if row.closed_at is not None:
        course.missing(Cause.COMPANY_CLOSED, None)
    elif row.company_suspended_at is not None:
        course.missing(Cause.COMPANY_SUSPENDED, Step(Act.REOPEN))
    return course


def _answered(
    asked: Asked, company_id: UUID, course: Course, change: tuple[Step, ...] | None, answer: Access | Refusal
) -> Explanation:
    allowed = isinstance(answer, Access) and asked.wanted(answer.permissions)
    return Explanation(
        account_id=asked.account_id,
        company_id=company_id,
        product=asked.product.id,
        permission=asked.permission,
        allowed=allowed,
        cause=Cause.ALLOWED if allowed else course.cause or Cause.NOT_IN_ROLE,
        chain=tuple(course.chain),
        change=() if allowed else change,
        answer=answer,
    )


def _by_firm(row: Row[Any], answer: Access | Refusal) -> bool:
    """Whether the person comes to the company through a firm, and not as one of its own people."""
    return answer.via == "mandate" if isinstance(answer, Access) else row.membership_id is None


def _as_member(course: Course, asked: Asked) -> tuple[Step, ...] | None:
    work, row, product = asked.work, asked.row, asked.product
    drawn = place(asked, row.company_id)
    _membership(course, asked)
    _subscribed(course, asked, drawn)
    has_role = reach.role_holds(work, row.role, row.custom_role_found, row.expires_at)
    state = course.chain[-1].facts["state"]
    if has_role:
        grant = reach.member_grant(work, product.id, row, state)
        course.chain.append(role_link(asked, row, since=None, until=row.expires_at, switches=tuple(row.switches)))
        course.chain.append(permission_link(asked, grant))
        if course.cause is None and not course.chain[-1].holds:
            course.cause = cause_of(asked, grant)
        return finish(course, asked, drawn, grant)
    given = row.role is not None or row.custom_role_found is not None
    course.chain.append(Link("role", False, {}))
    course.chain.append(permission_link(asked, None))
    nothing = Grant(
        product.id, services=drawn.company_services, state=remedy.RUNNING if state is None else state,
        scope="practice" if row.kind == "firm" else "client",
    )  # fmt: skip
    nothing = nothing._replace(services=reach.services_on(work, row.company_services, row.person_services or ()))
    found = remedy.first_role(drawn, nothing, asked.permission)
    step = found[0] if found is not None else None
    if step is not None and row.membership_id is None:
        step = Step(Act.INVITE, step.what, holders_of(work.policies, "company.users.invite"))
    course.missing(Cause.ROLE_EXPIRED if given else Cause.NO_ROLE, step)
    return finish(course, asked, drawn, found[1]) if found is not None else None


def _membership(course: Course, asked: Asked) -> None:
    row, policies = asked.row, asked.work.policies
    member = row.membership_id is not None
    course.chain.append(
        Link(
            "membership",
            member and row.suspended_at is None,
            {"role": row.company_role, "also": tuple(row.also or ()), "suspended_at": row.suspended_at}
            | {"labels": dict(policies.roles[row.company_role].label) if row.company_role in policies.roles else {}},
        )
    )
    if not member:
        course.cause = course.cause or Cause.NOT_A_MEMBER  # the invitation comes with the role
    elif row.suspended_at is not None:
        step = Step(Act.RESUME, {}, holders_of(policies, "company.users.suspend"))
        course.missing(Cause.MEMBERSHIP_SUSPENDED, step)


def _subscribed(course: Course, asked: Asked, drawn: Place) -> None:
    """The subscription, and what makes it run where nothing can be used."""
    link = subscription_link(asked)
    course.chain.append(link)
    if link.holds:
        return
    if link.facts["state"] is None:
        course.missing(Cause.NOT_SUBSCRIBED, _subscribing(asked, drawn))
        return
    settled = remedy.settled(asked.work.policies, Grant(asked.product.id, state=link.facts["state"]))
    course.missing(Cause.SUBSCRIPTION_ENDED, settled[0] if settled is not None else None)


def _subscribing(asked: Asked, drawn: Place) -> Step | None:
    policies, product = asked.work.policies, asked.product
    by = holders_of(policies, "company.subscription.change")
    if drawn.plan is not None and product.id in drawn.plan.products:
        return Step(Act.SUBSCRIBE, {"product": product.id}, by)
    fitting = next(
        (
            each for each in policies.plans.values()
            if product.id in each.products and (each.only_for or "company") == asked.row.kind
        ),
        None,
    )  # fmt: skip
    return Step(Act.CHANGE_PLAN, {"plan": fitting.id, "product": product.id}, by) if fitting is not None else None


def _administration(course: Course, asked: Asked, answer: Access | Refusal) -> tuple[Step, ...] | None:
    """The company's own account: the company role, and what combines with it."""
    policies, row = asked.work.policies, asked.row
    _membership(course, asked)
    permissions = answer.permissions if isinstance(answer, Access) else ()
    facts: dict[str, Any] = {"permission": asked.permission, "count": len(permissions)}
    if asked.permission is not None:
        facts["labels"] = dict(policies.permissions[asked.permission].label)
    course.chain.append(Link("permission", asked.wanted(permissions), facts))
    names = (row.company_role, *row.also) if row.membership_id is not None else ()
    held = frozenset().union(*(policies.roles[each].permissions for each in names if each in policies.roles))
    if not asked.wanted(held):
        course.missing(Cause.NOT_IN_ROLE, _company_role(asked, held))
    return tuple(course.acts) if course.acts is not None else None


def _company_role(asked: Asked, held: frozenset[str]) -> Step | None:
    """The company role that holds the permission, can be given by hand, and changes least."""
    policies = asked.work.policies
    roles = [
        role for role in (policies.roles[each] for each in asked.product.roles)
        if asked.wanted(role.permissions) and "member" in role.held_by and role.assignable_by - {MANDATE}
    ]  # fmt: skip
    if not roles:
        return None
    chosen = min(roles, key=lambda role: (len(role.permissions ^ held), role.id))
    by = tuple(each for each in policies.roles if each in chosen.assignable_by)
    act = Act.CHANGE_COMPANY_ROLE if asked.row.membership_id is not None else Act.INVITE
    return Step(act, {"company_role": chosen.id}, by)
