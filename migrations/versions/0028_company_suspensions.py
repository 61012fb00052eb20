"""Companies that staff have stopped for the time being.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("companies", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "company_suspensions",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_company_suspensions_ended_after_begin")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_company_suspensions_company_id_companies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_suspensions")),
    )  # fmt: skip
    op.create_index("ix_company_suspensions_company_id", "company_suspensions", ["company_id"])
    op.create_index(
        "uq_company_suspensions_open", "company_suspensions", ["company_id"], unique=True,
        sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("company_suspensions")
    with op.batch_alter_table("companies") as batch:
        batch.drop_column("suspended_at")
