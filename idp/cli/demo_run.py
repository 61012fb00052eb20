"""Everything on one machine: the service, the outbox and the sample products as child processes of one command."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

import click

from idp.cli import demo_clients
from idp.cli.context import Exit, Output
from idp.cli.demo import prepare, show_welcome
from idp.cli.serve import check_port
from idp.core.errors import ConfigurationError, Unavailable
from idp.core.settings import ROOT, Settings

START_SECONDS = 60.0
STOP_SECONDS = 8.0


@dataclass
class Child:
    """A program that runs beside this one, in a process group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    answers_at: tuple[int, str] | None = None  # port and path; None for one that does not listen

    def stopped(self) -> bool:
        return self.process.poll() is not None

    def signal(self, number: int) -> None:
        """Send a signal to its whole group, which may outlive its leader."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def last_words(self) -> str:
        """The end of its log, which usually says why it stopped."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return "\n".join(f"    {line}" for line in lines[-8:])


class Children:
    """The programs of the demonstration, started one by one and stopped together."""

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._running: list[Child] = []
        self.stop = threading.Event()

    def start(
        self, name: str, command: list[str], environment: Mapping[str, str], answers_at: tuple[int, str] | None = None
    ) -> None:
        """Start one; what it says goes to `NAME.log`."""
        path = self._log_dir / f"{name}.log"
        with _private(path) as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process alone, which then stops them in order
            )
        self._running.append(Child(name, process, path, answers_at))

    def await_answers(self) -> None:
        """Wait until each one that listens answers.

        Raises:
            Unavailable: one stopped, or did not answer in time.
        """
        end = time.monotonic() + START_SECONDS
        for child in self._running:
            while child.answers_at is not None and not self.stop.is_set() and not _answers(*child.answers_at):
                self.raise_for_stopped()
                if time.monotonic() > end:
                    raise Unavailable(program=child.name, reason=f"it does not answer; its log is {child.log}")
                self.stop.wait(0.1)

    def raise_for_stopped(self) -> None:
        """See that all are running.

        Raises:
            Unavailable: one has stopped by itself.
        """
        for child in self._running:
            if child.stopped():
                click.echo(child.last_words(), err=True)
                raise Unavailable(program=child.name, reason=f"it stopped by itself; its log is {child.log}")

    def end(self) -> None:
        """Stop all: asked first, then made to."""
        for child in reversed(self._running):
            child.signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for child in self._running:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, end - time.monotonic()))
            child.signal(signal.SIGKILL)  # whatever of its group is left
            child.process.wait()


def run(chosen: Settings, out: Output) -> Exit:
    """Make what is missing, start everything, wait for the end.

    Raises:
        ConfigurationError: a port is in use, the folder cannot be written, or the samples are not there.
        Unavailable: a program did not start or stopped by itself.
    """
    samples = [sample for sample in demo_clients.samples(chosen) if sample.module]
    if not (ROOT / "examples").is_dir():
        raise ConfigurationError(
            reason="The sample products are not part of this installation; run it from a checkout."
        )
    check_port(chosen.listen_host, chosen.listen_port)
    for sample in samples:
        check_port("127.0.0.1", sample.port, sample.names["en"])
    password = prepare(chosen)
    logs = chosen.data_dir / "log"
    logs.mkdir(mode=0o700, exist_ok=True)
    children = Children(logs)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _setting(children.stop))
    try:
        _start(children, chosen, samples)
        children.await_answers()
        if not children.stop.is_set():
            show_welcome(out, chosen, password)
            out.result({"logs": str(logs)}, f"  Logs are in {logs}. Ctrl-C stops everything.", "")
            sys.stdout.flush()
        while not children.stop.wait(0.5):
            children.raise_for_stopped()
    finally:
        children.end()
    return Exit.OK


def _start(children: Children, chosen: Settings, samples: list[demo_clients.Sample]) -> None:
    idp = [sys.executable, "-m", "idp.cli"]
    children.start("service", [*idp, "serve"], {}, (chosen.listen_port, "/readyz"))
    children.start("outbox", [*idp, "outbox", "run"], {})
    for sample in samples:
        other = next(other for other in samples if other is not sample)
        environment = {
            "SAMPLE_ISSUER": chosen.issuer,
            "SAMPLE_CLIENT_ID": sample.client_id,
            "SAMPLE_CLIENT_SECRET_FILE": str(sample.secret_file(chosen).resolve()),
            "SAMPLE_BASE_URL": sample.base,
            "SAMPLE_LISTEN_PORT": str(sample.port),
            "SAMPLE_OTHER_URL": other.base,
        }
        children.start(sample.product, [sys.executable, "-m", sample.module], environment, (sample.port, "/"))


def _answers(port: int, path: str) -> bool:
    """Whether something on this machine answers well at this address; asked directly, whatever proxy is set."""
    connection = http.client.HTTPConnection("localhost", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _private(path: Path) -> IO[bytes]:
    """An empty file that only its owner reads."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _setting(stop: threading.Event) -> "signal._HANDLER":
    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    return handle
