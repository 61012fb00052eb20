"""What became of telling products that a session is over."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class LogoutDelivery(Identified, Base):
    """One logout token for one client about one session (Back-Channel Logout), as operators follow it."""

    __tablename__ = "logout_deliveries"
    __table_args__ = (
        Index("ix_logout_deliveries_session_id", "session_id"),
        Index("ix_logout_deliveries_client_id", "client_id"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    reason: Mapped[str]  # why the session ended there
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    attempted_at: Mapped[datetime | None]  # the last time
    failure: Mapped[str | None]  # of the last attempt: what kind, or the status of the answer
    delivered_at: Mapped[datetime | None]
