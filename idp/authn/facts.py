"""What this floor does after a commit, when the outbox hands it one of its own facts.

What depends on whether an address belongs to somebody happens here and not in the request, whose time would tell.
"""

from collections.abc import Callable, Mapping
from typing import Any

from idp.authn import email_change, reset, throttle
from idp.work import Work


def mail_reset(work: Work, members: dict[str, Any]) -> None:
    """A link was asked for."""
    reset.send(work, members["canonical"], continue_to=members["continue_to"])


def mail_blocked(work: Work, members: dict[str, Any]) -> None:
    """Too many wrong passwords: the holder gets a way out, at most one mail an hour."""
    work.write()
    canonical = members["canonical"]
    if throttle.take(work, "account_blocked_mail", canonical, throttle.ONE_MAIL_AN_HOUR, in_a_row=None).allowed:
        reset.send(work, canonical, template="account_blocked")


HANDLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {
    "email_change.asked": email_change.send_code,
    "reset.asked": mail_reset,
    "sign_in.blocked": mail_blocked,
}
