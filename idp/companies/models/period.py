"""What held when: rows that are only ever added to and closed, so that any date can be answered for (`as_of`).

What a command changes in place has its periods here, or beside its own model where that has dates of its own. Roles in
products and assignments need none: each change of one ends its row and begins another.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_OPEN: dict[str, Any] = {"sqlite_where": text("ended_at IS NULL"), "postgresql_where": text("ended_at IS NULL")}


class MembershipPeriod(Identified, Base):
    """How somebody belonged to a company meanwhile: company roles, per-person services, suspended or not."""

    __tablename__ = "membership_periods"
    __table_args__ = (
        Index("uq_membership_periods_open", "membership_id", unique=True, **_OPEN),
        Index("ix_membership_periods_membership_id", "membership_id", "began_at"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="some_time"),
    )

    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    company_role: Mapped[str]
    also: Mapped[list[str]] = mapped_column(JSON)
    services: Mapped[list[str]] = mapped_column(JSON)
    suspended: Mapped[bool]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ServicePeriod(Identified, Base):
    """Which connected services of a company were on meanwhile."""

    __tablename__ = "service_periods"
    __table_args__ = (
        Index("uq_service_periods_open", "company_id", unique=True, **_OPEN),
        Index("ix_service_periods_company_id", "company_id", "began_at"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="some_time"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    services: Mapped[list[str]] = mapped_column(JSON)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CustomRoleRevision(Identified, Base):
    """What a company's own role held meanwhile."""

    __tablename__ = "custom_role_revisions"
    __table_args__ = (
        Index("uq_custom_role_revisions_open", "custom_role_id", unique=True, **_OPEN),
        UniqueConstraint("custom_role_id", "revision"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="some_time"),
    )

    custom_role_id: Mapped[UUID] = mapped_column(ForeignKey("custom_roles.id", ondelete="CASCADE"))
    revision: Mapped[int]
    name: Mapped[str]
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    permissions: Mapped[list[str]] = mapped_column(JSON)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
