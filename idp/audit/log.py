"""Appending to the audit log, and checking it."""

import hashlib
import json
import os
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit.events import EVENTS
from idp.audit.models import AuditEvent, AuditHead
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.work import Work

GENESIS = bytes(32)
ERASED = "account.erased"
TRACES_KEPT = timedelta(days=365)
_NOT_CHAINED = frozenset({"chain_digest", "trace_salt", "network", "user_agent"})
_MOVE = Prepared(
    update(AuditHead)
    .where(AuditHead.id == 1)
    .values(sequence=AuditHead.sequence + 1)
    .returning(AuditHead.sequence, AuditHead.chain_digest)
)
_APPEND = Prepared(
    insert(AuditEvent).values({column.name: bindparam(column.name) for column in AuditEvent.__table__.c})
)
_SEAL = Prepared(update(AuditHead).where(AuditHead.id == 1).values(chain_digest=bindparam("link")))


def record(
    work: Work,
    name: str,
    subject: tuple[str, object] = ("", ""),
    *,
    company_id: UUID | None = None,
    outcome: str = "done",
    **details: Any,
) -> None:
    """Append one event in the transaction of the change: both are kept, or neither.

    Args:
        name: one of `events.EVENTS`; another is a mistake of the caller.
        subject: kind and key of what it is about, such as `("account", account.id)`.
        outcome: `done` or `refused`.
        details: small JSON values without any secret, code, token or address typed by a stranger.
    """
    if name not in EVENTS:
        raise ValueError(f"{name} is not in the vocabulary of the audit log")
    work.write()
    connection = work.session.connection()
    sequence, previous = _next(connection)
    values = {
        "id": uuid7(),
        "sequence": sequence,
        "name": name,
        "at": work.now,
        "actor_kind": work.actor.kind,
        "actor_id": work.actor.id,
        "actor_name": work.actor.name,
        "subject_kind": subject[0],
        "subject_id": str(subject[1]),
        "company_id": company_id,
        "session_id": work.actor.session_id,
        "network": work.actor.network,
        "user_agent": work.actor.user_agent,
        "outcome": outcome,
        "details": details,
    }
    salt = values["trace_salt"] = os.urandom(16)
    values["trace_digest"] = _trace(salt, work.actor.network, work.actor.user_agent)
    values["chain_digest"] = link = _link(previous, values)
    _APPEND.run(connection, values)
    _SEAL.run(connection, {"link": link})


def _next(connection: Connection) -> tuple[int, bytes]:
    """The number of the next event and the digest it is chained to. From here to the commit nobody else can append, so
    a command records last, once its own rows are written."""
    moved = _MOVE.first(connection, {})
    if moved is None:
        with suppress(IntegrityError), connection.begin_nested():  # the very first event; another may be quicker
            connection.execute(insert(AuditHead).values(id=1, sequence=0, chain_digest=GENESIS))
        moved = _MOVE.first(connection, {})
    return moved[0], moved[1]


def verify(work: Work) -> list[str]:
    """What is wrong with the chain, in sentences; an empty list when it is whole."""
    problems: list[str] = []
    head = work.session.execute(select(*AuditHead.__table__.columns)).one_or_none()
    removed = head.removed_sequence if head is not None else None
    previous, expected = (head.removed_digest, removed + 1) if head is not None and removed else (GENESIS, 1)
    columns = AuditEvent.__table__.columns
    erased = set(work.session.scalars(select(columns.subject_id).where(columns.name == ERASED)))
    for row in work.session.execute(select(*columns).order_by(columns.sequence)).yield_per(500):
        values = row._asdict()
        if values["sequence"] != expected:
            problems.append(f"Events {expected} to {values['sequence'] - 1} are missing.")
        link = _link(previous, values)
        if link != values["chain_digest"]:
            problems.append(f"Event {values['sequence']} ({values['name']}) does not match the chain.")
        if not _trace_in_order(work, values, erased):
            problems.append(f"Event {values['sequence']} ({values['name']}) has lost or changed where it came from.")
        previous, expected = values["chain_digest"], values["sequence"] + 1
    if head is not None and (head.sequence != expected - 1 or head.chain_digest != previous):
        problems.append(f"The log ends at {expected - 1}, its head says {head.sequence}.")
    return problems


def _link(previous: bytes, values: dict[str, Any]) -> bytes:
    """Digest of one event and of everything before it."""
    shown = {key: value for key, value in values.items() if key not in _NOT_CHAINED}
    shown["at"], shown["trace_digest"] = values["at"].isoformat(), values["trace_digest"].hex()
    text = json.dumps(shown, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def _trace(salt: bytes, network: str, user_agent: str) -> bytes:
    """What stands in the chain for where an event came from; without the salt it tells nothing."""
    return hashlib.sha256(salt + json.dumps([network, user_agent]).encode()).digest()


def _trace_in_order(work: Work, values: dict[str, Any], erased: set[str]) -> bool:
    """Whether network and browser are as recorded, or were erased as they should be: with their person, or with age."""
    if values["trace_salt"] is not None:
        return bool(_trace(values["trace_salt"], values["network"], values["user_agent"]) == values["trace_digest"])
    about = {str(values["actor_id"]), values["subject_id"]}
    over = values["at"] <= work.now - TRACES_KEPT or bool(about & erased)
    return over and (values["network"], values["user_agent"]) == ("", "")
