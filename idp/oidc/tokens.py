"""Signing and verifying what leaves the house as a JWT: access tokens, ID tokens, logout tokens."""

import base64
import hashlib
import os
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError

from idp.oidc import keys
from idp.work import Work

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 §2.1, a media type
LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105 - OIDC Back-Channel Logout §2.4
ACCESS_TOKEN_SECONDS = 600
ID_TOKEN_SECONDS = 3600


def sign(work: Work, claims: dict[str, Any], algorithm: str = "ES256", token_type: str = "JWT") -> str:  # noqa: S107
    """A compact JWS by the active key of this algorithm, with `kid` and `typ` in its header (RFC 8725 §3.11)."""
    key = keys.current(work).active[algorithm]
    header = {"alg": algorithm, "kid": key.kid, "typ": token_type}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def verify(work: Work, token: str, token_type: str) -> dict[str, Any] | None:
    """The claims of a token of ours of this type; None for anything else.

    Signature, algorithm, type and issuer are checked; times are the caller's business, as an ID token used as a hint
    may have expired. The key is chosen by `kid` among our own and fixes the algorithm; nothing else in the header
    has a say (RFC 8725 §3.1).
    """
    try:
        header = _header(token)
        key = keys.current(work).published[header["kid"]]
        algorithm = str(key.get("alg"))
        if header.get("typ") != token_type or header.get("alg") != algorithm or "crit" in header:
            return None
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, KeyError, ValueError, TypeError):
        return None
    return claims if claims.get("iss") == work.issuer else None


def _header(token: str) -> dict[str, Any]:
    from joserfc.util import json_b64decode

    header = json_b64decode(token.split(".", 1)[0])
    if not isinstance(header, dict):
        raise ValueError("a JOSE header is an object")
    return header


def half_hash(value: str) -> str:
    """`at_hash` of an access token: the left half of its SHA-256 (OIDC Core §3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode("ascii")).digest()[:16]).rstrip(b"=").decode()


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
