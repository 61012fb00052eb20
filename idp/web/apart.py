"""A process of its own for those who sign in in a crowd, so that a worker's short answers wait for nobody's (R-72).

A worker hands it the request that would have to wait; it answers with less claim to the processors than the workers
have. Between them is a socket of this machine in a folder that only this user may enter; a message is the request as
WSGI has it, without what cannot be written down, and then its body. Without the process, or when it does not take the
request, the worker does the work itself, as it does for everybody who is not in a crowd.
"""

import io
import json
import os
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection, Listener
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from idp.core import processors

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

VARIABLE = "IDP_CROWD_SOCKET"  # by which `idp serve` tells its workers, and this process, where they meet
NICE = 10  # of the whole process, set before it reads its code: `idp serve` begins it so
CONNECT_SECONDS = 1.0  # a process that does not take connections is not waited for
ANSWER_SECONDS = 10.0  # a request that was taken is answered by then, or whoever asked is told to come back
MOST_BYTES = 64 * 1024  # what a form may have; a longer one is refused by whoever reads it, and is not read for this
_ORIGINAL = "werkzeug.proxy_fix.orig"  # who held the other end, before forwarding headers were read
_LOOK_SECONDS = 5.0
_PAUSE_SECONDS = 0.1


class Answered(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Lost(Exception):
    """The request was taken and there is no answer: nobody knows how much of it was done, so it is not done again."""


def ask(environ: "WSGIEnvironment") -> Answered | None:
    """The answer of the other process; None when there is none that takes the request.

    Raises:
        Lost: it took the request and did not answer.
    """
    address = os.environ.get(VARIABLE)
    length = environ.get("CONTENT_LENGTH") or ""
    if not address or not length.isdecimal() or int(length) > MOST_BYTES or not os.path.exists(address):
        return None
    try:
        connection = _connect(address)
    except OSError:
        return None
    with closing(connection):
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)  # for whoever reads it if this comes to nothing
        try:
            told = {key: each for key, each in environ.items() if isinstance(each, str) or key == _ORIGINAL}
            _send(connection, told, body)
        except OSError:
            return None
        try:
            if not connection.poll(ANSWER_SECONDS):
                raise Lost
            (status, headers), made = _receive(connection)
        except (OSError, EOFError) as error:
            raise Lost from error
    return Answered(status, [(name, value) for name, value in headers], made)


def work(app: "WSGIApplication", address: str, until: Callable[[], object], line: int) -> None:
    """Answer what workers hand over, each request in a thread, until `until` returns.

    Args:
        line: connections that have not been accepted yet, at most: as many as come in one instant.
    """
    listener, ended = Listener(address, "AF_UNIX", backlog=line), threading.Event()
    threading.Thread(target=_accept, args=(listener, app, ended), name="crowd", daemon=True).start()
    until()
    ended.set()
    listener.close()


def wait_for_end(parent: int) -> None:
    """Return when the process that began this one has ended: the standard input ends with it, unless one that it began
    later has inherited its other end."""
    while os.getppid() == parent and not select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
        pass


def stand_back() -> None:
    """Let this process, and all it begins, have what the others leave of the processors, but for a small share."""
    processors.step_aside()
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it: all is then as without
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _connect(address: str) -> Connection:
    """A connection on which nothing is waited for without end, neither to be taken nor for the rest of a message."""
    with socket.socket(socket.AF_UNIX) as made:
        for option, seconds in ((socket.SO_SNDTIMEO, CONNECT_SECONDS), (socket.SO_RCVTIMEO, ANSWER_SECONDS)):
            whole = int(seconds)
            made.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", whole, int((seconds - whole) * 1_000_000)))
        made.connect(address)
        return Connection(made.detach())


def _accept(listener: Listener, app: "WSGIApplication", ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            connection = listener.accept()
        except OSError as error:  # no descriptor is left, perhaps; some are again when others have been answered
            if not ended.wait(_PAUSE_SECONDS):
                structlog.get_logger("idp.web").error("crowd.not_accepted", reason=error.strerror)
            continue
        try:
            threading.Thread(target=_answer, args=(connection, app), daemon=True).start()
        except RuntimeError:  # the system has no thread left: whoever asked is told to come back
            connection.close()


def _answer(connection: Connection, app: "WSGIApplication") -> None:
    with closing(connection), suppress(OSError, EOFError):
        environ, body = _receive(connection)
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[..., None]:
            begun[:] = [status, headers]
            return lambda data: None

        made = app(
            {
                **environ,
                "wsgi.version": (1, 0),
                "wsgi.input": io.BytesIO(body),
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": True,
                "wsgi.multiprocess": True,
                "wsgi.run_once": False,
            },
            start_response,
        )
        try:
            answer = b"".join(made)
        finally:
            if hasattr(made, "close"):
                made.close()
        _send(connection, begun, answer)


def _send(connection: Connection, head: object, body: bytes) -> None:
    connection.send_bytes(json.dumps(head).encode())
    connection.send_bytes(body)


def _receive(connection: Connection) -> tuple[Any, bytes]:
    return json.loads(connection.recv_bytes()), connection.recv_bytes()
