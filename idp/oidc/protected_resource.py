"""What the API of this service says of itself as a protected resource (RFC 9728): where its tokens come from, and how
they are sent."""

from typing import Any

from idp.oidc import api_clients, dpop

PATH = f"/.well-known/oauth-protected-resource{api_clients.PATH}"
"""The well-known address of the resource's identifier (RFC 9728 §3.1)."""


def describe(issuer: str) -> dict[str, Any]:
    """The document at `PATH`."""
    return {
        "resource": f"{issuer}{api_clients.PATH}",
        "resource_name": "Sésame API",
        "authorization_servers": [issuer],
        "scopes_supported": list(api_clients.SCOPES),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
    }
