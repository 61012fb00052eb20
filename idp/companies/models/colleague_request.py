"""Requests of people for a user of a colleague's own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_OPEN = text("closed_at IS NULL")


class ColleagueRequest(Identified, Base):
    """One of a company's people asks its administrators to add somebody who has been using their account."""

    __tablename__ = "colleague_requests"
    __table_args__ = (
        Index(
            "uq_colleague_requests_open",
            "company_id",
            "account_id",
            "canonical",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_colleague_requests_account_id", "account_id"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
        CheckConstraint("outcome IS NULL OR outcome IN ('accepted', 'declined', 'expired')", name="outcome"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))  # who asks
    name: Mapped[str]  # of the colleague
    address: Mapped[str]
    canonical: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    outcome: Mapped[str | None]
