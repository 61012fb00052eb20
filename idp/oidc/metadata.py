"""What this server can do, as its metadata says (OIDC Discovery §3, RFC 8414 §2): made from the code's own lists."""

from typing import Any

from idp.authn.session import ACR_TWO
from idp.oidc import api_clients, details, dpop
from idp.oidc.answers import MODES
from idp.oidc.authorization import PROMPTS
from idp.oidc.client_options import SIGNING
from idp.oidc.clients import AUTH_METHODS, CONFIDENTIAL, SCOPES
from idp.oidc.grant_types import GRANT_TYPES
from idp.oidc.keys import ALGORITHMS

CLAIMS = [
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid",
    "name", "given_name", "family_name", "locale", "email", "email_verified",
    "company", "company_name", "companies", "product", "roles", "permissions", "permission_set",
]  # fmt: skip


def describe(issuer: str, *, pushed_only: bool = False) -> dict[str, Any]:
    """The document of both discovery addresses.

    Args:
        pushed_only: every client has to push its authorization requests.
    """
    oauth = f"{issuer}/oauth"
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{oauth}/authorize",
        "pushed_authorization_request_endpoint": f"{oauth}/par",
        "require_pushed_authorization_requests": pushed_only,
        "token_endpoint": f"{oauth}/token",
        "userinfo_endpoint": f"{oauth}/userinfo",
        "jwks_uri": f"{oauth}/jwks",
        "registration_endpoint": f"{oauth}/register",
        "introspection_endpoint": f"{oauth}/introspect",
        "revocation_endpoint": f"{oauth}/revoke",
        "end_session_endpoint": f"{oauth}/logout",
        "device_authorization_endpoint": f"{oauth}/device_authorization",
        "protected_resources": [f"{issuer}{api_clients.PATH}"],
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING),
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL),
        "introspection_endpoint_auth_signing_alg_values_supported": list(SIGNING),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNING),
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": sorted(PROMPTS),
        "authorization_details_types_supported": [details.TYPE],
        "acr_values_supported": [ACR_TWO],
        "claims_supported": CLAIMS,
        "ui_locales_supported": ["fr", "en"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "authorization_signing_alg_values_supported": list(ALGORITHMS),
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": list(SIGNING),
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
    }
