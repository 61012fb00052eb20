"""Mails that tell the holder what happened to the account."""

from typing import Any
from uuid import UUID

from idp.accounts import email_address, profile
from idp.authn import browser
from idp.outbox import queue as outbox
from idp.work import Work

WAY_OUT = "/reset"  # "it was not me": choose another password


def tell(work: Work, account_id: UUID, template: str, **variables: Any) -> None:
    """Write to the holder about something done in this request; the mail names the time and the browser."""
    write(
        work,
        account_id,
        template,
        path=WAY_OUT,
        when=work.now.isoformat(),
        device=browser.label(work.actor.user_agent),
        **variables,
    )


def write(work: Work, account_id: UUID, template: str, **variables: Any) -> None:
    """Write to the sign-in address of an account, in its language, by its given name."""
    account = profile.get(work, account_id)
    address = email_address.primary_address(work, account_id).address
    outbox.mail(work, address, template, locale=account.locale, name=account.given_name, **variables)
