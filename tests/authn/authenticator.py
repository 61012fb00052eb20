"""An authenticator in software: keys, CBOR, COSE and signatures as WebAuthn level 3 wants them, and every way to get
them wrong. It shares nothing with the code under test.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://localhost:8000"
RP_ID = "localhost"
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Authenticator:
    """One device with one key.

    Attributes:
        counter: how often it has signed; None for one that does not count.
        handle: the account it was made for, as the service named it.
    """

    origin: str = ORIGIN
    rp_id: str = RP_ID
    counter: int | None = 0
    backup: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""

    def create(self, options: str, **wrong: Any) -> str:
        """What the browser posts after `navigator.credentials.create()`; `wrong` replaces single fields."""
        asked = json.loads(options)
        self.handle = decoded(asked["user"]["id"])
        client_data = self._client_data("webauthn.create", asked["challenge"], wrong)
        authenticator_data = self._data(wrong, UP | UV | AT | self.backup) + self._attested(wrong)
        attestation = {
            "fmt": wrong.get("fmt", "none"),
            "attStmt": wrong.get("statement", {}),
            "authData": authenticator_data,
        }
        sent = cbor2.dumps(attestation)
        response = {
            "clientDataJSON": encoded(client_data),
            "attestationObject": encoded(sent[: wrong.get("cut", len(sent))]),
            "transports": ["internal", "hybrid", "telepathy"],
        }
        return self._posted(response, wrong)

    def get(self, options: str, **wrong: Any) -> str:
        """What the browser posts after `navigator.credentials.get()`; `wrong` replaces single fields."""
        asked = json.loads(options)
        client_data = self._client_data("webauthn.get", asked["challenge"], wrong)
        authenticator_data = self._data(wrong, UP | UV | self.backup)
        signed = authenticator_data + hashlib.sha256(client_data).digest()
        signature = wrong.get("key", self.key).sign(signed, ec.ECDSA(hashes.SHA256()))
        if "signature" in wrong:
            signature = wrong["signature"](signature)
        handle = wrong.get("handle", self.handle)
        response = {
            "clientDataJSON": encoded(wrong.get("client_data_sent", client_data)),
            "authenticatorData": encoded(wrong.get("data_sent", authenticator_data)),
            "signature": encoded(signature),
            "userHandle": None if handle is None else encoded(handle),
        }
        return self._posted(response, wrong)

    def _posted(self, response: dict[str, Any], wrong: dict[str, Any]) -> str:
        sent = {
            "id": encoded(wrong.get("id", self.id)),
            "rawId": encoded(wrong.get("raw_id", wrong.get("id", self.id))),
            "type": wrong.get("credential_type", "public-key"),
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
        return json.dumps(sent)

    def _client_data(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        said = {
            "type": wrong.get("type", kind),
            "challenge": wrong.get("challenge", challenge),
            "origin": wrong.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps({**said, **wrong.get("more", {})}).encode()

    def _data(self, wrong: dict[str, Any], flags: int) -> bytes:
        flags = wrong.get("flags", flags)
        if self.counter is not None:
            self.counter += 1
        count = wrong.get("counter", self.counter or 0)
        return (
            hashlib.sha256(wrong.get("rp_id", self.rp_id).encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")
        )

    def _attested(self, wrong: dict[str, Any]) -> bytes:
        if "attested" in wrong:
            return bytes(wrong["attested"])
        numbers = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: wrong.get("algorithm", -7),
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        key_id = wrong.get("attested_id", self.id)
        return bytes(16) + len(key_id).to_bytes(2, "big") + key_id + cbor2.dumps(cose) + wrong.get("trailing", b"")
