"""`idp db`: the schema of the database, and what is swept out of it."""

from collections.abc import Callable
from typing import Any

import click
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from idp.cli import housekeeping
from idp.cli.context import Exit, Output, application, operating, settings, verb
from idp.core.db import Base
from idp.core.errors import ConfigurationError, NotFound


@click.group()
def db() -> None:
    """The schema of the database, and its housekeeping."""


def bring_up_to_date(target: str = "head") -> tuple[str | None, str | None]:
    """Apply migrations up to `target`; answers the revision before and after.

    Raises:
        ConfigurationError: the data folder cannot be written.
    """
    chosen = settings()
    if not chosen.database_url:
        try:
            chosen.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                reason=f"The data folder {chosen.data_dir} cannot be made: {error.strerror}."
            ) from error
    before = revision()
    _migrate(command.upgrade, target)
    return before, revision()


def revision() -> str | None:
    """The migration that the database is at; None before the first."""
    from idp.web.work import database

    with application().app_context(), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The migration that this version of the service needs."""
    return ScriptDirectory(str(settings().migrations_dir)).get_current_head()


def _migrate(direction: Callable[[Any, str], None], target: str) -> None:
    """Run Alembic in one direction.

    Raises:
        NotFound: there is no such revision.
    """
    app = application()
    with app.app_context():
        try:
            direction(app.extensions["migrate"].migrate.get_config(), target)
        except CommandError as error:
            raise NotFound(kind="revision", said=str(error)) from error


@verb(db, "upgrade")
@click.argument("revision_", metavar="[REVISION]", default="head")
def upgrade(out: Output, revision_: str) -> None:
    """Apply the migrations that are missing."""
    before, after = bring_up_to_date(revision_)
    done = f"The database went from {before or 'empty'} to {after}." if before != after else f"Nothing to do: {after}."
    out.result({"before": before, "after": after}, done)


@verb(db, "downgrade")
@click.argument("revision_", metavar="REVISION")
@click.option("--yes", is_flag=True, help="Do not ask; what the taken-back migrations added is lost.")
def downgrade(out: Output, revision_: str, yes: bool) -> None:
    """Take migrations back to REVISION (`base` for all, `-1` for the last)."""
    if not yes:
        click.confirm("Taking migrations back loses data. Go on?", abort=True, err=True)
    before = revision()
    _migrate(command.downgrade, revision_)
    after = revision()
    out.result({"before": before, "after": after}, f"The database went from {before} to {after or 'empty'}.")


@verb(db, "current")
def current(out: Output) -> Exit:
    """Show the migration that the database is at; exit code 1 when it is not the newest."""
    at, wanted = revision(), newest()
    state = "up to date" if at == wanted else f"behind {wanted}"
    out.result({"revision": at, "newest": wanted, "up_to_date": at == wanted}, f"{at or 'empty'} ({state})")
    return Exit.OK if at == wanted else Exit.REFUSED


@verb(db, "check")
def check(out: Output) -> Exit:
    """Compare the schema with the models; exit code 1 when they differ."""
    from idp.web.work import database

    with application().app_context(), database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [str(difference) for difference in compare_metadata(context, Base.metadata)]
    out.result({"differences": differences}, *(differences or ["The schema of the database is that of the models."]))
    return Exit.REFUSED if differences else Exit.OK


@verb(db, "revision")
@click.argument("message")
def write_revision(out: Output, message: str) -> Exit:
    """Write a migration for what has changed in the models since the last one (for developers)."""
    app, last = application(), newest()
    number = f"{int(last or 0) + 1:04}"
    with app.app_context():
        config = app.extensions["migrate"].migrate.get_config()
        config.cmd_opts.quiet = True
        script = command.revision(config, message, autogenerate=True, rev_id=number)
    if script is None or isinstance(script, list):
        out.result({"revision": None}, "Nothing has changed.")
        return Exit.REFUSED
    out.result({"revision": number, "path": script.path}, f"{script.path}: read it before you commit it.")
    return Exit.OK


@verb(db, "sweep")
def sweep(out: Output) -> None:
    """Remove what is over, as the outbox worker does once an hour (docs/retention.md)."""
    with operating(write=False) as work:
        removed = housekeeping.sweep(work)
    out.result(removed, *(f"{name}: {number}" for name, number in removed.items() if number), "Done.")
