"""The audit log: append-only rows, each chained to the one before it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class AuditEvent(Identified, Base):
    """One thing that happened: who, what, about whom, for which company, when, from where, with what outcome."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_subject", "subject_kind", "subject_id", "sequence"),
        Index("ix_audit_events_company", "company_id", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(unique=True)  # without gaps: a missing number is a removed row
    name: Mapped[str]
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    company_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    network: Mapped[str]
    user_agent: Mapped[str]  # the browser's own words, for the person whose account it is
    outcome: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    trace_salt: Mapped[bytes | None]  # None once network and browser are erased
    trace_digest: Mapped[bytes]  # of salt, network and browser: the chain holds this, so that they can be erased
    chain_digest: Mapped[bytes]  # of this row and the digest before it


class AuditHead(Base):
    """The end of the chain: one row, locked by whoever appends."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    chain_digest: Mapped[bytes]
    removed_sequence: Mapped[int | None]  # the last event that was removed because of its age
    removed_digest: Mapped[bytes | None]  # its digest: what is left is chained to it
