"""The way on of a notice: "it was not me" (R-21).

Whoever reads a mail of an account may end the session in which a thing was done, and withdraw the trust in browsers:
that takes nothing from the holder that a sign-in does not bring back. Recovery goes on as after a lost password, with
the second factor asked first (R-19); for that, the mail must have gone to the sign-in address.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from idp.accounts import email_address, profile
from idp.audit import log as audit
from idp.authn import proofs, reset, session, trusted_device
from idp.authn.attempt import Attempt
from idp.authn.models import NoticeLink, Session
from idp.core import tokens
from idp.core.errors import Expired, NotFound
from idp.outbox import queue as outbox
from idp.work import Work

REASON = "not_me"
CONTINUE_TO = "/account/authenticators"  # where a stranger may have left something


@dataclass(frozen=True, slots=True)
class Disowned:
    """What came of it.

    Attributes:
        attempt: to choose a new password, with its token; None when a link to do so was mailed to the sign-in address
            instead, or the account cannot have one.
        mailed: whether such a link is on its way.
    """

    attempt: tuple[Attempt, str] | None
    mailed: bool


def find(work: Work, token: str) -> NoticeLink:
    """The link behind a page. Nothing is spent: mail scanners open links too.

    Raises:
        NotFound: there never was one.
        Expired: it cannot be used any more; `reason` is `used` or `expired`.
    """
    link = work.session.scalar(select(NoticeLink).where(NoticeLink.token_digest == tokens.digest(token)))
    if link is None:
        raise NotFound(what="link")
    for reason, over in (("used", link.used_at is not None), ("expired", link.expires_at <= work.now)):
        if over:
            raise Expired(what="link", reason=reason)
    return link


def disown(work: Work, token: str) -> Disowned:
    """Spend the link: end the session it is about (every one, when it is about none), forget all trusted browsers,
    close every attempt that is under way, and begin the recovery of the account.

    Raises:
        NotFound, Expired: as `find`; noted in the audit log. Called before anything else is done in a request.
    """
    work.write()
    try:
        link = find(work, token)
    except (NotFound, Expired) as error:
        audit.record(work, "notice.refused", outcome="refused", reason=error.members.get("reason", "unknown"))
        work.checkpoint(write=False)
        raise
    _spend(work, link.id)
    proofs.close_others(work, link.account_id)
    begun, mailed = _recover(work, link)
    forgotten = trusted_device.forget_all(work, link.account_id)
    about = _session(work, link)
    if about is None:
        ended = session.end_all(work, link.account_id, REASON)
    else:
        ended = int(session.end(work, about, REASON))
    subject = ("account", link.account_id)
    audit.record(work, "notice.disowned", subject, sessions=ended, browsers=forgotten)
    return Disowned(begun, mailed)


def _session(work: Work, link: NoticeLink) -> UUID | None:
    """The session a link is about, if there ever was such a one of this account."""
    return work.session.scalar(
        select(Session.id).where(Session.id == link.session_id, Session.account_id == link.account_id)
    )


def _recover(work: Work, link: NoticeLink) -> tuple[tuple[Attempt, str] | None, bool]:
    if not reset.may_reset(profile.get(work, link.account_id)):
        return None, False
    present = email_address.primary_address(work, link.account_id).canonical
    if link.canonical == present:
        return reset.open_attempt(work, link.account_id, CONTINUE_TO), False
    outbox.fact(work, "reset.asked", canonical=present, continue_to=CONTINUE_TO)
    return None, True


def _spend(work: Work, link_id: UUID) -> None:
    spent = work.session.execute(
        update(NoticeLink)
        .where(NoticeLink.id == link_id, NoticeLink.used_at.is_(None), NoticeLink.expires_at > work.now)
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="link", reason="used")
