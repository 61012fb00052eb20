"""The service as operators run it: `idp serve` with several worker processes, and many requests at the same instant."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from idp.core.settings import ROOT

START_SECONDS = 60.0
SERVE = ("-m", "idp.cli", "serve")


@dataclass(frozen=True, slots=True)
class Shot:
    """One request, to be sent at the same instant as others: a form, or `body` as it is."""

    path: str
    form: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hit:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    port: int
    log: Path
    pid: int

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Hit:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}", **(headers or {})})
            return _read(connection)
        finally:
            connection.close()

    def fire(self, shots: list[Shot]) -> list[Hit]:
        """Send all at once, each on a connection of its own that stands already."""
        gate = threading.Barrier(len(shots))

        def send(shot: Shot) -> Hit:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.connect()
            headers = {
                "Host": f"localhost:{self.port}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Sec-Fetch-Site": "same-origin",
                **shot.headers,
            }
            body = urlencode(shot.form) if shot.body is None else shot.body
            gate.wait(timeout=30)
            try:
                connection.request(shot.method, shot.path, body=body, headers=headers)
                return _read(connection)
            finally:
                connection.close()

        with ThreadPoolExecutor(len(shots)) as pool:
            return list(pool.map(send, shots))


def _read(connection: HTTPConnection) -> Hit:
    answer = connection.getresponse()
    body = answer.read().decode()
    cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
    return Hit(answer.status, dict(answer.headers.items()), cookies, body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    folder: Path,
    url: str,
    port: int,
    *,
    workers: int = 4,
    begun: Sequence[str] = SERVE,
    cwd: Path = ROOT,
    **settings: str,
) -> Iterator[Service]:
    """`idp serve` on this data folder and database, until the end of the block."""
    log = folder / "serve.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("IDP_")},
        "IDP_DATA_DIR": str(folder),
        "IDP_DATABASE_URL": url,
        "IDP_ISSUER": f"http://localhost:{port}",
        "IDP_LISTEN_PORT": str(port),
        "IDP_WORKERS": str(workers),
        "IDP_LOG_LEVEL": "warning",
        **{f"IDP_{name.upper()}": value for name, value in settings.items()},
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *begun], cwd=cwd, env=environment,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    service = Service(port, log, process.pid)
    try:
        _await(service, process)
        yield service
    finally:
        _stop(process)


def _await(service: Service, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if service.get("/readyz").status == 200:
                return
        except (OSError, HTTPException):
            pass
        assert process.poll() is None, service.log.read_text()[-3000:]
        assert time.monotonic() < end, service.log.read_text()[-3000:]
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
