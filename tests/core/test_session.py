"""Writers of SQLite wait for one another, closely and not for ever."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from idp.core import session
from idp.core.db import engine_options, prepare
from idp.core.session import LazySession


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'one.sqlite3'}"


def test_a_writer_begins_as_soon_as_the_other_has_committed(url: str) -> None:
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    began = threading.Event()
    waited: list[float] = []

    def write() -> None:
        with engine.connect().execution_options(write=True) as connection:
            began.set()
            connection.execute(text("SELECT 1"))
            waited.append(time.monotonic())
            connection.execute(text("CREATE TABLE second (id INTEGER)"))
            connection.commit()

    with engine.connect().execution_options(write=True) as connection:
        connection.execute(text("CREATE TABLE first (id INTEGER)"))
        thread = threading.Thread(target=write)
        thread.start()
        assert began.wait(5)
        time.sleep(0.1)
        assert waited == []
        connection.commit()
        thread.join(5)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 2
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == session.BUSY_SECONDS * 1000
    engine.dispose()


def test_a_writer_does_not_wait_for_ever(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "BUSY_SECONDS", 0.1)
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    with engine.connect().execution_options(write=True) as connection:
        connection.execute(text("CREATE TABLE first (id INTEGER)"))
        other = engine.connect().execution_options(write=True)
        with pytest.raises(OperationalError) as refused:
            other.execute(text("SELECT 1"))
        assert isinstance(refused.value.orig, sqlite3.OperationalError)
        other.close()
    engine.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = create_engine(database_url, **engine_options(database_url))
    prepare(made)
    yield made
    made.dispose()


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_a_commit_waits_for_the_disk_unless_it_is_told_not_to(engine: Engine, end: str) -> None:
    """What the database itself says, in a transaction that need not last, and in the next one on that connection."""
    sqlite = engine.dialect.name == "sqlite"
    asked = text("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit")
    lasting, soft = (2, 1) if sqlite else ("on", "off")
    work = session.LazySession(engine)
    if not sqlite:  # the tests' server does not wait by itself
        work.connection().execute(text("SET synchronous_commit TO on"))
        work.commit()
    work.connection({"write": True, "lasting": False})
    assert work.execute(asked).scalar() == soft
    getattr(work, end)()
    work.connection({"write": True})  # the connection that the pool has, or the one it kept
    assert work.execute(asked).scalar() == lasting
    work.close()


def test_a_connection_is_kept_at_hand_only_when_nothing_is_open_on_it(engine: Engine) -> None:
    made = LazySession(engine)
    first = made.reader().connection.dbapi_connection
    made.close()
    again = LazySession(engine)
    again.connection({"write": True})
    assert again.connection().connection.dbapi_connection is first
    again.connection().exec_driver_sql("CREATE TABLE kept (id INTEGER)")
    again.close()  # without a commit
    assert not inspect(engine).has_table("kept")


def test_no_connection_at_hand_outlives_the_pool(url: str) -> None:
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    made = LazySession(engine)
    own = made.reader().connection.dbapi_connection
    made.close()
    engine.dispose()
    assert isinstance(own, sqlite3.Connection)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        own.execute("SELECT 1")
