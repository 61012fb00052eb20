"""Invitations carry names, a message, company roles and what their roles are limited to.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        for name in ("given_name", "family_name", "message"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=True))
        # What every offer made so far came to: the base role of whoever belongs to a company.
        batch_op.add_column(sa.Column("company_role", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("also", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_by", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE invitations SET given_name = '', family_name = '', message = '', company_role = 'company.member',"
        " also = '[]', sent_at = created_at"
    )
    op.execute("UPDATE invitations SET outcome = 'expired' WHERE closed_at IS NOT NULL AND outcome IS NULL")
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        for name in ("given_name", "family_name", "message", "company_role"):
            batch_op.alter_column(name, existing_type=sa.String(), nullable=False)
        batch_op.alter_column("also", existing_type=sa.JSON(), nullable=False)
        batch_op.alter_column("sent_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_foreign_key(
            op.f("fk_invitations_closed_by"), "accounts", ["closed_by"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_check_constraint(
            op.f("ck_invitations_closed_with_outcome"), "(closed_at IS NULL) = (outcome IS NULL)"
        )
        batch_op.create_check_constraint(
            op.f("ck_invitations_outcome"),
            "outcome IS NULL OR outcome IN ('accepted', 'withdrawn', 'refused', 'expired', 'erased')",
        )
        batch_op.create_index("ix_invitations_listed", ["company_id", "created_at", "id"], unique=False)
    with op.batch_alter_table("invited_roles", schema=None) as batch_op:
        batch_op.alter_column("role", existing_type=sa.String(), nullable=True)
        batch_op.add_column(sa.Column("custom_role_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("switches", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("restrictions", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("bought", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE invited_roles SET switches = '[]', restrictions = '{}', bought = false")
    with op.batch_alter_table("invited_roles", schema=None) as batch_op:
        for name in ("switches", "restrictions"):
            batch_op.alter_column(name, existing_type=sa.JSON(), nullable=False)
        batch_op.alter_column("bought", existing_type=sa.Boolean(), nullable=False)
        batch_op.create_foreign_key(
            op.f("fk_invited_roles_custom_role_id"), "custom_roles", ["custom_role_id"], ["id"], ondelete="RESTRICT"
        )
        batch_op.create_check_constraint(
            op.f("ck_invited_roles_one_role"), "(role IS NULL) <> (custom_role_id IS NULL)"
        )


def downgrade() -> None:
    op.execute("DELETE FROM invited_roles WHERE role IS NULL")  # what the schema before cannot say
    with op.batch_alter_table("invited_roles", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_invited_roles_one_role"), type_="check")
        batch_op.drop_constraint(op.f("fk_invited_roles_custom_role_id"), type_="foreignkey")
        for name in ("expires_at", "bought", "restrictions", "switches", "custom_role_id"):
            batch_op.drop_column(name)
        batch_op.alter_column("role", existing_type=sa.String(), nullable=False)
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.drop_index("ix_invitations_listed")
        batch_op.drop_constraint(op.f("ck_invitations_outcome"), type_="check")
        batch_op.drop_constraint(op.f("ck_invitations_closed_with_outcome"), type_="check")
        batch_op.drop_constraint(op.f("fk_invitations_closed_by"), type_="foreignkey")
        for name in ("closed_by", "sent_at", "also", "company_role", "message", "family_name", "given_name"):
            batch_op.drop_column(name)
