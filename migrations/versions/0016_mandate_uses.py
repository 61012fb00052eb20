"""When somebody of a firm worked for a client last.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mandate_uses",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_mandate_uses_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_mandate_uses_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["companies.id"], name=op.f("fk_mandate_uses_firm_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_uses")),
    )
    op.create_index("ix_mandate_uses_account_id", "mandate_uses", ["account_id"], unique=False)
    op.create_index("uq_mandate_uses_person", "mandate_uses", ["company_id", "firm_id", "account_id"], unique=True)


def downgrade() -> None:
    op.drop_table("mandate_uses")
