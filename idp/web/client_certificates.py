"""From whom this service believes what certificate a client has shown (RFC 8705): from the proxies that it was told of.

TLS ends in front of this service, so a certificate arrives as a header, which anybody could write. It counts only in a
request whose connection comes from one of the proxies of `IDP_CLIENT_CERTIFICATE_PROXIES`; in any other it is as if it
were not there. Such a proxy has to set or remove the header itself in every request (docs/operations.md).
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

from cryptography import x509

from idp.core import destinations
from idp.core.errors import ConfigurationError
from idp.core.settings import Settings
from idp.oidc.certificates import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """How certificates arrive.

    Attributes:
        header: its name as WSGI has it; empty where no client shows a certificate.
        proxies: the networks of those who are believed.
        authorities: those that issue certificates to clients.
    """

    header: str = ""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    authorities: tuple[x509.Certificate, ...] = ()

    def shown(self, environ: "WSGIEnvironment") -> Shown | None:
        """What the proxy in front has seen of the sender's certificate; None without one."""
        if not self.header:
            return None
        text = environ.get(self.header, "").strip()
        if not text or not _is_among(self.proxies, _sender(environ)):
            return None
        return Shown(text, self.authorities)


def _sender(environ: "WSGIEnvironment") -> str:
    """Who holds the other end of the connection, whatever forwarding headers say."""
    before: dict[str, str] = environ.get("werkzeug.proxy_fix.orig", {})
    return str(before.get("REMOTE_ADDR") or environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=256)
def _is_among(networks: tuple[IPv4Network | IPv6Network, ...], sender: str) -> bool:
    try:
        address = ip_address(sender)
    except ValueError:
        return False
    return any(address in network for network in networks)


def read(settings: Settings) -> ClientCertificates:
    """What the settings say.

    Raises:
        ConfigurationError: the authorities cannot be read.
    """
    if not settings.client_certificate_header:
        return ClientCertificates()
    authorities: list[x509.Certificate] = []
    if settings.client_certificate_authorities is not None:
        try:
            authorities = x509.load_pem_x509_certificates(settings.client_certificate_authorities.read_bytes())
        except (OSError, ValueError) as error:
            reason = "IDP_CLIENT_CERTIFICATE_AUTHORITIES: no PEM file of certificates."
            raise ConfigurationError(reason=reason) from error
    header = "HTTP_" + settings.client_certificate_header.upper().replace("-", "_")
    proxies = tuple(destinations.networks(settings.client_certificate_proxies))
    return ClientCertificates(header, proxies, tuple(authorities))
