"""Dynamic client registration and its management (RFC 7591, RFC 7592), behind an initial access token.

A client that registers itself is never trusted: it asks consent, has no product, and tells the person who it is.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC
from typing import Any, TypeVar
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint as Rfc7591
from authlib.oauth2.rfc7591 import (
    InvalidClientMetadataError,
    InvalidRedirectURIError,
    UnapprovedSoftwareStatementError,
)
from authlib.oauth2.rfc7592 import ClientConfigurationEndpoint as Rfc7592
from sqlalchemy import select, update

from idp.audit import log as audit
from idp.core import tokens, wire
from idp.core.errors import InvalidInput
from idp.oidc import client_metadata, client_options, clients, initial_access, sectors, signed_answers
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
    "token_endpoint_auth_method": str,
    "client_name": str,
    "scope": str,
    "backchannel_logout_uri": str,
    "backchannel_logout_session_required": bool,
    "id_token_signed_response_alg": str,
}
"""Metadata of the core of a registration, with the JSON type of each; `client_options` holds the rest, and checks it.
Others are ignored (RFC 7591 §2)."""
_NAMED = re.compile(r"^client_name#([a-z]{2})$")
"""The name in a language of the pages (RFC 7591 §2.2)."""
_UNWRITABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""What an `error_description` never holds (RFC 6749 §5.2); a reason may repeat what was sent."""
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


class TokenRefused(OAuth2Error):
    """RFC 6750 §3.1, RFC 7592 §2: the token that opens registration, or a registration, is missing or does not count.
    What was sent without one hears no error in the challenge."""

    error = "invalid_token"
    status_code = 401

    def __init__(self, request: _Request) -> None:
        super().__init__("The access token is missing or does not count.")
        self._sent = bool(request.bearer)

    def get_headers(self) -> list[tuple[str, str]]:
        challenge = 'Bearer realm="sesame"' + (f', error="{self.error}"' if self._sent else "")
        return [*super().get_headers(), ("WWW-Authenticate", challenge)]


def read_metadata(data: dict[str, Any]) -> ClientRegistration:
    """The registration that a client's metadata describes.

    Raises:
        InvalidClientMetadataError: a field has the wrong type or asks for what this server does not do.
    """
    data = {name: value for name, value in data.items() if value is not None and value != ""}  # RFC 7592 §2.2
    if "software_statement" in data:
        raise UnapprovedSoftwareStatementError("No software statement is accepted here.")
    for name, value in data.items():
        if name in _FIELDS and not isinstance(value, _FIELDS[name]):
            raise InvalidClientMetadataError(f"The field '{name}' has the wrong type.")
        if isinstance(value, list) and name in _FIELDS and not all(isinstance(item, str) for item in value):
            raise InvalidClientMetadataError(f"The field '{name}' is a list of strings.")
    grant_types = data.get("grant_types", ["authorization_code"])
    if data.get("response_types", ["code"]) != ["code"] and (data["response_types"] or _by_code(grant_types)):
        raise InvalidClientMetadataError("Only the response type 'code' exists here.")
    if data.get("response_types") and not _by_code(grant_types):  # RFC 7591 §2.1
        raise InvalidClientMetadataError("The response type 'code' needs the grant type 'authorization_code'.")
    default = "openid profile email" + (" offline_access" if "refresh_token" in grant_types else "")
    scope = " ".join(value for value in data.get("scope", default).split() if value in clients.SCOPES)
    return ClientRegistration(
        names=_names(data),
        token_endpoint_auth_method=data.get("token_endpoint_auth_method", "client_secret_basic"),
        redirect_uris=data.get("redirect_uris", []),
        post_logout_redirect_uris=data.get("post_logout_redirect_uris", []),
        backchannel_logout_uri=data.get("backchannel_logout_uri"),
        grant_types=grant_types,
        scope=scope,
        signing_algorithm=data.get("id_token_signed_response_alg", "ES256"),
        trusted=False,
        options=_translated(
            lambda: client_options.read({name: data[name] for name in client_options.NAMES if name in data})
        ),
    )


def _names(data: dict[str, Any]) -> dict[str, str]:
    """The names of a client by language; the one without a language serves as English, which others fall back to."""
    names = {"en": data.get("client_name", "") or "?"}
    for name, value in data.items():
        if found := _NAMED.match(name):
            if not isinstance(value, str):
                raise InvalidClientMetadataError(f"The field '{name}' has the wrong type.")
            names[found[1]] = value
    return names


def _by_code(grant_types: Any) -> bool:
    return "authorization_code" in grant_types


def metadata_of(client: RegisteredClient) -> dict[str, Any]:
    """A client's registered metadata, as its answers show it."""
    shown: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.astimezone(UTC).timestamp()),
        "client_name": client.names.get("en") or client.name("en"),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "grant_types": list(client.grant_types),
        "response_types": ["code"] if _by_code(client.grant_types) else [],
        "scope": client.scope,
        "id_token_signed_response_alg": client.signing_algorithm,
        **client_options.shown(client.options),
        "application_type": client_metadata.application_type(client),
        **{f"client_name#{language}": name for language, name in client.names.items() if language != "en"},
    }
    if not client.public:
        shown["introspection_signed_response_alg"] = signed_answers.by_which(client)
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
        known = bool(request.bearer) and initial_access.lives(self.work, request.bearer)
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
            raise self._closed(request)
        if not request.payload.data:
            raise InvalidRequestError("The body is a JSON object of client metadata.")
        metadata = self.extract_client_metadata(request)
        _translated(lambda: clients.check(self.work, metadata["registration"], development=self.development))
        _translated(lambda: sectors.verify(self.work, metadata["registration"]))
        # Metadata that cannot be used costs nothing: the token is spent once the client can be made.
        if not initial_access.spend(self.work, request.bearer):
            raise self._closed(request)
        client = self.save_client({}, metadata, request)
        management = tokens.new()
        self.work.session.execute(
            update(Client).where(Client.id == client.id).values(registration_token_digest=tokens.digest(management))
        )
        return 201, _answer(self.work, client, management, self._secret), JSON_HEADERS

    def _closed(self, request: _Request) -> TokenRefused:
        audit.record(self.work, "client.registration_refused", outcome="refused", reason="initial_access_token")
        return TokenRefused(request)


class ConfigurationEndpoint(Rfc7592):
    """`GET`, `PUT`, `DELETE /oauth/register/<client_id>` with the client's registration access token."""

    def __init__(self, work: Work, *, development: bool) -> None:
        super().__init__()
        self.work = work
        self.development = development

    def create_configuration_response(self, request: _Request) -> tuple[int, Any, list[tuple[str, str]]]:
        client = self.authenticate_client(request)
        if client is None:  # RFC 7592 §2: unknown client and wrong token are the same 401
            raise TokenRefused(request)
        request.client = client
        if request.method == "DELETE":
            clients.delete(self.work, client.client_id)
            return 204, "", [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
        secret = None
        if request.method == "PUT":
            client = self._replace(client, request.payload.data)
            secret = self._rotated(client, request.payload.data)
        return 200, _answer(self.work, client, request.bearer, secret), JSON_HEADERS

    def authenticate_client(self, request: _Request) -> RegisteredClient | None:
        client_id = urlsplit(request.uri).path.rsplit("/", 1)[-1]
        owner = self.work.session.scalar(
            select(Client.client_id).where(
                Client.registration_token_digest == tokens.digest(request.bearer), Client.disabled_at.is_(None)
            )
        )
        return clients.find(self.work, client_id) if request.bearer and owner == client_id else None

    def _rotated(self, client: RegisteredClient, data: dict[str, Any]) -> str | None:
        """The new secret of a client that asks for one with the member `rotate_client_secret`, which is our own; the
        present one stays valid until the next (R-32)."""
        if not data.get("rotate_client_secret"):
            return None
        return _translated(lambda: clients.rotate_secret(self.work, client.client_id))

    def _replace(self, client: RegisteredClient, data: dict[str, Any]) -> RegisteredClient:
        """An update replaces the whole registration (RFC 7592 §2.2)."""
        if any(name in data for name in _SENT_BACK):
            raise InvalidRequestError("The body holds a field that only this server sets.")
        if data.get("client_id") != client.client_id:
            raise InvalidRequestError("The body does not name this client.")
        secret = data.get("client_secret")
        if secret is not None and not (
            isinstance(secret, str) and wire.is_text(secret) and client.check_client_secret(secret)
        ):
            raise InvalidRequestError("The 'client_secret' is not the present one.")
        if not isinstance(data.get("rotate_client_secret", False), bool):
            raise InvalidClientMetadataError("The field 'rotate_client_secret' has the wrong type.")
        if data.get("rotate_client_secret") and not client.secret_digests:
            raise InvalidClientMetadataError("There is no secret to rotate.")
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
        kept = {name: getattr(client.options, name) for name in client_options.BY_OPERATOR}
        changes["options"] = asked.options.model_copy(update=kept)
        wanted = clients.planned(client, **changes)
        _translated(lambda: clients.check(self.work, wanted, development=self.development))
        _translated(lambda: sectors.verify(self.work, wanted))
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
        text = _UNWRITABLE.sub("?", f"The field {name} {reason}.")
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
