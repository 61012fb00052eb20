"""Writers of SQLite wait for one another, closely and not for ever."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from idp.core import session
from idp.core.db import engine_options, prepare


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
