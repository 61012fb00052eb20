"""The ownership of a company moves only from its owner to another of its people who accepts it (USR-09, R-62).

Both have proved a second factor minutes ago, which is the caller's to see. The swap is one transaction: at every
instant the company has exactly one owner. When that one cannot sign in any more, the operator offers in their place.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile
from idp.audit import log
from idp.companies import access, clock, company, membership, membership_period, paged, period, tables, takeover
from idp.companies.errors import NotOnYourself
from idp.companies.models import Membership, OwnershipOffer
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

VIEWS = "company.ownership.view"
TRANSFERS = "company.ownership.transfer"
AFTERWARDS = ("administrator", "leave")

_o = OwnershipOffer


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody to whom the ownership can be offered."""

    account_id: UUID
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An open offer."""

    id: UUID
    account_id: UUID
    name: str
    address: str
    by: str
    afterwards: str
    expires_at: datetime


def open_offer(work: Work, company_id: UUID) -> Offer | None:
    """The offer that waits for an answer in a company."""
    a, e = tables.accounts.c, tables.email_addresses.c
    row = work.session.execute(
        select(
            _o.id, _o.account_id, _o.offered_by, _o.afterwards, _o.expires_at, a.given_name, a.family_name, e.address
        )
        .join(tables.accounts, a.id == _o.account_id)
        .join(tables.email_addresses, and_(e.account_id == a.id, e.released_at.is_(None)))
        .where(_o.company_id == company_id, _o.closed_at.is_(None), _o.expires_at > work.now)
    ).one_or_none()
    if row is None:
        return None
    by = profile.names(work, [row.offered_by]).get(row.offered_by, "") if row.offered_by else ""
    name = f"{row.given_name} {row.family_name}".strip()
    return Offer(row.id, row.account_id, name, row.address, by, row.afterwards, row.expires_at)


def was_offered(work: Work, company_id: UUID, account_id: UUID) -> bool:
    """Whether somebody was offered the ownership of a company once."""
    query = select(_o.id).where(_o.company_id == company_id, _o.account_id == account_id)
    return work.session.execute(query.limit(1)).first() is not None


def candidates(
    work: Work,
    company_id: UUID,
    search: str = "",
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Candidate]:
    """The people of a company to whom its ownership can be offered, by name: those who can sign in and are not
    suspended, without the owner."""
    m, a, e = tables.memberships.c, tables.accounts.c, tables.email_addresses.c
    found = (
        select(a.id, a.given_name, a.family_name, e.address)
        .join_from(tables.memberships, tables.accounts, a.id == m.account_id)
        .join(tables.email_addresses, and_(e.account_id == a.id, e.released_at.is_(None)))
        .where(
            m.company_id == company_id, m.ended_at.is_(None), m.suspended_at.is_(None), m.unique_role.is_(False),
            a.status == "active",
        )
    )  # fmt: skip
    wanted = search.replace("\x00", "").strip()
    if wanted:
        said = a.given_name + " " + a.family_name + " " + e.address
        found = found.where(said.icontains(wanted, autoescape=True))
    order = Order((func.lower(a.family_name), func.lower(a.given_name)), a.id)
    page = paged.page(work, found, order, after=after, before=before, limit=limit)
    return page.seen(
        [Candidate(row.id, f"{row.given_name} {row.family_name}".strip(), row.address) for row in page.rows]
    )


def offer(work: Work, company_id: UUID, account_id: UUID, *, afterwards: str) -> None:
    """Offer the ownership to one of the company's people, who is written to. An open offer to somebody else is taken
    back by it. The owner does that; the operator only while the owner cannot sign in.

    Args:
        afterwards: what becomes of the owner of now: `administrator`, or `leave`.

    Raises:
        NotPermitted, NotFound: the actor does not own the company.
        InvalidInput: `field="person"`, nobody of this company who can sign in; or `afterwards`.
        NotOnYourself: the owner is the owner already.
        Conflict: `reason="owner_can_sign_in"`: the offer is the owner's to make.
    """
    work.write()
    access.require(work, TRANSFERS, company_id)
    if work.actor.id is None and _owner_can_sign_in(work, company_id):
        raise Conflict(reason="owner_can_sign_in")
    if afterwards not in AFTERWARDS:
        raise InvalidInput(field="afterwards")
    if account_id == work.actor.id:
        raise NotOnYourself()
    heir = _member(work, company_id, account_id)
    if heir is None or profile.get(work, account_id).status != "active":
        raise InvalidInput(field="person")
    _close(work, company_id, "expired", _o.expires_at <= work.now)
    _close(work, company_id, "withdrawn")
    expires = work.now + work.policies.invitation_lifetime
    work.session.add(
        _o(
            id=uuid7(), company_id=company_id, account_id=account_id, offered_by=work.actor.id,
            afterwards=afterwards, created_at=work.now, expires_at=expires,
        )
    )  # fmt: skip
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_ownership_offers_open: offered twice at once
        raise Conflict(reason="offered") from error
    by = {} if work.actor.id is not None else {"by_service": "yes"}
    _write(work, company_id, account_id, "ownership_offered", expires=expires.isoformat(), **by)
    log.record(
        work, "ownership.offered", ("account", account_id), company_id=company_id, afterwards=afterwards,
        before=None, after={"standing": "offered"},
    )  # fmt: skip


def withdraw(work: Work, company_id: UUID) -> None:
    """Take an open offer back; whom it was made to is written to.

    Raises:
        NotPermitted, NotFound: the actor does not own the company.
        Expired: there is no open offer.
    """
    work.write()
    access.require(work, TRANSFERS, company_id)
    _answer(work, company_id, "withdrawn")


def decline(work: Work, company_id: UUID) -> None:
    """Say no to an offer; the owner is written to.

    Raises:
        Expired: no open offer is the actor's.
    """
    _answer(work, company_id, "declined", to=work.actor.id)


def accept(work: Work, company_id: UUID) -> None:
    """Own the company from now on. The owner of before is an administrator then, or has left, as they chose.

    Raises:
        Expired: no open offer is the actor's, or it was answered or withdrawn by somebody quicker.
        Conflict: who offered it is no longer the owner, or the actor not one of its people any more; or it was offered
            in the place of an owner who can sign in again; or the company is suspended.
    """
    account_id = work.actor.id
    if account_id is None:
        raise Expired(what="offer")
    work.write()
    found = open_offer(work, company_id)
    if found is None or found.account_id != account_id:
        raise Expired(what="offer")
    if company.get(work, company_id).suspended_at is not None:
        raise Conflict(reason="suspended")
    owner_role = takeover.owner_role(work)
    held = _hold(work, company_id, account_id)
    clock.person(work, account_id)  # the clock before any row of a membership: whoever changes one takes it first
    _spend(work, found.id, "accepted")
    before = work.session.scalar(_of(company_id).where(Membership.unique_role).with_for_update())
    heir = _member(work, company_id, account_id)
    offered_by = work.session.scalar(select(_o.offered_by).where(_o.id == found.id))
    if before is None or heir is None or not {before.id, heir.id} <= held:
        raise Conflict(reason="owner_changed")
    if before.account_id != offered_by and (offered_by is not None or _owner_can_sign_in(work, company_id)):
        raise Conflict(reason="owner_changed")
    told = {"owner": str(before.account_id), "role": heir.company_role, "also": list(heir.also)}
    clock.person(work, before.account_id)
    before.company_role, before.unique_role = _administrator(work), False
    work.session.flush()  # the place is free before it is taken: uq_memberships_unique_role
    heir.company_role, heir.unique_role, heir.also = owner_role.id, True, []
    work.session.flush()
    period.of_membership(work, heir)
    period.of_membership(work, before)
    leaves = found.afterwards == "leave"
    if leaves:
        membership.end(work, before)
    _write(work, company_id, account_id, "ownership_moved", new_owner=found.name)
    _write(work, company_id, before.account_id, "ownership_moved", new_owner=found.name)
    after = {"owner": str(account_id), "role": owner_role.id, "also": []}
    log.record(
        work, "ownership.moved", ("account", account_id), company_id=company_id,
        before=told, after=after, owner_of_before="left" if leaves else before.company_role,
    )  # fmt: skip
    assert membership_period.current(work, heir) is not None


def owned_by(work: Work, account_id: UUID) -> list[str]:
    """The references of the companies that somebody owns."""
    m, c = tables.memberships.c, tables.companies.c
    query = select(c.reference).join_from(tables.memberships, tables.companies, c.id == m.company_id)
    mine = (m.account_id == account_id, m.unique_role, m.ended_at.is_(None))
    return list(work.session.scalars(query.where(*mine).order_by(c.reference)))


def names_owned_by(work: Work, account_id: UUID) -> list[str]:
    """What the open companies are called that somebody owns."""
    m, c = tables.memberships.c, tables.companies.c
    query = select(c.name).join_from(tables.memberships, tables.companies, c.id == m.company_id)
    mine = (m.account_id == account_id, m.unique_role, m.ended_at.is_(None), c.closed_at.is_(None))
    return list(work.session.scalars(query.where(*mine).order_by(c.name)))


def _owner_can_sign_in(work: Work, company_id: UUID) -> bool:
    m, a = tables.memberships.c, tables.accounts.c
    query = select(m.id).join_from(tables.memberships, tables.accounts, a.id == m.account_id)
    active = (m.company_id == company_id, m.unique_role, m.ended_at.is_(None), a.status == "active")
    return work.session.execute(query.where(*active)).first() is not None


def _hold(work: Work, company_id: UUID, heir_id: UUID) -> set[UUID]:
    """Wait for whoever changes the owner or the heir at this moment, as `acting_on.locked` does: before the clock, and
    one after the other in a fixed order, so that nobody waits for anybody who waits for them. Answers which memberships
    are held: one that began since is not."""
    both = _of(company_id).where(or_(Membership.unique_role, Membership.account_id == heir_id)).order_by(Membership.id)
    members = work.session.scalars(both).all()
    for each in members:
        membership_period.lock(work, each)
    return {each.id for each in members}


def _of(company_id: UUID):  # type: ignore[no-untyped-def]
    return (
        select(Membership)
        .where(Membership.company_id == company_id, Membership.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )


def _member(work: Work, company_id: UUID, account_id: UUID) -> Membership | None:
    found: Membership | None = work.session.scalar(
        _of(company_id).where(Membership.account_id == account_id, Membership.suspended_at.is_(None))
    )
    return found


def _administrator(work: Work) -> str:
    """What the owner of before is: of the roles that an owner may give, the one that can do most."""
    owner = takeover.owner_role(work)
    able = [
        role for role in work.policies.roles.values()
        if role.product == owner.product and owner.id in role.assignable_by and not role.entry.unique
    ]  # fmt: skip
    return max(able, key=lambda role: len(role.permissions)).id


def _answer(work: Work, company_id: UUID, outcome: str, *, to: UUID | None = None) -> None:
    work.write()
    found = open_offer(work, company_id)
    if found is None or (to is not None and found.account_id != to):
        raise Expired(what="offer")
    _spend(work, found.id, outcome)
    other = found.account_id if outcome == "withdrawn" else work.session.scalar(
        select(_o.offered_by).where(_o.id == found.id)
    )  # fmt: skip
    if other is not None:
        _write(work, company_id, other, f"ownership_{outcome}", person=found.name)
    log.record(
        work, f"ownership.{outcome}", ("account", found.account_id), company_id=company_id,
        before={"standing": "offered"}, after={"standing": outcome},
    )  # fmt: skip


def _spend(work: Work, offer_id: UUID, outcome: str) -> None:
    """Close the offer, for one caller."""
    spent = work.session.execute(
        update(_o)
        .where(_o.id == offer_id, _o.closed_at.is_(None), _o.expires_at > work.now)
        .values(closed_at=work.now, outcome=outcome),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="offer")


def _close(work: Work, company_id: UUID, outcome: str, *which: object) -> None:
    work.session.execute(
        update(_o)
        .where(_o.company_id == company_id, _o.closed_at.is_(None), or_(*which) if which else True)  # type: ignore[arg-type]
        .values(closed_at=work.now, outcome=outcome),
        execution_options={"synchronize_session": False},
    )


def _write(work: Work, company_id: UUID, account_id: UUID, template: str, **variables: str) -> None:
    person = profile.get(work, account_id)
    try:
        address = email_address.primary_address(work, account_id).address
    except NotFound:  # erased meanwhile
        return
    outbox.mail(
        work, address, template, locale=person.locale, name=person.given_name,
        company=company.get(work, company_id).name, path=f"/companies/{company_id}/ownership", **variables,
    )  # fmt: skip
