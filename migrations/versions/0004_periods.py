"""Periods of what is changed in place: memberships, connected services, revisions of a company's own roles.

What is found is written down as having held since the row began: nothing older is known.

Revision ID: 0004
Revises: 0003
"""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make("custom_role_revisions", "custom_role_id", "custom_roles", [
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
    ], sa.UniqueConstraint(
        "custom_role_id", "revision", name=op.f("uq_custom_role_revisions_custom_role_id_revision")
    ))  # fmt: skip
    _make("membership_periods", "membership_id", "memberships", [
        sa.Column("company_role", sa.String(), nullable=False),
        sa.Column("also", sa.JSON(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
    ])  # fmt: skip
    _make("service_periods", "company_id", "companies", [
        sa.Column("services", sa.JSON(), nullable=False),
    ])  # fmt: skip
    for table, key in (("membership_periods", "membership_id"), ("service_periods", "company_id")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(f"ix_{table}_{key}", [key, "began_at"], unique=False)
    _begin()


def downgrade() -> None:
    for table in ("service_periods", "membership_periods", "custom_role_revisions"):
        op.drop_table(table)


def _make(table: str, key: str, parent: str, columns: list[sa.Column[Any]], *constraints: sa.Constraint) -> None:
    op.create_table(
        table,
        sa.Column(key, sa.Uuid(), nullable=False),
        *columns,
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *constraints,
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name=op.f(f"ck_{table}_some_time")),
        sa.ForeignKeyConstraint([key], [f"{parent}.id"], name=op.f(f"fk_{table}_{key}"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.create_index(
            f"uq_{table}_open", [key], unique=True,
            sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"),
        )  # fmt: skip


def _begin() -> None:
    """A period takes the key of the row it is about; only the second one of who is suspended needs another."""
    connection = op.get_bind()
    for statement in (
        "INSERT INTO service_periods (id, company_id, services, began_at, ended_at)"
        " SELECT id, id, services, created_at, NULL FROM companies",
        "INSERT INTO custom_role_revisions"
        " (id, custom_role_id, revision, name, labels, permissions, began_at, ended_at)"
        " SELECT id, id, revision, name, labels, permissions, created_at, deleted_at FROM custom_roles",
        "INSERT INTO membership_periods"
        " (id, membership_id, company_role, also, services, suspended, began_at, ended_at)"
        " SELECT id, id, company_role, also, services, false, created_at, COALESCE(suspended_at, ended_at)"
        " FROM memberships",
    ):
        connection.execute(sa.text(statement))
    again = sa.text(
        "INSERT INTO membership_periods"
        " (id, membership_id, company_role, also, services, suspended, began_at, ended_at)"
        " SELECT :id, id, company_role, also, services, true, suspended_at, ended_at"
        " FROM memberships WHERE id = :membership"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("membership", type_=sa.Uuid()))
    suspended = sa.select(sa.column("id", sa.Uuid())).select_from(sa.table("memberships"))
    for (key,) in connection.execute(suspended.where(sa.text("suspended_at IS NOT NULL"))).all():
        connection.execute(again, {"id": uuid4(), "membership": key})
