"""Others whose word counts for who a person is.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "token_issuers",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("jwks", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("clients", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("subject IN ('email', 'sub')", name=op.f("ck_token_issuers_subject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_issuers")),
        sa.UniqueConstraint("issuer", name=op.f("uq_token_issuers_issuer")),
    )


def downgrade() -> None:
    op.drop_table("token_issuers")
