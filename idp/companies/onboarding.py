"""From an order to a company that waits for its owner: the order itself, and the ways into the wizard (FLX-01 to 03).

A mailed link proves the address it went to. A link given out by the page of an order, for somebody to whom no mail
came, proves that this is the customer and no address at all. Opening a link spends nothing: mail scanners open links
too. What can happen once is that somebody takes the company up (`takeover`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address
from idp.audit import log as audit
from idp.authn import throttle
from idp.companies import access, company, subscription, tables
from idp.companies.models import Company, Onboarding, OnboardingLink
from idp.core import texts, tokens
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, NotPermitted
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.policy import label_for
from idp.work import Work

ASKED = "onboarding.asked"
KIND_NETWORK = "onboarding_network"
BEGINS_AS = ("trial", "active")
MOST_MAILS = 20  # orders of one address that are written about at once


@dataclass(frozen=True, slots=True)
class Order:
    """What billing reports.

    Attributes:
        reference: the name by which billing knows the customer.
        kind: `company` or `firm`.
        country: two capital letters (ISO 3166-1).
        locale: one of the account policy; the company's language, in which the first mail is written.
        products: by product, `trial` or `active`.
        address: of the person who is to own the company.
        seats: per product; by default those the plan includes.
    """

    reference: str
    name: str
    kind: str
    country: str
    city: str
    locale: str
    plan: str
    products: Mapping[str, str]
    address: str
    seats: int | None = None
    next_renewal_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A way into a wizard, still good.

    Attributes:
        address: the one the new account is to have; `proved` says whether it was.
        wanted: another address, to which a code was sent.
    """

    link_id: UUID
    onboarding_id: UUID
    company_id: UUID
    company_name: str
    locale: str
    address: str
    canonical: str
    proved: bool
    wanted: str | None
    expires_at: datetime


def order(work: Work, asked: Order) -> Company:
    """A new customer with its subscription; its owner to be is written to, in the company's language.

    Raises:
        NotPermitted: the actor is neither an operator nor the service itself.
        InvalidInput: a value is impossible; `field` says which.
        Conflict: the reference is taken.
    """
    if not access.trusted(work):
        raise NotPermitted(permission="operations.companies.create")
    work.write()
    canonical = email_address.canonical_new(asked.address)
    if not asked.products or any(state not in BEGINS_AS for state in asked.products.values()):
        raise InvalidInput(field="products")
    made = company.create(
        work,
        reference=asked.reference,
        name=asked.name,
        kind=asked.kind,
        country=asked.country,
        city=asked.city,
        locale=asked.locale,
    )
    contract = subscription.start(
        work, made.id, plan=asked.plan, seats=asked.seats, next_renewal_at=asked.next_renewal_at
    )
    trial_ends = work.now + timedelta(days=work.policies.plans[contract.plan].trial_days)
    for product, state in sorted(asked.products.items()):
        subscription.set_state(work, made.id, product, state, until_at=trial_ends if state == "trial" else None)
    begun = Onboarding(
        id=uuid7(),
        company_id=made.id,
        address=email_address.written(asked.address),
        canonical=canonical,
        locale=asked.locale,
        made_account=False,
        users="due",
        services="due",
        created_at=work.now,
    )
    work.session.add(begun)
    work.session.flush()
    _write(work, begun, made.name)
    audit.record(
        work, "company.ordered", ("company", made.id),
        company_id=made.id, plan=asked.plan, products=sorted(asked.products),
    )  # fmt: skip
    return made


def find(work: Work, token: str) -> Start:
    """What a link leads to. Nothing is spent.

    Raises:
        NotFound: there never was such a link.
        Expired: it cannot be used any more; `reason` is `used` (the company has an owner), `withdrawn` or `expired`.
    """
    k, o, c = tables.onboarding_links.c, tables.onboardings.c, tables.companies.c
    row = work.session.execute(
        select(
            k.id, k.address, k.canonical, k.proved_at, k.wanted, k.expires_at, k.withdrawn_at,
            o.id.label("onboarding_id"), o.locale, o.accepted_at, c.id.label("company_id"), c.name, c.closed_at,
        )
        .join_from(tables.onboarding_links, tables.onboardings, o.id == k.onboarding_id)
        .join(tables.companies, c.id == o.company_id)
        .where(k.token_digest == tokens.digest(token))
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound(what="link")
    for reason, over in (
        ("used", row.accepted_at is not None),
        ("withdrawn", row.withdrawn_at is not None or row.closed_at is not None),
        ("expired", row.expires_at <= work.now),
    ):
        if over:
            raise Expired(what="link", reason=reason)
    return Start(
        link_id=row.id,
        onboarding_id=row.onboarding_id,
        company_id=row.company_id,
        company_name=row.name,
        locale=row.locale,
        address=row.address,
        canonical=row.canonical,
        proved=row.proved_at is not None,
        wanted=row.wanted,
        expires_at=row.expires_at,
    )


def find_to_spend(work: Work, token: str) -> Start:
    """As `find`, for a form that means to take the company up: a refusal is noted in the audit log.

    Called before anything else is done in a request, because the note is committed although an error follows.
    """
    try:
        return find(work, token)
    except (NotFound, Expired) as error:
        reason = error.members.get("reason", "unknown")
        audit.record(work, "onboarding.refused", outcome="refused", reason=reason)
        work.checkpoint(write=False)
        raise


def ask_again(work: Work, address: str) -> None:
    """Ask for the mail once more. Five an hour for an address, then silently none; the answer never tells whether an
    order waits for it, nor does the time it takes: that is looked up afterwards, by the outbox.

    Raises:
        InvalidInput: it is no address at all; `field="email"`.
    """
    work.write()
    canonical = email_address.canonical(address)
    subject = ("address", throttle.subject_hint(work, canonical))
    allowed = throttle.take(work, ASKED, canonical, work.policies.account.code_sends, in_a_row=None).allowed
    network = throttle.network_subject(work.actor.network)
    if network:
        taken = throttle.take(work, KIND_NETWORK, network, throttle.NETWORK_TRIES, in_a_row=None)
        allowed = allowed and taken.allowed
    if not allowed:
        audit.record(work, "sign_in.throttled", subject, outcome="refused", by=ASKED)
        return
    audit.record(work, ASKED, subject)
    outbox.fact(work, ASKED, canonical=canonical)


def ask_again_for(work: Work, token: str) -> None:
    """Ask for the mail once more with a link that is over: it goes where the first one went. Nothing happens for a
    link that never was."""
    k, o = tables.onboarding_links.c, tables.onboardings.c
    address = work.session.scalar(
        select(o.address)
        .join_from(tables.onboarding_links, tables.onboardings, o.id == k.onboarding_id)
        .where(k.token_digest == tokens.digest(token))
    )
    if address is not None:
        ask_again(work, address)


def send(work: Work, canonical: str) -> int:
    """Write to the owner to be of every order that waits for this address; answers how many there are."""
    work.write()
    waiting = select(Onboarding, Company.name).join(Company, Company.id == Onboarding.company_id)
    rows = work.session.execute(
        waiting.where(
            Onboarding.canonical == canonical, Onboarding.accepted_at.is_(None), Company.closed_at.is_(None)
        ).order_by(Onboarding.created_at.desc()).limit(MOST_MAILS)
    ).all()  # fmt: skip
    for begun, name in rows:
        _write(work, begun, name)
    return len(rows)


def invite_owner(work: Work, company_id: UUID) -> None:
    """Write to the owner to be once more, by an operator; earlier mails are void.

    Raises:
        NotPermitted: the actor is neither an operator nor the service itself.
        NotFound: the company was not ordered here.
        Conflict: it has an owner already.
    """
    begun = _waiting(work, company_id)
    _write(work, begun, company.get(work, company_id).name)


def hand_over(work: Work, company_id: UUID, *, asked_by: str | None = None) -> str:
    """A way into the wizard for the customer who stands at the page of the order, good for some minutes: answers its
    token. It proves no address; the wizard asks for a code first.

    Args:
        asked_by: names the request of the page, which is answered once.

    Raises:
        Expired: this request was answered before.
        NotPermitted: the actor is neither an operator nor the service itself.
        NotFound: the company was not ordered here.
        Conflict: it has an owner already.
    """
    begun = _waiting(work, company_id)
    try:
        token = _link(work, begun, "order_page", work.policies.account.order_page_lifetime, asked_by)
    except IntegrityError as error:  # uq_onboarding_links_asked_by
        raise Expired(what="link", reason="withdrawn") from error
    audit.record(work, "onboarding.handed_over", ("company", company_id), company_id=company_id)
    return token


def _waiting(work: Work, company_id: UUID) -> Onboarding:
    if not access.trusted(work):
        raise NotPermitted(permission="operations.companies.create")
    work.write()
    begun = work.session.scalar(select(Onboarding).where(Onboarding.company_id == company_id))
    if begun is None or company.get(work, company_id).closed_at is not None:
        raise NotFound(kind="order")
    if begun.accepted_at is not None:
        raise Conflict(reason="has_owner")
    return begun


def _write(work: Work, begun: Onboarding, name: str) -> None:
    """Mail a new link; the ones mailed before are void from now on."""
    work.session.execute(
        update(OnboardingLink)
        .where(
            OnboardingLink.onboarding_id == begun.id, OnboardingLink.way == "mail",
            OnboardingLink.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=work.now),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    lifetime = work.policies.activation_lifetime
    token = _link(work, begun, "mail", lifetime)
    outbox.mail(
        work,
        begun.address,
        "company_ordered",
        locale=begun.locale,
        company=name,
        products=texts.write_list(subscribed_labels(work, begun.company_id, begun.locale), begun.locale),
        path=f"/get-started/{token}",
        expires=(work.now + lifetime).isoformat(),
    )
    audit.record(work, "onboarding.invited", ("company", begun.company_id), company_id=begun.company_id)


def _link(work: Work, begun: Onboarding, way: str, lifetime: timedelta, asked_by: str | None = None) -> str:
    token = tokens.new()
    work.session.add(
        OnboardingLink(
            id=uuid7(),
            onboarding_id=begun.id,
            token_digest=tokens.digest(token),
            way=way,
            asked_by=asked_by,
            address=begun.address,
            canonical=begun.canonical,
            proved_at=work.now if way == "mail" else None,
            created_at=work.now,
            expires_at=work.now + lifetime,
        )
    )
    work.session.flush()
    return token


def subscribed_labels(work: Work, company_id: UUID, locale: str) -> list[str]:
    """What the products are called that a company can use now, in the order in which they are shown."""
    usable = subscription.usable(work, company_id)
    return [label_for(each.label, locale) for each in work.policies.products.values() if each.id in usable]


def _asked(work: Work, members: dict[str, Any]) -> None:
    send(work, members["canonical"])


HANDLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {ASKED: _asked}
