"""A database session that becomes an ORM session when a command needs one.

The protocol's hot paths send a handful of prepared statements and no entity, and SQLAlchemy's session and connection
cost them more than the statements do (docs/performance.md). So a unit of work begins as a connection of the driver;
SQLAlchemy's are made, on that same connection and in that same transaction, by the first command that asks for anything
else of it.
"""

import sqlite3
import time
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

BUSY_SECONDS = 5.0  # a writer waits so long for others (`security.md` F-25)
LOOK_SECONDS = 0.0002
LONGEST_PAUSE = 0.02
_WAITING = f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}"
BEGUN = "begun"  # an option of a connection whose transaction was begun here and not by SQLAlchemy


class LazySession:
    """Stands for an ORM session: everything it does not know itself is asked of one.

    Transactions begin on first use, for reading unless `connection` is told otherwise.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._transaction: Transaction | None = None
        self._orm: Session | None = None
        self._reader: Reader | None = None

    def connection(self, execution_options: dict[str, Any] | None = None) -> Connection:
        """The connection of the transaction, which is begun when there is none.

        Args:
            execution_options: of a transaction that begins now; `{"write": True}` for one that writes, with
                `"lasting": False` when its commit need not wait for the disk.
        """
        if self._transaction is None:
            self._transaction = Transaction(self._engine)
        if self._transaction.begun is None:
            asked = execution_options or {}
            self._transaction.begin(write=bool(asked.get("write")), lasting=bool(asked.get("lasting", True)))
        return cast("Connection", self._transaction)

    def reader(self) -> "Connection | Reader":
        """What `Prepared` reads through when nothing else is wanted: the transaction that is open, or else a connection
        of the pool as it is, on which each statement sees the latest commit."""
        if self._transaction is not None:
            return self.connection()
        if self._reader is None:
            self._reader = Reader(self._engine)
        return self._reader

    def get_bind(self) -> Engine:
        return self._engine

    def in_transaction(self) -> bool:
        return self._transaction is not None and self._transaction.begun is not None

    def commit(self) -> None:
        """Flush what the ORM holds, and commit."""
        if self._orm is not None:
            self._orm.commit()
        if self._transaction is not None:
            self._transaction.end("commit")

    def rollback(self) -> None:
        if self._orm is not None:
            self._orm.rollback()
        if self._transaction is not None:
            self._transaction.end("rollback")

    def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        if self._orm is not None:
            self._orm.close()
        if self._transaction is not None:
            self._transaction.close()
        if self._reader is not None:
            _give_back(self._engine, self._reader.connection)
        self._transaction, self._orm, self._reader = None, None, None

    def __getattr__(self, name: str) -> Any:
        self.connection()
        if self._orm is None:  # its commit ends its own part only; the transaction is ended above
            whole = cast("Transaction", self._transaction).whole()
            self._orm = Session(whole, join_transaction_mode="rollback_only")
        return getattr(self._orm, name)


class Reader:
    """A connection of the pool without a transaction around it, with what `Prepared` asks of one."""

    __slots__ = ("connection", "dialect", "dispatch")

    def __init__(self, engine: Engine) -> None:
        self.dialect = engine.dialect
        self.dispatch = engine.dispatch
        try:
            self.connection = self._take(engine)
        except engine.dialect.loaded_dbapi.Error as error:
            raise _told(engine, "connect", error) from error

    @staticmethod
    def _take(engine: Engine) -> PoolProxiedConnection:
        """A connection: one at hand, or else one of the pool. Taking it out of the pool and putting it back costs a
        read on SQLite as much as one of its statements, so a few stay out between requests."""
        try:
            return _AT_HAND[engine].pop()
        except (KeyError, IndexError):
            return engine.raw_connection()


class Transaction(Reader):
    """A connection of the pool with a transaction on it. Asked for anything that `Prepared` does not need, it becomes a
    connection of SQLAlchemy's, which goes on in the same transaction.

    Attributes:
        begun: stands for the transaction that is open, itself alone; None when none is.
    """

    __slots__ = ("_engine", "_lasting", "_whole", "_write", "begun")

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._engine, self._write, self._lasting = engine, False, True
        self._whole: Connection | None = None
        self.begun: object | None = None

    def begin(self, *, write: bool, lasting: bool = True) -> None:
        """Begin. SQLite is told which kind of transaction it is (`core.db`); PostgreSQL begins with a statement."""
        sqlite = self.dialect.name == "sqlite"
        if not lasting:
            self._lasting = False
            self._say("PRAGMA synchronous=NORMAL" if sqlite else "SET LOCAL synchronous_commit TO OFF")
        if sqlite:
            own = cast("sqlite3.Connection", self.connection.dbapi_connection)
            try:
                begin_writing(own) if write else own.execute("BEGIN")
            except sqlite3.Error as error:
                raise _told(self._engine, "BEGIN", error) from error
        self._write, self.begun = write, object()
        if self._whole is not None:
            self._whole.begin()

    def end(self, how: str) -> None:
        """`commit` or `rollback`, if a transaction is open."""
        if self.begun is None:
            return
        self.begun = None
        if self._whole is not None:
            getattr(self._whole, how)()
        else:
            self._driver(how)
        self._last_again()

    def close(self) -> None:
        if not self._lasting:
            self.end("rollback")
        self.begun = None
        if self._whole is None:
            _give_back(self._engine, self.connection)
        else:
            self._whole.close()

    def whole(self) -> Connection:
        """SQLAlchemy's connection over this one."""
        if self._whole is None:
            self._whole = Connection(self._engine, self.connection).execution_options(**{BEGUN: True})
            if self.begun is not None:
                self._whole.begin()
        return self._whole

    def get_transaction(self) -> object | None:
        return self.begun

    def in_transaction(self) -> bool:
        return self.begun is not None

    def get_execution_options(self) -> dict[str, Any]:
        return {"write": self._write, "lasting": self._lasting}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole(), name)

    def _last_again(self) -> None:
        """The next transaction waits for the disk again; PostgreSQL sees to that itself."""
        if not self._lasting:
            self._lasting = True
            if self.dialect.name == "sqlite":
                self._say("PRAGMA synchronous=FULL")

    def _say(self, statement: str) -> None:
        cursor = self.connection.cursor()
        try:
            cursor.execute(statement)
        except self.dialect.loaded_dbapi.Error as error:
            raise _told(self._engine, statement, error) from error
        finally:
            cursor.close()

    def _driver(self, name: str, *arguments: str) -> None:
        own = cast("DBAPIConnection", self.connection.dbapi_connection)
        try:
            getattr(own, name)(*arguments)
        except self.dialect.loaded_dbapi.Error as error:
            raise _told(self._engine, name, error) from error


_AT_HAND: WeakKeyDictionary[Engine, list[PoolProxiedConnection]] = WeakKeyDictionary()
AT_HAND = 4


def _give_back(engine: Engine, connection: PoolProxiedConnection) -> None:
    """Keep a connection at hand on which nothing is open; any other goes to the pool, which rolls it back."""
    own: Any = connection.dbapi_connection
    if isinstance(own, sqlite3.Connection) and not own.in_transaction:
        kept = _AT_HAND.setdefault(engine, [])
        if len(kept) < AT_HAND:
            kept.append(connection)
            return
    connection.close()


def let_go(engine: Engine) -> None:
    """Close every connection at hand: the pool they are from was emptied."""
    for connection in _AT_HAND.pop(engine, ()):
        connection.detach()
        connection.close()


def begin_writing(own: sqlite3.Connection) -> None:
    """Begin a writing transaction on SQLite once no other writes.

    SQLite's own waiting sleeps 1, 2, 5, 10… milliseconds between its looks, many times as long as transactions here
    last; so the waiting is done here, with looks that at first come soon after one another.

    Raises:
        sqlite3.OperationalError: others wrote for `BUSY_SECONDS`.
    """
    own.execute("PRAGMA busy_timeout=0")
    try:
        end, pause = time.monotonic() + BUSY_SECONDS, LOOK_SECONDS
        while True:
            try:
                own.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)  # where many wait, their looks must not hold up the one who writes
    finally:
        own.execute(_WAITING)


def _told(engine: Engine, doing: str, error: Exception) -> DBAPIError:
    """A driver's error as SQLAlchemy tells it."""
    base = engine.dialect.loaded_dbapi.Error
    return cast("DBAPIError", DBAPIError.instance(doing, None, error, base, dialect=engine.dialect))


def reader(session: Session) -> "Connection | Reader":
    """What `Prepared` reads through in this session: see `LazySession.reader`."""
    own = getattr(session, "reader", None)
    return session.connection() if own is None else own()


def is_writing(session: Session) -> bool:
    """Whether a transaction is open in this session that may write."""
    return session.in_transaction() and bool(session.connection().get_execution_options().get("write"))


def lazy_session(engine: Engine) -> Session:
    """A `LazySession`, for those who take a session."""
    return cast("Session", LazySession(engine))
