"""People in companies: who belongs, who is kept out for the time being, who goes.

The company role is changed by `company_role`, roles in products by `product_role`; both are found here too.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile
from idp.audit import log
from idp.companies import (
    access,
    access_end,
    acting_on,
    clock,
    company,
    firm_run,
    membership_period,
    period,
    role,
)
from idp.companies.acting_on import ever, find
from idp.companies.errors import (
    AlreadyMember,
    LastAdministrator,
    NotOnYourself,
    OwnerCannotLeave,
    OwnerNotEditable,
    RoleNotOffered,
    UniqueRoleTaken,
)
from idp.companies.models import Assignment, Membership, ProductRole
from idp.companies.product_role import change_role, grant_role, revoke_role
from idp.core.errors import InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

__all__ = [
    "add",
    "change_role",
    "end_sessions",
    "ever",
    "find",
    "grant_role",
    "leave",
    "remove",
    "resume",
    "revoke_role",
    "suspend",
]

INVITES = "company.users.invite"
SUSPENDS = ("company.users.suspend",)
REMOVES = ("company.users.remove", "practice.colleagues.remove")
ENDS_SESSIONS = "company.security.end-sessions"


def add(
    work: Work,
    company_id: UUID,
    account_id: UUID,
    *,
    company_role: str,
    also: Iterable[str] = (),
    services: Iterable[str] = (),
) -> Membership:
    """Make a person one of the company's own, with one company role.

    Args:
        also: further company roles that may be combined with it.
        services: per-person connected services that are on.

    Raises:
        NotPermitted: the actor may not, or none of the actor's roles may give one of these.
        NotFound: no such company or account.
        RoleNotOffered: not a company role, or one that cannot be combined.
        UniqueRoleTaken: the role has one holder per company, and has one.
        AlreadyMember: the person is.
    """
    access.require(work, INVITES, company_id)
    if company.get(work, company_id).closed_at is not None:
        raise NotFound(kind="company")
    profile.get(work, account_id)
    administration = next(each for each in work.policies.products.values() if each.kind == "administration")
    given = role.built_in(work, administration.id, company_role, "member")
    others = [role.built_in(work, administration.id, each, "member") for each in sorted(set(also))]
    for each in (given, *others):
        role.require_assignable(work, company_id, each)
        if each is not given and not each.entry.combinable:
            raise RoleNotOffered(product=administration.id, role=each.id)
    if unknown := sorted(set(services) - set(work.policies.services)):
        raise InvalidInput(field="services", unknown=unknown)
    if find(work, company_id, account_id) is not None:
        raise AlreadyMember()
    membership = Membership(
        id=uuid7(),
        account_id=account_id,
        company_id=company_id,
        company_role=company_role,
        unique_role=given.entry.unique,
        also=[each.id for each in others],
        services=sorted(services),
        epoch=clock.person(work, account_id),
        created_at=work.now,
        added_by=work.actor.id if work.actor.kind == "account" else None,
    )
    work.session.add(membership)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_memberships_unique_role, or uq_memberships_current in a race
        raise (UniqueRoleTaken(role=company_role) if given.entry.unique else AlreadyMember()) from error
    period.of_membership(work, membership)
    log.record(
        work, "membership.added", ("account", account_id), company_id=company_id, role=company_role,
        before=None, after=membership_period.told(membership),
    )  # fmt: skip
    return membership


def suspend(work: Work, company_id: UUID, account_id: UUID, *, seen: UUID | None = None) -> None:
    """Refuse a member everything here for the time being; roles and seats are kept."""
    membership = acting_on.editable(work, SUSPENDS, company_id, account_id, seen=seen)
    if membership.suspended_at is None:
        clock.person(work, account_id)
        membership.suspended_at = work.now
        work.session.flush()
        period.of_membership(work, membership)
        access_end.tell(work, account_id=account_id, logout=True)  # of a firm: at every client, whatever its name
        log.record(
            work, "membership.suspended", ("account", account_id), company_id=company_id,
            before={"standing": "active"}, after={"standing": "suspended"},
        )  # fmt: skip


def resume(work: Work, company_id: UUID, account_id: UUID, *, seen: UUID | None = None) -> None:
    """Take back a suspension."""
    membership = acting_on.editable(work, SUSPENDS, company_id, account_id, seen=seen)
    if membership.suspended_at is not None:
        clock.person(work, account_id)
        membership.suspended_at = None
        work.session.flush()
        period.of_membership(work, membership)
        log.record(
            work, "membership.resumed", ("account", account_id), company_id=company_id,
            before={"standing": "suspended"}, after={"standing": "active"},
        )  # fmt: skip


def remove(work: Work, company_id: UUID, account_id: UUID, *, seen: UUID | None = None) -> None:
    """Remove a member: roles end, seats are free, and in a firm every client is lost at once. The person is written to.

    Raises:
        NotPermitted: the actor may not, or acts on themselves, on the holder of the unique role, or on a higher role.
        NotFound: the person is no member here.
        ChangedMeanwhile: somebody else has changed the membership since it was seen.
    """
    membership = acting_on.editable(work, REMOVES, company_id, account_id, seen=seen)
    if membership.unique_role:
        raise OwnerNotEditable()
    before = membership_period.told(membership)
    end(work, membership)
    by = work.actor.id if work.actor.kind == "account" else None
    _tell_ended(work, company_id, account_id, by=profile.names(work, [by]).get(by, "") if by else "")
    log.record(work, "membership.removed", ("account", account_id), company_id=company_id, before=before, after=None)


def leave(work: Work, company_id: UUID, *, seen: UUID | None = None) -> None:
    """Leave a company oneself; its administrators are told by mail, and the person gets a word of it. Roles, seats and
    clients as for `remove`.

    Raises:
        NotFound: the actor is no member here.
        OwnerCannotLeave: the ownership has to be handed over first.
        LastAdministrator: nobody else could run the firm.
    """
    account_id = work.actor.id
    if work.actor.kind != "account" or account_id is None:
        raise NotFound(kind="membership")
    membership = acting_on.locked(work, company_id, account_id, seen=seen)
    if membership.unique_role:
        raise OwnerCannotLeave()
    where, person = company.get(work, company_id), profile.get(work, account_id)
    if where.kind == "firm" and firm_run.runs_alone(work, account_id, company_id):
        raise LastAdministrator()
    before = membership_period.told(membership)
    end(work, membership)
    name = f"{person.given_name} {person.family_name}".strip()
    for each in access.administrators(work, company_id):
        outbox.mail(
            work, each.address, "member_left", locale=each.locale, name=each.name, who=name, company=where.name,
            path=f"/companies/{company_id}/people",
        )  # fmt: skip
    _tell_ended(work, company_id, account_id, left=True)
    log.record(work, "membership.left", ("account", account_id), company_id=company_id, before=before, after=None)


def end_sessions(work: Work, company_id: UUID, account_id: UUID) -> None:
    """End what a member's products hold for this company at once: refresh tokens, and the sessions of the products. The
    person stays signed in here and keeps every role, so the products let them in again.

    Raises:
        NotPermitted: the actor may not, or it is the actor.
        NotFound: the person is no member here.
    """
    access.require(work, ENDS_SESSIONS, company_id)
    if work.actor.id == account_id:
        raise NotOnYourself()
    acting_on.locked(work, company_id, account_id)
    clock.person(work, account_id)
    access_end.tell(work, account_id=account_id, company_id=company_id, logout=True, whatever=True)
    log.record(work, "membership.sessions_ended", ("account", account_id), company_id=company_id)


def end(work: Work, membership: Membership) -> None:
    """End a membership with everything it carried; the caller has seen that it may be, and writes the log."""
    company_id, account_id = membership.company_id, membership.account_id
    clock.person(work, account_id)
    for table, firm in ((ProductRole, ProductRole.company_id), (Assignment, Assignment.firm_id)):
        work.session.execute(
            update(table)
            .where(table.account_id == account_id, firm == company_id, table.ended_at.is_(None))
            .values(ended_at=work.now)
        )
    membership.ended_at = max(work.now, membership.created_at)  # the clock of who made it may have been ahead of ours
    work.session.flush()
    period.of_membership(work, membership)
    access_end.tell(work, account_id=account_id, logout=True)  # of a firm: at every client, whatever its name


def _tell_ended(work: Work, company_id: UUID, account_id: UUID, *, by: str = "", left: bool = False) -> None:
    """Write to somebody who belongs no longer, in their language."""
    person = profile.get(work, account_id)
    try:
        address = email_address.primary_address(work, account_id).address
    except NotFound:  # erased meanwhile
        return
    outbox.mail(
        work, address, "membership_ended", locale=person.locale, name=person.given_name,
        company=company.get(work, company_id).name, by=by, left=left, path="/",
    )  # fmt: skip
