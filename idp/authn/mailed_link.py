"""Single-use links in mails: made, found without being spent, spent by one update."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from idp.audit import log as audit
from idp.authn.models import MailedLink
from idp.core import tokens
from idp.core.errors import Expired, NotFound
from idp.core.ids import uuid7
from idp.work import Work


def make(
    work: Work,
    purpose: str,
    *,
    address: str,
    canonical: str,
    locale: str,
    lifetime: timedelta,
    continue_to: str,
    account_id: UUID | None = None,
) -> str:
    """A new link; the ones of this purpose to the same address are void from now on. Answers its token."""
    withdraw(work, purpose, canonical)
    token = tokens.new()
    work.session.add(
        MailedLink(
            id=uuid7(),
            purpose=purpose,
            token_digest=tokens.digest(token),
            account_id=account_id,
            address=address,
            canonical=canonical,
            locale=locale,
            continue_to=continue_to,
            created_at=work.now,
            expires_at=work.now + lifetime,
        )
    )
    work.session.flush()
    return token


def find(work: Work, purpose: str, token: str) -> MailedLink:
    """The link of this token. Nothing is spent: mail scanners open links too.

    Raises:
        NotFound: there never was one.
        Expired: it cannot be used any more; `reason` is `used`, `withdrawn` or `expired`.
    """
    link = work.session.scalar(
        select(MailedLink).where(MailedLink.token_digest == tokens.digest(token), MailedLink.purpose == purpose)
    )
    if link is None:
        raise NotFound(what="link")
    for reason, over in (
        ("used", link.used_at is not None),
        ("withdrawn", link.withdrawn_at is not None),
        ("expired", link.expires_at <= work.now),
    ):
        if over:
            raise Expired(what="link", reason=reason)
    return link


def find_to_spend(work: Work, purpose: str, token: str) -> MailedLink:
    """As `find`, for a form that means to spend the link: a refusal is noted in the audit log.

    Called before anything else is done in a request, because the note is committed although an error follows.
    """
    try:
        return find(work, purpose, token)
    except (NotFound, Expired) as error:
        reason = error.members.get("reason", "unknown")
        audit.record(work, f"{purpose}.refused", outcome="refused", reason=reason)
        work.checkpoint(write=False)
        raise


def spend(work: Work, link_id: UUID) -> None:
    """Use a link up; of several who try, one succeeds.

    Raises:
        Expired: somebody was faster, or its time is over.
    """
    spent = work.session.execute(
        update(MailedLink)
        .where(
            MailedLink.id == link_id,
            MailedLink.used_at.is_(None),
            MailedLink.withdrawn_at.is_(None),
            MailedLink.expires_at > work.now,
        )
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="link", reason="used")


def withdraw(work: Work, purpose: str, canonical: str) -> None:
    """Make the open links of this purpose to an address void."""
    work.session.execute(
        update(MailedLink)
        .where(
            MailedLink.purpose == purpose,
            MailedLink.canonical == canonical,
            MailedLink.used_at.is_(None),
            MailedLink.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=work.now),
        execution_options={"synchronize_session": False},
    )


def withdraw_all(work: Work, account_id: UUID) -> None:
    """Make every open link of an account void: what they were asked for with, or the address they went to, is no longer
    its own."""
    work.session.execute(
        update(MailedLink)
        .where(MailedLink.account_id == account_id, MailedLink.used_at.is_(None), MailedLink.withdrawn_at.is_(None))
        .values(withdrawn_at=work.now),
        execution_options={"synchronize_session": False},
    )
