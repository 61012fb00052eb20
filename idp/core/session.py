"""A database session that becomes an ORM session when a command needs one.

The protocol's hot paths send a handful of prepared statements and no entity, and SQLAlchemy's session costs them more
than the statements do (docs/performance.md). So a unit of work begins as a bare connection; the ORM session is made,
on that same connection and in that same transaction, by the first command that asks for anything else of it.
"""

from typing import Any, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session


class LazySession:
    """Stands for an ORM session: everything it does not know itself is asked of one.

    Transactions begin on first use, for reading unless `connection` is told otherwise.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._orm: Session | None = None
        self._writes = False
        self._reader: Reader | None = None

    def connection(self, execution_options: dict[str, Any] | None = None) -> Connection:
        """The connection of the transaction, which is begun when there is none.

        Args:
            execution_options: of a transaction that begins now; `{"write": True}` for one that writes.
        """
        connection = self._connection
        if connection is None:
            connection = self._connection = self._engine.connect()
        if not connection.in_transaction():
            writes = bool(execution_options and execution_options.get("write"))
            if writes != self._writes:
                connection.execution_options(write=writes)
                self._writes = writes
            connection.begin()
        return connection

    def reader(self) -> "Connection | Reader":
        """What `Prepared` reads through when nothing else is wanted: the transaction that is open, or else a connection
        of the pool as it is, on which each statement sees the latest commit."""
        if self._connection is not None:
            return self.connection()
        if self._reader is None:
            self._reader = Reader(self._engine)
        return self._reader

    def get_bind(self) -> Engine:
        return self._engine

    def in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction()

    def commit(self) -> None:
        """Flush what the ORM holds, and commit."""
        if self._orm is not None:
            self._orm.commit()
        if self._connection is not None and self._connection.in_transaction():
            self._connection.commit()

    def rollback(self) -> None:
        if self._orm is not None:
            self._orm.rollback()
        if self._connection is not None and self._connection.in_transaction():
            self._connection.rollback()

    def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        if self._orm is not None:
            self._orm.close()
        if self._connection is not None:
            self._connection.close()
        if self._reader is not None:
            self._reader.connection.close()
        self._connection, self._orm, self._reader, self._writes = None, None, None, False

    def __getattr__(self, name: str) -> Any:
        connection = self.connection()
        if self._orm is None:  # its commit ends its own part only; the connection's transaction is ended above
            self._orm = Session(connection, join_transaction_mode="rollback_only")
        return getattr(self._orm, name)


class Reader:
    """A connection of the pool without a transaction around it, with what `Prepared` asks of one."""

    __slots__ = ("connection", "dialect", "dispatch")

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.raw_connection()
        self.dialect = engine.dialect
        self.dispatch = engine.dispatch


def reader(session: Session) -> "Connection | Reader":
    """What `Prepared` reads through in this session: see `LazySession.reader`."""
    own = getattr(session, "reader", None)
    return session.connection() if own is None else own()


def lazy_session(engine: Engine) -> Session:
    """A `LazySession`, for those who take a session."""
    return cast("Session", LazySession(engine))
