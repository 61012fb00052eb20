"""The public keys of a client, with which it signs what it sends."""

from typing import Any

from joserfc.jwk import KeySet

from idp.oidc.foreign import PublicKey


def imported(jwks: dict[str, Any] | None) -> tuple[PublicKey, ...]:
    """The keys of a set that a client has registered; `client_options` has seen that they can be read."""
    return tuple(KeySet.import_key_set(jwks).keys) if jwks else ()  # type: ignore[arg-type]
