"""What is held about a person, table by table: what the export shows of it, and what an erasure makes of it.

Each floor lists its own tables (`HELD`); `oidc.personal_data` puts the lists together. A test holds them against the
database, so that a new table cannot be forgotten. docs/privacy.md tells it to people.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, case, delete, null, or_, select, update

from idp.accounts.models import Account, EmailAddress, EmailChange, RecoveryContact
from idp.audit.models import AuditEvent
from idp.core.db import Base
from idp.outbox.models import LocalMail
from idp.work import Work

About = Callable[[UUID], ColumnElement[bool]]
After = Literal["deleted", "ended", "kept"]
CHAINED = frozenset({"trace_salt", "trace_digest", "chain_digest"})


@dataclass(frozen=True, slots=True)
class Held:
    """One table.

    Attributes:
        name: its section in the export.
        about: which rows are about an account.
        after: what an erasure makes of them; `ended` sets `ended_at` where it is still open.
        secret: columns that are never shown: digests, hashes, keys.
        emptied: what an erasure writes into rows that stay.
        acts: columns that name the account in rows about somebody else; they stay, as a pseudonym.
        by_others: the rows that somebody else known to the service caused; None where nothing tells.
        of_others: columns that the export leaves empty in these rows: data of somebody else.
        shown: whether the export has it.
    """

    name: str
    model: type[Base]
    about: About
    after: After = "deleted"
    secret: frozenset[str] = frozenset()
    emptied: Mapping[str, Any] = field(default_factory=dict)
    acts: frozenset[str] = frozenset()
    by_others: About | None = None
    of_others: frozenset[str] = frozenset()
    shown: bool = True

    @property
    def table(self) -> Table:
        return self.model.__table__  # type: ignore[return-value]


def of(name: str, model: type[Base], after: After = "deleted", secret: str = "", **more: Any) -> Held:
    """A table whose rows name the account in `account_id`.

    Args:
        secret: names of columns, separated by blanks.
    """
    column = model.__table__.c["account_id"]
    return Held(name, model, lambda account_id: column == account_id, after, frozenset(secret.split()), **more)


def children(name: str, model: type[Base], key: str, parent: type[Base], secret: str = "", **more: Any) -> Held:
    """A table whose rows name a row of `parent` in the column `key`; that one names the account."""
    column, above = model.__table__.c[key], parent.__table__.c

    def about(account_id: UUID) -> ColumnElement[bool]:
        return column.in_(select(above["id"]).where(above["account_id"] == account_id))

    return Held(name, model, about, secret=frozenset(secret.split()), **more)


def canonicals(account_id: UUID) -> Any:
    """The addresses an account has or had, in their canonical form, as a subquery."""
    return select(EmailAddress.canonical).where(EmailAddress.account_id == account_id)


def _by_others(account_id: UUID) -> ColumnElement[bool]:
    """By staff, an administrator, an operator; who tried at a sign-in page is nobody known, and may be a stranger."""
    return and_(AuditEvent.actor_kind != "anonymous", AuditEvent.actor_id.is_distinct_from(account_id))


def _by_or_about(account_id: UUID) -> ColumnElement[bool]:
    subject = and_(AuditEvent.subject_kind == "account", AuditEvent.subject_id == str(account_id))
    return or_(AuditEvent.actor_id == account_id, subject)


HELD = (
    Held(
        "account", Account, lambda account_id: Account.id == account_id, "kept",
        emptied={"given_name": "", "family_name": "", "status_reason": "", "personal_at": None, "erasure_at": None},
    ),
    of("recovery_contacts", RecoveryContact),
    of("email_changes", EmailChange, secret="stop_digest waiting_digest confirm_digest undo_digest"),
    Held(
        "development_mailbox", LocalMail,
        lambda account_id: LocalMail.recipient.in_(
            select(EmailAddress.address).where(EmailAddress.account_id == account_id)
        ),
        shown=False,
    ),
    of("addresses", EmailAddress),
    # Its keys stay as pseudonyms; networks and browsers are erased by `audit.retention.erase_traces_of`.
    Held(
        "log", AuditEvent, _by_or_about, "kept", CHAINED, by_others=_by_others,
        of_others=frozenset({"actor_id", "actor_name", "session_id", "network", "user_agent"}),
    ),
)  # fmt: skip


def export(work: Work, account_id: UUID, held: Iterable[Held]) -> dict[str, list[dict[str, Any]]]:
    """The rows of these tables about an account, by section; JSON values, without anything secret."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for each in held:
        if each.shown:
            columns = [
                _told(each, column, account_id)
                for column in each.table.columns
                if column.name not in each.secret | each.acts
            ]
            query = select(*columns).where(each.about(account_id)).order_by(*each.table.primary_key.columns)
            sections[each.name] = [
                {name: _plain(value) for name, value in row.items()} for row in work.session.execute(query).mappings()
            ]
    return sections


def erase(work: Work, account_id: UUID, held: Iterable[Held]) -> None:
    """Delete, end or empty the rows of these tables about an account, in this order."""
    for each in held:
        which = each.about(account_id)
        if each.after == "deleted":
            work.session.execute(delete(each.table).where(which), execution_options={"synchronize_session": False})
            continue
        if each.after == "ended":
            ended = each.table.c["ended_at"]
            _set(work, each.table, and_(which, ended.is_(None)), {"ended_at": work.now})
        if each.emptied:
            _set(work, each.table, which, each.emptied)
    work.session.flush()
    work.session.expire_all()


def _told(held: Held, column: Column[Any], account_id: UUID) -> ColumnElement[Any]:
    if held.by_others is None or column.name not in held.of_others:
        return column
    return case((held.by_others(account_id), null()), else_=column).label(column.name)


def _set(work: Work, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    work.session.execute(
        update(table).where(which).values(dict(values)), execution_options={"synchronize_session": False}
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return urlsafe_b64encode(value).decode().rstrip("=")
    return value
