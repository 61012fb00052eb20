"""The database: base of the models, instants, constraint names, and the engine with its transaction modes."""

import sqlite3
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect, Engine, MetaData, Uuid, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from idp.core.ids import uuid7
from idp.core.session import BEGUN, BUSY_SECONDS, begin_writing, let_go


class UTCDateTime(TypeDecorator[datetime]):
    """An instant, aware and in UTC. A naive value is a mistake of the caller and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all models; Flask-SQLAlchemy is given its metadata."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime, UUID: Uuid}


class Identified:
    """A row with a UUIDv7 key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)


def engine_options(url: str) -> dict[str, Any]:
    """Options of `create_engine` for this address.

    A statement waits two seconds at most on PostgreSQL, and a writer five on SQLite: a slow database must not pile
    requests up (`security.md` F-22, F-25).
    """
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}}
    return {
        "pool_size": 4,
        "max_overflow": 4,
        "pool_timeout": 2,
        "pool_pre_ping": False,
        "connect_args": {"connect_timeout": 2, "options": "-c statement_timeout=5000 -c timezone=UTC"},
    }


def prepare(engine: Engine) -> None:
    """Give an engine the transaction modes of this project.

    Python's sqlite3 would leave a SELECT outside its transaction, so BEGIN is ours: IMMEDIATE for a writer, which
    then waits its turn, and deferred for a reader, which never blocks (WAL).
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "engine_disposed", let_go)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(BEGUN):
            return
        write = options.get("write")
        driver: Any = connection.connection.dbapi_connection
        try:
            begin_writing(driver) if write else driver.execute("BEGIN")
        except sqlite3.Error as error:
            raise DBAPIError.instance("BEGIN", None, error, sqlite3.Error, dialect=connection.dialect) from error
