"""The successful result of a sign-in, in one browser."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Session(Identified, Base):
    """A person in a browser. The cookie is kept as a digest; `sid` is what products are told."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_account_id", "account_id"),
        Index(
            "ix_sessions_untold",
            "expires_at",
            sqlite_where=text("ended_at IS NULL AND end_reason IS NULL"),
            postgresql_where=text("ended_at IS NULL AND end_reason IS NULL"),
        ),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    sid: Mapped[str] = mapped_column(unique=True)
    auth_time: Mapped[datetime]  # the last time a password or second factor was proved
    password_at: Mapped[datetime | None]  # the last time of the first factor: a password, or a passkey in its place
    second_factor_at: Mapped[datetime | None]  # the last time of a second factor; a trusted browser is none
    amr: Mapped[str]  # RFC 8176 values, separated by spaces
    acr: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # absolute end
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]  # `expired` without `ended_at`: its time has run out, and that was told
    user_agent: Mapped[str]
    device_id: Mapped[UUID | None]  # the browser, as `trusted_devices` knows it
    network: Mapped[str]
