"""The two sides of a mandate: the firm behind an address, and the people of either side who answer for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from sqlalchemy import or_, select

from idp.accounts import email_address
from idp.accounts.models import Account, EmailAddress
from idp.audit import log
from idp.authn import throttle
from idp.companies import access, membership, tables
from idp.companies.errors import MandateMismatch, MandateSelf, NotAFirm
from idp.companies.models import Mandate
from idp.core.errors import IdpError, InvalidInput, NotFound, Throttled
from idp.policy.agreements import WayStep
from idp.work import Work

MOST = 20  # people of one side who are written to
_TRIES = "accountant_address"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who answers for a company's mandates, and reads mail in the language of `locale`."""

    name: str
    address: str
    locale: str


def side(work: Work, step: WayStep, company_id: UUID, firm_id: UUID) -> UUID:
    """Who takes this step: the firm when the permission is of a firm's product, else the company."""
    return firm_id if work.policies.products[step.permission.partition(".")[0]].firm_only else company_id


def require(work: Work, permission: str, company_id: UUID) -> None:
    """As `access.require`; a mandate between strangers answers like one that does not exist."""
    try:
        access.require(work, permission, company_id)
    except NotFound as error:
        raise NotFound(kind="mandate") from error


def firm_at(work: Work, company_id: UUID, address: str, chosen: UUID | None = None) -> tuple[UUID, UUID]:
    """The firm of the person whose address a company types, and the person. Every try counts (EMP-15).

    Args:
        chosen: which of several firms, for somebody who belongs to more than one.

    Raises:
        InvalidInput: it is no address; or the person has several firms, and `firms` says which (`field="firm"`).
        Throttled: the company or the person has typed too many addresses.
        MandateSelf: the address is that of one of the company's own people.
        NotAFirm: there is no account with this address, or it belongs to no firm.
    """
    canonical = email_address.canonical(address)
    count_try(work, company_id)
    account = email_address.find_account(work, canonical)
    if account is not None and membership.find(work, company_id, account.id) is not None:
        refuse(work, company_id, canonical, MandateSelf())
    firms = firms_of(work, account.id) if account is not None else {}
    if account is None or not firms:
        refuse(work, company_id, canonical, NotAFirm())
    if len(firms) > 1 and chosen not in firms:
        refuse(work, company_id, canonical, InvalidInput(field="firm", firms=[[str(k), v] for k, v in firms.items()]))
    return account.id, chosen if chosen in firms and chosen is not None else next(iter(firms))


def match_asker(work: Work, mandate: Mandate, address: str) -> None:
    """Go on only if this is the address of the firm's account that asked (`same_firm_address`). Every try counts.

    An address that this account has changed since still counts, as long as it is nobody else's (EML-07).

    Raises:
        MandateMismatch: it is the address of another firm, or of somebody else in it.
        InvalidInput, Throttled, MandateSelf, NotAFirm: as `firm_at`.
    """
    canonical = email_address.canonical(address)
    count_try(work, mandate.company_id)
    account = email_address.find_account(work, canonical)
    found = account.id if account is not None else _former_holder(work, canonical)
    if found is not None and membership.find(work, mandate.company_id, found) is not None:
        refuse(work, mandate.company_id, canonical, MandateSelf())
    firms = firms_of(work, found) if found is not None else {}
    if not firms:
        refuse(work, mandate.company_id, canonical, NotAFirm())
    known = mandate.asked_by is not None and membership.find(work, mandate.firm_id, mandate.asked_by) is not None
    if mandate.firm_id not in firms or (known and found != mandate.asked_by):
        refuse(work, mandate.company_id, canonical, MandateMismatch())
    right(work)


def refuse(work: Work, company_id: UUID, canonical: str, error: IdpError) -> NoReturn:
    """Raise, and keep the count of the try and a note of it: the transaction so far holds nothing else."""
    hint = throttle.subject_hint(work, canonical)
    reason = error.code if not isinstance(error, InvalidInput) else "several_firms"
    log.record(
        work, "mandate.address_refused", ("address", hint), company_id=company_id, outcome="refused", reason=reason
    )
    work.checkpoint(write=False)
    raise error


def responsible(work: Work, company_id: UUID, permission: str) -> list[Reader]:
    """Those who hold this permission in a company or firm by a built-in role, and can be written to."""
    product = work.policies.products[permission.partition(".")[0]]
    able = [each for each in product.roles if permission in work.policies.roles[each].permissions]
    m, a, e, r = tables.memberships.c, tables.accounts.c, tables.email_addresses.c, tables.product_roles.c
    wanted = (
        select(a.given_name, a.family_name, e.address, a.locale)
        .join_from(tables.memberships, tables.accounts, a.id == m.account_id)
        .join(tables.email_addresses, (e.account_id == a.id) & e.released_at.is_(None))
        .where(m.company_id == company_id, m.ended_at.is_(None), m.suspended_at.is_(None), a.status == "active")
        .order_by(m.unique_role.desc(), m.created_at, m.id)
        .limit(MOST)
    )
    if product.kind == "administration":
        wanted = wanted.where(m.company_role.in_(able))
    else:
        held = (r.membership_id == m.id) & (r.product == product.id) & r.ended_at.is_(None)
        wanted = wanted.join(tables.product_roles, held).where(
            r.role.in_(able), or_(r.expires_at.is_(None), r.expires_at > work.now)
        )
    rows = work.session.execute(wanted)
    return [Reader(f"{row.given_name} {row.family_name}".strip(), row.address, row.locale) for row in rows]


def names(work: Work, *keys: UUID) -> list[str]:
    """What these companies are called, in this order."""
    c = tables.companies.c
    found = {row.id: row.name for row in work.session.execute(select(c.id, c.name).where(c.id.in_(keys)))}
    return [found[key] for key in keys]


def count_try(work: Work, company_id: UUID) -> None:
    """One more address typed: by the company, and by the person, who may run several."""
    work.write()
    if access.trusted(work):
        return
    limit = work.policies.mandate_address_tries
    subjects = [f"company {company_id}", f"account {work.actor.id}"]
    taken = [throttle.take(work, _TRIES, each, limit, in_a_row=None).allowed for each in subjects]
    if not all(taken):
        ends = [throttle.paused_until(work, _TRIES, each) or work.now for each in subjects]
        log.record(
            work, "mandate.address_refused", ("company", company_id),
            company_id=company_id, outcome="refused", reason=Throttled.code,
        )  # fmt: skip
        work.checkpoint(write=False)
        raise Throttled(retry_after=_seconds(work, max(ends)))


def right(work: Work) -> None:
    """It was the right one: the person may go on elsewhere; to the company it still counts."""
    if not access.trusted(work):
        throttle.give_back(work, _TRIES, f"account {work.actor.id}")


def _seconds(work: Work, until: datetime) -> int:
    return max(1, int((until - work.now).total_seconds()))


def firms_of(work: Work, account_id: UUID) -> dict[UUID, str]:
    """The open firms of a person, by name."""
    c, m = tables.companies.c, tables.memberships.c
    rows = work.session.execute(
        select(c.id, c.name)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), m.suspended_at.is_(None))
        .where(c.kind == "firm", c.closed_at.is_(None), c.suspended_at.is_(None))
        .order_by(c.name, c.id)
        .limit(MOST)
    )
    return {row.id: row.name for row in rows}


def _former_holder(work: Work, canonical: str) -> UUID | None:
    return work.session.scalar(
        select(Account.id)
        .join(EmailAddress, EmailAddress.account_id == Account.id)
        .where(EmailAddress.canonical == canonical, EmailAddress.verified_at.is_not(None), Account.status == "active")
        .order_by(EmailAddress.released_at.desc())
        .limit(1)
    )
