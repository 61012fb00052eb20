"""First steps of ordered companies.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "onboardings",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("users", sa.String(), nullable=False),
        sa.Column("services", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "finished_at IS NULL OR accepted_at IS NOT NULL", name=op.f("ck_onboardings_accepted_before_finished")
        ),
        sa.CheckConstraint("services IN ('due', 'later', 'done')", name=op.f("ck_onboardings_services")),
        sa.CheckConstraint("users IN ('due', 'later', 'done')", name=op.f("ck_onboardings_users")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_onboardings_account_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_onboardings_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboardings")),
        sa.UniqueConstraint("company_id", name=op.f("uq_onboardings_company_id")),
    )
    op.create_index("ix_onboardings_account_id", "onboardings", ["account_id"], unique=False)
    op.create_index("ix_onboardings_canonical", "onboardings", ["canonical"], unique=False)
    op.create_table(
        "onboarding_links",
        sa.Column("onboarding_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted", sa.String(), nullable=True),
        sa.Column("code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(code_digest IS NULL) = (code_expires_at IS NULL)", name=op.f("ck_onboarding_links_code_has_end")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_onboarding_links_expires_after_creation")),
        sa.CheckConstraint("way IN ('mail', 'order_page')", name=op.f("ck_onboarding_links_way")),
        sa.ForeignKeyConstraint(
            ["onboarding_id"], ["onboardings.id"], name=op.f("fk_onboarding_links_onboarding_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding_links")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_onboarding_links_token_digest")),
    )
    op.create_index("ix_onboarding_links_canonical", "onboarding_links", ["canonical"], unique=False)
    op.create_index("ix_onboarding_links_onboarding_id", "onboarding_links", ["onboarding_id"], unique=False)
    op.create_table(
        "first_users",
        sa.Column("onboarding_id", sa.Uuid(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["onboarding_id"], ["onboardings.id"], name=op.f("fk_first_users_onboarding_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_first_users")),
        sa.UniqueConstraint("onboarding_id", "canonical", name=op.f("uq_first_users_onboarding_id_canonical")),
    )


def downgrade() -> None:
    op.drop_table("first_users")
    op.drop_table("onboarding_links")
    op.drop_table("onboardings")
