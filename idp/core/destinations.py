"""Which machines may be called: the addresses that others have registered must not lead into our own network.

Every address that a name resolves to is looked at, once, and the connection goes to those very addresses: a name that
resolves to something else a moment later leads nowhere new (R-70).
"""

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

RESOLVERS = 8  # names looked up at once in a process: a resolver that does not answer holds a thread for a while
_RESOLVING = threading.BoundedSemaphore(RESOLVERS)
_NOT_FOR_THE_WEB = frozenset(
    {1080, 1433, 1521, 2049, 2181, 2375, 2376, 2379, 3128, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 6000, 6379, 6443,
     6665, 6666, 6667, 6668, 6669, 6697, 9042, 9092, 9100, 9200, 9300, 10250, 11211, 27017}
)  # fmt: skip
"""Ports of 1024 and more at which other things than web servers are found: databases, caches, brokers, machines."""
_METADATA = frozenset(map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254")))
"""Where clouds answer questions about a machine, credentials included; never called, whatever networks are allowed."""
_CLOSED = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48",
        ),
    )
)  # fmt: skip
"""What no public machine has (RFC 6890 and the registries of special addresses), tunnels to IPv4 included."""
_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
_PUBLIC_V6 = ip_network("2000::/3")  # what lies outside is loopback, mapped, translated, local, multicast or nobody's


class NotAllowed(ValueError):
    """The address is not one that this service calls; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A web address, taken apart.

    Attributes:
        path: with the query.
    """

    host: str
    port: int
    path: str
    secure: bool

    @property
    def literal(self) -> Address | None:
        """The address that stands in place of a name, if one does."""
        with suppress(ValueError):
            return ip_address(self.host)
        return None


@dataclass(frozen=True, slots=True)
class Destinations:
    """What may be called.

    Attributes:
        development: also loopback addresses, and those without TLS.
        networks: networks of the operator that are allowed although they are not public.
        anywhere: everything. Only for an address that the operator has set, never for one that was registered.
    """

    development: bool = False
    networks: tuple[Network, ...] = ()
    anywhere: bool = False

    def target(self, uri: str) -> Target:
        """An address taken apart, once its form is allowed: https (http on a loopback address in development), no
        credentials, a port that web servers use, and no literal address that may not be called.

        Raises:
            NotAllowed: it breaks one of these rules.
        """
        try:
            parts = urlsplit(uri)
            port = parts.port
        except ValueError as error:
            raise NotAllowed("is not an address") from error
        secure = parts.scheme == "https"
        plain = parts.scheme == "http" and (self.development or self.anywhere)
        if not uri.isascii() or not uri.isprintable() or " " in uri or not parts.hostname or "@" in parts.netloc:
            raise NotAllowed("needs a host and no credentials")
        if not (secure or plain):
            raise NotAllowed("needs https")
        port = port if port is not None else (443 if secure else 80)
        if not self._web_port(port, secure):
            raise NotAllowed("names a port that web servers do not use")
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        found = Target(parts.hostname, port, path, secure)
        if found.literal is not None:
            self._check(found, [found.literal])
        return found

    def resolve(self, target: Target, deadline: float) -> list[Address]:
        """The addresses of a target; a connection goes to one of them, without asking again.

        Raises:
            NotAllowed: one of them may not be called.
            OSError: there are none, or not by the deadline (`time.monotonic`).
        """
        found = [target.literal] if target.literal else _looked_up(target.host, target.port, deadline)
        self._check(target, found)
        return found

    def _web_port(self, port: int, secure: bool) -> bool:
        if self.anywhere:
            return port > 0
        return port == 443 or (port == 80 and not secure) or (port >= 1024 and port not in _NOT_FOR_THE_WEB)

    def _check(self, target: Target, addresses: Iterable[Address]) -> None:
        if self.anywhere:
            return
        for address in addresses:
            loopback = self.development and any(address in network for network in _LOOPBACK)
            if not loopback and (not target.secure or not self._reachable(address)):
                raise NotAllowed("names an address that is not called from here")

    def _reachable(self, address: Address) -> bool:
        if address in _METADATA or getattr(address, "scope_id", None):
            return False
        return public(address) or any(address in network for network in self.networks)


def public(address: Address) -> bool:
    """Whether an address is one machine on the public Internet, reached as it stands."""
    if isinstance(address, IPv6Address) and address not in _PUBLIC_V6:
        return False
    return not any(address in network for network in _CLOSED)


def networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by commas.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _looked_up(host: str, port: int, deadline: float) -> list[Address]:
    """What the resolver of this machine says, by the deadline: it cannot be told to hurry, so it is asked in a thread
    that is left to itself when the time is over."""
    left = deadline - time.monotonic()
    if left <= 0 or not _RESOLVING.acquire(timeout=left):
        raise TimeoutError
    answers: SimpleQueue[list[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([ip_address(str(row[4][0])) for row in rows])
        except (OSError, ValueError) as error:  # a name can be one that no encoding knows
            answers.put(error)
        finally:
            _RESOLVING.release()

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception) or not found:
        raise ConnectionError("no address")
    return list(dict.fromkeys(found))
