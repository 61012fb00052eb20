"""Statements of the hot paths: written with SQLAlchemy, compiled once per database, executed by the driver.

Everything else is executed by SQLAlchemy itself. On the protocol's hot paths its execution costs three times what the
database does (docs/performance.md, docs/decisions/0007), so a statement is kept there as text, with the conversions of
its parameters and columns ready. It runs in the transaction of the unit of work like any other.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, SafeUUID

from sqlalchemy import JSON, BindParameter, Connection, Dialect, Uuid
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import TypeEngine

from idp.core import wire
from idp.core.db import UTCDateTime
from idp.core.session import Reader

Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    positional: bool
    parameters: tuple[tuple[str, Any, Convert], ...]  # name, value unless the caller gives one, conversion
    columns: tuple[tuple[int, Callable[[Any], Any]], ...]  # those that are converted, by their place
    row: Callable[[Iterable[Any]], Any]  # a named tuple of the columns


class Prepared:
    """One statement with named parameters (`bindparam`); a list in it (`IN`) is of texts and fixed.

    Rows are named tuples of the statement's columns.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement: Any = statement
        self._compiled: dict[str, _Compiled] = {}

    def first(self, connection: Connection | Reader, parameters: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        cursor, compiled = self._execute(connection, parameters)
        try:
            row = cursor.fetchone()
        finally:
            cursor.close()
        return None if row is None else _converted(row, compiled)

    def all(self, connection: Connection | Reader, parameters: Mapping[str, Any]) -> list[Any]:
        """Every row."""
        cursor, compiled = self._execute(connection, parameters)
        try:
            return [_converted(row, compiled) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def run(self, connection: Connection | Reader, parameters: Mapping[str, Any]) -> int:
        """Execute a change; answers how many rows it met."""
        cursor, _ = self._execute(connection, parameters)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def _execute(self, connection: Connection | Reader, given: Mapping[str, Any]) -> tuple[Any, _Compiled]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        values = [
            given.get(name, value) if convert is None else convert(given.get(name, value))
            for name, value, convert in compiled.parameters
        ]
        sent = values if compiled.positional else {item[0]: v for item, v in zip(compiled.parameters, values)}  # noqa: B905
        cursor = connection.connection.cursor()
        for listener in connection.dispatch.before_cursor_execute:  # who counts or traces statements sees these too
            listener(connection, cursor, compiled.text, sent, None, False)
        try:
            cursor.execute(compiled.text, sent)
        except dialect.loaded_dbapi.Error as error:
            cursor.close()
            raise DBAPIError.instance(
                compiled.text, None, error, dialect.loaded_dbapi.Error, dialect=dialect
            ) from error
        return cursor, compiled


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    there = {name: None for name, parameter in compiled.binds.items() if parameter.required}
    state = compiled.construct_expanded_state(there)  # lists become part of the text
    values: Mapping[str, Any] = state.parameters
    names: Sequence[str] = state.positiontup if compiled.positional else list(values)
    parameters = tuple((name, values[name], _bind(compiled.binds.get(name), dialect)) for name in names)
    returned: Any = getattr(statement, "exported_columns", ())
    results = [_result(column.type, dialect) for column in returned]
    columns = tuple((place, convert) for place, convert in enumerate(results) if convert is not None)
    labels = [str(name) for name in returned.keys()] if results else []  # noqa: SIM118 - a column collection
    row: Any = namedtuple("Row", labels, rename=True)  # type: ignore[misc] # its fields are known here only
    return _Compiled(state.statement, bool(compiled.positional), parameters, columns, row._make)


def _bind(parameter: BindParameter[Any] | None, dialect: Dialect) -> Convert:
    """The conversion of a parameter; None for an element of a list that stands in the statement itself (text)."""
    if parameter is None:
        return None
    if dialect.name == "sqlite" and isinstance(parameter.type, UTCDateTime):
        return _written
    return parameter.type.dialect_impl(dialect).bind_processor(dialect)


def _result(kind: TypeEngine[Any], dialect: Dialect) -> Convert:
    """SQLAlchemy's conversion of a column; some of those for SQLite are replaced by quicker ones of the same result."""
    convert = kind.dialect_impl(dialect).result_processor(dialect, None)
    if convert is None or dialect.name != "sqlite":
        return convert
    if isinstance(kind, Uuid):
        return _uuid
    if isinstance(kind, UTCDateTime):
        return _read
    if isinstance(kind, JSON):
        return wire.read
    return convert


_new_uuid, _set, _unknown = UUID.__new__, object.__setattr__, SafeUUID.unknown


def _uuid(value: str) -> UUID:
    """As `UUID(hex=value)`, whose examinations cost more than everything else a column does."""
    made = _new_uuid(UUID)
    _set(made, "int", int(value, 16))
    _set(made, "is_safe", _unknown)
    return made


@lru_cache(maxsize=64)
def _written(value: datetime | None) -> str | None:
    """An instant as SQLAlchemy writes it for SQLite. Most of a request's are its own instant again."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return in_utc.isoformat(" ", "microseconds")[:-6]  # without "+00:00"


def _read(value: str) -> datetime:
    return datetime.fromisoformat(f"{value}+00:00")  # eight times as quick as to replace the zone of what was read


def _converted(row: Sequence[Any], compiled: _Compiled) -> Any:
    # None is converted by nobody: the databases' own conversions expect a value.
    values = list(row)
    for place, convert in compiled.columns:
        if values[place] is not None:
            values[place] = convert(values[place])
    return compiled.row(values)
