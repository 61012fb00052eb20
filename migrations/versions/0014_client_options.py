"""What clients register beyond the core, more ways to authenticate, more algorithms, tokens of others that were used.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_METHODS = (
    "token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt',"
    " 'tls_client_auth', 'self_signed_tls_client_auth', 'none')"
)
_SECRET = "(token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post')) = (secret_digest IS NOT NULL)"
_BEFORE = {
    "auth_method": "token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'none')",
    "secret": "(token_endpoint_auth_method = 'none') = (secret_digest IS NULL)",
}


def upgrade() -> None:
    op.create_table(
        "used_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_tokens")),
    )
    op.create_index(op.f("ix_used_tokens_expires_at"), "used_tokens", ["expires_at"], unique=False)
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.drop_constraint(op.f("ck_clients_auth_method"), type_="check")
        batch_op.drop_constraint(op.f("ck_clients_secret"), type_="check")
        batch_op.create_check_constraint(op.f("ck_clients_auth_method"), sa.text(_METHODS))
        batch_op.create_check_constraint(op.f("ck_clients_secret"), sa.text(_SECRET))
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.alter_column("options", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_signing_keys_algorithm"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_signing_keys_algorithm"), sa.text("algorithm IN ('ES256', 'PS256', 'EdDSA', 'RS256')")
        )


def downgrade() -> None:
    """Clients and keys of the new kinds are not known to what was before."""
    op.execute(
        "DELETE FROM clients WHERE token_endpoint_auth_method NOT IN"
        " ('client_secret_basic', 'client_secret_post', 'none')"
    )
    op.execute("UPDATE clients SET signing_algorithm = 'ES256' WHERE signing_algorithm NOT IN ('ES256', 'RS256')")
    op.execute("DELETE FROM signing_keys WHERE algorithm NOT IN ('ES256', 'RS256')")
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_signing_keys_algorithm"), type_="check")
        batch_op.create_check_constraint(op.f("ck_signing_keys_algorithm"), sa.text("algorithm IN ('ES256', 'RS256')"))
    with op.batch_alter_table("clients", schema=None) as batch_op:
        for name, condition in _BEFORE.items():
            batch_op.drop_constraint(op.f(f"ck_clients_{name}"), type_="check")
            batch_op.create_check_constraint(op.f(f"ck_clients_{name}"), sa.text(condition))
        batch_op.drop_column("options")
    op.drop_index(op.f("ix_used_tokens_expires_at"), table_name="used_tokens")
    op.drop_table("used_tokens")
