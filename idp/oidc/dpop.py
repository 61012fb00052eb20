"""Proofs of possession of a key, sent with a request (DPoP, RFC 9449): what one must say, that it counts once, and the
nonces without which it does not count.

A proof is signed by the key that it names itself, so it proves nothing of who sends it; it says that whoever sends the
request holds this key. `binding.py` says which key that has to be.
"""

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from authlib.oauth2 import OAuth2Error
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from idp.core import wire
from idp.core.tokens import Keyring
from idp.oidc import foreign, used
from idp.oidc.client_options import SIGNING
from idp.oidc.foreign import PublicKey, Unacceptable
from idp.work import Work

HEADER, NONCE_HEADER = "DPoP", "DPoP-Nonce"
SCHEME = "dpop"
TYPE = "dpop+jwt"
ALGORITHMS = SIGNING
WINDOW = 60  # seconds for which a proof is good
NONCE_SECONDS = 60
NONCES_BEFORE = 2  # of the past that still count: a nonce lives for two to three minutes
LARGEST_RSA = 4096  # bits; a larger key would only cost time
THUMBPRINT_LENGTH = 43  # BASE64URL of a SHA-256 (RFC 7638 §3)

_KINDS: dict[str, type[PublicKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
_PORTS = {"https": 443, "http": 80}


class InvalidProof(OAuth2Error):
    """RFC 9449 §5, §7.1: the proof is missing or is not what it has to be."""

    error = "invalid_dpop_proof"

    def __init__(self, what: str) -> None:
        super().__init__(f"The DPoP proof {what}.")


class NonceNeeded(OAuth2Error):
    """RFC 9449 §8, §9: the same again, with the nonce that the answer carries."""

    error = "use_dpop_nonce"
    description = "The DPoP proof needs the nonce of this answer."


class Proof(NamedTuple):
    """A proof in which everything is right; whether it was used before is not known yet.

    Attributes:
        jkt: the thumbprint (RFC 7638) of the key that has signed it.
        until: seconds since 1970 after which it would be refused anyway.
        algorithm: by which it is signed; whether that one counts is seen once the client is known, see `allow`.
    """

    jkt: str
    jti: str
    until: float
    algorithm: str


def check(work: Work, text: str, *, method: str, addresses: tuple[str, ...], access_token: str | None = None) -> Proof:
    """What a proof proves (RFC 9449 §4.3).

    Args:
        method: of the request it came with.
        addresses: those of that request, without query, of which the proof names one.
        access_token: the token it goes with, at a resource.

    Raises:
        InvalidProof: the first rule that is broken.
        NonceNeeded: all is right but the nonce.
    """
    try:
        signed, _, signature = text.rpartition(".")
        header, _, payload = signed.partition(".")
        signer = _signer(header)
        claims = _read(payload)
        jti, until = _examine(work, claims, method, addresses, access_token)
        if not signer.made(signed, signature):
            _refuse("has a signature that is not right")
    except Unacceptable as error:
        raise InvalidProof(str(error)) from error
    if claims.get("nonce") not in _nonces(work.keyring, _minute(work)):
        raise NonceNeeded()
    return Proof(signer.jkt, jti, until, signer.algorithm.name)


def spend(work: Work, proof: Proof) -> None:
    """Use the proof up.

    Raises:
        InvalidProof: it was used before (RFC 9449 §11.1).
    """
    if not used.spend(work, "proof of possession", proof.jkt, proof.jti, proof.until, lasting=False):
        raise InvalidProof("was used before")


def allow(proof: Proof, algorithms: tuple[str, ...]) -> None:
    """That a proof is signed by an algorithm that counts for its client.

    Raises:
        InvalidProof: it is not.
    """
    if proof.algorithm not in algorithms:
        raise InvalidProof("is signed by an algorithm that is not accepted")


def nonce(work: Work) -> str:
    """The nonce of this minute. It is the same for everybody and no secret: what counts is that it could not be known
    long before, so that no proof can be made in advance (RFC 9449 §11.2)."""
    return _nonce(work.keyring, _minute(work))


def nonce_header(work: Work) -> tuple[str, str]:
    """The header that carries it."""
    return NONCE_HEADER, nonce(work)


def is_thumbprint(value: str) -> bool:
    """Whether a text has the form of a key's thumbprint."""
    return len(value) == THUMBPRINT_LENGTH and value.isascii() and value.replace("-", "a").replace("_", "a").isalnum()


def challenge(detail: str = "") -> str:
    """What `WWW-Authenticate` says at a resource (RFC 9449 §7.1); `detail` names an error."""
    return f'DPoP realm="sesame", {detail}{", " if detail else ""}algs="{" ".join(ALGORITHMS)}"'


def hash_of(access_token: str) -> str:
    """`ath` of an access token (RFC 9449 §4.2)."""
    return _encoded(hashlib.sha256(access_token.encode("ascii", "replace")).digest())


class _Signer(NamedTuple):
    """A key as it stands in the header of proofs."""

    key: PublicKey
    jkt: str
    algorithm: Any

    def made(self, signed: str, signature: str) -> bool:
        """Whether it has signed this."""
        try:
            return bool(
                self.algorithm.verify(signed.encode("ascii"), urlsafe_b64decode(signature.encode("ascii")), self.key)
            )
        except (JoseError, ValueError) as error:
            raise Unacceptable("is not a signed JWT") from error


@lru_cache(maxsize=4096)
def _signer(header: str) -> _Signer:
    """The key of a proof, once everything in the header is right. All proofs of a client have one header, and reading
    it costs half as much as a signature, so it is remembered."""
    token = foreign.read(f"{header}.e30.")
    if token.header.get("typ") != TYPE:
        _refuse("is of another type")
    if token.algorithm not in ALGORITHMS:
        _refuse("is signed by an algorithm that is not accepted")
    jwk: Any = token.header.get("jwk")
    kind = _KINDS.get(str(jwk.get("kty"))) if isinstance(jwk, dict) else None
    if kind is None:
        _refuse("holds no public key")
    try:
        key: PublicKey = kind.import_key(jwk)
        private, fitting = key.is_private, foreign.fits(key, token.algorithm)
        thumbprint = str(key.thumbprint())
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unacceptable("holds a key that cannot be read") from error
    if private:
        _refuse("holds a private key")
    if not fitting or (isinstance(key, RSAKey) and key.raw_value.key_size > LARGEST_RSA):
        _refuse("holds a key that does not fit its algorithm")
    return _Signer(key, thumbprint, JWSRegistry.algorithms[token.algorithm])


def _read(payload: str) -> dict[str, Any]:
    if len(payload) > foreign.LONGEST or "." in payload:
        _refuse("is not a signed JWT")
    try:
        claims = wire.read(urlsafe_b64decode(payload.encode("ascii")))
    except ValueError as error:
        raise Unacceptable("is not a signed JWT") from error
    if not isinstance(claims, dict):
        _refuse("is not a signed JWT")
    return claims


def _examine(
    work: Work, claims: dict[str, Any], method: str, addresses: tuple[str, ...], access_token: str | None
) -> tuple[str, float]:
    """Its name and its end, once what it says is about this request."""
    jti = claims.get("jti")
    if not used.is_name(jti):
        _refuse("has no usable 'jti'")
    if claims.get("htm") != method:
        _refuse("is about another method")
    if not _is_one_of(claims.get("htu"), addresses):
        _refuse("is about another address")
    if access_token is not None and claims.get("ath") != hash_of(access_token):
        _refuse("is about another access token")
    now, made = work.now.timestamp(), foreign.instant(claims, "iat")
    end, begin = foreign.instant(claims, "exp"), foreign.instant(claims, "nbf")
    if made is None:
        _refuse("has no 'iat'")
    if made > now + foreign.AHEAD or (begin is not None and begin > now + foreign.AHEAD):
        _refuse("is from the future")
    if made < now - WINDOW or (end is not None and end <= now - foreign.AHEAD):
        _refuse("is too old")
    return str(jti), made + WINDOW


def _is_one_of(said: Any, addresses: tuple[str, ...]) -> bool:
    """Whether `htu` is the address of the request; query and fragment are left out (RFC 9449 §4.3), and what RFC 3986
    §6.2.2 and §6.2.3 call the same is the same."""
    if not isinstance(said, str) or said in addresses:
        return isinstance(said, str)
    try:
        parts = urlsplit(said)
        port = parts.port
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    named = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return "@" not in parts.netloc and f"{parts.scheme}://{host}{named}{unquote(parts.path) or '/'}" in addresses


def _refuse(what: str) -> NoReturn:
    raise Unacceptable(what)


def _minute(work: Work) -> int:
    return int(work.now.timestamp()) // NONCE_SECONDS


@lru_cache(maxsize=8)
def _nonces(keyring: Keyring, minute: int) -> tuple[str, ...]:
    """Those that count: of now, of a moment ago, and of a clock that runs ahead of ours."""
    return tuple(_nonce(keyring, each) for each in range(minute, minute - NONCES_BEFORE - 1, -1)) + (
        _nonce(keyring, minute + 1),
    )


@lru_cache(maxsize=64)
def _nonce(keyring: Keyring, minute: int) -> str:
    return _encoded(hmac.digest(keyring.derive("nonce of proofs of possession"), minute.to_bytes(8, "big"), "sha256"))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
