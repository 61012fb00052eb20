"""The ownership of a company on its way from one person to another."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_OPEN = text("closed_at IS NULL")


class OwnershipOffer(Identified, Base):
    """The owner offers the company to another of its people, who accepts or not. One at a time."""

    __tablename__ = "ownership_offers"
    __table_args__ = (
        Index("uq_ownership_offers_open", "company_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ownership_offers_account_id", "account_id"),
        CheckConstraint("afterwards IN ('administrator', 'leave')", name="afterwards"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('accepted', 'declined', 'withdrawn', 'expired')", name="outcome"
        ),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))  # to whom
    offered_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    afterwards: Mapped[str]  # what becomes of the owner of before
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
