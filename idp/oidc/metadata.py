"""What this server can do, as its metadata says (OIDC Discovery §3, RFC 8414 §2): made from the code's own lists."""

from collections.abc import Iterable
from typing import Any

from idp.oidc import api_clients, certificates, claims, details, dpop
from idp.oidc.answers import MODES
from idp.oidc.authorization import PROMPTS
from idp.oidc.client_metadata import ENCODINGS, ENCRYPTED, ENCRYPTING
from idp.oidc.client_options import SIGNING
from idp.oidc.clients import AUTH_METHODS, CONFIDENTIAL, SCOPES
from idp.oidc.grant_types import GRANT_TYPES
from idp.oidc.interaction import KNOWN_ACR
from idp.oidc.keys import ALGORITHMS

_WITH_CERTIFICATE = (
    "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
    "pushed_authorization_request_endpoint", "device_authorization_endpoint",
)  # fmt: skip
"""Endpoints at which a client proves itself, or shows a token that may be bound."""
CLAIMS = [
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid",
    "name", "given_name", "family_name", "locale", "email", "email_verified",
    "company_name", "companies", *claims.OF_ACCESS,
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
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_signing_alg_values_supported": list(ALGORITHMS),
        **{f"{kind}_encryption_alg_values_supported": list(ENCRYPTING) for kind in ENCRYPTED},
        **{f"{kind}_encryption_enc_values_supported": list(ENCODINGS) for kind in ENCRYPTED},
        "token_endpoint_auth_methods_supported": _without_certificates(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING),
        "introspection_endpoint_auth_methods_supported": _without_certificates(CONFIDENTIAL),
        "introspection_endpoint_auth_signing_alg_values_supported": list(SIGNING),
        "revocation_endpoint_auth_methods_supported": _without_certificates(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNING),
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": sorted(PROMPTS),
        "authorization_details_types_supported": [details.TYPE],
        "acr_values_supported": sorted(KNOWN_ACR),
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


def _without_certificates(methods: Iterable[str]) -> list[str]:
    return [each for each in methods if each not in certificates.METHODS]


def with_certificates(document: dict[str, Any], issuer: str, origin: str) -> dict[str, Any]:
    """The document of a service to which proxies hand on certificates of clients (RFC 8705 §3.3, §5).

    Args:
        origin: the address where clients show them; empty when it is that of everybody.
    """
    offered = {
        name: [*value, *certificates.METHODS]
        for name, value in document.items()
        if name.endswith("_endpoint_auth_methods_supported")
    }
    made = {**document, **offered, "tls_client_certificate_bound_access_tokens": True}
    if origin:
        there = {name: document[name] for name in _WITH_CERTIFICATE if name in document}
        made["mtls_endpoint_aliases"] = {name: origin + at.removeprefix(issuer) for name, at in there.items()}
    return made
