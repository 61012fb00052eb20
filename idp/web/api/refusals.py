"""Refusals that only the API knows, and what a refusal says in the header `WWW-Authenticate`."""

from collections.abc import Mapping
from typing import Any

from idp.authn.session import ACR_TWO
from idp.core.errors import IdpError, InvalidInput, NotAuthenticated, NotPermitted, StepUpRequired
from idp.oidc import dpop, protected_resource

BEARER = 'Bearer realm="sesame"'


class InvalidToken(NotAuthenticated):
    """The access token is not one of this API, has expired, was ended, or is bound to a key that was not proved."""

    code = "invalid_token"


class ProofInvalid(NotAuthenticated):
    """The proof of possession (DPoP) is missing, wrong, or was used before; `reason` says what."""

    code = "invalid_dpop_proof"


class NonceNeeded(NotAuthenticated):
    """The proof of possession needs the nonce of this answer (`DPoP-Nonce`): the same again, with it."""

    code = "use_dpop_nonce"


class InsufficientScope(NotPermitted):
    """The access token was not given for this; `scope` says what it lacks."""

    code = "insufficient_scope"


class Outdated(IdpError):
    """What is to be changed has changed since it was read: read it again (`If-Match`)."""

    code = "outdated"


class ConditionMissing(IdpError):
    """A change says which state it was made for: send the `ETag` that was read in `If-Match`."""

    code = "condition_missing"


class Malformed(InvalidInput):
    """The body is not the JSON object that this route takes."""

    code = "malformed"


class KeyReused(InvalidInput):
    """This `Idempotency-Key` was sent with another call before."""

    code = "key_reused"


def challenge(status: int, code: str, members: Mapping[str, Any], issuer: str) -> dict[str, str]:
    """The header that tells a client how to go on (RFC 6750 §3, RFC 9470 §3), and where it finds out more (RFC 9728
    §5.1); none where it is of no help."""
    told = f', resource_metadata="{issuer}{protected_resource.PATH}"'
    said: dict[str, str] = {}
    if code == StepUpRequired.code:
        said = {
            "error": "insufficient_user_authentication",
            "error_description": "A second factor has to be proved again.",
            "acr_values": ACR_TWO,
            **({"max_age": str(members["max_age"])} if "max_age" in members else {}),
        }
    elif code == InsufficientScope.code:
        said = {"error": "insufficient_scope", "scope": str(members.get("scope", ""))}
    elif code == InvalidToken.code:
        said = {"error": "invalid_token", "error_description": "The token is not valid here, or not any more."}
    elif code in (ProofInvalid.code, NonceNeeded.code):
        return {"WWW-Authenticate": dpop.challenge(f'error="{code}"') + told}
    elif code == NotAuthenticated.code:  # no token was sent, which may come by either scheme
        return {"WWW-Authenticate": f"{BEARER}{told}, {dpop.challenge()}{told}"}
    elif status != 401:  # RFC 6750 §3: without a token no error is named
        return {}
    named = "".join(f', {name}="{value}"' for name, value in said.items())
    return {"WWW-Authenticate": f"{BEARER}{named}{told}"}
