"""Signed request objects (RFC 9101, OIDC Core §6.1): an authorization request that the client has signed.

They come by value, in an authorization request or a pushed one. By reference there are only the references that this
service gives itself for pushed requests: no address is ever fetched.
"""

import json
from typing import Any

from authlib.oauth2 import OAuth2Error

from idp.oidc import client_keys, foreign, used
from idp.oidc.client_options import FAPI
from idp.oidc.clients import RegisteredClient
from idp.oidc.foreign import Unacceptable
from idp.work import Work

TYPES = (None, "oauth-authz-req+jwt", "jwt")
LONGEST = 3600  # seconds that a request object may be valid
KNOWN = frozenset(
    {
        "response_type", "client_id", "redirect_uri", "scope", "state", "response_mode", "code_challenge",
        "code_challenge_method", "nonce", "display", "prompt", "max_age", "ui_locales", "claims_locales",
        "id_token_hint", "login_hint", "acr_values", "claims", "registration", "resource", "company", "dpop_jkt",
        "authorization_details",
    }
)  # fmt: skip
"""The parameters that are read out of a request object; its other claims say something of itself, or are ignored
whatever they are (RFC 9101 §4, OIDC Core §3.1.2.1)."""
_STRUCTURED = ("claims", "authorization_details", "registration")


class InvalidRequestObject(OAuth2Error):
    """RFC 9101 §7.1; OIDC Core §3.1.2.6."""

    error = "invalid_request_object"

    def __init__(self, what: str) -> None:
        super().__init__(f"The request object {what}.")


def parameters(work: Work, client: RegisteredClient, text: str) -> dict[str, str]:
    """The parameters that a request object holds; those beside it do not count (RFC 9101 §6.3).

    It is signed by a key of this client, for this service, in force for an hour at most, and is used up where it has a
    `jti`. Without `exp` it is in force for an hour from its `iat`; a client of FAPI 2.0 always says `nbf` and `exp`.

    Raises:
        InvalidRequestObject: the first rule that is broken.
    """
    try:
        return _read(work, client, text)
    except Unacceptable as error:
        raise InvalidRequestObject(str(error)) from error


def _read(work: Work, client: RegisteredClient, text: str) -> dict[str, str]:
    token = foreign.read(text)
    kind = token.header.get("typ")
    if (kind.lower().removeprefix("application/") if isinstance(kind, str) else kind) not in TYPES:
        raise Unacceptable("is of another type")  # RFC 9101 §10.8: made for something else
    only = client.options.request_object_signing_alg
    client_keys.verify(work, client, token, client.accepted(only))
    claims = token.claims
    audience = claims.get("aud")
    if work.issuer not in (audience if isinstance(audience, list) else [audience]):
        raise Unacceptable("is not for this issuer")
    if claims.get("iss", client.client_id) != client.client_id:
        raise Unacceptable("is issued by somebody else")
    if claims.get("sub") == client.client_id:  # RFC 9101 §10.8: so it is no client assertion
        raise Unacceptable("could be taken for a client assertion")
    if claims.get("client_id") != client.client_id:  # RFC 9101 §5, §6.3
        raise Unacceptable("names another client")
    if "request" in claims or "request_uri" in claims:  # RFC 9101 §4
        raise Unacceptable("holds another request object")
    found = {name: _text(name, value) for name, value in claims.items() if name in KNOWN}
    _spend(work, client, claims.get("jti"), _ends(work, client, claims))
    return {name: value for name, value in found.items() if value}


def _ends(work: Work, client: RegisteredClient, claims: dict[str, Any]) -> float:
    """When the object ends, once it is in force; one that says no time at all would be good for ever."""
    if client.algorithms == FAPI:
        _check_beginning(work, claims)
    elif claims.get("exp") is None:
        made = foreign.instant(claims, "iat")
        if made is None:
            raise Unacceptable("has neither 'exp' nor 'iat'")
        claims = {**claims, "exp": made + LONGEST}
    return foreign.check_times(work, claims, longest=LONGEST)


def _check_beginning(work: Work, claims: dict[str, Any]) -> None:
    """What FAPI 2.0 Message Signing §5.3.1 demands: `nbf`, an hour ago at most, and `exp` within an hour of it."""
    begins, ends = foreign.instant(claims, "nbf"), foreign.instant(claims, "exp")
    if begins is None:
        raise Unacceptable("has no 'nbf'")
    if begins < work.now.timestamp() - LONGEST - foreign.AHEAD:
        raise Unacceptable("has an 'nbf' that is too long ago")
    if ends is not None and ends > begins + LONGEST:
        raise Unacceptable("is valid for too long")


def _spend(work: Work, client: RegisteredClient, jti: Any, ends: float) -> None:
    if jti is None:
        return
    if not used.is_name(jti):
        raise Unacceptable("has no usable 'jti'")
    if not used.spend(work, "request object", client.client_id, jti, ends):
        raise Unacceptable("was used before")


def _text(name: str, value: Any) -> str:
    """A claim as the parameter it stands for: a text, or what is a number or a structure there (RFC 9101 §4)."""
    if name == "max_age" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name in _STRUCTURED and isinstance(value, dict | list):
        return json.dumps(value)
    if not isinstance(value, str):
        raise Unacceptable("holds a parameter that is no text")
    try:
        f"{name}{value}".encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise Unacceptable("holds a text that cannot be written") from error
    if "\x00" in value or "\x00" in name:
        raise Unacceptable("holds a control character")
    return value
