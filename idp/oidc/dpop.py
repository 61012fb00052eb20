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

from idp.core.tokens import Keyring
from idp.oidc import foreign, used
from idp.oidc.client_options import SIGNING
from idp.oidc.foreign import ForeignToken, PublicKey, Unacceptable
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
    """

    jkt: str
    jti: str
    until: float


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
        token = foreign.read(text)
        key, jkt = _signer(text.partition(".")[0], token)
        jti, until = _claims(work, token.claims, method, addresses, access_token)
        foreign.verify(token, (key,), ALGORITHMS)
    except Unacceptable as error:
        raise InvalidProof(str(error)) from error
    if token.claims.get("nonce") not in _nonces(work):
        raise NonceNeeded()
    return Proof(jkt, jti, until)


def spend(work: Work, proof: Proof) -> None:
    """Use the proof up.

    Raises:
        InvalidProof: it was used before (RFC 9449 §11.1).
    """
    if not used.spend(work, "proof of possession", proof.jkt, proof.jti, proof.until, lasting=False):
        raise InvalidProof("was used before")


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


def _signer(header: str, token: ForeignToken) -> tuple[PublicKey, str]:
    """The key of a proof and its thumbprint. A client's proofs have one header, and reading its key costs as much as a
    third of a signature, so it is remembered."""
    if token.header.get("typ") != TYPE:
        _refuse("is of another type")
    return _remembered(header)


@lru_cache(maxsize=4096)
def _remembered(header: str) -> tuple[PublicKey, str]:
    token = foreign.read(f"{header}.e30.")
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
    return key, thumbprint


def _claims(
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


def _nonces(work: Work) -> tuple[str, ...]:
    """Those that count: of now, of a moment ago, and of a clock that runs ahead of ours."""
    minute = _minute(work)
    return tuple(_nonce(work.keyring, each) for each in range(minute + 1, minute - NONCES_BEFORE - 1, -1))


@lru_cache(maxsize=64)
def _nonce(keyring: Keyring, minute: int) -> str:
    return _encoded(hmac.digest(keyring.derive("nonce of proofs of possession"), minute.to_bytes(8, "big"), "sha256"))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
