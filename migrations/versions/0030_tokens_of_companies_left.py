"""Grants keep no nonce, which nothing reads, and know until when their tokens for other companies are dead.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_column("nonce")
        batch_op.add_column(sa.Column("others_ended_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_column("others_ended_at")
        batch_op.add_column(sa.Column("nonce", sa.String(), nullable=True))
