"""What every verb shares: who acts, how results and errors are shown, which exit code an error has."""

import dataclasses
import functools
import getpass
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click
from pydantic import BaseModel
from rich.console import Console as Terminal
from rich.table import Table
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from idp.core import settings as settings_module
from idp.core.errors import ConfigurationError, IdpError, Throttled, Unavailable
from idp.core.settings import Settings
from idp.policy.errors import PolicyError
from idp.work import Actor, Work

if TYPE_CHECKING:
    from idp.web.work import Application

DATABASE_TROUBLE = (OperationalError, InterfaceError, ProgrammingError, PoolTimeout)
NOT_MIGRATED = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")


class Exit(IntEnum):
    """Exit codes of every verb."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFIGURATION = 3
    UNAVAILABLE = 4


class Output:
    """Shows the result of a verb: JSON on one line for programs, words and tables for people."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, data: Any, *lines: str) -> None:
        """Show what a verb did: `data` to a program, `lines` to a person."""
        if self.as_json:
            click.echo(json.dumps(data, default=_plain, ensure_ascii=False))
        else:
            for line in lines:
                click.echo(line)

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str = "None.") -> None:
        """Show a list: all members of `rows` to a program, `columns` of them to a person."""
        if self.as_json:
            self.result(list(rows))
        elif not rows:
            click.echo(empty)
        else:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in columns:
                table.add_column(column.replace("_", " "), overflow="fold")
            for row in rows:
                table.add_row(*(_word(row[column]) for column in columns))
            width = None if sys.stdout.isatty() else 200
            Terminal(width=width, highlight=False, markup=False).print(table)

    def record(self, data: Mapping[str, Any]) -> None:
        """Show one thing with all its members."""
        if self.as_json:
            self.result(data)
            return
        width = max(map(len, data), default=0)
        for name, value in data.items():
            click.echo(f"{name.replace('_', ' '):<{width}}  {_word(value)}")


def verb(group: click.Group, name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Register a function as a verb of a noun. It gets an `Output` first, `--json` is added, errors become sentences.

    The function may return an `Exit` to say that it did not end well.
    """

    def register(function: Callable[..., Any]) -> click.Command:
        return group.command(name)(guarded(function))

    return register


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with `--json`, and without tracebacks for what an operator can mend."""

    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, on one line; errors too.")
    @functools.wraps(function)
    def run(as_json: bool, **values: Any) -> None:
        try:
            ended = function(Output(as_json), **values)
        except (IdpError, *DATABASE_TROUBLE) as error:
            code, exit_code, sentence = explain(error)
            complain(code, sentence, as_json=as_json, members=getattr(error, "members", {}))
            sys.exit(exit_code)
        sys.exit(ended if isinstance(ended, Exit) else Exit.OK)

    return run


def explain(error: Exception) -> tuple[str, Exit, str]:
    """The stable code, the exit code and the sentence of an error; one that is a mistake of ours is raised again."""
    if not isinstance(error, IdpError):
        cause = getattr(error, "orig", error)
        if any(sign in f"{type(cause).__name__} {cause}" for sign in NOT_MIGRATED):
            return "not_migrated", Exit.CONFIGURATION, "The database is not migrated; run `idp db upgrade`."
        if isinstance(error, ProgrammingError):
            raise error
        kind = type(cause).__name__
        return "unavailable", Exit.UNAVAILABLE, f"The database cannot be used at the moment ({kind})."
    if isinstance(error, ConfigurationError | PolicyError):
        return error.code, Exit.CONFIGURATION, str(error)
    if isinstance(error, Unavailable | Throttled):
        return error.code, Exit.UNAVAILABLE, _sentence(error)
    return error.code, Exit.REFUSED, _sentence(error)


def _sentence(error: IdpError) -> str:
    """A sentence for an operator from the code and the members of an error."""
    members = dict(error.members)
    kind = members.pop("kind", "thing")
    begin = {
        "not_found": f"There is no such {kind}",
        "conflict": "This cannot be done as things stand",
        "invalid_input": f"This value of {members.pop('field', 'the input')} cannot be used",
        "unavailable": "This cannot be done at the moment",
    }.get(error.code, error.code.replace("_", " ").capitalize())
    said = "; ".join(f"{name.replace('_', ' ')}: {_word(value)}" for name, value in members.items())
    return f"{begin} ({said})." if said else f"{begin}."


def complain(code: str, sentence: str, *, as_json: bool, members: Mapping[str, Any] | None = None) -> None:
    """Say on standard error what went wrong."""
    if as_json:
        problem = {"error": code, "message": sentence, **(members or {})}
        click.echo(json.dumps(problem, default=_plain, ensure_ascii=False), err=True)
    else:
        click.echo(f"idp: {sentence}", err=True)


def operator() -> Actor:
    """Who acts at the command line: the user of the operating system, named in the audit log."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        name = "unknown"
    return Actor(kind="operator", name=name)


def settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: a value is impossible.
    """
    return settings_module.read()


@functools.cache
def application() -> "Application":
    """The application of this process; imported late, because it is slow and not every verb needs it.

    Raises:
        ConfigurationError, PolicyError: this instance cannot start as it is.
    """
    from idp.app import create_app

    return create_app(settings())


def check_master_key() -> None:
    """See that the master key opens what the database holds, before a process begins that would refuse everybody. A
    database that is away may come back, and is waited for.

    Raises:
        ConfigurationError: it is another instance's key.
        OperationalError, ProgrammingError: the database is not migrated.
    """
    from idp.oidc import keys
    from idp.web.work import database

    try:
        with operating(write=False) as work:
            keys.current(work)
    except Unavailable as error:
        if error.members.get("resource") == "master_key":
            path = settings().master_key_file
            raise ConfigurationError(reason=f"The master key {path} is not the one of this database.") from error
    except DATABASE_TROUBLE as error:
        if explain(error)[1] is not Exit.UNAVAILABLE:
            raise
    finally:
        with application().app_context():
            database.engine.dispose()  # no process that is forked from here inherits a connection


@contextmanager
def operating(*, write: bool = True) -> Iterator[Work]:
    """A unit of work by the operator, committed at its end."""
    from idp.web.work import unit_of_work

    with unit_of_work(application(), operator(), write=write) as work:
        yield work


def members_of(thing: Any, *hidden: str) -> dict[str, Any]:
    """The members of a dataclass by name, without those that nobody may see."""
    values = {item.name: getattr(thing, item.name) for item in dataclasses.fields(thing)}
    return {name: value for name, value in values.items() if name not in hidden}


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, tuple | set | frozenset):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    return str(value)


def _word(value: Any) -> str:
    """A value as a person reads it in a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_word(member)}" for name, member in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_word(member) for member in value) or "-"
    return str(value)
