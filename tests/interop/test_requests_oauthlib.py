"""requests-oauthlib signs a person in, told the issuer, its client id and its secret."""

import secrets

import pytest
from oauthlib.oauth2 import InvalidGrantError
from requests_oauthlib import OAuth2Session

from tests.interop.relying_party import SCOPES, answer_of, discover, sign_out, verified


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib demands https, and rightly; here nothing leaves the loopback interface."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def test_requests_oauthlib_signs_in_from_discovery_alone(service, browser):
    """With what differs from the other test: the person chooses a company and agrees, and tokens are signed by RSA."""
    client = service.register("--untrusted", "--signing-algorithm", "RS256")
    metadata = discover(client.issuer)
    with OAuth2Session(client.client_id, redirect_uri=client.redirect_uri, scope=SCOPES, pkce="S256") as session:
        nonce = secrets.token_urlsafe(16)
        address, state = session.authorization_url(metadata["authorization_endpoint"], nonce=nonce)
        browser.get(address)
        assert browser.heading == "Sign in to your account"
        assert browser.prove(service.person("julien.mercier")) is None
        assert browser.address.startswith("/companies/choose?")
        browser.submit(dict([browser.form.buttons[-1]]))
        assert browser.address.startswith("/consent?")
        browser.submit({"decision": "allow"})
        callback = browser.sent_to()
        assert "code" in answer_of(callback, client, metadata, state)

        tokens = session.fetch_token(
            metadata["token_endpoint"], authorization_response=callback, client_secret=client.secret
        )
        claims = verified(metadata, client, tokens, nonce)
        assert (claims["name"], claims["companies"], claims["alg"]) == ("Julien Mercier", 2, "RS256")
        assert claims["roles"] in (["accounting.reader"], ["accounting.bookkeeper"])

        told = session.get(metadata["userinfo_endpoint"]).json()
        assert (told["sub"], told["company"]) == (claims["sub"], claims["company"])
        assert told["email"] == "julien.mercier@independant.example.org"

        password = (client.client_id, client.secret)
        renewed = session.refresh_token(metadata["token_endpoint"], auth=password)
        assert renewed["access_token"] != tokens["access_token"]
        again = verified(metadata, client, renewed, None)
        assert (again["sub"], again["company"]) == (claims["sub"], claims["company"])

        def revoke(token: str, kind: str) -> int:
            address, headers, body = session._client.prepare_token_revocation_request(
                metadata["revocation_endpoint"], token, token_type_hint=kind
            )
            answer = session.post(address, data=body, headers=headers, auth=password, withhold_token=True)
            return int(answer.status_code)

        assert revoke(renewed["refresh_token"], "refresh_token") == 200
        with pytest.raises(InvalidGrantError):
            session.refresh_token(metadata["token_endpoint"], refresh_token=renewed["refresh_token"], auth=password)
        assert session.get(metadata["userinfo_endpoint"]).status_code == 401

        sign_out(browser, client, metadata, renewed["id_token"])
        address, state = session.authorization_url(metadata["authorization_endpoint"], prompt="none")
        browser.get(address)
        assert answer_of(browser.sent_to(), client, metadata, state)["error"] == "login_required"
