"""Mandates with a beginning, a renewal, single products lowered, a hand-over, their history; requests and invitations.

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from idp.core.ids import uuid7

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "mandate_requests",
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_mandate_requests_expires_after_creation")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_mandate_requests_closed_with_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["accounts.id"], name=op.f("fk_mandate_requests_asked_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["companies.id"], name=op.f("fk_mandate_requests_firm_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_requests")),
    )
    op.create_index(
        "uq_mandate_requests_open",
        "mandate_requests",
        ["firm_id", "canonical"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    _change_mandates()
    _create_terms()
    _create_firm_invitations()
    _begin_history()


def _change_mandates() -> None:
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lowered", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("asked_by", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("request_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("yearly", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("renews_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("view_from_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("successor_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("reminded", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_mandates_active_has_begun"), "state <> 'active' OR started_at IS NOT NULL"
        )
        batch_op.create_foreign_key(op.f("fk_mandates_asked_by"), "accounts", ["asked_by"], ["id"], ondelete="SET NULL")
        batch_op.create_foreign_key(
            op.f("fk_mandates_request_id"), "mandate_requests", ["request_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_foreign_key(
            op.f("fk_mandates_successor_id"), "mandates", ["successor_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.alter_column("lowered", server_default=None)
        batch_op.alter_column("yearly", server_default=None)


def _create_terms() -> None:
    op.create_table(
        "mandate_terms",
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("lowered", sa.JSON(), nullable=False),
        sa.Column("only_reads", sa.Boolean(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("until_at IS NULL OR until_at > from_at", name=op.f("ck_mandate_terms_some_time")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["accounts.id"], name=op.f("fk_mandate_terms_changed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_mandate_terms_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["companies.id"], name=op.f("fk_mandate_terms_firm_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_mandate_terms_mandate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_terms")),
    )
    op.create_index("ix_mandate_terms_mandate_id", "mandate_terms", ["mandate_id", "from_at"])
    op.create_index("ix_mandate_terms_company_id", "mandate_terms", ["company_id", "from_at"])


def _create_firm_invitations() -> None:
    op.create_table(
        "firm_invitations",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("lowered", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("yearly", sa.Boolean(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("mandate_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_firm_invitations_expires_after_creation")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_firm_invitations_closed_with_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_firm_invitations_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["accounts.id"], name=op.f("fk_firm_invitations_invited_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_firm_invitations_mandate_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_invitations")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_firm_invitations_token_digest")),
    )
    op.create_index("ix_firm_invitations_canonical", "firm_invitations", ["canonical"])
    op.create_index(
        "uq_firm_invitations_open",
        "firm_invitations",
        ["company_id", "canonical"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _begin_history() -> None:
    """What mandates have opened so far, as one period each: nothing could be changed before."""
    connection = op.get_bind()
    mandates = sa.table("mandates", *(sa.column(name, kind) for name, kind in _OF_MANDATES))
    terms = sa.table("mandate_terms", *(sa.column(name, kind) for name, kind in _OF_TERMS))
    rows = connection.execute(sa.select(mandates).where(mandates.c.started_at.is_not(None))).mappings()
    begun = [values for row in rows for values in _period(row)]
    if begun:
        connection.execute(sa.insert(terms), begun)


def _period(row: sa.RowMapping) -> Iterator[dict[str, object]]:
    end = min((each for each in (row["ended_at"], row["until_at"]) if each is not None), default=None)
    if end is None or end > row["started_at"]:
        kept = {name: row[name] for name in ("company_id", "firm_id", "preset", "options")}
        yield kept | {
            "id": uuid7(), "mandate_id": row["id"], "lowered": [], "only_reads": False,
            "from_at": row["started_at"], "until_at": end,
        }  # fmt: skip


_KEPT = (
    ("id", sa.Uuid()), ("company_id", sa.Uuid()), ("firm_id", sa.Uuid()), ("preset", sa.String()),
    ("options", sa.JSON()), ("until_at", sa.DateTime(timezone=True)),
)  # fmt: skip
_OF_MANDATES = (
    *_KEPT, ("started_at", sa.DateTime(timezone=True)), ("ended_at", sa.DateTime(timezone=True)),
)  # fmt: skip
_OF_TERMS = (
    *_KEPT, ("mandate_id", sa.Uuid()), ("lowered", sa.JSON()), ("only_reads", sa.Boolean()),
    ("from_at", sa.DateTime(timezone=True)),
)  # fmt: skip


def downgrade() -> None:
    op.drop_table("firm_invitations")
    op.drop_table("mandate_terms")
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_mandates_active_has_begun"), type_="check")
        for name in ("asked_by", "request_id", "successor_id"):
            batch_op.drop_constraint(op.f(f"fk_mandates_{name}"), type_="foreignkey")
        for name in (
            "lowered", "asked_by", "request_id", "starts_at", "yearly", "renews_at", "view_from_at", "successor_id",
            "reminded",
        ):  # fmt: skip
            batch_op.drop_column(name)
    op.drop_table("mandate_requests")
