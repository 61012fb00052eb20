"""A contract that is smaller than its use, now or from an announced day on: how many are too many, of which product.

Nobody is removed by it; people see it early enough to choose (`seats` keeps anybody from being added meanwhile).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from idp.companies import subscription_view, terms
from idp.companies.subscription_view import ProductSeen
from idp.companies.terms import Terms
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Shortage:
    """One product with fewer seats than are taken.

    Attributes:
        missing: how many seats are taken that are not there.
        taken: by people and by open invitations.
        starts: the day from which on it is so; None for now.
    """

    product: str
    missing: int
    taken: int
    of: int
    starts: datetime | None


def among(now: Terms, products: Iterable[ProductSeen]) -> list[Shortage]:
    """The shortages of a contract, by product: that of today, and that of the announced contract where it is greater.
    A product that ends before the day is left out of what is announced."""
    found: list[Shortage] = []
    for each in products:
        held = each.seats
        if held is None:
            continue
        today = max(0, held.used - held.of) if held.of is not None else 0
        if today and held.of is not None:
            found.append(Shortage(each.product, today, held.used, held.of, None))
        lasts = now.changes_at is not None and (each.until is None or each.until > now.changes_at)
        if lasts and now.next_seats is not None and held.used - now.next_seats > today:
            missing = held.used - now.next_seats
            found.append(Shortage(each.product, missing, held.used, now.next_seats, now.changes_at))
    return found


def of_company(work: Work, company_id: UUID) -> list[Shortage]:
    """As `among`, for a company. Who may see it is for the caller. One statement where no seats are counted."""
    contract = terms.find(work, company_id)
    if contract is None:
        return []
    now = terms.now(work, contract)
    return among(now, subscription_view.products(work, contract)) if now.room is not None else []
