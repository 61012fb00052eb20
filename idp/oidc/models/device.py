"""What devices without a browser of their own wait for (RFC 8628)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class DeviceRequest(Identified, Base):
    """A device that asks to work for somebody, until a person has answered and it has fetched its tokens.

    Its two codes are kept as digests. The row stays for a while after its end, so that a late device hears that its
    time is over, and a second use of its code is seen.
    """

    __tablename__ = "device_requests"
    __table_args__ = (
        Index("ix_device_requests_account_id", "account_id"),
        Index("ix_device_requests_expires_at", "expires_at"),
        CheckConstraint("answer IN ('allowed', 'refused')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
        CheckConstraint("(answer IS NULL) = (account_id IS NULL)", name="answered_by"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    device_digest: Mapped[bytes] = mapped_column(unique=True)
    user_code_digest: Mapped[bytes] = mapped_column(unique=True)  # keyed: the code itself is short
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    scope: Mapped[str]
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)
    network: Mapped[str]  # from where the device asked
    user_agent: Mapped[str]
    company_id: Mapped[UUID | None]  # chosen by the person
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    interval: Mapped[int]  # seconds between two questions of the device; grows with each that comes too early
    poll_after: Mapped[datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))  # who answered
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    used_at: Mapped[datetime | None]
    grant_id: Mapped[UUID | None]  # what the code bought
