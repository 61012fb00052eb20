"""Who is written to when a subscription changes: those who look after it, and the firms that work there by mandate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, cast, or_, select

from idp.accounts import profile
from idp.companies import access, tables
from idp.companies.access import Administrator, Reason, Refusal
from idp.core import texts
from idp.outbox import queue as outbox
from idp.policy import label_for
from idp.policy.permissions import ceiling_of
from idp.work import Work

CANCELS = "company.subscription.cancel"
TEMPLATE = "subscription_told"
TO_FIRMS = frozenset({"cancelled", "cancelled_viewing", "resumed", "back", "ended", "suspended", "paid", "reminder"})


@dataclass(frozen=True, slots=True)
class Told:
    """What has happened to a product, for people.

    Attributes:
        what: one of the kinds of `subscription_words.txt`.
        day: the date it is about: of an end, or of a suspension.
        kept: until when data and rights are kept afterwards.
    """

    product: str
    what: str
    day: datetime | None = None
    kept: datetime | None = None


def tell(work: Work, company_id: UUID, changes: Iterable[Told], **more: Any) -> None:
    """Write about these changes: one mail for products that fare alike.

    Args:
        more: further variables of the mail, JSON values.
    """
    alike: dict[tuple[str, datetime | None, datetime | None], list[str]] = {}
    for each in changes:
        alike.setdefault((each.what, each.day, each.kept), []).append(each.product)
    for (what, day, kept), products in alike.items():
        for reader in carers(work, company_id):
            _write(work, reader, company_id, what, products, day, kept, firm=False, **more)
        if what in TO_FIRMS:
            for firm_id, opened in _firms(work, company_id).items():
                concerned = [each for each in products if each in opened]
                for reader in access.administrators(work, firm_id) if concerned else ():
                    _write(work, reader, company_id, what, concerned, day, kept, firm=True, **more)


def tell_lowered(
    work: Work, company_id: UUID, products: list[str], *, seats: int, used: int, day: datetime | None
) -> None:
    """The contract has fewer seats than are used, now or from a day on: somebody decides who gives one up."""
    readers = {each.address: each for each in (*carers(work, company_id), *access.administrators(work, company_id))}
    for reader in readers.values():
        _write(work, reader, company_id, "seats_lowered", products, day, None, firm=False, seats=seats, used=used)


def who_helps(work: Work, refusal: Refusal | None, *, limit: int = 5) -> Sequence[Administrator]:
    """Whom somebody without access can write to, if they belong to the company: those who give access; after the end of
    a subscription, those who can subscribe again."""
    if refusal is None or not refusal.company_name:
        return ()
    if refusal.reason is Reason.SUBSCRIPTION_ENDED:
        return carers(work, refusal.company_id)[:limit]
    return access.administrators(work, refusal.company_id, limit=limit)


def carers(work: Work, company_id: UUID) -> list[Administrator]:
    """Those who may cancel a subscription of this company."""
    return carers_of(work, [company_id]).get(company_id, [])


def carers_of(work: Work, company_ids: Iterable[UUID]) -> dict[UUID, list[Administrator]]:
    """The same of several companies. One statement."""
    able = [each.id for each in work.policies.roles.values() if CANCELS in each.permissions]
    m, a, e = tables.memberships.c, tables.accounts.c, tables.email_addresses.c
    also = cast(m.also, String)  # a list of names in JSON: each stands between quotes, and holds none
    rows = work.session.execute(
        select(m.company_id, a.given_name, a.family_name, e.address, a.locale)
        .join_from(tables.memberships, tables.accounts, a.id == m.account_id)
        .join(tables.email_addresses, and_(e.account_id == a.id, e.released_at.is_(None)))
        .where(
            m.company_id.in_(list(company_ids)), m.ended_at.is_(None), m.suspended_at.is_(None), a.status == "active"
        )
        .where(or_(m.company_role.in_(able), *(also.contains(f'"{each}"', autoescape=True) for each in able)))
        .order_by(m.unique_role.desc(), a.family_name, a.given_name)
    )
    found: dict[UUID, list[Administrator]] = {}
    for row in rows:
        carer = Administrator(f"{row.given_name} {row.family_name}".strip(), row.address, row.locale)
        found.setdefault(row.company_id, []).append(carer)
    return found


def _write(
    work: Work, reader: Administrator, company_id: UUID, what: str, products: list[str], day: datetime | None,
    kept: datetime | None, *, firm: bool, **more: Any,
) -> None:  # fmt: skip
    names = [label_for(work.policies.products[each].label, reader.locale) for each in products]
    outbox.mail(
        work, reader.address, TEMPLATE, locale=reader.locale,
        name=reader.name, company=_name(work, company_id), firm=firm, by=_by(work), what=what,
        product=texts.write_list(names, reader.locale),
        day=texts.write_day(day, reader.locale) if day is not None else "",
        kept=texts.write_day(kept, reader.locale) if kept is not None else "",
        path="/" if firm else f"/companies/{company_id}/subscriptions", **more,
    )  # fmt: skip


def _by(work: Work) -> str:
    """The person who acts; nobody is named where staff, billing or time has acted."""
    if work.actor.kind != "account" or work.actor.id is None or access.staff_permissions(work, work.actor.id):
        return ""
    return profile.get(work, work.actor.id).display_name


def _name(work: Work, company_id: UUID) -> str:
    return str(work.session.scalars(select(tables.companies.c.name).where(tables.companies.c.id == company_id)).one())


def _firms(work: Work, company_id: UUID) -> dict[UUID, frozenset[str]]:
    """The firms with a mandate now, and the products it opens to them."""
    m = tables.mandates.c
    rows = work.session.execute(
        select(m.firm_id, m.preset, m.options).where(
            m.company_id == company_id, m.state == "active", or_(m.until_at.is_(None), m.until_at > work.now)
        )
    )
    return {row.firm_id: frozenset(ceiling_of(work.policies, row.preset, row.options)) for row in rows}
