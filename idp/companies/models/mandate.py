"""What a company opens to a firm, and what the firm gives to its colleagues."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_OPEN = text("state IN ('invited', 'requested', 'active', 'suspended')")


class Mandate(Identified, Base):
    """A company's consent: a firm may reach these products, up to a ceiling, until it ends."""

    __tablename__ = "mandates"
    __table_args__ = (
        Index("uq_mandates_open", "company_id", "firm_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_mandates_firm_id", "firm_id", "state"),
        Index("ix_mandates_company_id", "company_id", "firm_id"),
        CheckConstraint(
            "state IN ('invited', 'requested', 'active', 'refused', 'expired', 'suspended', 'ended')", name="state"
        ),
        CheckConstraint("company_id <> firm_id", name="two_parties"),
        CheckConstraint("state <> 'active' OR started_at IS NOT NULL", name="active_has_begun"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    preset: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON)
    lowered: Mapped[list[str]] = mapped_column(JSON, default=list)  # products below the preset, as `product:level`
    state: Mapped[str]
    way: Mapped[str]
    epoch: Mapped[int]
    created_at: Mapped[datetime]
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))  # who began it
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate_requests.id", ondelete="SET NULL"))
    starts_at: Mapped[datetime | None]  # chosen in advance; otherwise it begins with the answer
    started_at: Mapped[datetime | None]  # may be to come
    until_at: Mapped[datetime | None]
    yearly: Mapped[bool] = mapped_column(default=False)
    renews_at: Mapped[datetime | None]  # a yearly one goes on by itself at this date
    view_from_at: Mapped[datetime | None]  # handed over: from then on the firm only reads
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandates.id", ondelete="SET NULL"))
    reminded: Mapped[int | None]  # how many days before its end or renewal both sides were written to last
    ended_at: Mapped[datetime | None]


class MandateTerms(Identified, Base):
    """What a mandate opened during one period. An end that is known beforehand is written down beforehand."""

    __tablename__ = "mandate_terms"
    __table_args__ = (
        Index("ix_mandate_terms_mandate_id", "mandate_id", "from_at"),
        Index("ix_mandate_terms_company_id", "company_id", "from_at"),
        CheckConstraint("until_at IS NULL OR until_at > from_at", name="some_time"),
    )

    mandate_id: Mapped[UUID] = mapped_column(ForeignKey("mandates.id", ondelete="CASCADE"))
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    preset: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON)
    lowered: Mapped[list[str]] = mapped_column(JSON)
    only_reads: Mapped[bool]  # the firm was handing over
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    changed_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))


class Assignment(Identified, Base):
    """A colleague of a firm works for one client, or for all of them, with one role per product."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index(
            "uq_assignments_client",
            "account_id",
            "mandate_id",
            "product",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND mandate_id IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND mandate_id IS NOT NULL"),
        ),
        Index(
            "uq_assignments_all",
            "account_id",
            "firm_id",
            "product",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND mandate_id IS NULL"),
            postgresql_where=text("ended_at IS NULL AND mandate_id IS NULL"),
        ),
        Index("ix_assignments_mandate_id", "mandate_id"),
        Index("ix_assignments_firm_id", "firm_id", "mandate_id"),
        CheckConstraint("(role IS NULL) <> (custom_role_id IS NULL)", name="one_role"),
    )

    firm_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="RESTRICT"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandates.id", ondelete="CASCADE"))  # None: every client
    product: Mapped[str]
    role: Mapped[str | None]
    custom_role_id: Mapped[UUID | None] = mapped_column(ForeignKey("custom_roles.id", ondelete="RESTRICT"))
    locale: Mapped[str | None]
    created_at: Mapped[datetime]
    given_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    ended_at: Mapped[datetime | None]


class MandateUse(Identified, Base):
    """When somebody of a firm worked for a client last, as the client sees it; not more exact than an hour."""

    __tablename__ = "mandate_uses"
    __table_args__ = (
        Index("uq_mandate_uses_person", "company_id", "firm_id", "account_id", unique=True),
        Index("ix_mandate_uses_account_id", "account_id"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    used_at: Mapped[datetime]
