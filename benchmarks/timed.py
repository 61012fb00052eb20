"""The service as it is, with a clock at its password hasher: what Argon2 itself costs in the process that is measured.

A hash computed again and again elsewhere costs less than one between two requests, whose memory is cold, so it is read
where it happens. The sum of seconds of CPU is kept in the file that `BENCH_ARGON2` names.
"""

import os
import struct
import time
from pathlib import Path
from typing import Any

from idp import app
from idp.authn import password
from idp.web.work import Application


class _Timed:
    """A hasher that adds up the CPU time of its threads."""

    def __init__(self, hasher: Any, file: int) -> None:
        self._hasher, self._file, self._seconds = hasher, file, 0.0

    def verify(self, *arguments: Any) -> Any:
        start = time.thread_time()
        try:
            return self._hasher.verify(*arguments)
        finally:
            self._seconds += time.thread_time() - start
            os.pwrite(self._file, struct.pack("d", self._seconds), 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hasher, name)


def serving() -> Application:
    """What a worker of `idp serve` runs, timed."""
    password._hasher = _Timed(password._hasher, os.open(os.environ["BENCH_ARGON2"], os.O_RDWR))  # type: ignore[assignment]
    return app.serving()


def seconds(file: Path) -> float:
    """What the hasher of the measured process has used so far."""
    total: float = struct.unpack("d", file.read_bytes())[0]
    return total
