"""When clients last worked for a company by themselves.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_uses",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_own_uses_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_own_uses_company_id_companies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "company_id", name=op.f("pk_own_uses")),
    )
    op.create_index("ix_own_uses_company_id", "own_uses", ["company_id"])


def downgrade() -> None:
    op.drop_table("own_uses")
