"""An SQLite file that is put back as it was, thousands of times, while the service has it open.

Closing the file for that, or copying it back through SQLite, makes each connection read the whole schema again, which
costs more than the request that is undone. In its own mode (a write-ahead log) SQLite leaves the file alone until a
checkpoint: whatever was written stands in the log, and the first bytes of the log's index, twice the same, say how far
the log counts. With these bytes as they were before, nothing has been written; SQLite itself leaves a log behind like
this when a writer dies, and every connection looks at them at the beginning of each transaction.
https://www.sqlite.org/walformat.html#the_wal_index_header
"""

import mmap
import sqlite3
import struct
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

_HEADERS = slice(0, 2 * 48)
_FRAMES = 16  # where the first of them says how much of the log counts


class Rewinder:
    """One file, which must have nobody who writes while it is put back.

    Attributes:
        reader: a connection of one's own.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine, self._path = engine, path
        event.listen(engine, "connect", _patient)
        self._engine.dispose()
        self._open()

    def _open(self) -> None:
        self.reader = sqlite3.connect(self._path, isolation_level=None)
        self.reader.execute("PRAGMA journal_mode=WAL")
        _patient(self.reader)
        self.reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        with self._path.with_name(f"{self._path.name}-shm").open("r+b") as file:
            self._index = mmap.mmap(file.fileno(), _HEADERS.stop)
        self._as_it_was = self._index[_HEADERS]
        assert not self.changed()

    def changed(self) -> bool:
        """Whether anything was written since the file is as it is kept."""
        (frames,) = struct.unpack_from("=I", self._index, _FRAMES)
        return bool(frames)

    def undo(self) -> None:
        """Put everything back that was written since the file was opened, kept or put in place."""
        if self.changed():
            self._index[_HEADERS] = self._as_it_was

    def keep(self) -> bytes:
        """The file as it is now, which is what `undo` leads back to from now on."""
        self.close()
        state = self._path.read_bytes()
        self._open()
        return state

    def put_in_place(self, state: bytes) -> None:
        """Another state than the one that `undo` leads back to."""
        self.close()
        self._path.write_bytes(state)
        self._open()

    def close(self) -> None:
        """Close the file, wherever it is open; the last one who does writes the log into it."""
        self._engine.dispose()
        self._index.close()
        self.reader.close()


def _patient(connection: Any, record: Any = None) -> None:
    """No checkpoint before the file is closed; and tests do not mind if the machine loses power."""
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA synchronous=OFF")
