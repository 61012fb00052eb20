"""Calling another machine, by the one door of this house: an answer in time or none.

A timeout of the usual kind is for one read, so that a product which answers byte by byte could hold its caller for
ever, and with a few such products nobody else would be called. Here one deadline holds for everything, the name's
resolution and the TLS handshake included: when it comes, the connection is cut, whatever is going on in it.

Where a call may lead is decided by `destinations`. No proxy or password of this machine's environment is used, and no
redirect is followed.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv6Address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from idp.core import destinations
from idp.core.destinations import Destinations, NotAllowed, Target
from idp.core.errors import ConfigurationError
from idp.core.settings import Settings

SECONDS = 3.0
LONGEST = 64 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class NoAnswer(Exception):
    """There is no answer, not in time, or not one that can be used; the text is the kind of failure alone."""


class Document(NamedTuple):
    """What was fetched.

    Attributes:
        max_age: seconds for which it may be kept, as the answer says (RFC 9111 §5.2.2.1); None when it does not.
    """

    body: bytes
    max_age: int | None


@dataclass(frozen=True, slots=True)
class Outbound:
    """The door: what may be called, and whose certificates are believed.

    Attributes:
        authorities: file of certificate authorities beside the public ones.
    """

    destinations: Destinations = field(default_factory=Destinations)
    authorities: Path | None = None

    def allows(self, uri: str) -> bool:
        """Whether an address has a form that may be called; where its name leads is seen with each call."""
        try:
            self.destinations.target(uri)
        except NotAllowed:
            return False
        return True

    def post(self, uri: str, form: dict[str, str], *, seconds: float = SECONDS) -> int:
        """The status of the answer to this form. See `send`."""
        return self.send(uri, urlencode(form).encode("ascii"), FORM, seconds=seconds)

    def send(self, uri: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> int:
        """The status of the answer to this body; the body of the answer is never read.

        Raises:
            NoAnswer: it may not be called, nobody answers there, or not within that many seconds.
        """
        with self._asked("POST", uri, body, headers, seconds) as answer:
            return answer.status

    def fetch(self, uri: str, *, accept: str = "application/json", seconds: float = SECONDS) -> Document:
        """A document of 64 KiB at most, answered with the status 200 and not compressed.

        Raises:
            NoAnswer: as `send`; or the answer is another one.
        """
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        with self._asked("GET", uri, None, headers, seconds) as answer:
            if answer.status != 200:
                raise NoAnswer(f"status {answer.status}")
            if answer.getheader("Content-Encoding", "identity").strip().lower() != "identity":
                raise NoAnswer("Compressed")
            body = answer.read(LONGEST + 1)
            if len(body) > LONGEST:
                raise NoAnswer("TooLong")
            if answer.length:  # it ended before it had said all; read with a limit, the library does not mind
                raise NoAnswer("IncompleteRead")
            return Document(body, _max_age(answer))

    @contextmanager
    def _asked(
        self, method: str, uri: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> Iterator[HTTPResponse]:
        deadline = time.monotonic() + seconds
        try:
            target = self.destinations.target(uri)
            with self._connected(target, deadline) as connection:
                connection.request(method, target.path, body, {**headers, "Connection": "close"})
                with connection.getresponse() as answer:
                    yield answer
                    if time.monotonic() >= deadline:  # what was cut short can look like an answer
                        raise TimeoutError
        except (OSError, HTTPException, ValueError) as error:
            raise NoAnswer(type(error).__name__) from error

    @contextmanager
    def _connected(self, target: Target, deadline: float) -> Iterator[HTTPConnection]:
        """A connection that is cut at the deadline, the TLS handshake included."""
        with self._dialled(target, deadline) as plain, plain.dup() as handle:  # TLS takes the first one over
            timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (handle,))
            timer.daemon = True
            timer.start()
            connection = HTTPConnection(target.host, target.port)
            connection.default_port = 443 if target.secure else 80  # what the header Host may leave out
            try:
                connection.sock = self._secured(plain, target.host) if target.secure else plain
                yield connection
            finally:
                timer.cancel()
                timer.join()  # the handle is closed next, and its number may be somebody else's then
                connection.close()

    def _secured(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        return _trust(self.authorities).wrap_socket(plain, server_hostname=host)

    def _dialled(self, target: Target, deadline: float) -> socket.socket:
        """A socket to the first address that answers, of those that were looked at."""
        for address in self.destinations.resolve(target, deadline):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            dialling = socket.socket(socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET)
            dialling.settimeout(left)
            try:
                dialling.connect((str(address), target.port))
            except OSError:
                dialling.close()
                continue
            return dialling
        raise ConnectionError


def door(settings: Settings) -> Outbound:
    """The door of this instance.

    Raises:
        ConfigurationError: the file of certificate authorities cannot be used.
    """
    authorities = settings.outbound_authorities
    if authorities is not None:
        try:
            _trust(authorities)
        except (OSError, ValueError) as error:
            reason = f"IDP_OUTBOUND_AUTHORITIES: {authorities} cannot be read ({type(error).__name__})."
            raise ConfigurationError(reason=reason) from error
    networks = destinations.networks(settings.outbound_networks)
    return Outbound(Destinations(settings.development, networks), authorities)


OF_THE_OPERATOR = Outbound(Destinations(anywhere=True))
"""For the few addresses that the operator's settings name: an SMS gateway and billing may be in the same network."""


def _max_age(answer: HTTPResponse) -> int | None:
    for part in answer.getheader("Cache-Control", "").lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in ("no-store", "no-cache"):
            return 0
        if name == "max-age" and value.isascii() and value.isdigit():
            return min(int(value[:9]), 10**8)
    return None


def _cut(handle: socket.socket) -> None:
    with suppress(OSError):  # it may be over already
        handle.shutdown(socket.SHUT_RDWR)


@cache
def _trust(authorities: Path | None) -> ssl.SSLContext:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # late: half of the command line never calls anybody

    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context
