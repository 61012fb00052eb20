"""An invitation as the person who is invited meets it: read, accepted, refused.

Whoever has the link reads the mail of the invited address, or was given it: reading the offer and refusing it need no
more. Accepting takes an account that has proved this very address (R-57, R-63).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address
from idp.audit import log
from idp.companies import (
    access,
    clock,
    company,
    invitation,
    membership_period,
    period,
    role,
    seats,
    subscription,
    tables,
)
from idp.companies.errors import AlreadyMember, NotSubscribed, RoleNotOffered
from idp.companies.invitation_draft import administration, inviter
from idp.companies.invitation_sending import PATH
from idp.companies.models import Company, Invitation, InvitedRole, Membership, ProductRole
from idp.core import tokens
from idp.core.errors import Expired, IdpError, NotFound, NotPermitted
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

ACCEPTED = "accepted"
OVER = "over"  # a temporary right whose end came before it was accepted
_TOKEN_MAX = 100


def path(token: str) -> str:
    """The address of an invitation."""
    return f"{PATH}/{token}"


def welcome(token: str) -> str:
    """Where somebody goes who has accepted."""
    return f"{path(token)}/welcome"


def is_welcome(address: str) -> bool:
    """Whether somebody who goes there is welcomed there."""
    return address.startswith(f"{PATH}/")


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation that can still be accepted.

    Attributes:
        inviter: what the inviter is called; empty when nobody is named.
        has_account: whether the invited address is that of an account by now; for the holder of the link alone.
    """

    id: UUID
    company: Company
    inviter: str
    address: str
    canonical: str
    given_name: str
    family_name: str
    locale: str
    message: str
    company_role: str
    also: tuple[str, ...]
    roles: tuple[InvitedRole, ...]
    expires_at: datetime
    has_account: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of an acceptance.

    Attributes:
        missing: by product that was offered and not given, the code of the reason.
    """

    company_id: UUID
    membership: Membership
    missing: Mapping[str, str]


def find(work: Work, token: str) -> Offer:
    """The offer behind a link. Nothing is spent: mail scanners open links too.

    Raises:
        NotFound: there never was such a link, or a newer mail has replaced it.
        Expired: `reason` is `expired`, `withdrawn`, `refused`, `accepted` or `closed` (the company is).
    """
    row = _row(work, token)
    where = company.get(work, row.company_id)
    _require_open(work, row, where)
    return Offer(
        id=row.id,
        company=where,
        inviter=inviter(work, row.invited_by),
        address=row.address,
        canonical=row.canonical,
        given_name=row.given_name,
        family_name=row.family_name,
        locale=row.locale,
        message=row.message,
        company_role=row.company_role,
        also=tuple(row.also),
        roles=tuple(invitation.roles_of(work, row)),
        expires_at=row.expires_at,
        has_account=email_address.find_account(work, row.canonical) is not None,
    )


def accepted_by(work: Work, token: str, account_id: UUID) -> Invitation | None:
    """The invitation behind a link if this account has accepted it; for the page that follows."""
    row = _row(work, token)
    return row if row.outcome == ACCEPTED and row.closed_by == account_id else None


def accept(work: Work, token: str) -> Joined:
    """Accept as the signed-in account: membership and roles in, the invitation closed, the same seats, in one
    transaction.

    Raises:
        NotFound, Expired: as `find`.
        NotPermitted: the actor is no account, or one with another address.
        AlreadyMember: the person belongs to the company by now; the invitation stays as it is.
    """
    account_id = work.actor.id
    if work.actor.kind != "account" or account_id is None:
        raise NotPermitted(reason="no_account")
    row = _row(work, token)
    if email_address.primary_address(work, account_id).canonical != row.canonical:
        raise NotPermitted(reason="another_account")
    spend(work, token)
    return join(work, row.id, account_id)


def spend(work: Work, token: str) -> UUID:
    """Close the invitation of this link as accepted, for one caller; `join` follows in the same transaction.

    Raises:
        NotFound, Expired: as `find`, or somebody was faster.
    """
    work.write()
    row = _row(work, token)
    seats.lock(work, row.company_id)  # first of all, as everywhere: no two transactions wait for one another
    row = _row(work, token)
    _require_open(work, row, company.get(work, row.company_id))
    spent = work.session.execute(
        update(Invitation)
        .where(
            Invitation.id == row.id, Invitation.token_digest == tokens.digest(token),
            Invitation.closed_at.is_(None), Invitation.expires_at > work.now,
        )
        .values(closed_at=work.now, outcome=ACCEPTED),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="invitation", reason=ACCEPTED)
    role.keep(work, [each.custom_role_id for each in invitation.roles_of(work, row) if each.custom_role_id is not None])
    clock.tick(work)  # before anything is recorded, as everywhere: `join` moves it, and may come after an event
    return row.id


def join(work: Work, invitation_id: UUID, account_id: UUID) -> Joined:
    """Make the account a member with what the invitation offered. The caller has just spent it, and has seen that the
    account proved the invited address. What cannot be given any more is left out, and named.

    Raises:
        AlreadyMember: the account belongs to the company.
        RoleNotOffered: the company role is gone from the catalogue.
    """
    row = work.session.get_one(Invitation, invitation_id, populate_existing=True)
    given = role.built_in(work, administration(work).id, row.company_role, "member")
    found = Membership(
        id=uuid7(), account_id=account_id, company_id=row.company_id, company_role=given.id,
        unique_role=given.entry.unique, also=row.also, services=[], epoch=0, created_at=work.now,
        added_by=row.invited_by, suspended_at=None, ended_at=None,
    )  # fmt: skip
    row.closed_by = account_id
    work.session.add(found)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_memberships_current
        raise AlreadyMember() from error
    period.of_membership(work, found)
    missing: dict[str, str] = {}
    roles: dict[str, str] = {}
    unused = 0
    for each in invitation.roles_of(work, row):
        try:
            _still_given(work, row.company_id, each)
        except IdpError as error:
            missing[each.product] = OVER if isinstance(error, Expired) else error.code
            unused += each.bought
            continue
        roles[each.product] = each.role or str(each.custom_role_id)
        work.session.add(_held(work, row, found, each))
    work.session.flush()
    if unused:
        seats.lock(work, row.company_id).hand_back(unused)
    clock.person(work, account_id)
    subject = ("account", account_id)
    log.record(
        work, "membership.added", subject, company_id=row.company_id, role=given.id, invitation=str(row.id),
        before=None, after=membership_period.told(found),
    )  # fmt: skip
    for product, named in roles.items():
        log.record(
            work, "role.granted", subject, company_id=row.company_id, product=product, role=named,
            before=None, after={"role": named},
        )  # fmt: skip
    invitation.record(work, "invitation.accepted", row, account=str(account_id), missing=missing)
    return Joined(row.company_id, found, missing)


def refuse(work: Work, token: str) -> None:
    """Say no: the seats are free, the inviter is told.

    Raises:
        NotFound, Expired: as `find`.
    """
    work.write()
    locked = seats.lock(work, _row(work, token).company_id)
    row = _row(work, token)
    where = company.get(work, row.company_id)
    _require_open(work, row, where)
    invitation.close(work, locked, row, "refused")
    for told in _who_invited(work, row):
        outbox.mail(
            work, told.address, "invitation_refused", locale=told.locale, name=told.name, company=where.name,
            address=row.address, path=f"/companies/{where.id}/invitations",
        )  # fmt: skip
    invitation.record(work, "invitation.refused", row)


def _row(work: Work, token: str) -> Invitation:
    """The invitation of this link, in whatever state."""
    if len(token) > _TOKEN_MAX:
        raise NotFound(what="invitation")
    statement = select(Invitation).where(Invitation.token_digest == tokens.digest(token))
    found = work.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(what="invitation")
    return found


def _require_open(work: Work, row: Invitation, where: Company) -> None:
    if row.outcome is not None and row.outcome != "erased":
        raise Expired(what="invitation", reason=row.outcome)
    if row.outcome is not None:
        raise NotFound(what="invitation")
    if row.expires_at <= work.now:
        raise Expired(what="invitation", reason=seats.EXPIRED)
    if where.closed_at is not None:
        raise Expired(what="invitation", reason="closed")
    if where.suspended_at is not None:
        raise Expired(what="invitation", reason="suspended")


def _still_given(work: Work, company_id: UUID, offered: InvitedRole) -> None:
    """Whether catalogue, plan and subscription still give what was offered, with the seat that was kept for it.

    Raises:
        NotSubscribed, RoleNotOffered, SeatLimitReached, ExtraCostUnconfirmed
        Expired: a temporary right is over already.
    """
    if offered.expires_at is not None and offered.expires_at <= work.now:
        raise Expired(what="role")
    if offered.product not in work.policies.products:
        raise NotSubscribed(product=offered.product)
    plan = subscription.plan_with(work, company_id, offered.product)
    uses_seat = True
    if offered.role is not None:
        uses_seat = role.built_in(work, offered.product, offered.role, "member").seat
        if not plan.offers(offered.role):
            raise RoleNotOffered(product=offered.product, role=offered.role)
    else:
        assert offered.custom_role_id is not None
        role.own(work, company_id, offered.product, offered.custom_role_id)
    if uses_seat and not offered.uses_seat:  # the catalogue has begun to count the role since
        seats.reserve(work, company_id, offered.product)
    offered.uses_seat = uses_seat


def _held(work: Work, row: Invitation, member: Membership, offered: InvitedRole) -> ProductRole:
    return ProductRole(
        id=uuid7(), membership_id=member.id, account_id=member.account_id, company_id=member.company_id,
        product=offered.product, role=offered.role, custom_role_id=offered.custom_role_id, switches=offered.switches,
        restrictions=offered.restrictions, uses_seat=offered.uses_seat, created_at=work.now,
        granted_by=row.invited_by, expires_at=offered.expires_at, ended_at=None,
    )  # fmt: skip


def _who_invited(work: Work, row: Invitation) -> tuple[access.Administrator, ...]:
    """The inviter, as long as they belong to the company; else those who administer it."""
    a, e, m = tables.accounts.c, tables.email_addresses.c, tables.memberships.c
    statement = (
        select(a.given_name, a.family_name, e.address, a.locale)
        .join_from(tables.accounts, tables.email_addresses, e.account_id == a.id)
        .join(tables.memberships, m.account_id == a.id)
        .where(a.id == row.invited_by, a.status == "active", e.released_at.is_(None))
        .where(m.company_id == row.company_id, m.ended_at.is_(None), m.suspended_at.is_(None))
    )
    found = work.session.execute(statement).first()
    if found is None:
        return access.administrators(work, row.company_id, limit=1)
    return (access.Administrator(f"{found.given_name} {found.family_name}".strip(), found.address, found.locale),)
