"""Grants know what was proved before their code: it is the same in all their tokens.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_NAMES = ("auth_time", "acr", "amr")
_TYPES: dict[str, sa.types.TypeEngine[object]] = {
    "auth_time": sa.DateTime(timezone=True), "acr": sa.String(), "amr": sa.String(),
}  # fmt: skip
_columns = [sa.column(name) for name in _NAMES]
_grants = sa.table("grants", sa.column("session_id"), *_columns)
_sessions = sa.table("sessions", sa.column("id"), *(sa.column(name) for name in _NAMES))


def upgrade() -> None:
    with op.batch_alter_table("grants", schema=None) as batch_op:
        for name in _NAMES:
            batch_op.add_column(sa.Column(name, _TYPES[name], nullable=True))
    # Of what was there before, the session knows best; each grant has one.
    told = {
        name: sa.select(_sessions.c[name]).where(_sessions.c.id == _grants.c.session_id).scalar_subquery()
        for name in _NAMES
    }
    op.execute(sa.update(_grants).values(told))
    with op.batch_alter_table("grants", schema=None) as batch_op:
        for name in _NAMES:
            batch_op.alter_column(name, existing_type=_TYPES[name], nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("grants", schema=None) as batch_op:
        for name in _NAMES:
            batch_op.drop_column(name)
