"""`idp audit`: the log of what happened."""

from typing import Any

import click
from sqlalchemy import select

from idp.audit import log
from idp.audit.models import AuditEvent
from idp.cli.context import Exit, Output, operating, verb

COLUMNS = ("sequence", "at", "name", "outcome", "actor_kind", "actor_name", "subject_kind", "subject_id", "details")


@click.group()
def audit() -> None:
    """The log of what happened."""


@verb(audit, "verify")
def verify(out: Output) -> Exit:
    """Check the chain of the log from its first event; exit code 1 when a row was altered or removed."""
    with operating(write=False) as work:
        problems = log.verify(work)
    out.result({"whole": not problems, "problems": problems}, *(problems or ["The audit log is whole."]))
    return Exit.REFUSED if problems else Exit.OK


@verb(audit, "list")
@click.option("--name", help="Only events of this name, or beginning with it: `session.`")
@click.option("--subject", help="Only events about this key.")
@click.option("--after", type=click.IntRange(0), default=0, help="Only events after this number, oldest first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
def list_(out: Output, name: str | None, subject: str | None, after: int, limit: int) -> None:
    """List events, the latest first."""
    columns = AuditEvent.__table__.columns
    query = select(*columns).limit(limit)
    query = (
        query.where(columns.sequence > after).order_by(columns.sequence)
        if after
        else query.order_by(columns.sequence.desc())
    )
    if name:
        query = query.where(columns.name.startswith(name, autoescape=True))
    if subject:
        query = query.where(columns.subject_id == subject)
    with operating(write=False) as work:
        rows = [_shown(dict(row._mapping)) for row in work.session.execute(query)]
    out.table(rows, COLUMNS, empty="No event.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    del row["trace_salt"]
    row["trace_digest"], row["chain_digest"] = row["trace_digest"].hex(), row["chain_digest"].hex()
    return row
