"""Reading the local mailbox of a development machine."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from idp.core.errors import NotFound
from idp.outbox.models import LocalMail
from idp.work import Work


def count(work: Work) -> int:
    """How many mails there are."""
    return work.session.scalar(select(func.count()).select_from(LocalMail)) or 0


def newest(work: Work, *, skip: int, limit: int) -> Sequence[LocalMail]:
    """A page of mails, newest first."""
    return work.session.scalars(
        select(LocalMail).order_by(LocalMail.sent_at.desc(), LocalMail.id.desc()).offset(skip).limit(limit)
    ).all()


def get(work: Work, mail_id: UUID) -> LocalMail:
    """One mail.

    Raises:
        NotFound: there is none of this key.
    """
    found = work.session.get(LocalMail, mail_id)
    if found is None:
        raise NotFound(kind="mail")
    return found
