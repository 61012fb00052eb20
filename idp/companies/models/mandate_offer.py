"""What leads to a mandate while one side is only an address: a firm's request, and an invitation to create a firm."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_OPEN = text("closed_at IS NULL")


class MandateRequest(Identified, Base):
    """A firm asks for access at an address. It is kept alike whether or not anybody is found there, so that a firm
    learns nothing of who administers what; what it leads to are mandates that name it."""

    __tablename__ = "mandate_requests"
    __table_args__ = (
        Index(
            "uq_mandate_requests_open",
            "firm_id",
            "canonical",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_mandate_requests_listed", "firm_id", "created_at", "id"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
    )

    firm_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    address: Mapped[str]
    canonical: Mapped[str]
    preset: Mapped[str]
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # confirmed, refused, withdrawn, expired


class FirmInvitation(Identified, Base):
    """A company invites an accountant whose firm is not here yet: once it is, the mandate is offered to it."""

    __tablename__ = "firm_invitations"
    __table_args__ = (
        Index(
            "uq_firm_invitations_open",
            "company_id",
            "canonical",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_firm_invitations_canonical", "canonical"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    address: Mapped[str]
    canonical: Mapped[str]
    locale: Mapped[str]
    preset: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON)
    lowered: Mapped[list[str]] = mapped_column(JSON)
    starts_at: Mapped[datetime | None]
    until_at: Mapped[datetime | None]
    yearly: Mapped[bool]
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # accepted, declined, withdrawn, expired
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandates.id", ondelete="SET NULL"))
