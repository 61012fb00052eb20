"""The log of the whole service, for the staff who may read it; that they did is in the log too."""

from dataclasses import asdict
from uuid import UUID

from idp.accounts.models import Account
from idp.audit import general, log
from idp.audit.general import GeneralEntry, Sought
from idp.companies import access
from idp.work import Work

VIEWS = "operations.audit.view"


def page(
    work: Work, sought: Sought, *, older_than: int | None = None, limit: int = general.LISTED
) -> tuple[list[GeneralEntry], int | None]:
    """As `general.page`; the look is noted with what was asked for, and about whom or which company it was.

    Raises:
        NotPermitted: the actor may not read it.
    """
    work.write()
    access.require(work, VIEWS)
    found = general.page(work, sought, older_than=older_than, limit=limit)
    wanted = {name: str(value) for name, value in asdict(sought).items() if value}
    about = _person(work, sought)
    log.record(
        work, "audit.searched", ("account", about.id) if about is not None else ("", ""),
        company_id=sought.company_id, wanted=wanted, count=len(found[0]),
    )  # fmt: skip
    return found


def _person(work: Work, sought: Sought) -> Account | None:
    """Whom the question was about, if it was about somebody."""
    try:
        key = sought.actor or UUID(sought.subject)
    except ValueError:
        return None
    return work.session.get(Account, key)
