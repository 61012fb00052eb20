"""A membership as it is now and as it was: the period that is open, the lock of a member, and what the log tells.

The periods themselves are kept by `period`; what somebody could do on a date is answered by `as_of`.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.companies.models import Membership, MembershipPeriod
from idp.work import Work


def current(work: Work, membership: Membership) -> UUID | None:
    """The key of the period that has not ended: another one after each change, so that it says which state was seen."""
    return work.session.scalar(
        select(MembershipPeriod.id).where(
            MembershipPeriod.membership_id == membership.id, MembershipPeriod.ended_at.is_(None)
        )
    )


def lock(work: Work, membership: Membership) -> None:
    """Wait for whoever is changing this member, and make others wait until the commit. It is the first period that is
    locked: periods come and go under the lock, this one stays, and the clock of access never touches it (SQLite lets
    one writer in at a time anyway).

    Whoever changes the row of a membership takes the clock before: it marks the rows of a person in every company."""
    known = select(MembershipPeriod.id).where(MembershipPeriod.membership_id == membership.id).limit(1)
    first = known.order_by(MembershipPeriod.began_at, MembershipPeriod.id).with_for_update()
    while work.session.execute(first).first() is None:
        # One that lasted no time at all is gone by the end of the wait, and its successor may be as short; a membership
        # that has ended so has none.
        if work.session.execute(known).first() is None:
            return


def told(membership: Membership) -> dict[str, Any]:
    """A membership as the audit log tells it."""
    return {"role": membership.company_role, "also": list(membership.also), "services": list(membership.services)}
