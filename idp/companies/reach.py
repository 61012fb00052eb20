"""The engine: what one person may do in one product of one company, and through what.

A hot path: one statement for a company's own people, a second one only where a mandate has to be looked at. Statements
are built once, on tables and not on entities, so that a question costs their execution and little more. Every end that
a date brings (mandate, temporary right, trial, notice) is judged against the time of the work, never by a job.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from idp.companies import statements
from idp.companies.answers import Access, Reason, Refusal, Why
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.policy import permissions
from idp.policy.catalogue import Policies, Product
from idp.policy.permissions import Effective, Grant, effective, freeze_restrictions, set_id
from idp.work import Work

__all__ = [
    "ENDED",
    "Access",
    "Key",
    "Links",
    "PAYMENT_FAILED",
    "Reason",
    "Refusal",
    "Why",
    "firm_products",
    "first_way",
    "judge",
    "kept_until",
    "member_grant",
    "resolve",
    "resolve_many",
    "role_holds",
    "rows",
    "services_on",
    "state_now",
    "through",
    "unpaid_state",
    "within",
]

_MEMBER = Prepared(statements.MEMBER)
PAYMENT_FAILED = "payment_failed"  # the transition that begins with a grace
ENDED = "ended"  # the state that a trial, a notice or a suspension turns into when its time is over


Key = tuple[UUID, str]
_ORDER = tuple(Why)
Links = Sequence[Row[Any]]


def resolve(work: Work, account_id: UUID, company_id: UUID, product: str) -> Access | Refusal:
    """What this person may do in this product of this company: the one answer everything else is made from."""
    asked = {"account": account_id, "company": company_id, "product": product}
    row = _MEMBER.first(reader(work.session), asked)
    if row is None:
        return Refusal(company_id, product, Reason.NO_ACCESS, Why.NOT_A_MEMBER)
    answer = _as_member(work, account_id, product, row)
    if answer is None:
        asked["firm_products"] = firm_products(work)
        answer = _by_mandate(work, account_id, product, row, _links(work, asked))
    return answer


def rows(work: Work, account_id: UUID, company_id: UUID, product: str) -> tuple[Row[Any] | None, Links]:
    """What the answer is made from: the company with what the person holds there, and mandates that lead to it."""
    asked = {"account": account_id, "company": company_id, "product": product, "firm_products": firm_products(work)}
    return _MEMBER.first(reader(work.session), asked), _links(work, asked)


def judge(work: Work, account_id: UUID, product: str, row: Row[Any], links: Links) -> Access | Refusal:
    """The answer from rows that were read already, be it those of another instant (`as_of`)."""
    answer = _as_member(work, account_id, product, row)
    return answer if answer is not None else _by_mandate(work, account_id, product, row, links)


def _links(work: Work, asked: Mapping[str, Any]) -> Links:
    return work.session.connection().execute(statements.LINKS, asked).all()


def resolve_many(
    work: Work, account_id: UUID, company_ids: Iterable[UUID], products: Iterable[str]
) -> dict[Key, Access | Refusal]:
    """The answers of `resolve` for the products these companies subscribe to, in two statements whatever their number.

    Meant for a page of companies: the caller bounds how many it asks about.
    """
    asked: dict[str, Any] = {"account": account_id, "companies": list(company_ids), "products": list(products)}
    connection = work.session.connection()
    answers: dict[Key, Access | Refusal] = {}
    waiting: dict[Key, Row[Any]] = {}
    for row in connection.execute(statements.MEMBER_MANY, asked):
        answer = _as_member(work, account_id, row.product, row)
        if answer is None:
            waiting[row.company_id, row.product] = row
        else:
            answers[row.company_id, row.product] = answer
    if waiting:
        asked["firm_products"] = firm_products(work)
        links: dict[UUID, list[Row[Any]]] = {}
        for link in connection.execute(statements.LINKS_MANY, asked):
            links.setdefault(link.client_id, []).append(link)
        for key, row in waiting.items():
            answers[key] = _by_mandate(work, account_id, key[1], row, links.get(key[0], ()))
    return answers


def state_now(
    work: Work, state: str, since: datetime, until: datetime | None, suspends: datetime | None = None
) -> tuple[str, datetime | None]:
    """The state of a subscription at this instant, and when it ended if it has.

    Args:
        until: when a trial, a notice or a cancelled suspension ends.
        suspends: a payment failed: when the grace is over.
    """
    states = work.policies.states
    definition = states.get(state)
    if definition is None or definition.refused:
        return state, since
    if suspends is not None and suspends <= work.now:
        unpaid = unpaid_state(work.policies, state)
        if unpaid is not None:
            state, since, definition = unpaid, suspends, states[unpaid]
    longest = since + timedelta(days=definition.max_days) if definition.max_days else None
    ends = min((each for each in (until, longest) if each), default=None)
    return (ENDED, ends) if ends and ends <= work.now else (state, None)


@lru_cache(maxsize=64)
def unpaid_state(policies: Policies, state: str) -> str | None:
    """The state that a failed payment leads to once its grace is over; None where it changes nothing."""
    return next((each.to for each in policies.transitions if each.from_ == state and each.by == PAYMENT_FAILED), None)


def firm_products(work: Work) -> list[str]:
    return [product.id for product in work.policies.products.values() if product.firm_only]


def _as_member(work: Work, account_id: UUID, product: str, row: Row[Any]) -> Access | Refusal | None:
    """The answer for one of the company's own people; None when only a mandate can still open the product."""
    policy = work.policies.products.get(product)
    member = row.membership_id is not None
    name = row.company_name if member else ""

    def refused(why: Why, reason: Reason = Reason.NO_ACCESS) -> Refusal:
        return Refusal(row.company_id, product, reason, why, name)

    if row.status != "active":
        return refused(Why.BLOCKED, Reason.ACCOUNT_BLOCKED)
    if policy is None or row.closed_at is not None:
        return refused((Why.COMPANY_CLOSED if policy else Why.NOT_SUBSCRIBED) if member else Why.NOT_A_MEMBER)
    if row.company_suspended_at is not None:
        return refused(Why.COMPANY_SUSPENDED if member else Why.NOT_A_MEMBER)
    if row.suspended_at is not None:
        return refused(Why.MEMBERSHIP_SUSPENDED)
    if not policy.subscribed:
        return _administration(work, account_id, policy, row) if member else refused(Why.NOT_A_MEMBER)
    if row.state is None:
        return refused(Why.NOT_SUBSCRIBED if member else Why.NOT_A_MEMBER)
    if not role_holds(work, row.role, row.custom_role_found, row.expires_at):
        return None
    state, ended_at = state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)
    if ended_at is not None:
        return _ended(work, product, row, ended_at, name)
    grant = member_grant(work, product, row, state)
    answer = effective(work.policies, grant)
    if not answer:
        return refused(Why.NOTHING_LEFT)
    return _access(
        work,
        account_id,
        product,
        row,
        answer,
        state,
        held=row,
        until=row.expires_at,
        epoch=max(row.company_epoch, row.member_epoch),
    )


def member_grant(work: Work, product: str, row: Row[Any], state: str | None) -> Grant:
    """What one of the company's own people holds in a product, in this state of the subscription."""
    return Grant(
        product=product,
        role=row.role,
        custom_permissions=frozenset(row.permissions) if row.role is None and row.permissions is not None else None,
        switches=frozenset(row.switches or ()),
        restrictions=freeze_restrictions(row.restrictions) if row.restrictions else (),
        services=services_on(work, row.company_services, row.person_services or ()),
        state=state,
        scope="practice" if row.kind == "firm" else "client",
    )


def _by_mandate(work: Work, account_id: UUID, product: str, row: Row[Any], links: Links) -> Access | Refusal:
    """The answer for a colleague of a firm; `links` has a row per mandate and assignment between the two."""
    member = row.membership_id is not None
    why = Why.NO_ROLE if member else Why.NOT_A_MEMBER
    epochs = [row.company_epoch, row.member_epoch or 0]
    found: list[tuple[Row[Any], Grant]] = []
    for link in links:
        epochs += (link.mandate_epoch, link.firm_epoch, link.colleague_epoch)
        judged = through(work, product, row, link)
        if isinstance(judged, Grant):
            found.append((link, judged))
        elif judged is not None and not member:
            why = max(why, judged, key=_ORDER.index)  # what came closest
    if not found:
        return Refusal(row.company_id, product, Reason.NO_ACCESS, why, row.company_name if member else "")

    link, grant = first_way(work, product, found)
    _, ended_at = state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)
    if ended_at is not None:
        return _ended(work, product, row, ended_at, row.company_name)
    answer = effective(work.policies, grant)
    if not answer:
        return Refusal(row.company_id, product, Reason.NO_ACCESS, Why.NOTHING_LEFT, row.company_name)
    ends = (each for each in (link.mandate_until, link.colleague_expires_at) if each)
    return _access(
        work,
        account_id,
        product,
        row,
        answer,
        grant.state,
        held=link,
        until=min(ends, default=None),
        epoch=max(epochs),
        firm=link,
    )


def first_way(work: Work, product: str, found: Iterable[tuple[Row[Any], Grant]]) -> tuple[Row[Any], Grant]:
    """Of several mandates and assignments that lead to a product, the one that counts."""
    all_first = work.policies.products[product].rules.account_scope_wins
    return min(found, key=lambda each: ((each[0].for_mandate is None) != all_first, each[0].mandate_id))


def through(work: Work, product: str, row: Row[Any], link: Row[Any]) -> Grant | Why | None:
    """What one mandate and assignment give; None when the link is over and says nothing about the two any more."""
    policies, now = work.policies, work.now
    live = link.mandate_state == "active" and within(now, link.mandate_started, link.mandate_until)
    if not live or link.firm_closed_at or link.firm_suspended_at or link.colleague_suspended_at:
        return None
    if not role_holds(work, link.colleague_role, link.colleague_custom_role_id, link.colleague_expires_at):
        return Why.NEEDS_PRACTICE_ROLE
    if link.firm_state is None:
        return Why.FIRM_SUBSCRIPTION
    firm_state, _ = state_now(work, link.firm_state, link.firm_since, link.firm_until, link.firm_suspends)
    if policies.mandates.firm_states.get(firm_state) == "none":
        return Why.FIRM_SUBSCRIPTION
    colleague = policies.roles.get(link.colleague_role) if link.colleague_role else None
    every_client = colleague is not None and colleague.entry.clients == "all"
    if link.product != product or (link.for_mandate is None and not every_client):
        return Why.NOT_ASSIGNED
    if not role_holds(work, link.role, link.custom_role_found, None):
        return Why.NOT_ASSIGNED
    ceiling = permissions.ceiling_of(policies, link.preset, link.options, link.lowered).get(product)
    handing_over = link.view_from_at is not None and link.view_from_at <= now
    highest = permissions.highest_of(link.lowered, product, only_reads=handing_over)
    if ceiling is None:
        return Why.NOT_COVERED
    return Grant(
        product=product,
        role=link.role,
        custom_permissions=frozenset(link.permissions) if link.role is None else None,
        services=services_on(work, row.company_services, ()),
        state=state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)[0],
        ceiling=ceiling,
        highest=highest,
        firm_state=firm_state,
    )


def _administration(work: Work, account_id: UUID, product: Product, row: Row[Any]) -> Access | Refusal:
    """The company's own account: every member has one company role, and may have others that combine with it."""
    if product.kind != "administration":
        return Refusal(row.company_id, product.id, Reason.NO_ACCESS, Why.NO_ROLE, row.company_name)
    services = services_on(work, row.company_services, row.person_services)
    answers = [
        effective(work.policies, Grant(product=product.id, role=role, services=services))
        for role in (row.company_role, *row.also)
    ]
    kept = frozenset().union(*(each.permissions for each in answers))
    if not kept:
        return Refusal(row.company_id, product.id, Reason.NO_ACCESS, Why.NOTHING_LEFT, row.company_name)
    union = Effective(tuple(sorted(kept)), set_id(kept), (), frozenset().union(*(each.step_up for each in answers)))
    role = work.policies.roles[row.company_role]
    return Access(
        account_id=account_id, company_id=row.company_id, company_name=row.company_name, product=product.id,
        role=role.id, custom_role_id=None, role_labels=role.label,
        permissions=union.permissions, permission_set=union.set_id, restrictions=(), step_up=union.step_up,
        via="membership", firm_id=None, firm_name="", until=None, subscription=None, subscription_until=None,
        epoch=max(row.company_epoch, row.member_epoch), needs_second_factor=role.mfa_required,
    )  # fmt: skip


def _access(
    work: Work, account_id: UUID, product: str, row: Row[Any], answer: Effective, state: str | None,
    *, held: Row[Any], until: datetime | None, epoch: int, firm: Row[Any] | None = None,
) -> Access:  # fmt: skip
    """Put together from the company's row and the row that holds the role."""
    role = work.policies.roles[held.role] if held.role is not None else None
    definition = work.policies.states[state] if state else None
    claim = definition.claim if definition else None
    return Access(
        account_id=account_id, company_id=row.company_id, company_name=row.company_name, product=product,
        role=role.id if role else f"{product}.custom",
        custom_role_id=None if role else held.custom_role_found,
        role_labels=role.label if role else held.labels,
        permissions=answer.permissions, permission_set=answer.set_id,
        restrictions=answer.restrictions, step_up=answer.step_up,
        via="mandate" if firm else "membership",
        firm_id=firm.firm_id if firm else None, firm_name=firm.firm_name if firm else "",
        until=until, subscription=claim.state if claim else state,
        subscription_until=row.until_at if claim and claim.until else None,
        epoch=epoch, needs_second_factor=role is not None and role.mfa_required,
        locale=firm.locale if firm else None,
    )  # fmt: skip


def role_holds(work: Work, role: str | None, custom_role_id: UUID | None, expires_at: datetime | None) -> bool:
    """Whether there is a role, known to the policies or the company's own, whose time is not over."""
    if role is None and custom_role_id is None:
        return False
    return (role is None or role in work.policies.roles) and (expires_at is None or expires_at > work.now)


def within(now: datetime, begin: datetime | None, end: datetime | None) -> bool:
    """Whether an instant lies in a span, of which either side may be open."""
    return (begin is None or begin <= now) and (end is None or end > now)


def services_on(work: Work, company: Iterable[str], person: Sequence[str]) -> frozenset[str]:
    """Connected services that are on: per-person ones only when also on for the person."""
    known = work.policies.services
    return frozenset(each for each in company if each in known and (not known[each].per_person or each in person))


def _ended(work: Work, product: str, row: Row[Any], ended_at: datetime, name: str) -> Refusal:
    kept = row.kept_until_at
    if kept is None and row.state in work.policies.states and not work.policies.states[row.state].refused:
        kept = kept_until(work.policies, row.state, ended_at)
    return Refusal(row.company_id, product, Reason.SUBSCRIPTION_ENDED, Why.ENDED, name, ended_at, kept)


def kept_until(policies: Policies, before: str, ended_at: datetime) -> datetime | None:
    """Until when rights and data are kept of a product that ended then; a trial keeps them for a shorter time."""
    steps = [step for step in policies.transitions if step.from_ == before and policies.states[step.to].refused]
    own = next((step.keep_access_rights_days for step in steps if step.keep_access_rights_days), None)
    days = own or policies.states[ENDED].keep_access_rights_days
    return ended_at + timedelta(days=days) if days else None
