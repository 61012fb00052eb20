"""The companies that a consent is for, in rows of their own, so that each company finds those that name it.

Revision ID: 0029
Revises: 0028
"""

import re
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NAMED = re.compile(r"company:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_companies = sa.table("companies", sa.column("id", sa.Uuid()))
_consents = sa.table(
    "consents",
    sa.column("id", sa.Uuid()),
    sa.column("scope", sa.String()),
    sa.column("given_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    made = op.create_table(
        "consent_companies",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_consent_companies_company_id_companies"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consents.id"], name=op.f("fk_consent_companies_consent_id_consents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("consent_id", "company_id", name=op.f("pk_consent_companies")),
    )
    op.create_index("ix_consent_companies_company_id", "consent_companies", ["company_id"])
    bind = op.get_bind()
    there = set(bind.execute(sa.select(_companies.c.id)).scalars())
    rows = [
        {"consent_id": consent.id, "company_id": UUID(key), "given_at": consent.given_at}
        for consent in bind.execute(sa.select(_consents))
        for key in sorted(set(_NAMED.findall(consent.scope)))
        if UUID(key) in there
    ]
    if rows:
        bind.execute(sa.insert(made), rows)


def downgrade() -> None:
    op.drop_index("ix_consent_companies_company_id", table_name="consent_companies")
    op.drop_table("consent_companies")
