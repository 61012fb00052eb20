"""Calls of the API that must not happen twice."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class IdempotentCall(Identified, Base):
    """A call that was sent with an `Idempotency-Key` and has succeeded: sent again, it hears the same answer and does
    nothing. Written in the transaction of what it did."""

    __tablename__ = "idempotent_calls"
    __table_args__ = (
        Index("ix_idempotent_calls_account_id", "account_id"),
        CheckConstraint("(status IS NULL) = (answer IS NULL)", name="answered"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    key_digest: Mapped[bytes] = mapped_column(unique=True)  # of the caller and the key
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))  # None: a service
    route: Mapped[str]
    body_digest: Mapped[bytes]
    status: Mapped[int | None]
    answer: Mapped[bytes | None]  # encrypted: body and headers
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
