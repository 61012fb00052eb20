"""`idp cases`: what support does about accounts, four eyes at a time."""

import dataclasses
from typing import Any

import click

from idp.accounts.email_address import canonical, find_account
from idp.cli.context import Output, operating, verb
from idp.cli.due import ACTS
from idp.companies import support_case, support_desk, support_due, support_kind, support_state
from idp.core.errors import NotFound
from idp.work import Work

COLUMNS = (
    "reference", "kind", "state", "address", "opened_by", "created_at", "confirmed_at", "approved_by", "due_at",
    "repeated",
)  # fmt: skip
STATES = (
    "open", "requested", "notice_sent", "review", "waiting_approval", "waiting_time", "ready", "done", "closed",
)  # fmt: skip


@click.group()
def cases() -> None:
    """What support does about accounts: one opens a case, another approves it, then there is a waiting time."""


@verb(cases, "list")
@click.option("--state", type=click.Choice(STATES), help="Only cases in this state; `open`: all that are not over.")
@click.option("--about", metavar="EMAIL", help="Only cases about this account.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
def list_(out: Output, state: str | None, about: str | None, limit: int) -> None:
    """List cases, the latest first."""
    with operating(write=False) as work:
        account_id = _account(work, about) if about else None
        found = support_desk.cases(work, state=state or "", about=account_id, limit=limit)
        rows = [_members(case) for case in found.rows]
    out.table(rows, COLUMNS, empty="No case.")


@verb(cases, "show")
@click.argument("reference")
def show(out: Output, reference: str) -> None:
    """Show the case REFERENCE. Never a secret."""
    with operating(write=False) as work:
        out.record(_members(support_desk.case(work, support_desk.find(work, reference))))


@verb(cases, "open")
@click.argument("email")
@click.option("--kind", required=True, type=click.Choice(sorted(support_kind.KINDS)))
@click.option("--reason", required=True, help="Kept with the case and in the audit log.")
@click.option("--identity-check", default="", help="How it was made sure who asks; needed for all kinds but sharing.")
@click.option("--address", metavar="EMAIL", help="For change-email: the new address.")
def open_(out: Output, email: str, kind: str, reason: str, identity_check: str, address: str | None) -> None:
    """Open a case about EMAIL, or take up what its holder requested. Every known contact is told how to stop it."""
    details: dict[str, Any] = {"address": address} if address else {}
    with operating() as work:
        case = support_case.open_case(work, kind, _account(work, email), reason, identity_check, **details)
        _told(out, work, case.reference)


@verb(cases, "approve")
@click.argument("reference")
def approve(out: Output, reference: str) -> None:
    """Approve the case REFERENCE, which somebody else opened; its waiting time begins."""
    with operating() as work:
        support_case.approve(work, support_desk.find(work, reference))
        _told(out, work, reference)


@verb(cases, "close")
@click.argument("reference")
@click.option("--reason", required=True, help="Kept with the case and in the audit log.")
def close(out: Output, reference: str, reason: str) -> None:
    """End the case REFERENCE without carrying it out; a link that was sent for it is void."""
    with operating() as work:
        support_case.close(work, support_desk.find(work, reference), reason)
        _told(out, work, reference)


@verb(cases, "due")
def due(out: Output) -> None:
    """Carry out what is due and close what nobody needs any more, as the outbox worker does once a minute."""
    with operating(write=False) as work:
        told = support_due.carry_out(work, ACTS)
    words = {"carried_out": "Carried out", "finished": "Finished", "closed": "Closed"}
    lines = [f"{words[name]}: {', '.join(references)}." for name, references in told.items() if references]
    out.result(told, *(lines or ["Nothing is due."]))


def _told(out: Output, work: Work, reference: str) -> None:
    case = support_desk.case(work, support_desk.find(work, reference))
    when = f", due {case.due_at:%Y-%m-%d %H:%M}Z" if case.due_at and case.state in support_state.OPEN else ""
    out.result(_members(case), f"Case {case.reference} ({case.kind}, {case.address}): {case.state}{when}.")


def _members(case: support_desk.CaseSeen) -> dict[str, Any]:
    return {item.name: getattr(case, item.name) for item in dataclasses.fields(case)}


def _account(work: Work, email: str) -> Any:
    account = find_account(work, canonical(email))
    if account is None:
        raise NotFound(kind="account")
    return account.id
