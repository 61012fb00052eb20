"""Signing keys that were revoked, and one key that signs by each algorithm.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state = 'active'")


def upgrade() -> None:
    # Two that signed by one algorithm could be made by two commands at once; the latest was the one in use.
    op.execute(
        "UPDATE signing_keys SET state = 'retired', retired_at = CURRENT_TIMESTAMP WHERE state = 'active' AND EXISTS"
        " (SELECT 1 FROM signing_keys AS later WHERE later.state = 'active'"
        " AND later.algorithm = signing_keys.algorithm AND later.created_at > signing_keys.created_at)"
    )
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_signing_keys_state"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_signing_keys_state"), sa.text("state IN ('next', 'active', 'retired', 'revoked')")
        )
        batch_op.create_index(
            "uq_signing_keys_active", ["algorithm"], unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
        )


def downgrade() -> None:
    """A revoked key stays out: it has no private part any more."""
    op.execute("DELETE FROM signing_keys WHERE state = 'revoked'")
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.drop_index("uq_signing_keys_active", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
        batch_op.drop_constraint(op.f("ck_signing_keys_state"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_signing_keys_state"), sa.text("state IN ('next', 'active', 'retired')")
        )
