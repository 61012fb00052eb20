"""The way on of a notice: a link by which its reader says that it was not them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class NoticeLink(Identified, Base):
    """A single-use link in one mail of a notice. Opening it does nothing; its form ends a session."""

    __tablename__ = "notice_links"
    __table_args__ = (
        Index("ix_notice_links_account_id", "account_id"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    token_digest: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    session_id: Mapped[UUID | None]  # where it was done; None: in no session, and then every session is in doubt
    canonical: Mapped[str]  # the address the mail went to
    device: Mapped[str]  # what the mail said
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
