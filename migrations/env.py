"""Alembic's environment: the models' metadata against the engine of the running application."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

import idp.accounts.models
import idp.audit.models
import idp.authn.models
import idp.companies.models
import idp.oidc.models
import idp.outbox.models  # noqa: F401 - every model must be known before the metadata is compared
from idp.core.db import Base, UTCDateTime


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write an instant as the plain type it is in the database: a migration imports nothing of `idp`."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def migrate(connection: Connection) -> None:
    """Run what was asked for, in one transaction."""
    configured = {
        **current_app.extensions["migrate"].configure_args,
        "render_as_batch": True,  # SQLite changes a table by making it anew
        "compare_type": True,
        "transactional_ddl": True,  # on SQLite too, where BEGIN is ours (idp/core/db.py)
        "render_item": render_item,
    }
    context.configure(connection=connection, target_metadata=Base.metadata, **configured)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; printing their SQL is not offered.")

with current_app.extensions["migrate"].db.engine.connect() as opened:
    # SQLite checks foreign keys while a table is made anew; the rows are the same before and after.
    if opened.dialect.name == "sqlite":
        opened.exec_driver_sql("PRAGMA foreign_keys=OFF")
        opened.rollback()
    try:
        migrate(opened)
    finally:
        if opened.dialect.name == "sqlite":
            opened.exec_driver_sql("PRAGMA foreign_keys=ON")
