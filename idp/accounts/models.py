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
        Index(  # PER-02: a phone that two people share gives one of them the codes of the other
            "uq_recovery_contacts_phone",
            "value",
            unique=True,
            sqlite_where=text("kind = 'phone'"),
            postgresql_where=text("kind = 'phone'"),
        ),
        CheckConstraint("kind IN ('phone', 'email')", name="kind"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]


_OPEN = text("done_at IS NULL AND closed_at IS NULL")


class EmailChange(Identified, Base):
    """A change of the sign-in address (J7): asked, proved by a code or link at the new address, then done.

    Open until it is done or closed; once done the old address stays reserved, and the change can be undone, until
    `undo_until`.
    """

    __tablename__ = "email_changes"
    __table_args__ = (
        Index("uq_email_changes_open", "account_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_email_changes_account_id", "account_id"),
        Index("ix_email_changes_old_canonical", "old_canonical"),
        Index("ix_email_changes_switch_at", "switch_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("way IN ('person', 'staff')", name="way"),
        CheckConstraint("old_canonical <> new_canonical", name="another_address"),
        CheckConstraint("done_at IS NULL OR proved_at IS NOT NULL", name="proved_before_done"),
        CheckConstraint("done_at IS NULL OR undo_until > done_at", name="undone_after_done"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    way: Mapped[str]
    session_id: Mapped[UUID | None]  # in which the holder asked for it; the code counts there alone
    old_address: Mapped[str]
    old_canonical: Mapped[str]
    new_address: Mapped[str]
    new_canonical: Mapped[str]
    stop_digest: Mapped[bytes] = mapped_column(unique=True)  # of the link that stops it, as first mailed
    waiting_digest: Mapped[bytes | None] = mapped_column(unique=True)  # of the same, mailed again when it waits
    confirm_digest: Mapped[bytes | None] = mapped_column(unique=True)  # of the link to the new address, way `staff`
    undo_digest: Mapped[bytes | None] = mapped_column(unique=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # the new address has to be proved by then
    proved_at: Mapped[datetime | None]
    switch_at: Mapped[datetime | None]  # proved, but waiting: when it takes effect
    done_at: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # withdrawn, stopped, superseded, cancelled, taken or undone
