"""A firm's requests are listed a page at a time: an index that leads to them.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_mandate_requests_listed", "mandate_requests", ["firm_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_mandate_requests_listed", table_name="mandate_requests")
