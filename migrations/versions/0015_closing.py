"""When a company is closed, as its owner asked; seats that are bought for the first users of a company.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("first_users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("extra_cost", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("first_users", schema=None) as batch_op:
        batch_op.alter_column("extra_cost", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("first_users", schema=None) as batch_op:
        batch_op.drop_column("extra_cost")
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.drop_column("closes_at")
