"""Until when codes of an app are paused, where the page of the code finds it.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Pauses that are on stay on; their pages say so after the next code."""
    with op.batch_alter_table("totp_authenticators", schema=None) as batch_op:
        batch_op.add_column(sa.Column("codes_paused_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("totp_authenticators", schema=None) as batch_op:
        batch_op.drop_column("codes_paused_until")
