"""The identity service as a product sees it: every request this product sends there.

Authlib speaks OAuth; what the token contract adds (permission sets, a person's companies) are two plain GETs.
"""

from typing import Any
from urllib.parse import quote

import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask

from examples.sample.config import Config
from examples.sample.tokens import ServiceUnavailable, TokenRefused

TIMEOUT = 5
# Errors of the token endpoint that speak of this product or of the service, not of the person's access.
NOT_ABOUT_THE_PERSON = ("invalid_client", "server_error", "temporarily_unavailable")
SCOPE = "openid profile email offline_access"


class RefreshRefused(Exception):
    """The service gives no new tokens for this session, or not for this company: access has changed.

    Attributes:
        error: the RFC 6749 error, such as `invalid_grant` or `access_denied`.
        reason: the stable name of the cause, such as `subscription_ended`; empty when the refresh token itself is over.
        description: the service's words for developers.
    """

    def __init__(self, error: str, reason: str, description: str | None) -> None:
        super().__init__(error)
        self.error = error
        self.reason = reason
        self.description = description


class Service:
    """This product's registration at the identity service, found by discovery."""

    def __init__(self, app: Flask, config: Config) -> None:
        self._config = config
        self.client = OAuth(app).register(
            "sesame",
            client_id=config.client_id,
            client_secret=config.client_secret,
            server_metadata_url=f"{config.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic",
                "default_timeout": TIMEOUT,
            },
        )

    def metadata(self) -> dict[str, Any]:
        """The discovery document, read once.

        Raises:
            ServiceUnavailable: it cannot be read, or it is that of another issuer.
        """
        try:
            metadata: dict[str, Any] = self.client.load_server_metadata()
        except (requests.RequestException, ValueError) as error:
            raise ServiceUnavailable("the discovery document cannot be read") from error
        # OpenID Connect Discovery §4.3; Authlib reads the document without comparing.
        if metadata.get("issuer") != self._config.issuer:
            self.client.server_metadata.clear()
            raise ServiceUnavailable("the discovery document names another issuer")
        return metadata

    def jwks(self) -> dict[str, Any]:
        return self._get(self._endpoint("jwks_uri"))

    def permission_set(self, set_id: str) -> frozenset[str]:
        """The permission ids behind the `permission_set` of an access token; the client authenticates itself."""
        answer = self._get(
            f"{self._config.issuer}/permission-sets/{quote(set_id, safe='')}",
            auth=(self._config.client_id, self._config.client_secret),
        )
        permissions = answer.get("permissions")
        if not isinstance(permissions, list) or not all(isinstance(item, str) for item in permissions):
            raise ServiceUnavailable("the permission set is not a list of names")
        return frozenset(permissions)

    def userinfo(self, access_token: str) -> dict[str, Any]:
        return self._get(self._endpoint("userinfo_endpoint"), headers=_bearer(access_token))

    def companies(self, access_token: str) -> list[dict[str, Any]]:
        """The first page of the companies in which this person may use this product."""
        answer = self._get(f"{self._config.issuer}/me/companies", headers=_bearer(access_token))
        rows = answer.get("data", [])
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]

    def refresh(self, refresh_token: str, *, company: str | None) -> dict[str, Any]:
        """New tokens, for the same company or another.

        Raises:
            RefreshRefused: the service says no.
            ServiceUnavailable: it says nothing.
        """
        self.metadata()
        parameters = {"refresh_token": refresh_token, "resource": self._config.resource}
        if company is not None:
            parameters["company"] = company
        reasons: list[str] = []

        def keep_reason(answer: requests.Response, *_: Any, **__: Any) -> None:
            reasons.append(_reason(answer))  # Authlib's error keeps `error` and `error_description` only

        try:
            return dict(
                self.client.fetch_access_token(
                    grant_type="refresh_token", hooks={"response": keep_reason}, **parameters
                )
            )
        except OAuthError as error:
            if error.error in NOT_ABOUT_THE_PERSON:
                raise ServiceUnavailable(f"the token endpoint answered {error.error}") from error
            raise RefreshRefused(str(error.error), "".join(reasons[-1:]), error.description) from error
        except (requests.RequestException, ValueError) as error:
            raise ServiceUnavailable("the token endpoint does not answer") from error

    def revoke(self, refresh_token: str) -> None:
        """Tell the service that nobody will use this refresh token again (RFC 7009).

        A courtesy: a failure changes nothing for the person, the token ends with the session at the service.
        """
        try:
            requests.post(
                self._endpoint("revocation_endpoint"),
                data={"token": refresh_token, "token_type_hint": "refresh_token"},
                auth=(self._config.client_id, self._config.client_secret),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, ServiceUnavailable):
            return

    def _endpoint(self, name: str) -> str:
        address = self.metadata().get(name)
        if not isinstance(address, str):
            raise ServiceUnavailable(f"the discovery document has no {name}")
        return address

    def _get(self, url: str, **kwargs: Any) -> dict[str, Any]:
        try:
            answer = requests.get(url, timeout=TIMEOUT, allow_redirects=False, **kwargs)
            if answer.status_code == 401 and "headers" in kwargs:
                raise TokenRefused("the service no longer accepts this access token")
            if answer.status_code != 200:
                raise ServiceUnavailable(f"the service answered {answer.status_code}")
            body = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise ServiceUnavailable("the service does not answer") from error
        if not isinstance(body, dict):
            raise ServiceUnavailable("the answer is not a JSON object")
        return body


def _reason(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    reason = body.get("reason") if isinstance(body, dict) else None
    return reason if isinstance(reason, str) else ""


def _bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}
