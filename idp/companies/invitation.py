"""Offers of roles to an address; an open one holds its seats."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address
from idp.audit import log
from idp.companies import access, company, membership, role, seats, subscription
from idp.companies.errors import AlreadyInvited, AlreadyMember, RoleNotOffered
from idp.companies.models import Invitation, InvitedRole
from idp.core import tokens
from idp.core.errors import InvalidInput
from idp.core.ids import uuid7
from idp.work import Work

INVITES = "company.users.invite"


def offer(
    work: Work, company_id: UUID, *, address: str, locale: str, roles: Mapping[str, str], extra_cost: bool = False
) -> tuple[Invitation, str]:
    """Offer roles to the holder of an address: the row with its seats, and the token that accepts it.

    The token is kept as a digest only; mailing it is up to the caller, and belongs to the same transaction.

    Args:
        roles: built-in role by product; one at least.
        extra_cost: the cost of seats beyond the plan was confirmed.

    Raises:
        NotPermitted: the actor may not invite here, or may not give one of the roles.
        NotSubscribed, RoleNotOffered, SeatLimitReached, ExtraCostUnconfirmed, InvalidInput
        AlreadyMember: the address is that of a member.
        AlreadyInvited: the address holds an open invitation here.
    """
    access.require(work, INVITES, company_id)
    company.get(work, company_id)
    if locale not in work.policies.account.locales:
        raise InvalidInput(field="locale")
    if not roles:
        raise InvalidInput(field="roles")
    canonical = email_address.canonical(address)
    account = email_address.find_account(work, canonical)
    if account is not None and membership.find(work, company_id, account.id) is not None:
        raise AlreadyMember()
    offered = [_offered(work, company_id, product, role_id) for product, role_id in sorted(roles.items())]
    close_expired(work, company_id)
    for each in offered:
        if each.uses_seat:
            seats.reserve(work, company_id, each.product, extra_cost=extra_cost)

    token = tokens.new()
    invitation = Invitation(
        id=uuid7(),
        company_id=company_id,
        address=address.strip(),
        canonical=canonical,
        locale=locale,
        token_digest=tokens.digest(token),
        invited_by=work.actor.id if work.actor.kind == "account" else None,
        created_at=work.now,
        expires_at=work.now + work.policies.invitation_lifetime,
    )
    work.session.add(invitation)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_invitations_open
        raise AlreadyInvited() from error
    for each in offered:
        each.invitation_id = invitation.id
    work.session.add_all(offered)
    work.session.flush()
    log.record(work, "invitation.created", ("invitation", invitation.id), company_id=company_id, roles=dict(roles))
    return invitation, token


def close_expired(work: Work, company_id: UUID) -> None:
    """Close what nobody answered in time, so that the address can be invited again; its seats are free already."""
    work.session.execute(
        update(Invitation)
        .where(Invitation.company_id == company_id, Invitation.closed_at.is_(None), Invitation.expires_at <= work.now)
        .values(closed_at=work.now, outcome="expired")
    )


def of_address(work: Work, company_id: UUID, canonical: str) -> list[Invitation]:
    """The company's invitations of an address, the latest first, open or not."""
    return list(
        work.session.scalars(
            select(Invitation)
            .where(Invitation.company_id == company_id, Invitation.canonical == canonical)
            .order_by(Invitation.created_at.desc(), Invitation.id.desc())
        )
    )


def _offered(work: Work, company_id: UUID, product: str, role_id: str) -> InvitedRole:
    plan = subscription.plan_with(work, company_id, product)
    given = role.built_in(work, product, role_id, "member")
    role.require_assignable(work, company_id, given)
    if not plan.offers(role_id):
        raise RoleNotOffered(product=product, role=role_id)
    return InvitedRole(product=product, role=role_id, uses_seat=given.seat)
