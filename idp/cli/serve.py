"""`idp serve`: the service on granian."""

import errno
import socket

import click

from idp.cli.context import Output, check_master_key, guarded, settings
from idp.core.errors import ConfigurationError

STOP_SECONDS = 20
"""A worker that was told to stop while it was starting does not hear it, and one may hang: it is made to (F-13)."""


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
