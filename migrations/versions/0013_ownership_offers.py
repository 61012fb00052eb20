"""Offers of the ownership of a company.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "ownership_offers",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("offered_by", sa.Uuid(), nullable=True),
        sa.Column("afterwards", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_ownership_offers_closed_with_outcome")
        ),
        sa.CheckConstraint("afterwards IN ('administrator', 'leave')", name=op.f("ck_ownership_offers_afterwards")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('accepted', 'declined', 'withdrawn', 'expired')",
            name=op.f("ck_ownership_offers_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_ownership_offers_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_ownership_offers_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offered_by"], ["accounts.id"], name=op.f("fk_ownership_offers_offered_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownership_offers")),
    )
    op.create_index("ix_ownership_offers_account_id", "ownership_offers", ["account_id"], unique=False)
    op.create_index(
        "uq_ownership_offers_open",
        "ownership_offers",
        ["company_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_table("ownership_offers")
