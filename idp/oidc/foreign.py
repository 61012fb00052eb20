"""JWTs that others have signed: client assertions, request objects, proofs of possession.

Nothing in the header of such a token chooses a key or loosens a rule: whoever calls says which keys and which
algorithms count (RFC 8725 §3.1, R-33). Times and names are compared here, so that each kind of token says only what
it demands.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from idp.core import wire
from idp.work import Work

LONGEST = 16_000
AHEAD = 10  # seconds by which another clock may run before ours
RSA_BITS = 2048

PublicKey = ECKey | RSAKey | OKPKey


class Unacceptable(ValueError):
    """The token is not what was asked for; the text says why, without anything of the token."""


class UnknownKey(Unacceptable):
    """No key that is known can have signed the token; its owner may have a newer one."""


@dataclass(frozen=True, slots=True)
class ForeignToken:
    """A compact JWS, taken apart and not verified yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        return str(self.header.get("alg"))


def read(token: str) -> ForeignToken:
    """Take a compact JWS apart.

    Raises:
        Unacceptable: it is too long, no JWS of two JSON objects, or demands an extension (`crit`, RFC 7515 §4.1.11).
    """
    if len(token) > LONGEST or token.count(".") != 2:
        raise Unacceptable("is not a signed JWT")
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        protected, _, payload = signed.partition(b".")
        header, claims = (wire.read(urlsafe_b64decode(part)) for part in (protected, payload))  # no half surrogates
        found = ForeignToken(header, claims, signed, urlsafe_b64decode(signature))
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise Unacceptable("is not a signed JWT") from error
    if not isinstance(found.header, dict) or not isinstance(found.claims, dict):
        raise Unacceptable("is not a signed JWT")
    if "crit" in found.header or "b64" in found.header:
        raise Unacceptable("demands an extension that is not known here")
    return found


def verify(token: ForeignToken, keys: Iterable[PublicKey], algorithms: Collection[str]) -> PublicKey:
    """The key that has signed the token, of those that may: the one the token names by `kid`, or any of the right kind.

    Raises:
        UnknownKey: there is no such key, or none of those that a token without `kid` may mean has signed it.
        Unacceptable: another algorithm, or a signature that is not right.
    """
    if token.algorithm not in algorithms:
        raise Unacceptable("is signed by an algorithm that is not accepted")
    kid = token.header.get("kid")
    fitting = [
        key for key in keys
        if fits(key, token.algorithm) and (kid is None or key.kid is None or key.kid == kid)
    ]  # fmt: skip
    for key in fitting:
        if JWSRegistry.algorithms[token.algorithm].verify(token.signed, token.signature, key):
            return key
    if not fitting or kid is None:
        raise UnknownKey("is not signed by a key that is known" if not fitting else "has a signature that is not right")
    raise Unacceptable("has a signature that is not right")


def fits(key: PublicKey, algorithm: str) -> bool:
    """Whether a key may be used with an algorithm: its kind, its curve or size, and what it says of itself."""
    if key.get("alg", algorithm) != algorithm or key.get("use", "sig") != "sig" or not may(key, "verify"):
        return False
    if algorithm == "ES256":
        return isinstance(key, ECKey) and key.curve_name == "P-256"
    if algorithm in ("EdDSA", "Ed25519"):
        return isinstance(key, OKPKey) and key.get("crv") == "Ed25519"
    return isinstance(key, RSAKey) and key.raw_value.key_size >= RSA_BITS


def may(key: PublicKey, *operations: str) -> bool:
    """Whether a key says nothing of its operations, or names one of these (`key_ops`, RFC 7517 §4.3)."""
    said = key.get("key_ops")
    return said is None or (isinstance(said, list) and any(each in said for each in operations))


def instant(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate of a claim (RFC 7519 §2), None where it is absent.

    Raises:
        Unacceptable: it is no number.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise Unacceptable(f"has an '{name}' that is no time")
    return float(value)


def check_times(work: Work, claims: dict[str, Any], *, longest: int) -> float:
    """That a token is in force, and for a short time only; answers when it ends.

    Args:
        longest: seconds from now that `exp` may lie ahead, a difference of the clocks on top.

    Raises:
        Unacceptable: `exp` is missing, past, or too far; `nbf` or `iat` is yet to come.
    """
    now = work.now.timestamp()
    end, begin, made = instant(claims, "exp"), instant(claims, "nbf"), instant(claims, "iat")
    if end is None:
        raise Unacceptable("has no 'exp'")
    if end <= now - AHEAD:
        raise Unacceptable("has expired")
    if end > now + longest + AHEAD:
        raise Unacceptable("is valid for too long")
    for name, value in (("nbf", begin), ("iat", made)):
        if value is not None and value > now + AHEAD:
            raise Unacceptable(f"has an '{name}' that is yet to come")
    return end
