"""Authlib's `OAuth2Session` signs a person in, told the issuer, its client id and its secret."""

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from tests.interop.relying_party import SCOPES, answer_of, discover, sign_out, verified


def test_authlib_signs_in_from_discovery_alone(service, browser):
    client = service.register()
    metadata = discover(client.issuer)
    with OAuth2Session(
        client.client_id,
        client.secret,
        scope=" ".join(SCOPES),
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
    ) as session:
        verifier, nonce = generate_token(48), generate_token()
        address, state = session.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        browser.get(address)
        assert browser.heading == "Sign in to your account"
        callback = browser.prove(service.person("ines.moreau"))
        assert "code" in answer_of(callback, client, metadata, state)

        tokens = session.fetch_token(
            metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
        )
        assert tokens["token_type"] == "Bearer"
        claims = verified(metadata, client, tokens, nonce)
        assert (claims["name"], claims["roles"]) == ("Inès Moreau", ["accounting.bookkeeper"])
        assert (claims["amr"], claims["alg"]) == (["pwd", "otp", "mfa"], "ES256")

        told = session.get(metadata["userinfo_endpoint"]).json()
        assert (told["sub"], told["email"]) == (claims["sub"], "ines.moreau@atelier-lumen.example.com")
        assert "accounting.journals.create" in told["permissions"]

        renewed = session.refresh_token(metadata["token_endpoint"])
        assert renewed["access_token"] != tokens["access_token"]
        again = verified(metadata, client, renewed, None)
        assert (again["sub"], again["auth_time"]) == (claims["sub"], claims["auth_time"])

        found = session.introspect_token(metadata["introspection_endpoint"], renewed["access_token"]).json()
        assert (found["active"], found["sub"]) == (True, claims["sub"])

        answer = session.revoke_token(
            metadata["revocation_endpoint"], renewed["refresh_token"], token_type_hint="refresh_token"
        )
        assert answer.status_code == 200
        with pytest.raises(OAuthError) as raised:
            session.refresh_token(metadata["token_endpoint"], renewed["refresh_token"])
        assert raised.value.error == "invalid_grant"
        found = session.introspect_token(metadata["introspection_endpoint"], renewed["access_token"]).json()
        assert found == {"active": False}

        sign_out(browser, client, metadata, renewed["id_token"])
        address, state = session.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, prompt="none"
        )
        browser.get(address)
        assert answer_of(browser.sent_to(), client, metadata, state)["error"] == "login_required"
