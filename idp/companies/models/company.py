"""Companies and firms, and the clock of access changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Company(Identified, Base):
    """A customer. A firm is a company that works for other companies by mandate."""

    __tablename__ = "companies"
    __table_args__ = (CheckConstraint("kind IN ('company', 'firm')", name="kind"),)

    reference: Mapped[str] = mapped_column(unique=True)  # the name billing and operators know it by; never in a token
    name: Mapped[str]
    kind: Mapped[str]
    country: Mapped[str]
    city: Mapped[str]
    locale: Mapped[str]
    services: Mapped[list[str]] = mapped_column(JSON)  # connected services that are on
    trusted_devices: Mapped[bool] = mapped_column(default=True)  # whether its people may skip the second factor
    epoch: Mapped[int]  # of the last change that touches everybody's access here
    created_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]  # its owner closes it then; of a closed one: not all is tidied up after it yet
    closed_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]  # staff have stopped it for the time being: nobody reaches anything here


class CompanySuspension(Identified, Base):
    """A time for which staff have stopped a company; `companies.suspended_at` says the same of the present one."""

    __tablename__ = "company_suspensions"
    __table_args__ = (
        Index(
            "uq_company_suspensions_open",
            "company_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_company_suspensions_company_id", "company_id"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ended_after_begin"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    reason: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccessClock(Base):
    """One row that grows with every change of anybody's access; locked by the change until its commit.

    A token's `epoch` is the greatest value among the rows its access came from, so it can only grow.
    """

    __tablename__ = "access_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]
