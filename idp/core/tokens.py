"""Chance and secrecy: random tokens, digests, signed envelopes, encryption at rest.

Every bearer value is random (256 bits), leaves once, and is kept as a SHA-256 digest. What must be read back is
encrypted with AES-256-GCM, bound to its place (`table:row:column`) so that a ciphertext cannot be moved elsewhere.
"""

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from idp.core.errors import ConfigurationError, InvalidInput, Unavailable

KEY_ID = b"\x01"  # of the master key; a second key means re-encrypting what carries an older id


def new() -> str:
    """A new bearer value: 256 random bits, 43 characters of the URL-safe alphabet."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is kept of a bearer value: its SHA-256, 32 bytes. The value is random, so no salt is needed."""
    return hashlib.sha256(token.encode()).digest()


class Keyring:
    """The keys derived from one master key, one per purpose (HKDF, RFC 5869)."""

    def __init__(self, master: bytes) -> None:
        if len(master) < 32:
            raise ConfigurationError(reason="The master key is shorter than 32 bytes.")
        self._master = master
        self._aead = AESGCM(self.derive("encryption at rest"))

    @lru_cache(maxsize=64)  # noqa: B019 - one keyring lives as long as its process
    def derive(self, purpose: str) -> bytes:
        """A 32-byte key that serves this purpose alone."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._master)

    def encrypt(self, value: bytes, place: str) -> bytes:
        """Encrypt for one place; `place` is `table:row:column` and must be the same when reading back."""
        nonce = os.urandom(12)
        return KEY_ID + nonce + self._aead.encrypt(nonce, value, place.encode())

    def decrypt(self, sealed: bytes, place: str) -> bytes:
        """The value sealed for this place, of what came back from a browser; `reveal` is for what is kept here.

        Raises:
            InvalidInput: another key, another place, or an altered ciphertext.
        """
        try:
            return self._aead.decrypt(sealed[1:13], sealed[13:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise InvalidInput(field="ciphertext") from error

    def reveal(self, sealed: bytes, place: str) -> bytes:
        """The value sealed for this place, of what the database holds.

        Raises:
            Unavailable: another master key, or an altered row. Whoever calls can do nothing about it; the log says it.
        """
        try:
            return self.decrypt(sealed, place)
        except InvalidInput as error:
            structlog.get_logger("idp.core").error("secret.unreadable", table=place.partition(":")[0])
            raise Unavailable(resource="master_key") from error

    def seal(self, value: str, purpose: str) -> str:
        """A signed envelope with the time in it (itsdangerous, SHA-256), for values that travel through a browser."""
        return str(self._serializer(purpose).dumps(value))

    def unseal(self, envelope: str, purpose: str, max_age: int) -> str | None:
        """The value of an envelope of this purpose, at most `max_age` seconds old; None for anything else."""
        try:
            value = self._serializer(purpose).loads(envelope, max_age=max_age)
        except BadData:
            return None
        return value if isinstance(value, str) else None

    def stamp(self, value: str, purpose: str) -> str:
        """As `seal`, at a third of its cost, for a value of letters and digits: itself, its time and the signature."""
        return self._signer(purpose).sign(value).decode("ascii")

    def unstamp(self, stamped: str, purpose: str, max_age: int) -> str | None:
        """The value that was stamped for this purpose, at most `max_age` seconds ago; None for anything else."""
        try:
            return self._signer(purpose).unsign(stamped, max_age=max_age).decode("ascii")
        except BadData:
            return None

    @lru_cache(maxsize=16)  # noqa: B019 - one keyring lives as long as its process
    def _signer(self, purpose: str) -> TimestampSigner:
        return TimestampSigner(self.derive(f"stamp {purpose}"), key_derivation="none", digest_method=hashlib.sha256)

    @lru_cache(maxsize=16)  # noqa: B019 - one keyring lives as long as its process
    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self.derive(f"envelope {purpose}"), signer_kwargs={"digest_method": hashlib.sha256}
        )


def load_keyring(path: Path) -> Keyring:
    """The keyring whose master key is in this file.

    Raises:
        ConfigurationError: the file is missing, unreadable, or open to other users.
    """
    try:
        mode = path.stat().st_mode
        content = path.read_text("ascii").strip()
    except FileNotFoundError as error:
        raise ConfigurationError(
            reason=f"The master key {path} is missing; `idp keys create-master` makes it."
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(reason=f"The master key {path} cannot be read: {error}.") from error
    if mode & 0o077:
        raise ConfigurationError(reason=f"The master key {path} is open to other users; set its mode to 0600.")
    try:
        return Keyring(bytes.fromhex(content))
    except ValueError as error:
        raise ConfigurationError(reason=f"The master key {path} is not hexadecimal.") from error


def write_secret(path: Path, content: str) -> bool:
    """Write a secret once, mode 0600; False when the file exists already and stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(content + "\n")
    return True
