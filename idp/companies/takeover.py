"""Somebody takes an ordered company up: proves an address where the link proved none, makes an account or brings one,
and owns the company from then on (FLX-04, FLX-05). Of several who try, one succeeds."""

import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from idp.accounts import email_address
from idp.audit import log as audit
from idp.authn import activation, one_time_code, throttle
from idp.authn.attempt import Attempt
from idp.authn.outcome import Outcome
from idp.companies import membership, onboarding, subscription, tables, terms
from idp.companies.models import Onboarding, OnboardingLink
from idp.companies.onboarding import Start
from idp.core.errors import Conflict, Expired, NotPermitted
from idp.outbox import queue as outbox
from idp.policy.catalogue import Role
from idp.work import Work

SENT = "onboarding_code_send"
GUESSED = "onboarding_code"
NEW, OWN = "new_account", "own_account"
LIFETIME = timedelta(minutes=10)


def wizard(company_id: UUID) -> str:
    """Where the first steps of a company go on, once it has an owner."""
    return f"/companies/{company_id}/get-started"


def is_wizard(path: str) -> bool:
    """Whether a path is one at which first steps go on."""
    return path.startswith("/companies/") and path.endswith("/get-started")


def ask_address(work: Work, token: str, address: str) -> Outcome:
    """Send a code to the address that the account is to have; an earlier code is void.

    Returns:
        `ACCEPTED`, or `PAUSED` when too many were sent for this order or to this address.

    Raises:
        InvalidInput: it is no address; `field="email"`.
        NotFound, Expired: as `onboarding.find`.
    """
    work.write()
    start = onboarding.find_to_spend(work, token)
    canonical = email_address.canonical_new(address)
    limit = work.policies.account.code_sends
    counts = ((SENT, str(start.onboarding_id)), (one_time_code.SENT_TO, canonical))
    if not all(throttle.take(work, kind, subject, limit, in_a_row=None).allowed for kind, subject in counts):
        audit.record(
            work, "one_time_code.throttled", ("company", start.company_id), outcome="refused", purpose="onboarding"
        )
        return Outcome.PAUSED
    code = f"{secrets.randbelow(10**one_time_code.DIGITS):0{one_time_code.DIGITS}d}"
    lifetime = min(work.policies.account.code_lifetime, LIFETIME)
    work.session.execute(
        update(OnboardingLink)
        .where(OnboardingLink.id == start.link_id)
        .values(
            wanted=email_address.written(address),
            code_digest=_digest(work, start, canonical, code),
            code_expires_at=work.now + lifetime,
        ),
        execution_options={"synchronize_session": False},
    )
    minutes = int(lifetime.total_seconds() // 60)
    outbox.mail(
        work, email_address.written(address), one_time_code.TEMPLATE, locale=start.locale, code=code, minutes=minutes,
        purpose="onboarding",
    )  # fmt: skip
    audit.record(
        work, "one_time_code.sent", ("company", start.company_id),
        company_id=start.company_id, purpose="onboarding", kind="email",
    )  # fmt: skip
    return Outcome.ACCEPTED


def prove_address(work: Work, token: str, code: str) -> Outcome:
    """Take the address whose code this is; the code is spent.

    Returns:
        `PAUSED` when too many wrong codes were typed for this order; what else is wrong has one answer.

    Raises:
        NotFound, Expired: as `onboarding.find`.
    """
    work.write()
    start = onboarding.find_to_spend(work, token)
    digits = one_time_code.cleaned(code)
    if digits is None or start.wanted is None:
        return Outcome.REFUSED  # not a guess: not counted
    limit = work.policies.account.wrong_codes
    counted = throttle.take(work, GUESSED, str(start.onboarding_id), limit)
    if not counted.allowed:
        return Outcome.PAUSED
    canonical = email_address.canonical(start.wanted)
    spent = work.session.execute(
        update(OnboardingLink)
        .where(
            OnboardingLink.id == start.link_id,
            OnboardingLink.code_digest == _digest(work, start, canonical, digits),
            OnboardingLink.code_expires_at > work.now,
        )
        .values(
            address=start.wanted, canonical=canonical, proved_at=work.now,
            wanted=None, code_digest=None, code_expires_at=None,
        ),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    if spent.rowcount == 1:  # type: ignore[attr-defined]
        throttle.clear(work, GUESSED, str(start.onboarding_id))
        audit.record(work, "onboarding.address_proved", ("company", start.company_id), company_id=start.company_id)
        return Outcome.ACCEPTED
    audit.record(work, "one_time_code.refused", ("company", start.company_id), outcome="refused", purpose="onboarding")
    return Outcome.PAUSED if counted.last else Outcome.REFUSED


def paused_until(work: Work, token: str) -> datetime | None:
    """The end of the pause after too many wrong codes, if there is one."""
    start = onboarding.find(work, token)
    return throttle.paused_until(work, GUESSED, str(start.onboarding_id))


def has_account(work: Work, start: Start) -> bool:
    """Whether somebody has an account with the address of this start. For who has proved to read its mail."""
    return start.proved and email_address.find_account(work, start.canonical) is not None


def activate(
    work: Work,
    token: str,
    *,
    given_name: str,
    family_name: str,
    password: str,
    personal: bool,
    uses_software: bool,
) -> tuple[Attempt, str]:
    """Take a company up with a new account, and begin its first attempt, with link and password proved.

    Args:
        uses_software: give the owner the widest role of each product, with its seat (FLX-05).

    Raises:
        InvalidInput: a value cannot be used; `field` says which. Nothing is spent.
        NotFound, Expired: as `onboarding.find`.
        Conflict: the address was not proved (`reason="unproved"`), or has got an account (`field="email"`).
    """
    work.write()
    start = onboarding.find_to_spend(work, token)
    if not start.proved:
        raise Conflict(reason="unproved")
    attempt, attempt_token = activation.open_account(
        work,
        address=start.address,
        locale=start.locale,
        continue_to=wizard(start.company_id),
        given_name=given_name,
        family_name=family_name,
        password=password,
        personal=personal,
        words=(start.company_name,),
        spend=lambda: _spend(work, start),
    )
    assert attempt.account_id is not None  # it was opened for the account just made
    _own(work, start, attempt.account_id, uses_software=uses_software, way=NEW)
    return attempt, attempt_token


def attach(work: Work, token: str, *, uses_software: bool) -> UUID:
    """Take a company up with the actor's own account, whatever its address: the link is what entitles. Answers the
    company.

    Raises:
        NotPermitted: the actor has no account.
        NotFound, Expired: as `onboarding.find`.
        UniqueRoleTaken, AlreadyMember: somebody added people to the company meanwhile.
    """
    if work.actor.kind != "account" or work.actor.id is None:
        raise NotPermitted(permission="company")
    work.write()
    start = onboarding.find_to_spend(work, token)
    _spend(work, start)
    _own(work, start, work.actor.id, uses_software=uses_software, way=OWN)
    return start.company_id


def owner_role(work: Work) -> Role:
    """The role that a company has one holder of."""
    return next(
        role for role in work.policies.roles.values()
        if role.entry.unique and work.policies.products[role.product].kind == "administration"
    )  # fmt: skip


def owner_address(work: Work, company_id: UUID) -> str | None:
    """How the owner of a company is reached; None while it has none."""
    m, e = tables.memberships.c, tables.email_addresses.c
    return work.session.scalar(
        select(e.address)
        .join_from(tables.memberships, tables.email_addresses, e.account_id == m.account_id)
        .where(m.company_id == company_id, m.unique_role, m.ended_at.is_(None), e.released_at.is_(None))
    )


def find_owner(work: Work, company_id: UUID) -> tuple[str, str] | None:
    """The name of a company's owner, and how they are reached; None while it has none."""
    m, a, e = tables.memberships.c, tables.accounts.c, tables.email_addresses.c
    found = work.session.execute(
        select(a.given_name, a.family_name, e.address)
        .join_from(tables.memberships, tables.accounts, a.id == m.account_id)
        .join(tables.email_addresses, e.account_id == a.id)
        .where(m.company_id == company_id, m.unique_role, m.ended_at.is_(None), e.released_at.is_(None))
    ).one_or_none()
    return None if found is None else (f"{found.given_name} {found.family_name}".strip(), found.address)


def owner_product_roles(work: Work, company_id: UUID) -> dict[str, str]:
    """What an owner who is also a user holds: in each product the plan has, of the roles an owner may give, the one
    that can do most."""
    contract, usable = terms.find(work, company_id), subscription.usable(work, company_id)
    if contract is None:
        return {}
    plan, owner = work.policies.plans[terms.now(work, contract).plan], owner_role(work)
    found: dict[str, str] = {}
    for product in work.policies.products.values():
        roles = [
            work.policies.roles[each] for each in product.roles
            if product.id in usable and plan.offers(each)
            and owner.id in work.policies.roles[each].assignable_by and "member" in work.policies.roles[each].held_by
        ]  # fmt: skip
        if roles:
            found[product.id] = max(roles, key=lambda role: len(role.widest)).id
    return found


def _spend(work: Work, start: Start) -> None:
    """Use the link up, and with it every other way into this wizard."""
    taken = work.session.execute(
        update(Onboarding)
        .where(Onboarding.id == start.onboarding_id, Onboarding.accepted_at.is_(None))
        .values(accepted_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="link", reason="used")
    spent = work.session.execute(
        update(OnboardingLink)
        .where(
            OnboardingLink.id == start.link_id,
            OnboardingLink.used_at.is_(None),
            OnboardingLink.withdrawn_at.is_(None),
            OnboardingLink.expires_at > work.now,
            OnboardingLink.canonical == start.canonical,
        )
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="link", reason="used")


def _own(work: Work, start: Start, account_id: UUID, *, uses_software: bool, way: str) -> None:
    work.session.execute(
        update(Onboarding)
        .where(Onboarding.id == start.onboarding_id)
        .values(account_id=account_id, made_account=way == NEW),
        execution_options={"synchronize_session": False},
    )
    # Nobody in the company could give these roles: it is the order that does.
    by_order = work.acting(replace(work.actor, kind="system", id=None, name="order"))
    membership.add(by_order, start.company_id, account_id, company_role=owner_role(work).id)
    roles = owner_product_roles(work, start.company_id) if uses_software else {}
    for product, role_id in roles.items():
        membership.grant_role(by_order, start.company_id, account_id, product, role_id=role_id)
    audit.record(
        work.acting(replace(work.actor, kind="account", id=account_id)), "onboarding.accepted",
        ("account", account_id), company_id=start.company_id, way=way, products=sorted(roles),
    )  # fmt: skip


def _digest(work: Work, start: Start, canonical: str, code: str) -> bytes:
    said = start.link_id.bytes + f"{canonical}\0{code}".encode()
    return hmac.digest(work.keyring.derive("onboarding codes"), said, hashlib.sha256)
