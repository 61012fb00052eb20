"""Keeping a company as it is from a look at it until the change that was decided by that look."""

from uuid import UUID

from idp.companies import clock, terms
from idp.work import Work


def hold(work: Work, company_id: UUID) -> None:
    """Keep others from changing this company's seats, and anybody's access, until the commit; in the order in which
    every command takes the two, so that none waits for the other."""
    work.write()
    terms.find(work, company_id, lock=True)
    clock.hold(work)
