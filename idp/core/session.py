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
        self._connection, self._orm, self._writes = None, None, False

    def __getattr__(self, name: str) -> Any:
        connection = self.connection()
        if self._orm is None:  # its commit ends its own part only; the connection's transaction is ended above
            self._orm = Session(connection, join_transaction_mode="rollback_only")
        return getattr(self._orm, name)


def lazy_session(engine: Engine) -> Session:
    """A `LazySession`, for those who take a session."""
    return cast("Session", LazySession(engine))
