"""Applications of a product that are not activated at a company.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscribed_products", schema=None) as batch_op:
        batch_op.add_column(sa.Column("modules_off", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("subscribed_products", schema=None) as batch_op:
        batch_op.alter_column("modules_off", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("subscribed_products", schema=None) as batch_op:
        batch_op.drop_column("modules_off")
