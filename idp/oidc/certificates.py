"""Certificates that clients show in TLS (RFC 8705): as proof of who they are, and as what their tokens are bound to.

TLS ends at a proxy, which hands the certificate on (`web/client_certificates.py` says from whom it is believed). That
the client holds the key was proved there; everything else is looked at here: dates, who issued it, whose it is.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.core.errors import InvalidInput
from idp.oidc import client_keys
from idp.oidc.foreign import PublicKey, Unacceptable
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import ClientRegistration, RegisteredClient

BY_AUTHORITY, SELF_SIGNED = "tls_client_auth", "self_signed_tls_client_auth"
METHODS = (BY_AUTHORITY, SELF_SIGNED)
SUBJECTS = (
    "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)  # fmt: skip
"""The options of which a client registers one: what its certificate says (RFC 8705 §2.1.2)."""
LONGEST = 16_000
_NAMES = {"emailAddress": NameOID.EMAIL_ADDRESS, "E": NameOID.EMAIL_ADDRESS}


class Certificate(NamedTuple):
    """A certificate that could be read.

    Attributes:
        thumbprint: `x5t#S256` (RFC 8705 §3.1).
    """

    parsed: x509.Certificate
    thumbprint: str


class Shown(NamedTuple):
    """What a proxy has handed on of a certificate, not read yet.

    Attributes:
        authorities: those whose certificates count here.
    """

    text: str
    authorities: tuple[x509.Certificate, ...] = ()

    def read(self, work: Work) -> Certificate:
        """The certificate.

        Raises:
            Unacceptable: it cannot be read, or is not in force.
        """
        found = _parsed(self.text)
        if not found.parsed.not_valid_before_utc <= work.now <= found.parsed.not_valid_after_utc:
            raise Unacceptable("is not in force")
        return found


def prove(work: Work, client: "RegisteredClient", shown: Shown | None) -> None:
    """That the certificate of the request is the client's (RFC 8705 §2).

    Raises:
        Unacceptable: there is none, or it is somebody else's.
    """
    if shown is None:
        raise Unacceptable("is missing")
    certificate = shown.read(work)
    if client.token_endpoint_auth_method == SELF_SIGNED:
        if not any(_registered(certificate, keys) for keys in client_keys.sets(work, client)):
            raise Unacceptable("is not registered")
        return
    if not _is_for_clients(certificate.parsed):
        raise Unacceptable("is not for clients")
    if not any(_issued(certificate.parsed, each, work) for each in shown.authorities):
        raise Unacceptable("is not from an authority that is known")
    if not _names(certificate.parsed, client):
        raise Unacceptable("names somebody else")


def check(asked: "ClientRegistration") -> None:
    """What a client registers that proves itself by a certificate.

    Raises:
        InvalidInput: names the first field that breaks a rule.
    """
    options = asked.options
    named = [name for name in SUBJECTS if getattr(options, name) is not None]
    if asked.token_endpoint_auth_method == BY_AUTHORITY and len(named) != 1:
        wrong = named[1] if named else SUBJECTS[0]
        raise InvalidInput(field=wrong, reason="is missing, or another of its kind is there too", one_of=list(SUBJECTS))
    published = options.jwks_uri is not None  # there they are looked for with each request (RFC 8705 §2.2.2)
    if asked.token_endpoint_auth_method == SELF_SIGNED and not published and not _certified(options.jwks):
        raise InvalidInput(field="jwks", reason="holds no key with a certificate (x5c) of its own")


def subject(value: str | None) -> str | None:
    """A distinguished name as a client registers it (RFC 4514).

    Raises:
        ValueError: it is none.
    """
    if value is not None:
        _name(value)
    return value


def address(value: str | None) -> str | None:
    """A network address as a client registers it.

    Raises:
        ValueError: it is none.
    """
    try:
        return str(ip_address(value)) if value is not None else None
    except ValueError as error:
        raise ValueError("is no network address") from error


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Certificate:
    """A certificate as proxies write it into a header: PEM with its lines escaped (nginx), or joined by blanks
    (Apache), or the bare Base64, with colons around it (RFC 9440) or without.

    Raises:
        Unacceptable: it is none.
    """
    if not text.isascii() or len(text) > LONGEST:
        raise Unacceptable("cannot be read")
    plain = unquote(text) if "%" in text else text
    for line in ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"):
        plain = plain.replace(line, "", 1)
    try:
        der = base64.b64decode("".join(plain.split()).strip(":"), validate=True)
        parsed = x509.load_der_x509_certificate(der)
        _ = parsed.extensions, parsed.subject  # all that is looked at later can be read
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise Unacceptable("cannot be read") from error
    return Certificate(parsed, thumbprint_of(der))


def thumbprint_of(der: bytes) -> str:
    """`x5t#S256`: the digest of the certificate itself (RFC 8705 §3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def _issued(certificate: x509.Certificate, authority: x509.Certificate, work: Work) -> bool:
    """Whether an authority, which must be in force itself, has signed a certificate."""
    if not authority.not_valid_before_utc <= work.now <= authority.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """Whether a certificate is for proving a client, as far as it says what it is for (RFC 5280 §4.2.1.12)."""
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in uses or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in uses


def _names(certificate: x509.Certificate, client: "RegisteredClient") -> bool:
    """Whether a certificate says of its holder what the client has registered."""
    options = client.options
    if options.tls_client_auth_subject_dn is not None:
        return certificate.subject == _name(options.tls_client_auth_subject_dn)
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if options.tls_client_auth_san_dns is not None:
        wanted = options.tls_client_auth_san_dns.lower()
        return wanted in (each.lower() for each in others.get_values_for_type(x509.DNSName))
    if options.tls_client_auth_san_uri is not None:
        return options.tls_client_auth_san_uri in others.get_values_for_type(x509.UniformResourceIdentifier)
    if options.tls_client_auth_san_ip is not None:
        return ip_address(options.tls_client_auth_san_ip) in others.get_values_for_type(x509.IPAddress)
    return options.tls_client_auth_san_email in others.get_values_for_type(x509.RFC822Name)


@lru_cache(maxsize=1024)
def _name(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text, _NAMES)


def _registered(certificate: Certificate, keys: Iterable[PublicKey]) -> bool:
    """Whether a certificate stands beside a key of a client, and is that of the key (RFC 7517 §4.7)."""
    for key in keys:
        chain: Any = key.get("x5c")
        if isinstance(chain, list) and chain:
            with suppress(ValueError, TypeError):
                if thumbprint_of(base64.b64decode(chain[0], validate=True)) == certificate.thumbprint:
                    return bool(certificate.parsed.public_key() == key.raw_value)
    return False


def _certified(jwks: dict[str, Any] | None) -> bool:
    """Whether there is a certificate in a key set, and each is that of its key."""
    found = False
    for key in client_keys.imported(jwks):
        chain: Any = key.get("x5c")
        if chain is None:
            continue
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
            same = certificate.public_key() == key.raw_value
        except (ValueError, TypeError, IndexError, AttributeError, binascii.Error, UnsupportedAlgorithm):
            return False
        if not same:
            return False
        found = True
    return found
