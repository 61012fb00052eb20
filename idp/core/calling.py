"""Calling another machine: one POST, an answer in time or none.

A timeout of the usual kind is for one read, so that a product which answers byte by byte could hold its caller for
ever, and with a few such products nobody else would be called. Here one deadline holds for everything: when it comes,
the connection is cut, whatever is going on in it.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlencode, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class NoAnswer(Exception):
    """There is no answer, or not in time; the text is the kind of failure alone."""


def post(uri: str, form: dict[str, str], *, seconds: float) -> int:
    """The status of the answer to this form. See `send`."""
    return send(uri, urlencode(form).encode("ascii"), FORM, seconds=seconds)


def send(uri: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
    """The status of the answer to this body. No proxy or password of this machine's environment is used, no redirect is
    followed, and the body of the answer is never read.

    Raises:
        NoAnswer: nobody answers there, or not within that many seconds.
    """
    parts = urlsplit(uri)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    deadline = time.monotonic() + seconds
    try:
        with _connected(parts, deadline) as connection:
            connection.request("POST", path, body, {**headers, "Connection": "close"})
            with connection.getresponse() as answer:
                if time.monotonic() >= deadline:  # what was cut short can look like an answer
                    raise TimeoutError
                return answer.status
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(type(error).__name__) from error


@contextmanager
def _connected(parts: SplitResult, deadline: float) -> Iterator[HTTPConnection]:
    """A connection that is cut at the deadline, the TLS handshake included."""
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    with _dialled(host, port, deadline) as plain, plain.dup() as handle:  # TLS takes the first one over
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (handle,))
        timer.daemon = True
        timer.start()
        connection = HTTPSConnection(host, port) if secure else HTTPConnection(host, port)
        try:
            connection.sock = _trust().wrap_socket(plain, server_hostname=host) if secure else plain
            yield connection
        finally:
            timer.cancel()
            timer.join()  # the handle is closed next, and its number may be somebody else's then
            connection.close()


def _dialled(host: str, port: int, deadline: float) -> socket.socket:
    """A socket to the first address that answers."""
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        dialling = socket.socket(family, kind, protocol)
        dialling.settimeout(left)
        try:
            dialling.connect(address)
        except OSError:
            dialling.close()
            continue
        return dialling
    raise ConnectionError


def _cut(handle: socket.socket) -> None:
    with suppress(OSError):  # it may be over already
        handle.shutdown(socket.SHUT_RDWR)


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
