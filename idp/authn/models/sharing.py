"""Signs that an account may be used by more than one person, and what its holder said to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class SharingSignal(Identified, Base):
    """One signal of the policy for one account: seen last when, with which weight. A muted one does not count."""

    __tablename__ = "sharing_signals"
    __table_args__ = (
        UniqueConstraint("account_id", "signal"),
        Index("ix_sharing_signals_seen_at", "seen_at"),
        CheckConstraint("weight >= 0", name="weight"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    signal: Mapped[str]
    weight: Mapped[int]  # of the policy when it was seen; 0 for what counts only once it has happened again
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)  # names of places, numbers, times; never what was done there
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when the holder was written to about it
    muted_until: Mapped[datetime | None]


class SharingAnswer(Base):
    """What the holder last said to a notice: one row for each account that was told."""

    __tablename__ = "sharing_answers"
    __table_args__ = (CheckConstraint("answer IS NULL OR answer IN ('me', 'not_me', 'shared')", name="answer"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    told_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class SharingPass(Base):
    """How far the search for signs has read the audit log: one row."""

    __tablename__ = "sharing_passes"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    passed_at: Mapped[datetime]
