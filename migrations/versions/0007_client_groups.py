"""A firm sorts its clients into groups; its assignments are found by the firm.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_groups",
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["companies.id"], name=op.f("fk_client_groups_firm_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_groups")),
        sa.UniqueConstraint("firm_id", "name", name=op.f("uq_client_groups_firm_id_name")),
    )
    op.create_table(
        "grouped_clients",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_grouped_clients_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["client_groups.id"], name=op.f("fk_grouped_clients_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "company_id", name=op.f("pk_grouped_clients")),
    )
    with op.batch_alter_table("grouped_clients", schema=None) as batch_op:
        batch_op.create_index("ix_grouped_clients_company_id", ["company_id"], unique=False)
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index("ix_assignments_firm_id", ["firm_id", "mandate_id"], unique=False)
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.create_index("ix_mandates_company_id", ["company_id", "firm_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.drop_index("ix_mandates_company_id")
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.drop_index("ix_assignments_firm_id")
    with op.batch_alter_table("grouped_clients", schema=None) as batch_op:
        batch_op.drop_index("ix_grouped_clients_company_id")
    op.drop_table("grouped_clients")
    op.drop_table("client_groups")
