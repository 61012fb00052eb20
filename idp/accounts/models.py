"""The person: one account, its addresses, its recovery contacts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Account(Identified, Base):
    """A person's record. `subject` is what products know: opaque, stable for life, never given again."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'blocked', 'erasure_requested', 'erased')", name="status"),
        CheckConstraint("(status = 'erasure_requested') <= (erasure_at IS NOT NULL)", name="erasure_has_date"),
    )

    subject: Mapped[str] = mapped_column(unique=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    locale: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    status_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    personal_at: Mapped[datetime | None]  # when the holder confirmed that the account is strictly personal
    erasure_at: Mapped[datetime | None]  # when a requested erasure takes effect

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


class EmailAddress(Identified, Base):
    """An address of an account. `canonical` decides identity (R-59); mail goes to `address`."""

    __tablename__ = "email_addresses"
    __table_args__ = (
        Index(
            "uq_email_addresses_canonical",
            "canonical",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        Index(
            "uq_email_addresses_account",
            "account_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    address: Mapped[str]
    canonical: Mapped[str]
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]  # the address was replaced; it may belong to somebody else now


class RecoveryContact(Identified, Base):
    """A phone number (E.164) or e-mail address other than the sign-in address, for a lost second factor."""

    __tablename__ = "recovery_contacts"
    __table_args__ = (
        Index("ix_recovery_contacts_account_id", "account_id"),
        CheckConstraint("kind IN ('phone', 'email')", name="kind"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
