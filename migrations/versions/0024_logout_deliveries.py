"""What became of telling products that a session is over; sessions whose time has run out are told of once.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_UNTOLD = sa.text("ended_at IS NULL AND end_reason IS NULL")


def upgrade() -> None:
    op.create_table(
        "logout_deliveries",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_logout_deliveries_attempts")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_logout_deliveries_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_logout_deliveries_session_id_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_deliveries")),
    )
    op.create_index("ix_logout_deliveries_session_id", "logout_deliveries", ["session_id"])
    op.create_index("ix_logout_deliveries_client_id", "logout_deliveries", ["client_id"])
    # Nobody waits to hear of what ran out before this.
    op.execute(
        "UPDATE sessions SET end_reason = 'expired' WHERE ended_at IS NULL AND end_reason IS NULL"
        " AND expires_at <= CURRENT_TIMESTAMP"
    )
    op.create_index("ix_sessions_untold", "sessions", ["expires_at"], sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)


def downgrade() -> None:
    op.drop_index("ix_sessions_untold", table_name="sessions", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)
    op.drop_table("logout_deliveries")
