"""Signing and verifying what leaves the house as a JWT: access tokens, ID tokens, logout tokens.

The compact form is put together here, around joserfc's algorithms: its general encoder and decoder cost more than the
signature itself (docs/performance.md), and our tokens have one form only.
"""

import base64
import hashlib
import os
from functools import lru_cache
from typing import Any
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from idp.core import wire
from idp.oidc import cache, keys
from idp.work import Work

ACCESS_TOKEN_TYPE = "at+jwt"
LOGOUT_TOKEN_TYPE = "logout+jwt"
ACCESS_TOKEN_SECONDS = 600
ID_TOKEN_SECONDS = 3600
REMEMBERED = 4096


def sign(work: Work, claims: dict[str, Any], algorithm: str = "ES256", token_type: str = "JWT") -> str:
    """A compact JWS by the active key of this algorithm, with `kid` and `typ` in its header (RFC 8725 §3.11)."""
    key = keys.current(work).active[algorithm]
    signer = JWSRegistry.algorithms[algorithm]
    text = f"{_encoded_header(algorithm, str(key.kid), token_type)}.{_encoded(claims)}".encode()
    return f"{text.decode()}.{urlsafe_b64encode(signer.sign(text, key)).decode()}"


@lru_cache(maxsize=64)
def _encoded_header(algorithm: str, kid: str, token_type: str) -> str:
    """The same header stands on every token of a key, so it is encoded once."""
    return _encoded({"alg": algorithm, "kid": kid, "typ": token_type})


def _encoded(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(wire.write(value).encode()).decode()


def verify(work: Work, token: str, token_type: str) -> dict[str, Any] | None:
    """The claims of a token of ours of this type; None for anything else.

    Signature, algorithm, type and issuer are checked; times are the caller's business, as an ID token used as a hint
    may have expired. The key is chosen by `kid` among our own and fixes the algorithm; nothing else in the header
    has a say (RFC 8725 §3.1).

    A product shows the same token again and again, and a signature that was right stays right while its key is
    published, so what was verified is remembered until the keys change. Treat the answer as read-only.
    """
    remembered = cache.current(work).verified
    known = remembered.get((token, token_type))
    if known is not None:
        return known
    claims = _verified(work, token, token_type)
    if claims is not None:
        if len(remembered) >= REMEMBERED:
            remembered.clear()
        remembered[token, token_type] = claims
    return claims


def _verified(work: Work, token: str, token_type: str) -> dict[str, Any] | None:
    try:
        text, _, signature = token.encode("ascii").rpartition(b".")
        protected, _, payload = text.partition(b".")
        header = wire.read(urlsafe_b64decode(protected))
        key = keys.current(work).published[header["kid"]]
        algorithm = str(key.get("alg"))
        if header != {"alg": algorithm, "kid": key.kid, "typ": token_type}:
            return None
        if not JWSRegistry.algorithms[algorithm].verify(text, urlsafe_b64decode(signature), key):
            return None
        claims: dict[str, Any] = wire.read(urlsafe_b64decode(payload))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        return None
    return claims if claims.get("iss") == work.issuer else None


def half_hash(value: str, algorithm: str = "ES256") -> str:
    """`at_hash` of an access token: the left half of its digest, by the hash of the algorithm that signs the ID token
    (OIDC Core §3.1.3.6): SHA-256, and SHA-512 of Ed25519."""
    made = hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256
    digest = made(value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def new_jti(grant_id: UUID | None = None) -> str:
    """A token identifier. That of a person's access token begins with the grant it belongs to, so that its state can
    be read without a row per access token."""
    prefix = grant_id.bytes if grant_id else os.urandom(16)
    return base64.urlsafe_b64encode(prefix + os.urandom(8)).decode()


def grant_of(jti: str) -> UUID:
    """The grant that a person's access token belongs to.

    Raises:
        ValueError: not an identifier made by `new_jti`.
    """
    return UUID(bytes=base64.urlsafe_b64decode(jti)[:16])
