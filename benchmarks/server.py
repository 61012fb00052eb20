"""A server under measurement: started as in production, its CPU time read from the operating system."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.web import crowd

ROOT = Path(__file__).resolve().parents[1]
CPU_CLOCK = 2  # of a process, all its threads: clock_getcpuclockid(3), which Python does not offer


class Server:
    """A running server with its worker processes.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def cpu_seconds(self) -> float:
        """User and system time of the server and all its workers so far: the scheduler's own count, to the
        microsecond, where /proc tells hundredths of a second only."""
        processes = [self._process.pid, *_descendants(self._process.pid)]
        return sum(time.clock_gettime((~pid << 3) | CPU_CLOCK) for pid in processes)

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept open, as a product's would be."""
        return http.client.HTTPConnection("localhost", self.port, timeout=30)


@contextmanager
def serve(factory: str, port: int, environment: dict[str, str]) -> Iterator[Server]:
    """Run `module:factory` with granian and one worker, otherwise as `idp serve` does."""
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", factory, "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--blocking-threads", str(crowd.THREADS), "--log-level", "warning",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        wait(process, port)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(15)


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Until the server listens."""
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"The server ended with status {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not start within 30 seconds.")


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found
