"""Who belongs to a company, with which roles."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified

_CURRENT: dict[str, Any] = {"sqlite_where": text("ended_at IS NULL"), "postgresql_where": text("ended_at IS NULL")}
_UNIQUE_ROLE: dict[str, Any] = {
    "sqlite_where": text("ended_at IS NULL AND unique_role"),
    "postgresql_where": text("ended_at IS NULL AND unique_role"),
}


class Membership(Identified, Base):
    """A person in a company, with one company role."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index("uq_memberships_current", "account_id", "company_id", unique=True, **_CURRENT),
        Index("uq_memberships_unique_role", "company_id", "company_role", unique=True, **_UNIQUE_ROLE),
        Index("ix_memberships_company_id", "company_id"),
        UniqueConstraint("id", "account_id", "company_id"),
        CheckConstraint("ended_at IS NULL OR ended_at >= created_at", name="ends_after_creation"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="RESTRICT"))
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    company_role: Mapped[str]
    unique_role: Mapped[bool]  # the policy gives this role to one holder per company
    also: Mapped[list[str]] = mapped_column(JSON)  # combinable company roles held beside it
    services: Mapped[list[str]] = mapped_column(JSON)  # per-person services that are on
    epoch: Mapped[int]
    created_at: Mapped[datetime]
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    suspended_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CustomRole(Identified, Base):
    """A role that a company or firm made for one product."""

    __tablename__ = "custom_roles"
    __table_args__ = (
        Index(
            "uq_custom_roles_name",
            "company_id",
            "product",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        CheckConstraint("revision > 0", name="revision"),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    product: Mapped[str]
    name: Mapped[str]
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    permissions: Mapped[list[str]] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ProductRole(Identified, Base):
    """The role of a person in one product of a company: from the catalogue, or the company's own."""

    __tablename__ = "product_roles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["membership_id", "account_id", "company_id"],
            ["memberships.id", "memberships.account_id", "memberships.company_id"],
            name="fk_product_roles_membership",
            ondelete="CASCADE",
        ),
        Index("uq_product_roles_current", "account_id", "company_id", "product", unique=True, **_CURRENT),
        Index("ix_product_roles_membership_id", "membership_id"),
        Index("ix_product_roles_seats", "company_id", "product", **_CURRENT),
        CheckConstraint("(role IS NULL) <> (custom_role_id IS NULL)", name="one_role"),
    )

    membership_id: Mapped[UUID]
    account_id: Mapped[UUID]
    company_id: Mapped[UUID]
    product: Mapped[str]
    role: Mapped[str | None]
    custom_role_id: Mapped[UUID | None] = mapped_column(ForeignKey("custom_roles.id", ondelete="RESTRICT"))
    switches: Mapped[list[str]] = mapped_column(JSON)  # areas that are on, for roles with switches
    restrictions: Mapped[dict[str, Any]] = mapped_column(JSON)
    uses_seat: Mapped[bool]
    created_at: Mapped[datetime]
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Invitation(Identified, Base):
    """An offer of roles to an address, open until accepted, withdrawn, refused or expired; it holds its seats."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "uq_invitations_open",
            "company_id",
            "canonical",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_invitations_listed", "company_id", "created_at", "id"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('accepted', 'withdrawn', 'refused', 'expired', 'erased')", name="outcome"
        ),
    )

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    address: Mapped[str]
    canonical: Mapped[str]
    given_name: Mapped[str]  # as the inviter wrote it; empty when it was not written
    family_name: Mapped[str]
    locale: Mapped[str]
    message: Mapped[str]
    company_role: Mapped[str]
    also: Mapped[list[str]] = mapped_column(JSON)  # combinable company roles offered beside it
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]  # of the mail whose link works
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    outcome: Mapped[str | None]


class InvitedRole(Base):
    """One product role offered by an invitation: from the catalogue, or the company's own."""

    __tablename__ = "invited_roles"
    __table_args__ = (CheckConstraint("(role IS NULL) <> (custom_role_id IS NULL)", name="one_role"),)

    invitation_id: Mapped[UUID] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str | None]
    custom_role_id: Mapped[UUID | None] = mapped_column(ForeignKey("custom_roles.id", ondelete="RESTRICT"))
    switches: Mapped[list[str]] = mapped_column(JSON)
    restrictions: Mapped[dict[str, Any]] = mapped_column(JSON)
    uses_seat: Mapped[bool]
    bought: Mapped[bool]  # the seat was paid for beside the plan, and is given back unless the offer is accepted
    expires_at: Mapped[datetime | None]  # end of a temporary right


class StaffRole(Identified, Base):
    """A role of the people who run this service; never in a product's token."""

    __tablename__ = "staff_roles"
    __table_args__ = (Index("uq_staff_roles_current", "account_id", "role", unique=True, **_CURRENT),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    role: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
