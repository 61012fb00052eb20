"""What a company has subscribed to, the states of its products, and the periods these have lasted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Subscription(Identified, Base):
    """The contract of a company: a plan and a number of seats. One per company.

    A change that billing has announced stands in `next_plan`, `next_seats` and `changes_at` until its day has come;
    `contract.terms` says what holds at an instant.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("seats IS NULL OR seats >= 0", name="seats"),
        CheckConstraint("next_seats IS NULL OR next_seats >= 0", name="next_seats"),
        CheckConstraint("renewal_months > 0", name="renewal_months"),
        CheckConstraint("(next_plan IS NULL) = (changes_at IS NULL)", name="announced_change_has_date"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), unique=True)
    plan: Mapped[str]
    seats: Mapped[int | None]  # per product; None means that the plan does not count them
    told_seats: Mapped[int | None]  # the number that billing knows; another one is told to it
    started_at: Mapped[datetime]
    next_renewal_at: Mapped[datetime | None]
    renewals: Mapped[list[str]] = mapped_column(JSON, default=list)  # dates told by billing, the next one first
    renewal_months: Mapped[int] = mapped_column(default=1)  # how the dates go on after those
    next_plan: Mapped[str | None]
    next_seats: Mapped[int | None]
    changes_at: Mapped[datetime | None]


class SubscribedProduct(Identified, Base):
    """The state of one product of a subscription, as it was written down last; its dates count by themselves."""

    __tablename__ = "subscribed_products"
    __table_args__ = (
        UniqueConstraint("company_id", "product"),
        CheckConstraint("state IN ('trial', 'active', 'notice', 'suspended', 'ended', 'purged')", name="state"),
        Index("ix_subscribed_products_state", "state", "since_at"),
    )

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"))
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    product: Mapped[str]
    state: Mapped[str]
    since_at: Mapped[datetime]
    until_at: Mapped[datetime | None]  # end of a trial, of a notice, or of a suspension during which it was cancelled
    suspends_at: Mapped[datetime | None]  # a payment failed: when the grace is over
    kept_until_at: Mapped[datetime | None]  # an ended product: until when access rights are kept
    reminded_at: Mapped[datetime | None]  # when its end was last reminded of
    modules_off: Mapped[list[str]] = mapped_column(JSON, default=list)  # applications that are not activated there


class SubscriptionPeriod(Identified, Base):
    """How long a product was in a state: the history that answers for any date (`subscription_state.at`)."""

    __tablename__ = "subscription_periods"
    __table_args__ = (
        Index(
            "uq_subscription_periods_current",
            "company_id",
            "product",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_subscription_periods_began_at", "company_id", "product", "began_at"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ends_after_beginning"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    product: Mapped[str]
    state: Mapped[str]
    cause: Mapped[str]  # what led to it: a transition of the policy, or `recorded`
    reason: Mapped[str]  # in words, where somebody gave one
    began_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
