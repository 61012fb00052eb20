"""Codes sent to an address or a phone, and the sets of recovery codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class OneTimeCode(Identified, Base):
    """The code that was sent last for one purpose of one request. Sending another one takes the place of this one."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        UniqueConstraint("account_id", "purpose", "bound_to"),
        CheckConstraint("kind IN ('phone', 'email')", name="kind"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    bound_to: Mapped[UUID]  # the attempt, session or change it was asked in
    kind: Mapped[str]
    destination: Mapped[str]  # what the right code proves
    digest: Mapped[bytes]  # keyed: the key is not in the database
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCodeSet(Base):
    """When the recovery codes of an account were made, and when the holder showed to have kept them."""

    __tablename__ = "recovery_code_sets"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime]
    kept_at: Mapped[datetime | None]
