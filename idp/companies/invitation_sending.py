"""Offers on their way: checked against everything at once, then written and mailed.

One offer, many, and one that is sent again go the same way. All that they have in common is read once, under the lock
of the company's contract; a check changes nothing but the counts it keeps for the next one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile
from idp.authn import throttle
from idp.companies import company, role_wish, seats, tables
from idp.companies.errors import AlreadyInvited, AlreadyMember, NotOnYourself
from idp.companies.invitation_draft import Draft, company_roles, default_role, inviter, labels, message
from idp.companies.models import Company, Invitation, InvitedRole
from idp.companies.role_wish import Wish
from idp.core import tokens
from idp.core.errors import IdpError, InvalidInput, NotFound, Throttled
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.policy import label_for
from idp.policy.catalogue import Role
from idp.work import Work

MAILS_A_DAY = 500  # of one company: more is no invitation of colleagues any more
PATH = "/invitation"
JUST_NOW = timedelta(minutes=1)
_A_DAY = timedelta(days=1)


@dataclass(slots=True)
class Checked:
    """An offer that may go out.

    Attributes:
        before: the invitation that it renews.
        bought: the products of which a seat is bought beside the plan.
        repeated: the same offer was sent a moment ago, as by a form that was posted twice: nothing is to be done.
    """

    address: str
    canonical: str
    values: dict[str, Any]
    roles: dict[str, dict[str, Any]]
    before: UUID | None
    bought: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def logged(self) -> dict[str, Any]:
        """What the audit log keeps of the offer: by product the role, what is switched on, and the limits."""
        named = {product: str(each["role"] or each["custom_role_id"]) for product, each in self.roles.items()}
        set_apart = {
            name: {product: each[name] for product, each in self.roles.items() if each[name]}
            for name in ("switches", "restrictions")
        }
        found = {name: value for name, value in set_apart.items() if value}
        return {"roles": named, **found, "extra_cost": list(self.bought)}


@dataclass(slots=True)
class _Held:
    """An open invitation and the roles it offers, as rows."""

    values: dict[str, Any]
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)

    def offers(self, values: Mapping[str, Any], roles: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether it offers exactly this."""
        return (
            all(self.values[name] == value for name, value in values.items())
            and self.roles.keys() == roles.keys()
            and all(self.roles[product][name] == value for product in roles for name, value in roles[product].items())
        )


@dataclass(slots=True)
class Sender:
    """Sends offers of one company, in one transaction. Asking for the permission is up to the caller."""

    work: Work
    company_id: UUID
    extra_cost: bool = False
    sending: bool = True
    company: Company = field(init=False)
    locked: seats.Locked = field(init=False)
    own: str | None = field(init=False, default=None)
    members: frozenset[str] = field(init=False, default=frozenset())
    open: dict[str, UUID] = field(init=False, default_factory=dict)
    held: dict[UUID, _Held] = field(init=False, default_factory=dict)
    sent: int = field(init=False, default=0)
    known: dict[Any, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.company = company.get(self.work, self.company_id)
        if self.company.closed_at is not None:
            raise NotFound(kind="company")
        self.locked = seats.lock(self.work, self.company_id)
        if self.work.actor.kind == "account" and self.work.actor.id is not None:
            self.own = email_address.primary_address(self.work, self.work.actor.id).canonical
        self.sent = self._sent_today()

    def read_for(self, drafts: Iterable[Draft]) -> None:
        """Read what the company knows of the addresses of these. Open invitations first, and locked: whoever accepts
        one meanwhile is then seen as a member."""
        i, o = tables.invitations.c, tables.invited_roles.c
        wanted = [found for draft in drafts if (found := _canonical(draft.address)) is not None]
        offered = select(*tables.invitations.c).where(
            i.company_id == self.company_id, i.canonical.in_(wanted), i.closed_at.is_(None)
        )
        rows = self.work.session.execute(offered.with_for_update()).all()
        self.open = {row.canonical: row.id for row in rows}
        self.held = {row.id: _Held(row._asdict()) for row in rows}
        roles = select(*tables.invited_roles.c).where(o.invitation_id.in_(self.held))
        for role_row in self.work.session.execute(roles):
            self.held[role_row.invitation_id].roles[role_row.product] = role_row._asdict()
        m, e = tables.memberships.c, tables.email_addresses.c
        self.members = frozenset(
            self.work.session.scalars(
                select(e.canonical)
                .join_from(tables.email_addresses, tables.memberships, m.account_id == e.account_id)
                .where(e.canonical.in_(wanted), e.released_at.is_(None), m.company_id == self.company_id)
                .where(m.ended_at.is_(None))
            )
        )

    def check(self, draft: Draft, *, unless: Collection[str] = ()) -> Checked:
        """Whether the offer may go out; its seats count from now on.

        Args:
            unless: addresses that were written to already.

        Raises:
            NotOnYourself, AlreadyMember
            AlreadyInvited: the address is one of `unless`.
            NotPermitted: none of the actor's roles may give one of the roles, or the one that is open.
            NotSubscribed, RoleNotOffered, SeatLimitReached, ExtraCostUnconfirmed
            InvalidInput: `field` is `email`, `locale`, `given_name`, `family_name`, `company_role`, `roles`, `message`
                or one of a role.
            Throttled: a great many mails went to this address in the last hour, or out of the company today (`reason`).
        """
        canonical = email_address.canonical_new(draft.address)
        if canonical in unless:
            raise AlreadyInvited()
        if canonical == self.own:
            raise NotOnYourself()
        if canonical in self.members:
            raise AlreadyMember()
        values = self._values(draft)
        roles = {product: self._columns(product, wish) for product, wish in sorted(draft.roles.items())}
        if not roles and values["company_role"] == default_role(self.work).id and not values["also"]:
            raise InvalidInput(field="roles", reason="missing")
        if self._just_sent(canonical, email_address.written(draft.address), values, roles):
            return Checked(
                email_address.written(draft.address), canonical, values, roles, self.open[canonical], repeated=True
            )
        if self.sent >= MAILS_A_DAY:
            raise Throttled(retry_after=int(_A_DAY.total_seconds()), reason="company")
        before, mark = self.open.get(canonical), self.locked.mark()
        try:
            bought = self._take(before, roles)
            self._spare(canonical)
        except IdpError:
            self.locked.restore(mark)
            raise
        self.sent += 1
        return Checked(email_address.written(draft.address), canonical, values, roles, before, bought)

    def send(self, checked: Checked, *, reopen: UUID | None = None) -> Invitation:
        """Write the offer and mail its link; links that were mailed before are void.

        Args:
            reopen: an invitation that has run out and is offered anew.

        Raises:
            AlreadyInvited: somebody else has just invited the address.
        """
        work, token = self.work, tokens.new()
        if checked.repeated:
            return work.session.get_one(Invitation, checked.before)
        known = reopen or checked.before
        lifetime = work.policies.invitation_lifetime
        values = {
            **checked.values,
            "address": checked.address,
            "canonical": checked.canonical,
            "token_digest": tokens.digest(token),
            "invited_by": work.actor.id if work.actor.kind == "account" else None,
            "sent_at": work.now,
            "expires_at": work.now + lifetime,
        }
        if known is None:
            invitation = Invitation(id=uuid7(), company_id=self.company_id, created_at=work.now, **values)
            work.session.add(invitation)
            try:
                work.session.flush()
            except IntegrityError as error:  # uq_invitations_open, in a company without a contract to lock
                raise AlreadyInvited() from error
        else:
            invitation = self._renew(known, values)
        for product, columns in checked.roles.items():
            bought = product in checked.bought
            work.session.add(InvitedRole(invitation_id=invitation.id, product=product, bought=bought, **columns))
        work.session.flush()
        self._mail(invitation, token, checked)
        return invitation

    def _renew(self, invitation_id: UUID, values: dict[str, Any]) -> Invitation:
        session = self.work.session
        session.execute(delete(InvitedRole).where(InvitedRole.invitation_id == invitation_id))
        session.execute(
            update(Invitation)
            .where(Invitation.id == invitation_id, Invitation.company_id == self.company_id)
            .values(closed_at=None, closed_by=None, outcome=None, **values)
        )
        found = select(Invitation).where(Invitation.id == invitation_id, Invitation.company_id == self.company_id)
        return session.scalars(found.execution_options(populate_existing=True)).one()

    def _values(self, draft: Draft) -> dict[str, Any]:
        """The columns of the invitation itself."""
        work = self.work
        if draft.locale not in work.policies.account.locales:
            raise InvalidInput(field="locale")
        given, others = self._company_roles(draft.company_role, draft.also)
        names = {name: getattr(draft, name).strip() for name in ("given_name", "family_name")}
        return {
            **{name: profile.name(typed, name) if typed else "" for name, typed in names.items()},
            "locale": draft.locale,
            "company_role": given.id,
            "also": [each.id for each in others],
            "message": message(draft.message),
        }

    def _company_roles(self, company_role: str | None, also: Iterable[str]) -> tuple[Role, tuple[Role, ...]]:
        found: tuple[Role, tuple[Role, ...]] = self._once(
            (company_role, tuple(also)), lambda: company_roles(self.work, self.company_id, company_role, also)
        )
        return found

    def _columns(self, product: str, wish: Wish | str) -> dict[str, Any]:
        """The columns of one role; the same wish of many lines is checked once."""
        asked = Wish(role_id=wish) if isinstance(wish, str) else wish
        found: dict[str, Any] = self._once(
            (product, repr(asked)), lambda: role_wish.columns(self.work, self.company_id, product, asked)
        )
        return found

    def _once(self, key: Any, read: Callable[[], Any]) -> Any:
        """What many lines ask alike is asked once."""
        if key not in self.known:
            self.known[key] = read()
        return self.known[key]

    def _take(self, before: UUID | None, roles: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Count the seats of these roles in place of those that the open invitation holds."""
        if before is not None:
            held = self.held[before]
            self._company_roles(held.values["company_role"], ())
            self.locked.free(product for product, each in held.roles.items() if each["uses_seat"])
            self.locked.hand_back(sum(each["bought"] for each in held.roles.values()))
        wanted = [product for product, columns in roles.items() if columns["uses_seat"]]
        return tuple(each for each in wanted if seats.take(self.work, self.locked, each, extra_cost=self.extra_cost))

    def _just_sent(
        self, canonical: str, address: str, values: Mapping[str, Any], roles: Mapping[str, Mapping[str, Any]]
    ) -> bool:
        held = self.held.get(self.open[canonical]) if canonical in self.open else None
        if held is None or self.work.now - held.values["sent_at"] > JUST_NOW:
            return False
        by = self.work.actor.id if self.work.actor.kind == "account" else None
        return held.offers({**values, "address": address, "invited_by": by}, roles)

    def _sent_today(self) -> int:
        i = tables.invitations.c
        statement = select(func.count()).where(i.company_id == self.company_id, i.sent_at > self.work.now - _A_DAY)
        return self.work.session.scalar(statement) or 0

    def _spare(self, canonical: str) -> None:
        """An address is not written to again and again, whatever is withdrawn and offered anew in between."""
        subject, limit = f"{self.company_id} {canonical}", self.work.policies.account.code_sends
        if self.sending and not throttle.take(self.work, "invitation", subject, limit, in_a_row=None).allowed:
            raise Throttled(retry_after=int(limit.per.total_seconds()), reason="address")

    def _mail(self, invitation: Invitation, token: str, checked: Checked) -> None:
        work, locale = self.work, invitation.locale
        roles = [
            {"product": label_for(work.policies.products[product].label, locale), "role": label}
            for product, label in labels(work, checked.roles, locale).items()
        ]
        administration = [
            label_for(work.policies.roles[each].label, locale)
            for each in (invitation.company_role, *invitation.also)
            if each != default_role(work).id
        ]
        outbox.mail(
            work, invitation.address, "invitation", locale=locale,
            name=f"{invitation.given_name} {invitation.family_name}".strip(), company=self.company.name,
            inviter=inviter(work, invitation.invited_by), roles=roles, administration=administration,
            message=invitation.message.split("\n") if invitation.message else [],
            expires=invitation.expires_at.isoformat(), path=f"{PATH}/{token}",
        )  # fmt: skip


def _canonical(address: str) -> str | None:
    try:
        return email_address.canonical(address)
    except InvalidInput:
        return None  # its own line says so
