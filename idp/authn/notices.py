"""Mails that tell the holder what happened to the account.

What concerns the safety of an account is told to every address we know of its holder (R-21), in the transaction of the
change: who has taken over one mailbox, or has just replaced it, does not keep the holder from hearing of it.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts import email_address, profile
from idp.accounts.models import EmailAddress, RecoveryContact
from idp.authn import browser
from idp.authn.models import NoticeLink
from idp.core import tokens
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

NOT_ME = "/not-me"


def tell(
    work: Work,
    account_id: UUID,
    template: str,
    *,
    also: Iterable[str] = (),
    but: Iterable[str] = (),
    session_id: UUID | None = None,
    **variables: Any,
) -> None:
    """Write to every address of the holder about something done in this request.

    The mail names the time, the browser and, where it is known, the place. Its button says that it was not the holder
    (`not_me`): it is a link of its own in each mail, for one use. A template whose button does something else gets that
    link as `path`.

    Args:
        also: further addresses to write to, such as a recovery contact that has just been removed.
        but: addresses that are not written to, because they are told something else.
        session_id: the session it was done in, or that it began; by default that of the actor.
        variables: JSON values for the template.
    """
    account = profile.get(work, account_id)
    told = {
        "when": work.now.isoformat(),
        "device": browser.label(work.actor.user_agent),
        "place": work.places.name(work.actor.network),
        "name": account.given_name,
        **variables,
    }
    session_id = session_id or work.actor.session_id
    otherwise = {email_address.canonical(address) for address in but}
    for address in _distinct([*addresses(work, account_id), *also]):
        if email_address.canonical(address) in otherwise:
            continue
        way_on = {} if "path" in variables else _link(work, account_id, session_id, address, told["device"])
        outbox.mail(work, address, template, locale=account.locale, **{**way_on, **told})


def write(work: Work, account_id: UUID, template: str, **variables: Any) -> None:
    """Write to the sign-in address of an account alone, in its language, by its given name: for links that prove it."""
    account = profile.get(work, account_id)
    address = email_address.primary_address(work, account_id).address
    outbox.mail(work, address, template, locale=account.locale, name=account.given_name, **variables)


def addresses(work: Work, account_id: UUID) -> list[str]:
    """Where the holder is told: the sign-in address, verified recovery addresses, and for some days the address before
    the present one, unless somebody else signs in with it by now."""
    work.session.flush()
    taken = select(EmailAddress.canonical).where(EmailAddress.released_at.is_(None))
    held = (
        select(EmailAddress.address)
        .where(
            EmailAddress.account_id == account_id,
            EmailAddress.verified_at.is_not(None),
            EmailAddress.released_at.is_(None)
            | (
                (EmailAddress.released_at > work.now - work.policies.account.email_change_undo_lifetime)
                & EmailAddress.canonical.not_in(taken)
            ),
        )
        .order_by(EmailAddress.released_at.is_not(None), EmailAddress.created_at.desc())
    )
    contacts = (
        select(RecoveryContact.value)
        .where(
            RecoveryContact.account_id == account_id,
            RecoveryContact.kind == "email",
            RecoveryContact.verified_at.is_not(None),
        )
        .order_by(RecoveryContact.created_at)
    )
    return _distinct([*work.session.scalars(held), *work.session.scalars(contacts)])


def _link(work: Work, account_id: UUID, session_id: UUID | None, address: str, device: str) -> dict[str, str]:
    token, expires_at = tokens.new(), work.now + work.policies.account.password_reset_lifetime
    work.session.add(
        NoticeLink(
            id=uuid7(),
            token_digest=tokens.digest(token),
            account_id=account_id,
            session_id=session_id,
            canonical=email_address.canonical(address),
            device=device,
            created_at=work.now,
            expires_at=expires_at,
        )
    )
    return {"path": f"{NOT_ME}/{token}", "expires": expires_at.isoformat()}


def _distinct(found: Iterable[str]) -> list[str]:
    """One mail for each mailbox, however its address was written."""
    kept: dict[str, str] = {}
    for address in found:
        kept.setdefault(email_address.canonical(address), address)
    return list(kept.values())
