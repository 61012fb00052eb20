"""What the billing system and this service tell each other, and the keys by which they know each other."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class BillingKey(Identified, Base):
    """A secret shared with billing. Two may be live, so that one can take the other's place without a gap."""

    __tablename__ = "billing_keys"

    secret: Mapped[bytes]  # encrypted: signatures are computed with it
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class BillingStream(Base):
    """The numbered events about one company; its row is what two events about the same company wait for."""

    __tablename__ = "billing_streams"
    __table_args__ = (CheckConstraint("last_number >= 0", name="last_number"),)

    reference: Mapped[str] = mapped_column(primary_key=True)  # the company as billing knows it, also before it exists
    last_number: Mapped[int]
    missing: Mapped[int]  # numbers that were skipped so far


class BillingEvent(Base):
    """An event that was taken, applied or not; of what it said a digest is kept."""

    __tablename__ = "billing_events"
    __table_args__ = (
        CheckConstraint("outcome IN ('applied', 'older')", name="outcome"),
        Index("ix_billing_events_company_id", "company_id", "received_at"),
        Index("ix_billing_events_received_at", "received_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)  # given by billing
    reference: Mapped[str]
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    number: Mapped[int]
    kind: Mapped[str]
    digest: Mapped[bytes]
    outcome: Mapped[str]
    missed: Mapped[int]  # numbers between the one before and this one
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]


class SubscriptionRequest(Identified, Base):
    """What a company asks of billing: another plan, another number of seats, one more product. Open until billing says
    what became of it, or the company takes it back."""

    __tablename__ = "subscription_requests"
    __table_args__ = (
        Index(
            "uq_subscription_requests_open",
            "company_id",
            "kind",
            "product",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        CheckConstraint("kind IN ('terms', 'product')", name="kind"),
        CheckConstraint("outcome IN ('done', 'refused', 'withdrawn')", name="outcome"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    kind: Mapped[str]
    plan: Mapped[str]
    seats: Mapped[int | None]
    product: Mapped[str]  # empty for a request about plan and seats
    wanted_at: Mapped[datetime | None]  # from when on; None for at once
    asked_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    answer: Mapped[str]  # billing's own words, where it gave some
