"""How the owner of a company came, and the requests of order pages that were answered.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("onboardings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("made_account", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("onboardings", schema=None) as batch_op:
        batch_op.alter_column("made_account", server_default=None)
    with op.batch_alter_table("onboarding_links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_by", sa.String(), nullable=True))
        batch_op.create_unique_constraint(op.f("uq_onboarding_links_asked_by"), ["asked_by"])


def downgrade() -> None:
    with op.batch_alter_table("onboarding_links", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_onboarding_links_asked_by"), type_="unique")
        batch_op.drop_column("asked_by")
    with op.batch_alter_table("onboardings", schema=None) as batch_op:
        batch_op.drop_column("made_account")
