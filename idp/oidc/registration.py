"""Dynamic client registration and its management (RFC 7591, RFC 7592), behind an initial access token.

A client that registers itself is never trusted: it asks consent, has no product, and tells the person who it is.
"""

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any, TypeVar
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint as Rfc7591
from authlib.oauth2.rfc7591 import InvalidClientMetadataError, InvalidRedirectURIError
from authlib.oauth2.rfc7592 import ClientConfigurationEndpoint as Rfc7592
from sqlalchemy import select, update

from idp.audit import log as audit
from idp.core import tokens
from idp.core.errors import InvalidInput
from idp.oidc import certificates, client_options, clients
from idp.oidc.clients import ClientRegistration, RegisteredClient
from idp.oidc.models import Client
from idp.oidc.server import PlainRequest, PlainResponse, answer_error
from idp.work import Work

T = TypeVar("T")
JSON_HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")]
"""Answers hold credentials and are never cached."""

_FIELDS = {
    "redirect_uris": list,
    "post_logout_redirect_uris": list,
    "grant_types": list,
    "response_types": list,
    "contacts": list,
    "token_endpoint_auth_method": str,
    "client_name": str,
    "scope": str,
    "backchannel_logout_uri": str,
    "backchannel_logout_session_required": bool,
    "id_token_signed_response_alg": str,
    "subject_type": str,
    "application_type": str,
    "jwks": dict,
    "token_endpoint_auth_signing_alg": str,
    "dpop_bound_access_tokens": bool,
    "authorization_signed_response_alg": str,
    "response_modes": list,
    "authorization_details_types": list,
    "require_pushed_authorization_requests": bool,
    "require_signed_request_object": bool,
    "request_object_signing_alg": str,
    "allowed_origins": list,
    "frontchannel_logout_uri": str,
    "frontchannel_logout_session_required": bool,
    "tls_client_certificate_bound_access_tokens": bool,
    **dict.fromkeys(certificates.SUBJECTS, str),
}  # metadata we understand, with the JSON type of each; others are ignored (RFC 7591 §2)
_OPTIONS = [name for name in _FIELDS if name in client_options.NAMES]
_SENT_BACK = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
"""What RFC 7592 §2.2 forbids in an update."""


class _Payload:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


class _Request:
    """What Authlib's two endpoints read of a request."""

    def __init__(self, work: Work, request: PlainRequest, data: dict[str, Any]) -> None:
        self.method = request.method
        self.uri = work.issuer + request.path
        self.headers = request.headers
        self.payload = _Payload(data)
        self.credential: Any = None
        self.client: RegisteredClient | None = None

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


def read_metadata(data: dict[str, Any]) -> ClientRegistration:
    """The registration that a client's metadata describes.

    Raises:
        InvalidClientMetadataError: a field has the wrong type or asks for what this server does not do.
    """
    for name, value in data.items():
        if name in _FIELDS and not isinstance(value, _FIELDS[name]):
            raise InvalidClientMetadataError(f"The field '{name}' has the wrong type.")
        if isinstance(value, list) and name in _FIELDS and not all(isinstance(item, str) for item in value):
            raise InvalidClientMetadataError(f"The field '{name}' is a list of strings.")
    if data.get("response_types", ["code"]) != ["code"]:
        raise InvalidClientMetadataError("Only the response type 'code' exists here.")
    if data.get("subject_type", "public") != "public":
        raise InvalidClientMetadataError("Only the subject type 'public' exists here.")
    scope = " ".join(value for value in data.get("scope", "openid profile email").split() if value in clients.SCOPES)
    return ClientRegistration(
        names={"en": data.get("client_name", "") or "?"},
        token_endpoint_auth_method=data.get("token_endpoint_auth_method", "client_secret_basic"),
        redirect_uris=data.get("redirect_uris", []),
        post_logout_redirect_uris=data.get("post_logout_redirect_uris", []),
        backchannel_logout_uri=data.get("backchannel_logout_uri"),
        grant_types=data.get("grant_types", ["authorization_code"]),
        scope=scope,
        signing_algorithm=data.get("id_token_signed_response_alg", "ES256"),
        trusted=False,
        options=_translated(lambda: client_options.read({name: data[name] for name in _OPTIONS if name in data})),
    )


def metadata_of(client: RegisteredClient) -> dict[str, Any]:
    """A client's registered metadata, as its answers show it."""
    shown: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.astimezone(UTC).timestamp()),
        "client_name": client.name("en"),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "grant_types": list(client.grant_types),
        "response_types": ["code"],
        "scope": client.scope,
        "id_token_signed_response_alg": client.signing_algorithm,
        "subject_type": "public",
        **client_options.stored(client.options),
    }
    if client.backchannel_logout_uri:
        shown["backchannel_logout_uri"] = client.backchannel_logout_uri
        shown["backchannel_logout_session_required"] = True
    return shown


class RegistrationEndpoint(Rfc7591):
    """`POST /oauth/register` with an initial access token."""

    def __init__(self, work: Work, *, development: bool) -> None:
        super().__init__()
        self.work = work
        self.development = development
        self._secret: str | None = None

    def authenticate_token(self, request: _Request) -> str | None:
        known = bool(request.bearer) and clients.initial_access_token_lives(self.work, request.bearer)
        return request.bearer if known else None

    def extract_client_metadata(self, request: _Request) -> dict[str, Any]:
        return {"registration": read_metadata(request.payload.data)}

    def save_client(self, info: dict[str, Any], metadata: dict[str, Any], request: _Request) -> RegisteredClient:
        client, self._secret = _translated(
            lambda: clients.register(self.work, metadata["registration"], development=self.development)
        )
        return client

    def create_registration_response(self, request: _Request) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        if self.authenticate_token(request) is None:
            raise self._closed()
        if not request.payload.data:
            raise InvalidRequestError("The body is a JSON object of client metadata.")
        metadata = self.extract_client_metadata(request)
        _translated(lambda: clients.check(self.work, metadata["registration"], development=self.development))
        # Metadata that cannot be used costs nothing: the token is spent once the client can be made.
        if not clients.spend_initial_access_token(self.work, request.bearer):
            raise self._closed()
        client = self.save_client({}, metadata, request)
        management = tokens.new()
        self.work.session.execute(
            update(Client).where(Client.id == client.id).values(registration_token_digest=tokens.digest(management))
        )
        return 201, _answer(self.work, client, management, self._secret), JSON_HEADERS

    def _closed(self) -> AccessDeniedError:
        audit.record(self.work, "client.registration_refused", outcome="refused", reason="initial_access_token")
        return AccessDeniedError(status_code=401)


class ConfigurationEndpoint(Rfc7592):
    """`GET`, `PUT`, `DELETE /oauth/register/<client_id>` with the client's registration access token."""

    def __init__(self, work: Work, *, development: bool) -> None:
        super().__init__()
        self.work = work
        self.development = development

    def create_configuration_response(self, request: _Request) -> tuple[int, Any, list[tuple[str, str]]]:
        client = self.authenticate_client(request)
        if client is None:  # RFC 7592 §2: unknown client and wrong token are the same 401
            raise AccessDeniedError(status_code=401)
        request.client = client
        if request.method == "DELETE":
            clients.delete(self.work, client.client_id)
            return 204, "", [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
        if request.method == "PUT":
            client = self._replace(client, request.payload.data)
        return 200, _answer(self.work, client, request.bearer, None), JSON_HEADERS

    def authenticate_client(self, request: _Request) -> RegisteredClient | None:
        client_id = urlsplit(request.uri).path.rsplit("/", 1)[-1]
        owner = self.work.session.scalar(
            select(Client.client_id).where(
                Client.registration_token_digest == tokens.digest(request.bearer), Client.disabled_at.is_(None)
            )
        )
        return clients.find(self.work, client_id) if request.bearer and owner == client_id else None

    def _replace(self, client: RegisteredClient, data: dict[str, Any]) -> RegisteredClient:
        """An update replaces the whole registration (RFC 7592 §2.2)."""
        if any(name in data for name in _SENT_BACK):
            raise InvalidRequestError("The body holds a field that only this server sets.")
        if data.get("client_id") != client.client_id:
            raise InvalidRequestError("The body does not name this client.")
        secret = data.get("client_secret")
        if secret is not None and not (isinstance(secret, str) and client.check_client_secret(secret)):
            raise InvalidRequestError("The 'client_secret' is not the present one.")
        asked = read_metadata(data)
        if asked.token_endpoint_auth_method != client.token_endpoint_auth_method:
            raise InvalidClientMetadataError("The 'token_endpoint_auth_method' cannot be changed.")
        changes = {
            name: getattr(asked, name)
            for name in (
                "names", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri",
                "grant_types", "scope", "signing_algorithm", "options",
            )
        }  # fmt: skip
        return _translated(lambda: clients.change(self.work, client.client_id, development=self.development, **changes))


def _answer(work: Work, client: RegisteredClient, management: str, secret: str | None) -> dict[str, Any]:
    answer = metadata_of(client)
    answer["registration_access_token"] = management
    answer["registration_client_uri"] = f"{work.issuer}/oauth/register/{client.client_id}"
    if secret:
        answer["client_secret"] = secret
        answer["client_secret_expires_at"] = 0
    return answer


def _translated(command: Callable[[], T]) -> T:
    """Run a command of ours; its refusal of an input becomes the error RFC 7591 §3.2.2 names."""
    try:
        return command()
    except InvalidInput as error:
        name = str(error.members.get("field", ""))
        reason = str(error.members.get("reason", "is not allowed"))
        text = f"The field {name} {reason}."
        if name == "redirect_uris":
            raise InvalidRedirectURIError(text) from error
        raise InvalidClientMetadataError(text) from error


def handle(work: Work, request: PlainRequest, data: dict[str, Any], *, development: bool) -> PlainResponse:
    """Answer a registration or configuration request."""
    wanted = _Request(work, request, data)
    body: Any
    try:
        if request.path.rstrip("/").endswith("/register"):
            endpoint = RegistrationEndpoint(work, development=development)
            status, body, headers = endpoint.create_registration_response(wanted)
        else:
            configuration = ConfigurationEndpoint(work, development=development)
            status, body, headers = configuration.create_configuration_response(wanted)
    except OAuth2Error as error:
        return answer_error(error)
    return PlainResponse(status, body if isinstance(body, str) else json.dumps(body), tuple(headers))
