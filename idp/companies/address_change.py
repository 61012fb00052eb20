"""What a change of somebody's address means to companies: told by the outbox, after the commit of the change.

Roles and mandates rest on the account and stay as they are; only what waits at the old address moves (EML-07).
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import exists, update
from sqlalchemy.orm import aliased

from idp.accounts import email_address
from idp.companies import support_case, support_state
from idp.companies.models import FirmInvitation, Invitation
from idp.work import Work

REASON, IDENTITY_CHECK = "address_restored", "old_mailbox"  # as `duty.reason` puts them into words


def changed(work: Work, members: dict[str, Any]) -> None:
    """The address of an account changed: invitations that wait at the old one go along."""
    work.write()
    carry_over(work, members["old"], members["new"])


def undone(work: Work, members: dict[str, Any]) -> None:
    """A change was undone from the old mailbox: invitations go back, and the staff look into what happened."""
    work.write()
    carry_over(work, members["old"], members["new"])
    account_id = UUID(members["account"])
    if support_state.open_about(work, account_id, "security") is None:
        support_case.open_case(work, "security", account_id, REASON, IDENTITY_CHECK, change=members["change"])


def carry_over(work: Work, old: str, address: str) -> int:
    """Readdress the open invitations to an address; answers how many. Where the new address is invited already, that
    invitation is the one that counts."""
    return sum(_moved(work, kind, old, address) for kind in (Invitation, FirmInvitation))


def _moved(work: Work, kind: Any, old: str, address: str) -> int:
    canonical = email_address.canonical(address)
    other = aliased(kind)
    double = exists().where(
        other.company_id == kind.company_id, other.canonical == canonical, other.closed_at.is_(None)
    )
    moved = work.session.execute(
        update(kind)
        .where(kind.canonical == old, kind.closed_at.is_(None), ~double)
        .values(address=address, canonical=canonical),
        execution_options={"synchronize_session": False},
    )
    return int(moved.rowcount)  # type: ignore[attr-defined]


HANDLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {
    "email_change.done": changed,
    "email_change.undone": undone,
}
