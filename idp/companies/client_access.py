"""What an application that works for one company by itself may do there now (client credentials).

An operator gives it permissions once; the company, its subscription and its connected services decide each time what of
them holds, as they do for people.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, select

from idp.companies import tables
from idp.companies.reach import ENDED, Reason, state_now
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.policy.permissions import left_by
from idp.work import Work

_c, _s = tables.companies.c, tables.subscribed_products.c
_COMPANY = Prepared(
    select(_c.services, _c.epoch, _c.closed_at, _c.suspended_at, _s.state, _s.since_at, _s.until_at, _s.suspends_at)
    .select_from(
        tables.companies.outerjoin(
            tables.subscribed_products, and_(_s.company_id == _c.id, _s.product == bindparam("product"))
        )
    )
    .where(_c.id == bindparam("company"))
)


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """Attributes:
    permissions: those of the registration that hold now, sorted.
    subscription: state of the product, as products are told; None for a product without subscription.
    """

    permissions: tuple[str, ...]
    subscription: str | None
    epoch: int


def resolve(work: Work, company_id: UUID, product: str, permissions: Iterable[str]) -> ClientAccess | Reason:
    """What holds now of the permissions an application was registered with. One statement."""
    row = _COMPANY.first(reader(work.session), {"company": company_id, "product": product})
    definition = work.policies.products.get(product)
    if row is None or definition is None or row.closed_at is not None or row.suspended_at is not None:
        return Reason.NO_ACCESS
    known = work.policies.services
    services = frozenset(each for each in row.services if each in known and not known[each].per_person)
    if not definition.subscribed:
        kept = left_by(work.policies, definition, permissions, services=services, state=None)
        return ClientAccess(kept, None, row.epoch)
    if row.state is None:
        return Reason.NO_ACCESS
    state, ended_at = _state(work, row.state, row.since_at, row.until_at, row.suspends_at)
    if ended_at is not None:
        return Reason.SUBSCRIPTION_ENDED
    claim = work.policies.states[state].claim
    kept = left_by(work.policies, definition, permissions, services=services, state=state)
    return ClientAccess(kept, claim.state if claim else state, row.epoch)


def _state(
    work: Work, state: str, since: datetime, until: datetime | None, suspends: datetime | None
) -> tuple[str, datetime | None]:
    """As for people; a state that the policies do not know any more is over."""
    known = state in work.policies.states
    return state_now(work, state, since, until, suspends) if known else (ENDED, since)
