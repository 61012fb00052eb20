"""An explanation for somebody who works for a company from a firm: mandate, role in the firm, assignment, ceiling."""

from copy import copy
from typing import Any

from sqlalchemy import Row

from idp.companies import reach, remedy, subscription
from idp.companies.explanation import (
    Asked,
    Cause,
    Course,
    Link,
    cause_of,
    finish,
    permission_link,
    place,
    role_link,
    subscription_link,
)
from idp.companies.models import SubscribedProduct
from idp.companies.remedy import Act, Place, Step, holders_of
from idp.policy.models import Level
from idp.policy.permissions import Grant, ceiling_of, ceiling_permissions, highest_of

WAITING = ("invited", "requested")


def follow(course: Course, asked: Asked, links: reach.Links) -> tuple[Step, ...] | None:
    """Along the mandate and assignment that count; where none does, along the one that needs least."""
    judged = [(link, reach.through(asked.work, asked.product.id, asked.row, link)) for link in links]
    open_ones = [(link, grant) for link, grant in judged if isinstance(grant, Grant)]
    if open_ones:
        link, _ = reach.first_way(asked.work, asked.product.id, open_ones)
        return _along(course, asked, link)
    tried = []
    for link, _ in judged:
        one = copy(course)
        one.chain, one.acts = list(course.chain), list(course.acts) if course.acts is not None else None
        tried.append((_along(one, asked, link), one))
    change, best = min(tried, key=lambda each: (each[0] is None, len(each[0] or ())))
    course.cause, course.chain, course.acts = best.cause, best.chain, best.acts
    return change


def _along(course: Course, asked: Asked, link: Row[Any]) -> tuple[Step, ...] | None:
    work, row, product = asked.work, asked.row, asked.product
    _mandate(course, asked, link)
    anew = course.acts is not None and any(step.act is Act.GIVE_MANDATE for step in course.acts)
    lowered = () if anew else tuple(link.lowered)  # another mandate is lowered nowhere, and hands nothing over
    handing_over = not anew and link.view_from_at is not None and link.view_from_at <= work.now
    drawn = place(
        asked, link.firm_id, preset=link.preset, options=tuple(link.options), lowered=lowered, only_reads=handing_over
    )
    firm_state = _firm(course, asked, link)
    _subscribed(course, asked)
    state = course.chain[-1].facts["state"]
    grant = Grant(
        product.id,
        services=reach.services_on(work, row.company_services, ()),
        state=state if course.chain[-1].holds else remedy.RUNNING,
        ceiling=ceiling_of(work.policies, link.preset, link.options, lowered).get(product.id),
        highest=highest_of(lowered, product.id, only_reads=handing_over),
        firm_state=firm_state,
    )
    grant = _ceiling(course, asked, drawn, grant)
    if _assigned(asked, link):
        own = frozenset(link.permissions) if link.role is None else None
        grant = grant._replace(role=link.role, custom_permissions=own)
        course.chain.append(role_link(asked, link, kind="assignment", every_client=link.for_mandate is None))
    else:
        course.chain.append(Link("assignment", False, {}))
        found = remedy.first_role(drawn, grant, asked.permission)
        course.missing(Cause.NOT_ASSIGNED, found[0] if found is not None else None)
        grant = found[1] if found is not None else grant
    whole = course.cause is None
    course.chain.append(permission_link(asked, grant if whole else None))
    if whole and not course.chain[-1].holds:
        course.cause = cause_of(asked, grant)
    return finish(course, asked, drawn, grant)


def _mandate(course: Course, asked: Asked, link: Row[Any]) -> None:
    work = asked.work
    begun = reach.within(work.now, link.mandate_started, link.mandate_until)
    shut = link.firm_closed_at is not None or link.firm_suspended_at is not None
    live = link.mandate_state == "active" and begun and not shut
    facts = {
        "firm": link.firm_name, "firm_id": str(link.firm_id), "mandate": str(link.mandate_id), "preset": link.preset,
        "options": tuple(link.options), "state": link.mandate_state, "until": link.mandate_until,
    }  # fmt: skip
    course.chain.append(Link("mandate", live, facts))
    if live:
        return
    course.missing(Cause.MANDATE_OVER, None if shut else _mandate_step(asked, link))


def _mandate_step(asked: Asked, link: Row[Any]) -> Step | None:
    """An answer to the one that waits for it, or another one."""
    policies = asked.work.policies
    if link.mandate_state in WAITING:
        finish_by = policies.ways[link.way].finish
        in_firm = policies.products[finish_by.permission.partition(".")[0]].firm_only
        return Step(Act.CONFIRM_MANDATE, {"mandate": str(link.mandate_id)}, finish_by.by, firm=in_firm)
    to_come = link.mandate_started is not None and link.mandate_started > asked.work.now
    if link.mandate_state == "suspended" or (link.mandate_state == "active" and to_come):
        return None
    by = holders_of(policies, "company.mandates.invite")
    return Step(Act.GIVE_MANDATE, {"preset": link.preset, "options": ",".join(link.options)}, by)


def _firm(course: Course, asked: Asked, link: Row[Any]) -> str:
    """What the person is in the firm: suspended there, or without a role, they reach no client.

    Returns:
        The state of the firm's own subscription, once it lets anything through.
    """
    policies = asked.work.policies
    holds = reach.role_holds(asked.work, link.colleague_role, link.colleague_custom_role_id, link.colleague_expires_at)
    known = policies.roles.get(link.colleague_role or "")
    facts = {"role": link.colleague_role, "labels": dict(known.label) if known is not None else {}}
    course.chain.append(Link("firm_role", holds and link.colleague_suspended_at is None, facts))
    if link.colleague_suspended_at is not None:
        step = Step(Act.RESUME, {}, holders_of(policies, "company.users.suspend"), firm=True)
        course.missing(Cause.MEMBERSHIP_SUSPENDED, step)
    if not holds:
        products = [policies.products[each] for each in reach.firm_products(asked.work)]
        roles = [policies.roles[each] for product in products for each in product.roles]
        chosen = next((role for role in roles if role.entry.default), roles[0])
        state = _firm_state(course, asked, subscription.product_of(asked.work, link.firm_id, chosen.product))
        by = tuple(each for each in policies.roles if each in chosen.assignable_by)
        step = Step(Act.GIVE_FIRM_ROLE, {"role": chosen.id, "product": chosen.product}, by, firm=True)
        course.missing(Cause.NEEDS_FIRM_ROLE, step)
        return state
    if link.firm_state is None:
        return _firm_state(course, asked, None)
    state, _ = reach.state_now(asked.work, link.firm_state, link.firm_since, link.firm_until, link.firm_suspends)
    return _judged(course, asked, state)


def _firm_state(course: Course, asked: Asked, row: SubscribedProduct | None) -> str:
    return _judged(course, asked, subscription.now(asked.work, row)[0] if row is not None else None)


def _judged(course: Course, asked: Asked, state: str | None) -> str:
    """The state of the firm's own subscription, once it lets anything through."""
    policies = asked.work.policies
    holds = state in policies.states and policies.mandates.firm_states.get(state or "") != "none"
    course.chain.append(Link("firm_subscription", holds, {"state": state}))
    if holds and state is not None:
        return state
    able = state is None or any(each.from_ == state and each.to == remedy.RUNNING for each in policies.transitions)
    step = Step(Act.SETTLE_FIRM, {}, holders_of(policies, "company.subscription.change"), firm=True)
    course.missing(Cause.FIRM_SUBSCRIPTION, step if able else None)
    return remedy.RUNNING


def _subscribed(course: Course, asked: Asked) -> None:
    """The client's own subscription."""
    link = subscription_link(asked)
    course.chain.append(link)
    if link.holds:
        return
    policies = asked.work.policies
    if link.facts["state"] is None:
        by = holders_of(policies, "company.subscription.change")
        course.missing(Cause.NOT_SUBSCRIBED, Step(Act.SUBSCRIBE, {"product": asked.product.id}, by))
        return
    settled = remedy.settled(policies, Grant(asked.product.id, state=link.facts["state"]))
    course.missing(Cause.SUBSCRIPTION_ENDED, settled[0] if settled is not None else None)


def _assigned(asked: Asked, link: Row[Any]) -> bool:
    """Whether the firm has given the person this product of this client. What it gave under a mandate ends with it."""
    if link.for_mandate is not None and link.mandate_state not in ("active", *WAITING):
        return False
    colleague = asked.work.policies.roles.get(link.colleague_role or "")
    every_client = colleague is not None and colleague.entry.clients == "all"
    named = link.product == asked.product.id and (link.for_mandate is not None or every_client)
    return named and reach.role_holds(asked.work, link.role, link.custom_role_found, None)


def _ceiling(course: Course, asked: Asked, drawn: Place, grant: Grant) -> Grant:
    """What the mandate could let through in this product at most."""
    policies = asked.work.policies
    roles = grant.ceiling or ()
    labels = [dict(policies.roles[each].label) for each in roles if each in policies.roles]
    opened = ceiling_permissions(policies, asked.product.id, roles)
    course.chain.append(Link("ceiling", bool(opened), {"roles": roles, "labels": labels, "count": len(opened)}))
    if grant.ceiling is not None:
        return grant
    wider = remedy.widened(drawn, asked.product.id, asked.permission)
    course.missing(Cause.NOT_COVERED, wider[0] if wider is not None else None)
    highest: Level | None = "view" if drawn.only_reads else None
    return grant._replace(ceiling=wider[1] if wider is not None else (), highest=highest)
