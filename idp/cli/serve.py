"""`idp serve`: the service on granian."""

import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shutil import rmtree
from tempfile import mkdtemp

import click
import structlog

from idp.cli.context import Output, check_master_key, guarded, settings
from idp.core.errors import ConfigurationError

STOP_SECONDS = 20
"""A worker that was told to stop while it was starting does not hear it, and one may hang: it is made to (F-13)."""

CROWD_AFTER_SECONDS = 8.0
"""The process for crowds is begun so long after the workers: they come first."""

CROWD_LASTS_SECONDS, CROWD_REST_SECONDS = 60.0, 300.0
"""It is begun anew as soon after it ended; whenever it did not last so long, after twice the wait, this at most."""

ADDRESS_BYTES = 100
"""The path of a socket may have 103 on macOS, 107 on Linux (`sockaddr_un`)."""


@click.command("serve")
@guarded
def serve(out: Output) -> None:
    """Serve HTTP until stopped (SIGINT or SIGTERM); address, port and workers come from the settings."""
    from granian.constants import Interfaces
    from granian.server import Server

    from idp.web import crowd

    chosen = settings()
    check_port(chosen.listen_host, chosen.listen_port)
    check_master_key()  # what keeps a worker from starting is said here, once, in a sentence
    with _crowd_apart():
        Server(
            "idp.app:serving",
            address=chosen.listen_host,
            port=chosen.listen_port,
            interface=Interfaces.WSGI,
            workers=chosen.workers,
            blocking_threads=crowd.THREADS,
            factory=True,
            log_access=False,
            websockets=False,
            respawn_failed_workers=chosen.workers > 1,
            workers_kill_timeout=STOP_SECONDS,
        ).serve()


@contextmanager
def _crowd_apart() -> Iterator[None]:
    """Keep the process for crowds (`idp.web.apart`) running beside the workers, once they have had time to begin.
    Without a folder for its socket there is none, and the workers do its work."""
    from idp.web.apart import VARIABLE

    folder = _meeting_place()
    if folder is None:
        yield
        return
    stop = threading.Event()
    os.environ[VARIABLE] = address = os.path.join(folder, "crowd")
    keeper = threading.Thread(target=_keep, args=(address, stop), name="crowd")
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        rmtree(folder, ignore_errors=True)


def _meeting_place() -> str | None:
    """A new folder that only this user may enter, for a socket."""
    log = structlog.get_logger("idp.cli")
    try:
        folder = mkdtemp(prefix="sesame-")
    except OSError as error:
        log.error("crowd.not_begun", reason=error.strerror)
        return None
    if len(os.fsencode(folder)) <= ADDRESS_BYTES - len("/crowd"):
        return folder
    os.rmdir(folder)
    log.error("crowd.not_begun", reason="the path of the temporary folder is too long for a socket")
    return None


def _command(address: str) -> list[str]:
    """What begins the process: with the search path of this one, so that it never runs what lies in the working folder
    (`-P`), and with little claim to the processors from its first instant."""
    from idp.web.apart import NICE

    code = (
        f"import json, os, sys; os.nice({NICE}); sys.path[:] = json.loads(sys.argv[1]); "
        "from idp.app import apart; apart(sys.argv[2])"
    )
    return [sys.executable, "-P", "-c", code, json.dumps(sys.path), address]


def _keep(address: str, stop: threading.Event) -> None:
    environment = {name: value for name, value in os.environ.items() if value != address}
    log = structlog.get_logger("idp.cli")
    wait = CROWD_AFTER_SECONDS
    while not stop.wait(wait):
        began = time.monotonic()
        try:
            with subprocess.Popen(
                _command(address), stdin=subprocess.PIPE, env=environment, process_group=0
            ) as process:
                while process.poll() is None and not stop.wait(1):
                    pass
                if stop.is_set():
                    process.kill()  # the workers have ended, so nobody waits for it
                else:
                    log.error("crowd.ended", status=process.returncode)
        except OSError as error:  # the system has no process left, perhaps for a while
            log.error("crowd.not_begun", reason=error.strerror)
        with suppress(FileNotFoundError):
            os.unlink(address)
        lasted = time.monotonic() - began >= CROWD_LASTS_SECONDS
        wait = CROWD_AFTER_SECONDS if lasted else min(2 * wait, CROWD_REST_SECONDS)


def check_port(host: str, port: int, name: str = "The service") -> None:
    """See that a port can be listened on.

    Raises:
        ConfigurationError: it is taken, or this machine does not have the address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = f"{name} cannot start: port {port} on {host} is in use by another program."
            else:
                reason = f"{name} cannot listen on {host}:{port}: {error.strerror}."
            raise ConfigurationError(reason=reason) from error
