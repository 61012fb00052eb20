"""What a company has subscribed to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Subscription(Identified, Base):
    """The contract of a company: a plan and a number of seats. One per company."""

    __tablename__ = "subscriptions"
    __table_args__ = (CheckConstraint("seats IS NULL OR seats >= 0", name="seats"),)

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), unique=True)
    plan: Mapped[str]
    seats: Mapped[int | None]  # per product; None means that the plan does not count them
    started_at: Mapped[datetime]
    next_renewal_at: Mapped[datetime | None]


class SubscribedProduct(Identified, Base):
    """The state of one product of a subscription."""

    __tablename__ = "subscribed_products"
    __table_args__ = (
        UniqueConstraint("company_id", "product"),
        CheckConstraint("state IN ('trial', 'active', 'notice', 'suspended', 'ended', 'purged')", name="state"),
    )

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"))
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    product: Mapped[str]
    state: Mapped[str]
    since_at: Mapped[datetime]
    until_at: Mapped[datetime | None]  # end of a trial or of a notice
    kept_until_at: Mapped[datetime | None]  # an ended product: until when access rights are kept
