"""Names that count once and need not outlive the machine's running: proofs of possession, client assertions.

On SQLite they are no rows. A statement that commits by itself costs a request a third of all it costs, and SQLite's one
writer; these names mean nothing some minutes later. They are kept in a memory-mapped file beside the database, which
every process of this machine shares (docs/decisions/0021). The file is of one running of the machine: it is never
waited for, so after a power failure it could be torn, and a new one is begun.
"""

import errno
import hashlib
import os
import struct
import threading
from pathlib import Path
from typing import ClassVar
from weakref import WeakValueDictionary

import lmdb
import structlog
from sqlalchemy import Engine, event

from idp.core.errors import Unavailable

BOOT = Path("/proc/sys/kernel/random/boot_id")
LIMIT = 1_000_000  # names, of 85 bytes each, as the tree's pages are two thirds full
_MAP = 128 << 20  # addresses; a tree that has shrunk and grown again takes more pages than one that has only grown
_STEP = 4 << 20  # the disk's space is taken so much at a time
_TURN, _LOOK, _LOOK_HARD = 16, 64, 2000  # every sixteenth name looks at 64 others whether they have run out
_END = struct.Struct(">Q")
_NEVER = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENODEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}


class _File:
    """The file, open in one process: LMDB lets each open it once."""

    opened: ClassVar["WeakValueDictionary[tuple[int, int], _File]"] = WeakValueDictionary()
    opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        self.pid = os.getpid()
        self._due, self._reserved, self._next = _TURN, 0, b""
        self.environment = lmdb.open(
            str(path), subdir=False, map_size=_MAP, mode=0o600, writemap=True, sync=False, metasync=False
        )
        self._reserve()

    @classmethod
    def leave(cls) -> None:
        """In a child that was forked, which must not use what its parent has opened."""
        for each in list(cls.opened.values()):
            each.environment.close()
        cls.opened.clear()
        cls.opening = threading.Lock()

    def take(self, digest: bytes, until: int, now: int) -> bool | None:
        """As `Names.take`; None when there is no room."""
        with self.environment.begin(write=True) as transaction:
            self._due -= 1
            if self._due < 0 and self._tidy(transaction, now):
                return None
            end = _END.pack(until)
            if transaction.put(digest, end, overwrite=False):
                return True
            kept = transaction.get(digest)
            return _END.unpack(kept or end)[0] < now and transaction.put(digest, end)

    def _tidy(self, transaction: lmdb.Transaction, now: int) -> bool:
        """Forget some of what has run out, in the order of the digests, and have room; whether there is none."""
        self._reserve()
        self._forget(transaction, now, _LOOK)
        full = transaction.stat()["entries"] >= LIMIT
        if full:
            self._forget(transaction, now, _LOOK_HARD)
            full = transaction.stat()["entries"] >= LIMIT
        self._due = 0 if full else _TURN
        return full

    def _forget(self, transaction: lmdb.Transaction, now: int, looks: int) -> None:
        cursor = transaction.cursor()
        more = cursor.set_range(self._next)
        while more and looks:
            looks -= 1
            if _END.unpack(cursor.value())[0] < now:
                cursor.delete()  # stands on the next one then, if there is one
                more = bool(cursor.key())
            else:
                more = cursor.next()
        self._next = bytes(cursor.key()) if more else b""  # from the beginning again

    def _reserve(self) -> None:
        """Have the disk's space before it is written to: through a map, a full disk would end the process."""
        needed = (self.environment.info()["last_pgno"] + 1) * self.environment.stat()["psize"] + _STEP
        if needed > self._reserved:
            space = min(-(-needed // _STEP) * _STEP, _MAP)
            own = os.open(self.environment.path(), os.O_RDWR | os.O_CLOEXEC)
            try:
                os.posix_fallocate(own, 0, space)
            finally:
                os.close(own)
            self._reserved = space


os.register_at_fork(after_in_child=_File.leave)


class Names:
    """The names that were taken, for all processes of this machine that use the same database file.

    Args:
        path: of the database file; theirs is beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: _File | None = None
        self._nowhere = False

    def take(self, digest: bytes, until: float, now: float) -> bool | None:
        """Take a name, at once and whatever becomes of the rest: True for the one caller that is first.

        Args:
            digest: of the name, 32 bytes.
            until: when it may be forgotten (seconds since 1970).

        Returns:
            None where this machine can keep no such file: the names belong into the database.

        Raises:
            Unavailable: there are too many, or no space on the disk, or the file cannot be used.
        """
        if self._nowhere:
            return None
        file = self._file if self._file is not None and self._file.pid == os.getpid() else None
        try:
            if file is None:
                with _File.opening:
                    file = self._file = self._open()
            first = file.take(digest, int(until), int(now))
        except (OSError, lmdb.Error) as error:
            if file is None and (error.errno if isinstance(error, OSError) else error.code) in _NEVER:
                self._nowhere = True
                structlog.get_logger("idp.core").warning("names.in_database", reason=str(error))
                return None
            structlog.get_logger("idp.core").error("names.unusable", kind=type(error).__name__, reason=str(error))
            raise Unavailable(resource="names") from error
        if first is None:
            structlog.get_logger("idp.core").error("names.full", limit=LIMIT)
            raise Unavailable(resource="names")
        return first

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        self._file = None

    def _open(self) -> _File:
        """The file of this running of the machine, made if there is none; those of others are removed.

        Raises:
            OSError: it cannot be made; an error that stays (`_NEVER`) is one for every process here.
            lmdb.Error: it can, and cannot be used.
        """
        boot = hashlib.sha256(BOOT.read_bytes()).hexdigest()[:16]
        path = self._path.with_name(f"{self._path.name}-names-{boot}")
        own = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            found = os.fstat(own)
            key = (found.st_dev, found.st_ino)
        finally:
            os.close(own)
        file = _File.opened.get(key)
        if file is None:
            for other in path.parent.glob(f"{self._path.name}-names-*"):
                if not other.name.startswith(path.name):
                    other.unlink(missing_ok=True)
            file = _File.opened[key] = _File(path)
        return file


def beside(engine: Engine) -> Names | None:
    """The names beside an SQLite database; None for one that several machines may use, or that is no file."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    if not BOOT.exists():
        return None
    names = Names(Path(os.path.realpath(name)))
    event.listen(engine, "engine_disposed", lambda _: names.close())
    return names
