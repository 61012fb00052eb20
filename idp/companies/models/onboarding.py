"""The first steps of a company: the order that made it, the ways into its wizard, the people who are to be invited."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_STEP = "IN ('due', 'later', 'done')"


class Onboarding(Identified, Base):
    """How far the wizard of a company has come. Whom the order named becomes the owner by taking it up, once."""

    __tablename__ = "onboardings"
    __table_args__ = (
        Index("ix_onboardings_canonical", "canonical"),
        Index("ix_onboardings_account_id", "account_id"),
        CheckConstraint(f"users {_STEP}", name="users"),
        CheckConstraint(f"services {_STEP}", name="services"),
        CheckConstraint("finished_at IS NULL OR accepted_at IS NOT NULL", name="accepted_before_finished"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), unique=True)
    address: Mapped[str]  # of the person the order named; afterwards it says whom the mails went to
    canonical: Mapped[str]
    locale: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))  # who took it up
    made_account: Mapped[bool] = mapped_column(default=False)  # made on the way, not brought along
    users: Mapped[str] = mapped_column(default="due")
    services: Mapped[str] = mapped_column(default="due")
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class OnboardingLink(Identified, Base):
    """A way into the wizard of a company without an owner. Opening it does not spend it; taking the company up does."""

    __tablename__ = "onboarding_links"
    __table_args__ = (
        Index("ix_onboarding_links_onboarding_id", "onboarding_id"),
        Index("ix_onboarding_links_canonical", "canonical"),
        CheckConstraint("way IN ('mail', 'order_page')", name="way"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        CheckConstraint("(code_digest IS NULL) = (code_expires_at IS NULL)", name="code_has_end"),
    )

    onboarding_id: Mapped[UUID] = mapped_column(ForeignKey("onboardings.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    way: Mapped[str]
    asked_by: Mapped[str | None] = mapped_column(unique=True)  # the request of an order page, which counts once
    address: Mapped[str]  # the account to be made has this one
    canonical: Mapped[str]
    proved_at: Mapped[datetime | None]  # a mailed link proves the address it went to, a code any other
    wanted: Mapped[str | None]  # another address, to which a code was sent
    code_digest: Mapped[bytes | None]  # keyed: the key is not in the database
    code_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]  # a newer link took its place


class FirstUser(Identified, Base):
    """Somebody who is to be invited at the end of the wizard, and is told nothing before."""

    __tablename__ = "first_users"
    __table_args__ = (UniqueConstraint("onboarding_id", "canonical"),)

    onboarding_id: Mapped[UUID] = mapped_column(ForeignKey("onboardings.id", ondelete="CASCADE"))
    given_name: Mapped[str]
    family_name: Mapped[str]
    address: Mapped[str]
    canonical: Mapped[str]
    locale: Mapped[str]
    roles: Mapped[dict[str, str]] = mapped_column(JSON)  # by product
    extra_cost: Mapped[bool] = mapped_column(default=False)  # a seat is bought beside the plan for this person
    created_at: Mapped[datetime]
