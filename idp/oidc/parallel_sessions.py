"""A sign that only this floor can see: two sessions of one account that work in two unrelated companies at once.

See `authn.sharing_signs`; the products and companies that a session has reached are in its grants.
"""

from collections import defaultdict
from datetime import datetime
from itertools import combinations, product
from uuid import UUID

from sqlalchemy import func, select

from idp.authn.models import Session
from idp.authn.sharing_signs import LOOKED_AT, PARALLEL_SESSIONS, Sighting
from idp.companies import relation
from idp.oidc.models import Grant
from idp.work import Work

Reached = dict[UUID, list[tuple[datetime, datetime]]]  # by company: each grant, from its beginning to its last use


def look(work: Work, account_id: UUID) -> Sighting | None:
    """The last time that two browsers worked for two companies at once that have nothing to do with each other.

    A person who goes from one company to another in one browser is one person; so is one whose browsers both reach
    both.
    """
    reached = _reached(work, account_id)
    companies = {company for each in reached.values() for company in each}
    found: tuple[datetime, set[UUID]] | None = None
    apart = relation.unrelated(work, account_id, companies)
    for first, second in combinations(reached.values(), 2):
        if first.keys() & second.keys():
            continue
        for here, there in product(first, second):
            at = _together(first[here], second[there]) if frozenset((here, there)) in apart else None
            if at is not None and (found is None or at > found[0]):
                found = at, {here, there}
    if found is None:
        return None
    return Sighting(PARALLEL_SESSIONS, found[0], {"companies": sorted(str(company) for company in found[1])})


def _reached(work: Work, account_id: UUID) -> dict[object, Reached]:
    """By browser, the companies for which it held tokens in the last days, and when."""
    rows = work.session.execute(
        select(
            func.coalesce(Session.device_id, Session.id).label("device"),
            Grant.company_id,
            Grant.created_at,
            Grant.last_used_at,
        )
        .join(Session, Session.id == Grant.session_id)
        .where(Grant.account_id == account_id, Grant.company_id.is_not(None), Grant.last_used_at > work.now - LOOKED_AT)
    )
    found: dict[object, Reached] = defaultdict(dict)
    for row in rows:
        found[row.device].setdefault(row.company_id, []).append((row.created_at, row.last_used_at))
    return found


def _together(one: list[tuple[datetime, datetime]], other: list[tuple[datetime, datetime]]) -> datetime | None:
    """The last moment at which both were in use."""
    moments = [
        min(used, used_there)
        for (began, used), (began_there, used_there) in product(one, other)
        if max(began, began_there) <= min(used, used_there)
    ]
    return max(moments, default=None)
