"""The set-up link that an approved case ends in: mailed when the waiting time is over, void when the case is stopped."""

from sqlalchemy import update

from idp.authn.models import MailedLink, SignIn
from idp.companies.models import SupportCase
from idp.work import Work

PURPOSE = "lost_factor"  # of the mailed link and of the attempt it begins


def void(work: Work, case: SupportCase) -> None:
    """Make what the person was sent for a case useless: the link, and an attempt that began with it."""
    if case.ready_at is None or case.matter != "access":
        return
    work.session.execute(
        update(SignIn)
        .where(SignIn.account_id == case.account_id, SignIn.purpose == PURPOSE, SignIn.finished_at.is_(None))
        .values(finished_at=work.now),
        execution_options={"synchronize_session": False},
    )
    work.session.execute(
        update(MailedLink)
        .where(
            MailedLink.account_id == case.account_id,
            MailedLink.purpose == PURPOSE,
            MailedLink.used_at.is_(None),
            MailedLink.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=work.now),
        execution_options={"synchronize_session": False},
    )
