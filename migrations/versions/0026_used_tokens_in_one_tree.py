"""The names of used tokens in one tree: no index by their end, and on SQLite no row apart from the key.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_used_tokens_expires_at", table_name="used_tokens")
    _rebuild(sqlite_with_rowid=False)


def downgrade() -> None:
    _rebuild(sqlite_with_rowid=True)
    op.create_index("ix_used_tokens_expires_at", "used_tokens", ["expires_at"])


def _rebuild(*, sqlite_with_rowid: bool) -> None:
    """On SQLite, where the rows of a table lie is decided when it is made."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("used_tokens", "used_tokens_before")
    op.create_table(
        "used_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_tokens")),
        sqlite_with_rowid=sqlite_with_rowid,
    )
    op.execute("INSERT INTO used_tokens (digest, expires_at) SELECT digest, expires_at FROM used_tokens_before")
    op.drop_table("used_tokens_before")
