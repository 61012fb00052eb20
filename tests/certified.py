"""Certificates of clients, and the authority that issues some of them."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from idp.oidc.certificates import thumbprint_of

HEADER = "ClientCertificate"


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def thumbprint(self) -> str:
        return thumbprint_of(self.der)

    @property
    def header(self) -> dict[str, str]:
        """As nginx hands it on."""
        return {HEADER: quote(self.pem, safe="")}

    @property
    def jwk(self) -> dict[str, Any]:
        """The key with its certificate, as a client registers it (RFC 7517 §4.7)."""
        jwk = dict(ECKey.import_key(self.key.public_key()).as_dict(private=False))
        return {**jwk, "x5c": [base64.b64encode(self.der).decode()]}


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(
    name: str = "client",
    *others: x509.GeneralName,
    by: Certified | None = None,
    begins: int = -1,
    ends: int = 30,
    uses: list[x509.ObjectIdentifier] | None = None,
) -> Certified:
    """A certificate, self-signed or by an authority, from one day to another, counted from today."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name_of(name))
        .issuer_name(by.certificate.subject if by else name_of(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
    )
    if others:
        made = made.add_extension(x509.SubjectAlternativeName(others), critical=False)
    if uses:
        made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return Certified(made.sign(by.key if by else key, hashes.SHA256()), key)
