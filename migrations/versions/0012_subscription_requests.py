"""What companies ask of billing, and the number of seats that billing knows.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN = {"sqlite_where": sa.text("closed_at IS NULL"), "postgresql_where": sa.text("closed_at IS NULL")}


def upgrade() -> None:
    op.create_table(
        "subscription_requests",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("wanted_at", INSTANT, nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('terms', 'product')", name=op.f("ck_subscription_requests_kind")),
        sa.CheckConstraint(
            "outcome IN ('done', 'refused', 'withdrawn')", name=op.f("ck_subscription_requests_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_subscription_requests_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_requests")),
    )
    with op.batch_alter_table("subscription_requests", schema=None) as batch_op:
        batch_op.create_index("uq_subscription_requests_open", ["company_id", "kind", "product"], unique=True, **OPEN)
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_seats", sa.Integer(), nullable=True))
    op.execute("UPDATE subscriptions SET told_seats = seats")


def downgrade() -> None:
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_column("told_seats")
    op.drop_table("subscription_requests")
