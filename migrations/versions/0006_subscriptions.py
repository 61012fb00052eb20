"""Subscriptions as billing tells them: events and keys, announced changes, grace, and the history of states.

Revision ID: 0006
Revises: 0005
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CURRENT = {"sqlite_where": sa.text("ended_at IS NULL"), "postgresql_where": sa.text("ended_at IS NULL")}


def upgrade() -> None:
    op.create_table(
        "billing_keys",
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_keys")),
    )
    op.create_table(
        "billing_streams",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_billing_streams_last_number")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_billing_streams")),
    )
    op.create_table(
        "billing_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.CheckConstraint("outcome IN ('applied', 'older')", name=op.f("ck_billing_events_outcome")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_billing_events_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_events")),
    )
    with op.batch_alter_table("billing_events", schema=None) as batch_op:
        batch_op.create_index("ix_billing_events_company_id", ["company_id", "received_at"], unique=False)
        batch_op.create_index("ix_billing_events_received_at", ["received_at"], unique=False)

    op.create_table(
        "subscription_periods",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("until_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_subscription_periods_ends_after_beginning")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_subscription_periods_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_periods")),
    )
    with op.batch_alter_table("subscription_periods", schema=None) as batch_op:
        batch_op.create_index("uq_subscription_periods_current", ["company_id", "product"], unique=True, **CURRENT)
        batch_op.create_index("ix_subscription_periods_began_at", ["company_id", "product", "began_at"], unique=False)

    with op.batch_alter_table("subscribed_products", schema=None) as batch_op:
        batch_op.add_column(sa.Column("suspends_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("reminded_at", INSTANT, nullable=True))
        batch_op.create_index("ix_subscribed_products_state", ["state", "since_at"], unique=False)

    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("renewals", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("renewal_months", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("next_plan", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("next_seats", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("changes_at", INSTANT, nullable=True))
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.alter_column("renewals", server_default=None)
        batch_op.alter_column("renewal_months", server_default=None)
        batch_op.create_check_constraint("next_seats", "next_seats IS NULL OR next_seats >= 0")
        batch_op.create_check_constraint("renewal_months", "renewal_months > 0")
        batch_op.create_check_constraint("announced_change_has_date", "(next_plan IS NULL) = (changes_at IS NULL)")

    _begin_history()


def _begin_history() -> None:
    """What is known of each product so far: the state it is in."""
    products, periods = (sa.table(name, *columns) for name, columns in (
        ("subscribed_products", [
            sa.column("company_id", sa.Uuid()), sa.column("product"), sa.column("state"),
            sa.column("since_at", INSTANT), sa.column("until_at", INSTANT),
        ]),
        ("subscription_periods", [
            sa.column("id", sa.Uuid()), sa.column("company_id", sa.Uuid()), sa.column("product"), sa.column("state"),
            sa.column("cause"), sa.column("reason"), sa.column("began_at", INSTANT), sa.column("until_at", INSTANT),
        ]),
    ))  # fmt: skip
    connection = op.get_bind()
    for row in connection.execute(sa.select(products)).mappings().all():
        values = {"id": uuid4(), "cause": "recorded", "reason": "", "began_at": row["since_at"]}
        kept = {name: row[name] for name in ("company_id", "product", "state", "until_at")}
        connection.execute(periods.insert().values(**values, **kept))


def downgrade() -> None:
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        for name in ("announced_change_has_date", "renewal_months", "next_seats"):
            batch_op.drop_constraint(op.f(f"ck_subscriptions_{name}"), type_="check")
        for name in ("changes_at", "next_seats", "next_plan", "renewal_months", "renewals"):
            batch_op.drop_column(name)

    with op.batch_alter_table("subscribed_products", schema=None) as batch_op:
        batch_op.drop_index("ix_subscribed_products_state")
        batch_op.drop_column("reminded_at")
        batch_op.drop_column("suspends_at")

    op.drop_table("subscription_periods")
    op.drop_table("billing_events")
    op.drop_table("billing_streams")
    op.drop_table("billing_keys")
