"""Offers of roles to an address, as a company makes them: an open one holds its seats.

The side of the person who is invited is `acceptance`; many at once are `invitation_batch`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from idp.audit import log
from idp.companies import access, company, module, role, seats
from idp.companies.errors import AlreadyInvited, InvitationClosed
from idp.companies.invitation_draft import Draft, company_roles
from idp.companies.invitation_sending import Sender
from idp.companies.models import Invitation, InvitedRole
from idp.companies.role_wish import Wish
from idp.core.errors import NotFound, NotPermitted
from idp.work import Work

# One of each is enough; the second ones exist in a firm only, where who may invite also sees who is invited.
INVITES = ("company.users.invite", "practice.colleagues.invite")
RESENDS = ("company.users.resend", "practice.colleagues.invite")
VIEWS = ("company.users.view", "practice.colleagues.invite")


def offer(
    work: Work,
    company_id: UUID,
    *,
    address: str,
    locale: str,
    roles: Mapping[str, Wish | str],
    given_name: str = "",
    family_name: str = "",
    company_role: str | None = None,
    also: tuple[str, ...] = (),
    message: str = "",
    extra_cost: bool = False,
) -> Invitation:
    """Offer roles to the holder of an address, who gets a mail with one link; the open invitation holds their seats.

    An open invitation of the same address is renewed: what it offered is replaced, its link is void; the very same
    offer within a minute is one. Whether the address has an account makes no difference to what is answered or mailed.

    Args:
        roles: by product, a wish or the id of a built-in role. None at all is for who only administers the company.
        company_role: by default the one that the catalogue proposes; `also` are those that combine with it.
        extra_cost: the cost of seats beyond the plan was confirmed.

    Raises:
        NotPermitted: the actor may not invite here, or may not give one of the roles.
        NotOnYourself: the address is the actor's own.
        AlreadyMember: the address is that of a member.
        NotSubscribed, RoleNotOffered, SeatLimitReached, ExtraCostUnconfirmed, InvalidInput, Throttled
        AlreadyInvited: somebody else has just invited the address.
    """
    access.require_one(work, INVITES, company_id)
    draft = Draft(address, locale, roles, given_name, family_name, company_role, also, message)
    sender = Sender(work, company_id, extra_cost)
    sender.read_for([draft])
    checked = sender.check(draft)
    invitation = sender.send(checked)
    if checked.repeated:
        return invitation
    seats.tell_bought(work, company_id, dict.fromkeys(checked.bought, 1))
    name = "invitation.created" if checked.before is None else "invitation.renewed"
    record(work, name, invitation, **checked.logged)
    record_expired(work, company_id, sender.locked)
    return invitation


def resend(work: Work, company_id: UUID, invitation_id: UUID, *, extra_cost: bool = False) -> Invitation:
    """Send an invitation again that is open or has run out: with a new link, for the whole time, and with everything
    checked as for a new one. The link of before is void.

    Raises:
        NotPermitted: the actor may not, or may not give one of the roles.
        NotFound: there is no such invitation here.
        InvitationClosed: it was accepted, refused or withdrawn; `outcome` says which.
        AlreadyInvited: there is a newer invitation of this address.
        and what `offer` raises.
    """
    access.require_one(work, RESENDS, company_id)
    sender = Sender(work, company_id, extra_cost)
    before = get(work, company_id, invitation_id)
    if before.outcome not in (None, seats.EXPIRED):
        raise InvitationClosed(outcome=before.outcome)
    draft = _again(work, before)
    sender.read_for([draft])
    if sender.open.get(before.canonical, before.id) != before.id:
        raise AlreadyInvited()
    if before.closed_at is None and before.id not in sender.held:  # accepted between the two reads
        raise InvitationClosed(outcome="accepted")
    checked = sender.check(draft)
    invitation = sender.send(checked, reopen=before.id)
    if checked.repeated:
        return invitation
    seats.tell_bought(work, company_id, dict.fromkeys(checked.bought, 1))
    record(work, "invitation.resent", invitation, extra_cost=list(checked.bought))
    record_expired(work, company_id, sender.locked)
    return invitation


def seats_again(work: Work, found: Invitation) -> dict[str, seats.Seats]:
    """How the seats stand that sending an invitation again would take, by product: those of one that has run out, since
    an open one holds its own. For people to see before they send it; `resend` is what decides."""
    if found.outcome not in (None, seats.EXPIRED) or (found.closed_at is None and found.expires_at > work.now):
        return {}
    wanted = {each.product for each in roles_of(work, found) if each.uses_seat}
    standing = seats.overview(work, found.company_id) if wanted else {}
    return {product: standing[product] for product in standing if product in wanted}


def withdraw(work: Work, company_id: UUID, invitation_id: UUID) -> None:
    """Take an open offer back: its seats are free at once, and its link says what happened.

    Raises:
        NotPermitted: the actor may not, or could not have given its company role; who invites colleagues of a firm
            alone: or any of its roles.
        NotFound: there is no such invitation here.
        InvitationClosed: it is not open any more; `outcome` says why.
    """
    access.require_one(work, INVITES, company_id)
    company.get(work, company_id)
    locked = seats.lock(work, company_id)
    found = get(work, company_id, invitation_id)
    if found.outcome is None:
        company_roles(work, company_id, found.company_role, found.also)
        _require_own(work, found)
    close(work, locked, found, "withdrawn")
    record(work, "invitation.withdrawn", found)
    record_expired(work, company_id, locked)


def close(work: Work, locked: seats.Locked, invitation: Invitation, outcome: str) -> None:
    """Close an open invitation that nobody takes up; its seats are free, those that were bought are given back.

    Raises:
        InvitationClosed: somebody was faster.
    """
    closed = work.session.execute(
        update(Invitation)
        .where(
            Invitation.id == invitation.id, Invitation.company_id == invitation.company_id,
            Invitation.closed_at.is_(None), Invitation.token_digest == invitation.token_digest,
        )
        .values(closed_at=work.now, outcome=outcome, closed_by=work.actor.id if work.actor.kind == "account" else None),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    work.session.refresh(invitation)
    if closed.rowcount != 1:  # type: ignore[attr-defined]
        raise InvitationClosed(outcome=invitation.outcome)
    offered = roles_of(work, invitation)
    locked.free(each.product for each in offered if each.uses_seat)
    locked.hand_back(sum(each.bought for each in offered))
    work.session.flush()


def get(work: Work, company_id: UUID, invitation_id: UUID) -> Invitation:
    """An invitation of this company, open or not, as it is now.

    Raises:
        NotFound: there is none.
    """
    statement = select(Invitation).where(Invitation.id == invitation_id, Invitation.company_id == company_id)
    found = work.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(kind="invitation")
    return found


def roles_of(work: Work, invitation: Invitation) -> list[InvitedRole]:
    """The product roles that an invitation offers, by product."""
    statement = select(InvitedRole).where(InvitedRole.invitation_id == invitation.id).order_by(InvitedRole.product)
    return list(work.session.scalars(statement))


def of_address(work: Work, company_id: UUID, canonical: str) -> list[Invitation]:
    """The company's invitations of an address, the latest first, open or not."""
    return list(
        work.session.scalars(
            select(Invitation)
            .where(Invitation.company_id == company_id, Invitation.canonical == canonical)
            .order_by(Invitation.created_at.desc(), Invitation.id.desc())
        )
    )


def expire_due(work: Work) -> int:
    """Close what nobody answered in time, company by company; answers how many. A job: commits for itself.

    Seats are free from the instant of expiry whether or not this runs; it gives back the ones that were bought.
    """
    waiting = select(Invitation.company_id).where(Invitation.closed_at.is_(None), Invitation.expires_at <= work.now)
    companies = list(work.session.scalars(waiting.distinct().limit(500)))
    work.session.rollback()
    done = 0
    for company_id in companies:
        work.write()
        locked = seats.lock(work, company_id)
        work.session.flush()
        record_expired(work, company_id, locked)
        work.session.commit()
        done += len(locked.expired)
    return done


def record(work: Work, name: str, invitation: Invitation, **details: Any) -> None:
    """Note what became of an invitation."""
    subject = ("invitation", invitation.id)
    before: dict[str, Any] | None = {"standing": "open"} if name != "invitation.created" else None
    after = {"standing": invitation.outcome or "open"}
    if invitation.closed_at is None:
        details = {"company_role": invitation.company_role, "expires": invitation.expires_at.isoformat(), **details}
    log.record(work, name, subject, company_id=invitation.company_id, before=before, after=after, **details)


def record_expired(work: Work, company_id: UUID, locked: seats.Locked) -> None:
    """Note the invitations that were found to have run out."""
    for invitation_id in locked.expired:
        log.record(
            work, "invitation.expired", ("invitation", invitation_id), company_id=company_id,
            before={"standing": "open"}, after={"standing": "expired"},
        )  # fmt: skip


def _require_own(work: Work, offered: Invitation) -> None:
    """Who may invite colleagues, and nobody else, takes back only what they could have offered.

    Raises:
        RoleNotAssignable: one of its roles is beyond them.
    """
    try:
        access.require(work, INVITES[0], offered.company_id)
    except NotPermitted:
        for each in roles_of(work, offered):
            known = work.policies.roles.get(each.role) if each.role is not None else None
            if known is not None:
                role.require_assignable(work, offered.company_id, known)
            elif each.custom_role_id is not None:
                made = role.own(work, offered.company_id, each.product, each.custom_role_id)
                role.require_custom_assignable(work, offered.company_id, made)


def _again(work: Work, before: Invitation) -> Draft:
    """What an invitation offers, as a draft to be checked as a new one is."""
    roles: dict[str, Wish | str] = {}
    missing = module.off(work, before.company_id)
    for each in roles_of(work, before):
        known = work.policies.roles.get(each.role) if each.role is not None else None
        able = frozenset(known.switches) - missing.get(each.product, frozenset()) if known is not None else ()
        switches = {area: area in each.switches for area in able}
        roles[each.product] = Wish(each.role, each.custom_role_id, switches, each.restrictions, each.expires_at)
    return Draft(
        before.address, before.locale, roles, before.given_name, before.family_name, before.company_role,
        tuple(before.also), before.message,
    )  # fmt: skip
