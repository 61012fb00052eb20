"""What every relying party does beside its OAuth library: discovery, and the checks of OpenID Connect on a token."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.interop.browser import HttpBrowser
from tests.interop.conftest import Registered

SCOPES = ["openid", "profile", "email", "offline_access"]


def discover(issuer: str) -> dict[str, Any]:
    """The provider's metadata (OIDC Discovery §4); everything but the issuer is read from there."""
    answer = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10)
    answer.raise_for_status()
    metadata: dict[str, Any] = answer.json()
    assert metadata["issuer"] == issuer  # §4.3
    return metadata


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def answer_of(address: str | None, client: Registered, metadata: dict[str, Any], state: str) -> dict[str, str]:
    """What the browser brings back, once it is the provider's and ours (RFC 9207 §2.4, RFC 6749 §10.12)."""
    assert address is not None
    assert address.startswith(f"{client.redirect_uri}?")
    answer = query_of(address)
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert (answer["iss"], answer["state"]) == (metadata["issuer"], state)
    return answer


def verified(metadata: dict[str, Any], client: Registered, tokens: dict[str, Any], nonce: str | None) -> dict[str, Any]:
    """The claims of an ID token that passes OIDC Core §3.1.3.7, and its algorithm as `alg`.

    Args:
        nonce: what was sent; None for a token that comes from a refresh, which needs none (§12.2).
    """
    published = requests.get(metadata["jwks_uri"], timeout=10).json()
    algorithms = metadata["id_token_signing_alg_values_supported"]
    token = jwt.decode(tokens["id_token"], KeySet.import_key_set(published), algorithms=algorithms)
    rules: dict[str, Any] = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": client.client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "auth_time": {"essential": True},
    }
    if nonce is not None:
        rules["nonce"] = {"essential": True, "value": nonce}
    jwt.JWTClaimsRegistry(**rules).validate(token.claims)
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()  # §3.1.3.6; ES256 and RS256 both hash so
    assert token.claims["at_hash"] == base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    return {**token.claims, "alg": token.header["alg"]}


def sign_out(browser: HttpBrowser, client: Registered, metadata: dict[str, Any], id_token: str) -> None:
    """Send the browser to the provider's logout, from which it comes back by itself (RP-Initiated Logout §2, §3)."""
    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": client.signed_out_uri, "state": "left"}
    browser.get(f"{metadata['end_session_endpoint']}?{urlencode(asked)}")
    assert browser.sent_to() == f"{client.signed_out_uri}?state=left"
