"""Seats: counted per product, held by people and by open invitations, and never given twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import String, and_, cast, func, or_, select, union_all, update

from idp.accounts import profile
from idp.companies import tables, terms
from idp.companies.errors import ExtraCostUnconfirmed, NotSubscribed, SeatLimitReached
from idp.companies.models import Invitation, InvitedRole, ProductRole, Subscription
from idp.outbox import queue as outbox
from idp.policy import label_for
from idp.work import Work

EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Seats:
    """How a product's seats stand. `of` is None where the plan does not count them.

    Attributes:
        next: what taking one more comes to: `accepted`, `confirm_extra_cost` or `seat_limit_reached`.
        included: how many come with the plan; those above are paid for beside it.
    """

    used: int
    of: int | None
    next: str
    included: int | None = None

    @property
    def extra(self) -> int:
        """How many of those used are paid for beside the plan."""
        return 0 if self.included is None else max(0, self.used - self.included)


@dataclass(slots=True)
class Locked:
    """The contract of a company, if it has one, kept to this transaction, with the seats taken of each product.

    Attributes:
        expired: the invitations that were found to have run out.
    """

    subscription: Subscription | None
    expired: tuple[UUID, ...]
    taken: dict[str, int]

    def free(self, products: Iterable[str]) -> None:
        """Count a seat less of each product; the rows that held them are the caller's."""
        for product in products:
            self.taken[product] = self.taken.get(product, 0) - 1

    def hand_back(self, bought: int) -> None:
        """Give back seats that were bought for offers nobody took up. What somebody else uses by now stays."""
        if bought and self.subscription is not None and self.subscription.seats is not None:
            needed = max(self.taken.values(), default=0)
            kept = max(self.subscription.seats - bought, needed)
            self.subscription.seats = min(self.subscription.seats, kept)

    def mark(self) -> tuple[dict[str, int], int | None]:
        """How it stands, for `restore`."""
        return dict(self.taken), self.subscription.seats if self.subscription is not None else None

    def restore(self, mark: tuple[dict[str, int], int | None]) -> None:
        """Back to how it stood."""
        self.taken = mark[0]
        if self.subscription is not None:
            self.subscription.seats = mark[1]


def used(work: Work, company_id: UUID, product: str) -> int:
    """Seats of a product taken now: one for each person with a role that takes one, suspended people included, and
    one for each invitation that is open and has not expired. One statement."""
    return _taken(work, company_id).get(product, 0)


def count(work: Work, company_id: UUID, product: str) -> Seats:
    """How the seats of a product stand, for people to see; `reserve` is what decides.

    Raises:
        NotSubscribed: the company has no subscription.
    """
    contract = terms.find(work, company_id)
    if contract is None:
        raise NotSubscribed(product=product)
    return _standing(work, terms.now(work, contract), used(work, company_id, product))


def overview(work: Work, company_id: UUID) -> dict[str, Seats]:
    """How the seats of every subscribed product stand, in the order of the catalogue. Three statements."""
    contract = terms.find(work, company_id)
    if contract is None:
        return {}
    s = tables.subscribed_products.c
    subscribed = set(work.session.scalars(select(s.product).where(s.subscription_id == contract.id)))
    taken, now = _taken(work, company_id), terms.now(work, contract)
    return {each: _standing(work, now, taken.get(each, 0)) for each in work.policies.products if each in subscribed}


def planned(work: Work, company_id: UUID, more: Mapping[str, int]) -> dict[str, Seats]:
    """How the seats of these products would stand once so many more were taken, those included that have to be bought
    for it: what is bought for one product is there for the others too."""
    contract = terms.find(work, company_id)
    if contract is None:
        return {}
    taken, now = _taken(work, company_id), terms.now(work, contract)
    total = {product: taken.get(product, 0) + number for product, number in more.items()}
    present, needed = max((taken.get(each, 0) for each in more), default=0), max(total.values(), default=0)
    if now.seats is not None and now.room is not None and present <= now.room < needed:
        now = replace(now, seats=max(now.seats, needed))
    return {product: _standing(work, now, number) for product, number in total.items()}


def lock(work: Work, company_id: UUID) -> Locked:
    """The contract of a company, kept to this transaction until its commit, so that two who ask together never both get
    the last seat (on SQLite the writing transaction does the same).

    What has run out is closed first, invitations and temporary rights alike: a seat that is found free here cannot be
    taken up again by somebody whose clock is behind. A transaction that takes seats and changes access calls this
    before anything else.
    """
    subscription = terms.find(work, company_id, lock=True)
    if subscription is not None:
        terms.settle(work, subscription)
    expired = work.session.scalars(
        update(Invitation)
        .where(Invitation.company_id == company_id, Invitation.closed_at.is_(None), Invitation.expires_at <= work.now)
        .values(closed_at=work.now, outcome=EXPIRED)
        .returning(Invitation.id),
        execution_options={"synchronize_session": "fetch"},
    ).all()
    work.session.execute(
        update(ProductRole)
        .where(ProductRole.company_id == company_id, ProductRole.ended_at.is_(None), ProductRole.expires_at <= work.now)
        .values(ended_at=ProductRole.expires_at),
        execution_options={"synchronize_session": "fetch"},
    )
    locked = Locked(subscription, tuple(expired), _taken(work, company_id))
    if expired:
        locked.hand_back(_bought(work, expired))
    return locked


def take(work: Work, locked: Locked, product: str, *, extra_cost: bool = False) -> bool:
    """Count one more seat of a product for rows that the caller is about to write; answers whether it had to be bought.

    Args:
        extra_cost: the person who asks has confirmed that the seat is paid for beside the plan.

    Raises:
        NotSubscribed: the company has no subscription.
        SeatLimitReached: none is left.
        ExtraCostUnconfirmed: one more costs extra, and nobody agreed to that.
    """
    contract = locked.subscription
    if contract is None:
        raise NotSubscribed(product=product)
    standing = _standing(work, terms.now(work, contract), locked.taken.get(product, 0))
    if standing.next == SeatLimitReached.code:
        raise SeatLimitReached(product=product, used=standing.used, of=standing.of)
    buys = standing.next == ExtraCostUnconfirmed.code
    if buys and not extra_cost:
        raise ExtraCostUnconfirmed(product=product, used=standing.used, of=standing.of)
    locked.taken[product] = standing.used + 1
    if buys:
        contract.seats = standing.used + 1
    return buys


def reserve(work: Work, company_id: UUID, product: str, *, extra_cost: bool = False) -> bool:
    """Take one more seat of a product; answers whether it had to be bought.

    Who takes a bought one tells those who pay, with `tell_bought`.

    Raises:
        NotSubscribed, SeatLimitReached, ExtraCostUnconfirmed: as `take`.
    """
    bought = take(work, lock(work, company_id), product, extra_cost=extra_cost)
    work.session.flush()
    return bought


def tell_bought(work: Work, company_id: UUID, bought: Mapping[str, int]) -> None:
    """Write to those who pay that seats were bought beside the plan, and by whom (`seats.at_limit.billed.notify`).

    Args:
        bought: how many, by product.
    """
    if not bought:
        return
    told = frozenset(work.policies.seats.at_limit.billed.notify)
    m, a, e = tables.memberships.c, tables.accounts.c, tables.email_addresses.c
    rows = work.session.execute(
        select(m.company_role, m.also, a.given_name, a.family_name, a.locale, e.address, tables.companies.c.name)
        .join_from(tables.memberships, tables.accounts, a.id == m.account_id)
        .join(tables.email_addresses, and_(e.account_id == a.id, e.released_at.is_(None)))
        .join(tables.companies, tables.companies.c.id == m.company_id)
        .where(m.company_id == company_id, m.ended_at.is_(None), m.suspended_at.is_(None), a.status == "active")
        .where(or_(m.company_role.in_(told), cast(m.also, String) != "[]"))
    ).all()
    standing = overview(work, company_id)
    by = profile.get(work, work.actor.id).display_name if work.actor.kind == "account" and work.actor.id else ""
    for row in rows:
        if not told & {row.company_role, *row.also}:
            continue
        lines = [
            {
                "product": label_for(work.policies.products[product].label, row.locale),
                "bought": number,
                "used": standing[product].used,
                "extra": standing[product].extra,
            }
            for product, number in bought.items()
        ]
        outbox.mail(
            work, row.address, "seat_bought", locale=row.locale, name=f"{row.given_name} {row.family_name}".strip(),
            company=row.name, by=by, lines=lines, path=f"/companies/{company_id}/invitations",
        )  # fmt: skip


def _taken(work: Work, company_id: UUID) -> dict[str, int]:
    """Seats taken now, by product. One statement, so that a seat that goes from an invitation to a member meanwhile is
    counted once."""
    r, i, o = tables.product_roles.c, tables.invitations.c, tables.invited_roles.c
    holding = [
        select(r.product).where(
            r.company_id == company_id, r.uses_seat.is_(True), r.ended_at.is_(None),
            or_(r.expires_at.is_(None), r.expires_at > work.now),
        )
    ]  # fmt: skip
    if work.policies.seats.pending_invitations_count:
        holding.append(
            select(o.product)
            .select_from(tables.invited_roles.join(tables.invitations, i.id == o.invitation_id))
            .where(i.company_id == company_id, i.closed_at.is_(None), i.expires_at > work.now, o.uses_seat.is_(True))
        )
    seat = union_all(*holding).subquery()
    rows = work.session.execute(select(seat.c.product, func.count()).group_by(seat.c.product))
    return {row[0]: row[1] for row in rows}


def _bought(work: Work, invitations: Iterable[UUID]) -> int:
    statement = select(func.count()).select_from(InvitedRole)
    return (
        work.session.scalar(
            statement.where(InvitedRole.invitation_id.in_(list(invitations)), InvitedRole.bought.is_(True))
        )
        or 0
    )


def _standing(work: Work, now: terms.Terms, taken: int) -> Seats:
    """Where the contract is smaller than its use, or is announced to shrink, nobody is added and no more is sold."""
    rules = work.policies.plans[now.plan].seats if now.plan in work.policies.plans else None
    included = rules.included if rules is not None and rules.included != "unlimited" else None
    if now.room is None or taken < now.room:
        return Seats(taken, now.seats, "accepted", included)
    shrinks = taken > now.room or now.changes_at is not None
    if rules is None or rules.extra != "billed" or included is None or shrinks:
        return Seats(taken, now.seats, SeatLimitReached.code, included)
    room = rules.extra_max is None or taken < included + rules.extra_max
    return Seats(taken, now.seats, ExtraCostUnconfirmed.code if room else SeatLimitReached.code, included)
