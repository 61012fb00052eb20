"""Encrypting for a client what it has asked for under a key of its own: ID tokens, userinfo, introspection answers
(OIDC Core §10.2, RFC 9701 §6). What is signed is signed first and encrypted then (RFC 7519 §11.2)."""

from typing import TYPE_CHECKING, Any

from authlib.oauth2 import OAuth2Error
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.core.errors import InvalidInput
from idp.oidc import client_keys
from idp.oidc.client_metadata import ENCODING, ENCRYPTED, Encrypted
from idp.oidc.client_options import Options
from idp.oidc.foreign import PublicKey, may
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import RegisteredClient

_CURVES = ("P-256", "P-384", "P-521")


class NoEncryptionKey(OAuth2Error):
    """None of the client's keys can be encrypted for; nothing leaves in clear instead."""

    error = "invalid_request"
    description = "No public key of this client can be encrypted for."


def asked(options: Options, kind: Encrypted) -> tuple[str, str] | None:
    """By which algorithm and encoding a client wants this kind encrypted; None when it does not."""
    algorithm = getattr(options, f"{kind}_encrypted_response_alg")
    return None if algorithm is None else (algorithm, getattr(options, f"{kind}_encrypted_response_enc") or ENCODING)


def check(options: Options, keys: tuple[PublicKey, ...]) -> None:
    """The rules of a registration.

    Raises:
        InvalidInput: an encoding without an algorithm, or no key to encrypt for.
    """
    for kind in ENCRYPTED:
        if getattr(options, f"{kind}_encrypted_response_enc") and asked(options, kind) is None:
            raise InvalidInput(field=f"{kind}_encrypted_response_enc", reason="stands without an algorithm")
        wanted = asked(options, kind)
        if wanted is None or options.jwks_uri is not None:
            continue
        if _chosen(keys, wanted[0]) is None:
            raise InvalidInput(field="jwks", reason=f"holds no key for {kind}_encrypted_response_alg")


def require(work: Work, client: "RegisteredClient", kind: Encrypted) -> None:
    """See to it that something can be encrypted for a client, before anything is used up. Its keys may be fetched for
    that, and what was recorded so far is committed then.

    Raises:
        NoEncryptionKey: it cannot.
    """
    wanted = asked(client.options, kind)
    if wanted is None:
        return
    client_keys.prepare(work, client)
    if _chosen(client_keys.at_hand(work, client), wanted[0]) is None:
        raise NoEncryptionKey()


def sealed(work: Work, client: "RegisteredClient", kind: Encrypted, text: str, *, signed: bool = True) -> str:
    """A text as a client has asked for it: encrypted, or as it is.

    Args:
        signed: it is a JWT itself.

    Raises:
        NoEncryptionKey: as `require`.
    """
    wanted = asked(client.options, kind)
    if wanted is None:
        return text
    algorithm, encoding = wanted
    key = _chosen(client_keys.at_hand(work, client), algorithm)
    if key is None:
        raise NoEncryptionKey()
    header: dict[str, Any] = {"alg": algorithm, "enc": encoding}
    if signed:
        header["cty"] = "JWT"
    if key.kid:
        header["kid"] = key.kid
    return jwe.encrypt_compact(header, text.encode(), _bare(key), algorithms=[algorithm, encoding])


def _chosen(keys: tuple[PublicKey, ...], algorithm: str) -> PublicKey | None:
    """The first key that fits; one that says it is for encryption comes before one that says nothing."""
    fitting = [key for key in keys if _fits(key, algorithm)]
    return next((key for key in fitting if key.get("use") == "enc"), fitting[0] if fitting else None)


def _fits(key: PublicKey, algorithm: str) -> bool:
    if key.get("use", "enc") != "enc" or key.get("alg", algorithm) != algorithm:
        return False
    if algorithm == "RSA-OAEP-256":
        return isinstance(key, RSAKey) and may(key, "encrypt", "wrapKey")
    if not may(key, "deriveKey", "deriveBits"):
        return False
    return (isinstance(key, ECKey) and key.curve_name in _CURVES) or (
        isinstance(key, OKPKey) and key.get("crv") == "X25519"
    )


def _bare(key: PublicKey) -> PublicKey:
    """The key without what it says of its operations: the library knows one name of each pair alone."""
    if key.get("key_ops") is None:
        return key
    members = {name: value for name, value in key.as_dict(private=False).items() if name != "key_ops"}
    return type(key).import_key(members)
