"""The first steps of a company that has its owner: who is to be invited, which services are on, the end (FLX-06 to 16).

Where it stands is a row of the company, so whoever leaves finds the same step again. Nobody is written to before the
end, where everybody gets exactly one invitation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, func, select, update

from idp.accounts import email_address, profile
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.companies import access, invitation, membership, role, seats, service, subscription, terms
from idp.companies.errors import (
    AlreadyInvited,
    AlreadyMember,
    ExtraCostUnconfirmed,
    FirstUserRefused,
    NotOnYourself,
    RoleNotOffered,
    SeatLimitReached,
)
from idp.companies.models import FirstUser, Invitation, Membership, Onboarding
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.policy.catalogue import Role
from idp.work import Work

INVITES = invitation.INVITES[0]  # a firm takes its first steps as any company does
USERS, SERVICES, SUMMARY, DONE = "users", "services", "summary", "done"

_o: Table = Onboarding.__table__  # type: ignore[assignment]
_UNFINISHED = Prepared(  # asked at every sign-in
    select(_o.c.company_id)
    .where(_o.c.account_id == bindparam("account"), _o.c.finished_at.is_(None))
    .order_by(_o.c.accepted_at.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a company has come.

    Attributes:
        users, services: `due`, `later` or `done`; None where there is nothing to decide.
        listed: how many people are to be invited at the end.
        made_account: whether the owner made an account on the way.
    """

    onboarding_id: UUID
    company_id: UUID
    users: str | None
    services: str | None
    finished: bool
    listed: int
    made_account: bool

    @property
    def next(self) -> str:
        """The step that is due: `users`, `services`, `summary` (somebody is to be invited), `done`."""
        if self.finished:
            return DONE
        steps = ((USERS, self.users), (SERVICES, self.services))
        due = next((name for name, state in steps if state == "due"), None)
        return due or SUMMARY


@dataclass(frozen=True, slots=True)
class Places:
    """The seats of one product, those of the people listed in the wizard included; `of` is None where none count.

    Attributes:
        next: what listing one more comes to, as in `seats.Seats`.
        extra: how many of those used are paid for beside the plan.
    """

    product: str
    used: int
    of: int | None
    next: str
    extra: int


def progress(work: Work, company_id: UUID) -> Progress | None:
    """How far the company has come; None for one that was never ordered here, or has no owner yet."""
    row = work.session.scalar(
        select(Onboarding).where(Onboarding.company_id == company_id, Onboarding.accepted_at.is_not(None))
    )
    if row is None:
        return None
    contract = terms.find(work, company_id)
    alone = contract is not None and terms.now(work, contract).seats == 1
    return Progress(
        onboarding_id=row.id,
        company_id=company_id,
        users=None if alone else row.users,
        services=row.services if service.offered_ids(work, company_id) else None,
        finished=row.finished_at is not None,
        listed=work.session.scalar(select(func.count()).where(FirstUser.onboarding_id == row.id)) or 0,
        made_account=row.made_account,
    )


def unfinished_of(work: Work, account_id: UUID) -> UUID | None:
    """The company whose first steps this person began and has not finished; the latest of several."""
    row = _UNFINISHED.first(work.session.connection(), {"account": account_id})
    return row.company_id if row is not None else None


def users(work: Work, company_id: UUID) -> list[FirstUser]:
    """Who is to be invited at the end, in the order in which they were listed."""
    return list(
        work.session.scalars(
            select(FirstUser)
            .join(Onboarding, Onboarding.id == FirstUser.onboarding_id)
            .where(Onboarding.company_id == company_id)
            .order_by(FirstUser.created_at, FirstUser.id)
        )
    )


def choices(work: Work, company_id: UUID) -> dict[str, list[Role]]:
    """By product, the roles that the actor may give to somebody new."""
    contract, usable = terms.find(work, company_id), subscription.usable(work, company_id)
    if contract is None:
        return {}
    plan = work.policies.plans[terms.now(work, contract).plan]
    found: dict[str, list[Role]] = {}
    held = access.roles_of(work, work.actor.id, company_id) if work.actor.id else frozenset()
    for product in work.policies.products.values():
        roles = [
            work.policies.roles[each] for each in product.roles
            if product.id in usable and plan.offers(each) and "member" in work.policies.roles[each].held_by
            and work.policies.roles[each].assignable_by & held
        ]  # fmt: skip
        if roles:
            found[product.id] = roles
    return found


def places(work: Work, company_id: UUID) -> list[Places]:
    """The seats of each product as they will be once everybody listed was invited."""
    listed = users(work, company_id)
    wanted = {
        product: sum(1 for each in listed if _takes_seat(work, each.roles.get(product)))
        for product in subscription.usable(work, company_id)
    }
    found = [
        Places(product, each.used, each.of, each.next, each.extra)
        for product, each in seats.planned(work, company_id, wanted).items()
    ]
    order = list(work.policies.products)
    return sorted(found, key=lambda each: order.index(each.product))


def list_user(
    work: Work,
    company_id: UUID,
    *,
    given_name: str,
    family_name: str,
    address: str,
    locale: str,
    roles: Mapping[str, str],
    extra_cost: bool = False,
) -> FirstUser:
    """Put somebody on the list of those who are invited at the end; as many as there are seats (FLX-07).

    Args:
        roles: built-in role by product; one at least.
        extra_cost: the person agrees that a seat beyond the plan is paid for; it is bought at the end.

    Raises:
        NotPermitted, NotFound: the actor may not invite here, or the company takes no first steps.
        RoleNotAssignable, RoleNotOffered, NotSubscribed: about one of the roles.
        InvalidInput: `field` is `given_name`, `family_name`, `email`, `locale` or `roles`.
        NotOnYourself: the actor's own address.
        AlreadyMember, AlreadyInvited: the person belongs to the company, is invited, or stands on the list.
        SeatLimitReached: no seat is left for one of the roles.
        ExtraCostUnconfirmed: one more costs extra, and nobody agreed to that.
    """
    access.require(work, INVITES, company_id)
    onboarding_id = _open(work, company_id)
    names = profile.name(given_name, "given_name"), profile.name(family_name, "family_name")
    if locale not in work.policies.account.locales:
        raise InvalidInput(field="locale")
    if not roles:
        raise InvalidInput(field="roles", reason="missing")
    canonical = email_address.canonical_new(address)
    _refuse_known(work, company_id, onboarding_id, canonical)
    for product, role_id in roles.items():
        plan = subscription.plan_with(work, company_id, product)
        given = role.built_in(work, product, role_id, "member")
        role.require_assignable(work, company_id, given)
        if not plan.offers(role_id):
            raise RoleNotOffered(product=product, role=role_id)
    listed = FirstUser(
        id=uuid7(),
        onboarding_id=onboarding_id,
        given_name=names[0],
        family_name=names[1],
        address=email_address.written(address),
        canonical=canonical,
        locale=locale,
        roles=dict(roles),
        extra_cost=_buys(work, company_id, roles, agreed=extra_cost),
        created_at=work.now,
    )
    work.session.add(listed)
    work.session.flush()
    return listed


def unlist_user(work: Work, company_id: UUID, key: UUID) -> None:
    """Take somebody off the list; nobody was told anything.

    Raises:
        NotPermitted: the actor may not invite here.
        NotFound: the company takes no first steps, or nobody of this key stands on its list.
    """
    access.require(work, INVITES, company_id)
    onboarding_id = _open(work, company_id)
    gone = work.session.execute(
        delete(FirstUser).where(FirstUser.id == key, FirstUser.onboarding_id == onboarding_id),
        execution_options={"synchronize_session": False},
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="first_user")


def users_decided(work: Work, company_id: UUID, *, later: bool = False) -> None:
    """Go on from the list of users: it is complete, or left for later (FLX-15).

    Raises:
        NotPermitted, NotFound: the actor may not invite here, or the company takes no first steps.
    """
    access.require(work, INVITES, company_id)
    _decide(work, company_id, users="later" if later else "done")


def services_decided(work: Work, company_id: UUID, wanted: Mapping[str, bool | None]) -> None:
    """Turn services on or off, and go on; None leaves one for later.

    Raises:
        NotPermitted, NotFound: the actor may not turn services on here, or the company takes no first steps.
        InvalidInput: as `service.switch`.
    """
    access.require(work, service.ACTIVATES, company_id)
    service.switch(work, company_id, {name: on for name, on in wanted.items() if on is not None})
    _decide(work, company_id, services="later" if None in wanted.values() or not wanted else "done")


def services_settled(work: Work, company_id: UUID) -> None:
    """Nothing is left for later any more: the services were chosen on their own page.

    Raises:
        NotPermitted, NotFound: the actor may not turn services on here.
    """
    access.require(work, service.ACTIVATES, company_id)
    work.session.execute(
        update(Onboarding)
        .where(Onboarding.company_id == company_id, Onboarding.finished_at.is_not(None))
        .values(services="done"),
        execution_options={"synchronize_session": False},
    )


def finish(work: Work, company_id: UUID) -> tuple[str, ...]:
    """End the first steps: everybody on the list is invited now. Answers their addresses; none when it was ended
    before, by the same button pressed twice or by somebody else.

    Raises:
        NotPermitted, NotFound: the actor may not invite here, or the company never took first steps.
        FirstUserRefused: one of them cannot be invited any more; nothing was sent to anybody.
    """
    access.require(work, INVITES, company_id)
    work.write()
    begun = work.session.scalar(
        select(Onboarding.id).where(Onboarding.company_id == company_id, Onboarding.accepted_at.is_not(None))
    )
    if begun is None:
        raise NotFound(kind="onboarding")
    ended = work.session.execute(
        update(Onboarding).where(Onboarding.id == begun, Onboarding.finished_at.is_(None)).values(finished_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        return ()
    listed = users(work, company_id)
    for each in listed:
        try:
            invitation.offer(
                work, company_id, address=each.address, locale=each.locale, roles=each.roles,
                given_name=each.given_name, family_name=each.family_name, extra_cost=each.extra_cost,
            )  # fmt: skip
        except (Conflict, InvalidInput) as error:
            raise FirstUserRefused(name=f"{each.given_name} {each.family_name}", reason=error.code) from error
    work.session.execute(
        delete(FirstUser).where(FirstUser.onboarding_id == begun), execution_options={"synchronize_session": False}
    )
    audit.record(work, "onboarding.finished", ("company", company_id), company_id=company_id, invited=len(listed))
    return tuple(each.address for each in listed)


def alone(work: Work, company_id: UUID) -> bool:
    """Whether the company has nobody but one person, and nobody invited."""
    people = select(func.count()).where(Membership.company_id == company_id, Membership.ended_at.is_(None))
    offers = select(func.count()).where(
        Invitation.company_id == company_id, Invitation.closed_at.is_(None), Invitation.expires_at > work.now
    )
    return (work.session.scalar(people) or 0) < 2 and not work.session.scalar(offers)


def invited(work: Work, company_id: UUID) -> list[Invitation]:
    """The open invitations that the end of the first steps sent."""
    return list(
        work.session.scalars(
            select(Invitation)
            .join(Onboarding, Onboarding.company_id == Invitation.company_id)
            .where(
                Invitation.company_id == company_id, Invitation.created_at == Onboarding.finished_at,
                Invitation.closed_at.is_(None),
            )
            .order_by(Invitation.id)
        )
    )  # fmt: skip


def _open(work: Work, company_id: UUID) -> UUID:
    """The onboarding of the company, not finished, locked until the commit so that two lists never exceed the seats."""
    work.write()
    row = work.session.scalar(
        select(Onboarding.id)
        .where(
            Onboarding.company_id == company_id, Onboarding.accepted_at.is_not(None), Onboarding.finished_at.is_(None)
        )
        .with_for_update()
    )  # fmt: skip
    if row is None:
        raise NotFound(kind="onboarding")
    return row


def _decide(work: Work, company_id: UUID, **states: str) -> None:
    onboarding_id = _open(work, company_id)
    work.session.execute(
        update(Onboarding).where(Onboarding.id == onboarding_id).values(**states),
        execution_options={"synchronize_session": False},
    )
    audit.record(work, "onboarding.step_decided", ("company", company_id), company_id=company_id, **states)


def _refuse_known(work: Work, company_id: UUID, onboarding_id: UUID, canonical: str) -> None:
    """Refuse an address that needs no invitation. The onboarding is locked: nobody else lists anybody meanwhile."""
    account: Account | None = email_address.find_account(work, canonical)
    if account is not None and account.id == work.actor.id:
        raise NotOnYourself()
    if account is not None and membership.find(work, company_id, account.id) is not None:
        raise AlreadyMember()
    open_ = select(Invitation.id).where(
        Invitation.company_id == company_id, Invitation.canonical == canonical, Invitation.closed_at.is_(None),
        Invitation.expires_at > work.now,
    )  # fmt: skip
    listed = select(FirstUser.id).where(FirstUser.onboarding_id == onboarding_id, FirstUser.canonical == canonical)
    if any(work.session.execute(each.limit(1)).first() is not None for each in (open_, listed)):
        raise AlreadyInvited()


def _buys(work: Work, company_id: UUID, roles: Mapping[str, str], *, agreed: bool) -> bool:
    """Whether a seat is bought for somebody who gets these roles.

    Raises:
        SeatLimitReached: there is none to be bought.
        ExtraCostUnconfirmed: it is not `agreed` that one is.
    """
    buys = False
    for standing in places(work, company_id):
        if not _takes_seat(work, roles.get(standing.product)):
            continue
        if standing.next == SeatLimitReached.code:
            raise SeatLimitReached(product=standing.product, used=standing.used, of=standing.of)
        if standing.next == ExtraCostUnconfirmed.code:
            if not agreed:
                raise ExtraCostUnconfirmed(product=standing.product, used=standing.used, of=standing.of)
            buys = True
    return buys


def _takes_seat(work: Work, role_id: str | None) -> bool:
    found = work.policies.roles.get(role_id) if role_id else None
    return found is not None and found.seat
