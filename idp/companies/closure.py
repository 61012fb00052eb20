"""A company is closed by its owner (`company.ownership.close`): asked for, waited for, then done by time.

Nothing is closed that is still paid for: every product has ended before. For as long as an account waits for its
erasure the company stays as it is, and its owner may change their mind; then it is closed for good. Accounts stay, and
so does the history; what its products keep, and until when, is the matter of their subscriptions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from idp.accounts import email_address, profile
from idp.audit import log
from idp.companies import (
    access,
    access_end,
    billing_message,
    clock,
    company,
    mandate_history,
    mandate_notice,
    mandate_parties,
    mandate_state,
    membership,
    membership_period,
)
from idp.companies.errors import StillSubscribed
from idp.companies.models import (
    Company,
    FirmInvitation,
    Invitation,
    Mandate,
    MandateRequest,
    Membership,
    OwnershipOffer,
    SubscriptionRequest,
)
from idp.companies.reach import state_now
from idp.companies.subscription_state import locked
from idp.companies.tables import subscribed_products
from idp.core import texts
from idp.core.errors import Conflict, NotFound
from idp.outbox import queue as outbox
from idp.work import Actor, Work

CLOSES = "company.ownership.close"
TIME = Actor(kind="system", name="closure")
AT_ONCE = 50  # of one transaction
TEMPLATE = "company_closing"

_c = Company


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing a company comes to.

    Attributes:
        closes_at: it was asked for, and this is when it happens; None when it was not.
        would_close_at: when it would happen if it were asked for now.
        running: products that have to end first.
        people: how many belong to the company beside its owner.
        waiting: how many are invited.
        firms: how many mandates it gave, which end.
        clients: how many mandates it holds as a firm, which end.
        kept: until when ended products keep what they have; None when they keep nothing.
    """

    closes_at: datetime | None
    would_close_at: datetime
    running: tuple[str, ...]
    people: int
    waiting: int
    firms: int
    clients: int
    kept: datetime | None


def seen(work: Work, company_id: UUID) -> Closing:
    """What closing this company comes to now. The caller has asked for the permission."""
    i, m, mandate = Invitation, Membership, Mandate
    s = subscribed_products.c
    products = work.session.execute(
        select(s.product, s.state, s.since_at, s.until_at, s.suspends_at, s.kept_until_at).where(
            s.company_id == company_id
        )
    ).all()
    running = {
        row.product for row in products
        if state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)[1] is None
    }  # fmt: skip
    kept = [row.kept_until_at for row in products if row.kept_until_at is not None and row.kept_until_at > work.now]
    return Closing(
        closes_at=company.get(work, company_id).closes_at,
        would_close_at=work.now + work.policies.account.erasure_cooling_off,
        running=tuple(each for each in work.policies.products if each in running),
        people=_count(work, m.company_id == company_id, m.ended_at.is_(None), m.unique_role.is_(False)),
        waiting=_count(work, i.company_id == company_id, i.closed_at.is_(None), i.expires_at > work.now),
        firms=_count(work, mandate.company_id == company_id, mandate.state.in_(mandate_state.LIVE)),
        clients=_count(work, mandate.firm_id == company_id, mandate.state.in_(mandate_state.LIVE)),
        kept=max(kept, default=None),
    )  # fmt: skip


def ask(work: Work, company_id: UUID) -> datetime:
    """Ask for the end of a company; answers when it comes. Its administrators and its firms are written to.

    The caller has seen a fresh second factor.

    Raises:
        NotPermitted, NotFound: the actor does not own it.
        StillSubscribed: products have to end first.
        Conflict: it was asked for already.
    """
    work.write()
    access.require(work, CLOSES, company_id)
    running = _running(work, company_id)
    if running:
        raise StillSubscribed(products=", ".join(running))
    at = work.now + work.policies.account.erasure_cooling_off
    if not _turn(work, _c.id == company_id, _c.closes_at.is_(None), closes_at=at):
        raise Conflict(reason="closing")
    _write(work, company_id, "asked", at)
    _record(work, "company.closing_asked", company_id, "open", "closing", closes=at.isoformat())
    return at


def keep(work: Work, company_id: UUID) -> None:
    """Keep a company after all, before its end has come. Those who were written to are written to again.

    Raises:
        NotPermitted, NotFound: the actor does not own it.
        Conflict: nobody has asked for its end, or it has come.
    """
    work.write()
    access.require(work, CLOSES, company_id)
    if not _turn(work, _c.id == company_id, _c.closes_at > work.now, closes_at=None):
        raise Conflict(reason="not_closing")
    _write(work, company_id, "kept", None)
    _record(work, "company.closing_withdrawn", company_id, "closing", "open")


def carry_out(work: Work) -> int:
    """Close what is due, and tidy up after it; answers how many companies were closed. Work comes without an open
    transaction, and is committed in small ones."""
    work, done = work.acting(TIME), 0
    for company_id in _due(work, _c.closes_at <= work.now, _c.closed_at.is_(None)):
        work.write()
        done += _close(work, company_id)
        work.checkpoint(write=False)
    for company_id in _due(work, _c.closes_at.is_not(None), _c.closed_at.is_not(None)):
        while _tidied(work, company_id):
            pass
    return done


def _due(work: Work, *which: Any) -> Iterator[UUID]:
    found = list(work.session.scalars(select(_c.id).where(*which).order_by(_c.id).limit(AT_ONCE)))
    work.session.rollback()
    yield from found


def _close(work: Work, company_id: UUID) -> bool:
    """Close one company: from here on the engine refuses everything there. One with a product again goes on."""
    clock.hold(work)  # before the company's row, as everybody does
    if _running(work, company_id):
        if _turn(work, _c.id == company_id, _c.closes_at.is_not(None), closes_at=None):
            _write(work, company_id, "kept", None)
            _record(work, "company.closing_withdrawn", company_id, "closing", "open")
        return False
    if not _turn(work, _c.id == company_id, _c.closes_at <= work.now, closed_at=work.now):
        return False  # another worker was quicker, or the owner keeps it
    clock.company(work, company_id)
    _write_members(work, company_id)
    for kind, ours in (
        (Invitation, Invitation.company_id), (FirmInvitation, FirmInvitation.company_id),
        (MandateRequest, MandateRequest.firm_id), (OwnershipOffer, OwnershipOffer.company_id),
        (SubscriptionRequest, SubscriptionRequest.company_id),
    ):  # fmt: skip
        work.session.execute(
            update(kind)
            .where(ours == company_id, kind.closed_at.is_(None))
            .values(closed_at=work.now, outcome="withdrawn"),
            execution_options={"synchronize_session": False},
        )
    access_end.tell(work, company_id=company_id, logout=True)
    billing_message.put(work, company_id, "company.closed")
    _record(work, "company.closed", company_id, "closing", "closed")
    return True


def _record(work: Work, name: str, company_id: UUID, before: str, after: str, **details: str) -> None:
    log.record(
        work, name, ("company", company_id), company_id=company_id,
        before={"standing": before}, after={"standing": after}, **details,
    )  # fmt: skip


def _tidied(work: Work, company_id: UUID) -> bool:
    """End some mandates and memberships of a closed company; whether there was anything left."""
    work.write()
    mandate, m = Mandate, Membership
    first = select(m).where(m.company_id == company_id, m.ended_at.is_(None)).order_by(m.id).limit(AT_ONCE)
    chosen = work.session.scalars(first).all()
    for member in chosen:  # one after the other and before the clock, as whoever changes one of them does
        membership_period.lock(work, member)
    clock.hold(work)
    mandates = work.session.scalars(
        select(mandate)
        .where(
            or_(mandate.company_id == company_id, mandate.firm_id == company_id), mandate.state.in_(mandate_state.OPEN)
        )
        .order_by(mandate.id)
        .limit(AT_ONCE)
    ).all()
    for each in mandates:
        _end_mandate(work, each, by_firm=each.firm_id == company_id)
    people = work.session.scalars(
        select(m)
        .where(m.id.in_([member.id for member in chosen]), m.ended_at.is_(None))
        .order_by(m.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for member in people:
        before = membership_period.told(member)
        membership.end(work, member)
        log.record(
            work, "membership.removed", ("account", member.account_id), company_id=company_id, before=before, after=None
        )
    left = bool(mandates or chosen)
    if not left:
        work.session.execute(
            update(_c).where(_c.id == company_id).values(closes_at=None),
            execution_options={"synchronize_session": False},
        )
    work.checkpoint(write=False)
    return left


def _end_mandate(work: Work, each: Mandate, *, by_firm: bool) -> None:
    """As the side that closes would end it, or take it back where it waits; the other side is told."""
    live = each.state in mandate_state.LIVE
    try:
        mandate_state.move(work, each, "ended", ended_at=work.now)
    except Conflict:  # somebody was faster
        return
    if live:
        mandate_history.close(work, each.id)
        access_end.tell(work, company_id=each.company_id, firm_id=each.firm_id, logout=True)
    else:
        mandate_state.answer_request(work, each, "withdrawn")
    news = "ended" if live else "withdrawn"
    mandate_notice.tell(work, each, news, to_company=by_firm, to_firm=not by_firm, by_firm=by_firm)
    mandate_state.record(work, f"mandate.{news}", each, by="firm" if by_firm else "company")


def _running(work: Work, company_id: UUID) -> list[str]:
    """The products that have not ended, held until the commit."""
    return [row.product for row in locked(work, company_id) if not work.policies.states[row.state].refused]


def _turn(work: Work, *which: Any, **values: Any) -> bool:
    """One step of an open company, which one caller takes."""
    moved = work.session.execute(
        update(_c).where(*which, _c.closed_at.is_(None)).values(**values),
        execution_options={"synchronize_session": False},
    )
    work.session.expire_all()
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def _count(work: Work, *which: Any) -> int:
    return work.session.scalar(select(func.count()).where(*which)) or 0


def _write(work: Work, company_id: UUID, what: str, at: datetime | None) -> None:
    """To those who run the company, and to the firms that work there."""
    name, home = company.get(work, company_id).name, f"/companies/{company_id}"
    for each in access.administrators(work, company_id):
        _mail(work, each.address, each.locale, each.name, what, name, home, at)
    given = select(Mandate).where(Mandate.company_id == company_id, Mandate.state.in_(mandate_state.LIVE))
    for mandate in work.session.scalars(given).all():
        for reader in mandate_parties.responsible(work, mandate.firm_id, mandate_notice.FIRM_SEES):
            _mail(work, reader.address, reader.locale, reader.name, what, name, mandate_notice.firm_page(mandate), at)


def _write_members(work: Work, company_id: UUID) -> None:
    """To everybody who belonged to it."""
    name, m = company.get(work, company_id).name, Membership
    people = select(m.account_id).where(m.company_id == company_id, m.ended_at.is_(None)).order_by(m.id)
    for account_id in work.session.scalars(people).all():
        person = profile.get(work, account_id)
        try:
            address = email_address.primary_address(work, account_id).address
        except NotFound:  # erased meanwhile
            continue
        _mail(work, address, person.locale, person.given_name, "closed", name, "/", None)


def _mail(
    work: Work, address: str, locale: str, reader: str, what: str, name: str, path: str, at: datetime | None
) -> None:
    outbox.mail(
        work, address, TEMPLATE, locale=locale, name=reader, what=what, company=name,
        day=texts.write_day(at, locale) if at is not None else "", path=path,
    )  # fmt: skip
