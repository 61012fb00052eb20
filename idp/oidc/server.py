"""Authlib's authorization server over plain requests and plain answers, built for one unit of work."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from idp.audit import log as audit
from idp.core import wire
from idp.oidc import binding, certificates, client_assertion, clients, dpop, encryption
from idp.oidc.binding import Binding
from idp.oidc.certificates import Shown
from idp.oidc.clients import AUTH_METHODS, RegisteredClient
from idp.oidc.dpop import Proof
from idp.oidc.foreign import ForeignToken, Unacceptable
from idp.work import Work

Pairs = Iterable[tuple[str, str]]
_SHOWABLE = re.compile("[A-Za-z0-9_.:-]{1,60}")


class PlainRequest(NamedTuple):
    """A request without a framework: `query` and `form` keep every pair, so that repeats are seen. `certificate` is
    what a proxy in front has seen of the sender's (RFC 8705)."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = MappingProxyType({})
    certificate: Shown | None = None


class PlainResponse(NamedTuple):
    """An answer without a framework; `body` is text, ready to be sent."""

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def location(self) -> str | None:
        return next((value for name, value in self.headers if name.lower() == "location"), None)


class ProtocolRequest(OAuth2Request):
    """What Authlib reads of a request. Parameters come from one place: the query of the authorization endpoint, the
    body everywhere else (R-31).

    Attributes:
        issues: whether the answer holds tokens, which may be bound to the sender.
        proof: the proof of possession that came along, if one did.
        certificate: the sender's, not read yet.
        bound: to what the tokens of the answer are bound, known once the client is authenticated.
    """

    def __init__(self, method: str, uri: str, parameters: dict[str, str], headers: dict[str, str]) -> None:
        # Authlib's own beginning would examine the scheme of the address each time; it is the issuer's, which the
        # settings have examined.
        self.method, self.uri, self.headers = method, uri, headers
        self.parameters = parameters
        self.payload = BasicOAuth2Payload(parameters)
        self.client: RegisteredClient | None = None
        self.auth_method: str | None = None
        self.issues = False
        self.proof: Proof | None = None
        self.certificate: Shown | None = None
        self.bound: Binding | None = None
        self.user = self.credential = None
        self.authorization_code = self.refresh_token = None
        self._body = self._scope = None

    @property
    def args(self) -> dict[str, str]:
        return self.parameters

    @property
    def form(self) -> dict[str, str]:
        return self.parameters


class Server(AuthorizationServer):
    """Authlib's server for one unit of work; grants reach it as `self.server.work`."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
        self._seen: dict[str, RegisteredClient | None] = {}

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """The client, looked up once per request however many methods of authentication are tried."""
        if client_id not in self._seen:
            self._seen[client_id] = clients.find(self.work, client_id)
        return self._seen[client_id]

    def create_oauth2_request(self, request: Any) -> ProtocolRequest:
        if isinstance(request, ProtocolRequest):
            return request
        pairs = request.form if request.method == "POST" else request.query
        asked = ProtocolRequest(request.method, self.work.issuer + request.path, once(pairs), request.headers)
        asked.certificate = request.certificate
        return asked

    def create_token_response(self, request: Any = None) -> PlainResponse:
        """The answer of the token endpoint. A proof of possession is looked at before anything is used up, so that the
        client can send the same again with a nonce (RFC 9449 §8)."""
        asked = self.create_oauth2_request(request)
        asked.issues = True
        try:
            if "grant_type" not in asked.form:
                raise InvalidRequestError("Missing 'grant_type'.")
            asked.proof = self.proof_of(asked)
            answer: PlainResponse = super().create_token_response(asked)
        except OAuth2Error as error:
            answer = self.handle_error_response(asked, error)
        return self.with_nonce(asked, answer)

    def proof_of(self, request: ProtocolRequest) -> Proof | None:
        """What the request proves by DPoP; None when it does not try.

        Raises:
            InvalidProof, NonceNeeded: as `dpop.check`.
        """
        text = request.headers.get(dpop.HEADER)
        if text is None:
            return None
        path = request.uri.removeprefix(self.work.issuer)
        return dpop.check(self.work, text, method=request.method, addresses=self.work.addresses(path))

    def with_nonce(self, request: ProtocolRequest, answer: PlainResponse) -> PlainResponse:
        """The answer, with the nonce for the next proof of a client that proves (RFC 9449 §8.2)."""
        client = request.client
        if dpop.HEADER not in request.headers and not (client and client.options.dpop_bound_access_tokens):
            return answer
        return answer._replace(headers=(*answer.headers, dpop.nonce_header(self.work)))

    def handle_response(self, status: int, body: Any, headers: Iterable[tuple[str, str]]) -> PlainResponse:
        text = body if isinstance(body, str) else wire.write(body)
        return PlainResponse(status, text, tuple(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: what follows from an act is written beside it."""

    def authenticate_client(
        self, request: ProtocolRequest, methods: Iterable[str] = AUTH_METHODS, endpoint: str = "token"
    ) -> RegisteredClient:
        """The client that this request proves to be (RFC 6749 §2.3), by its one registered method.

        Raises:
            ClientRefused: 401 with a challenge when the client tried HTTP Basic or nothing (RFC 6749 §5.2).
            InvalidRequestError: more than one way was tried, or `client_id` names another client.
        """
        method, client_id, proof = presented_credentials(request)
        client = self.query_client(client_id)
        if method == "none" and client is not None and client.token_endpoint_auth_method in certificates.METHODS:
            method = client.token_endpoint_auth_method  # its proof is in the connection
        if (
            client is None
            or method not in methods
            or client.token_endpoint_auth_method != method
            or not self._proved(client, proof, request.certificate)
        ):
            self._refused(request)
            status = 400 if method == "client_secret_post" else 401
            raise ClientRefused("Client authentication failed.", status_code=status)
        if request.form.get("client_id", client_id) != client_id:
            raise InvalidRequestError("'client_id' names another client than the one authenticated.")
        if request.proof is not None:
            dpop.allow(request.proof, client.algorithms)
        request.client, request.auth_method = client, method
        if request.issues:
            encryption.require(self.work, client, "id_token")  # before anything is used up
            request.bound = binding.settle(self.work, client, request.proof, request.certificate)
        return client

    def _proved(self, client: RegisteredClient, proof: str | ForeignToken | None, shown: Shown | None) -> bool:
        if isinstance(proof, str):
            return client.check_client_secret(proof)
        try:
            if proof is not None:
                client_assertion.check(self.work, client, proof)
            elif not client.public:
                certificates.prove(self.work, client, shown)
        except Unacceptable:
            return False
        return True

    def _refused(self, request: ProtocolRequest) -> None:
        self.work.write_after_reading()  # of this request nothing else has happened yet
        known = [name for name, client in self._seen.items() if client is not None]
        audit.record(
            self.work,
            "client_authentication.refused",
            ("client", known[0] if known else ""),
            outcome="refused",
            path=request.uri.removeprefix(self.work.issuer),
        )


class ClientRefused(InvalidClientError):
    """As RFC 6749 §5.2 says; a challenge names its realm (RFC 7617 §2)."""

    def get_headers(self) -> list[tuple[str, str]]:
        return [
            (name, value.replace("Basic ", 'Basic realm="sesame", ', 1) if name == "WWW-Authenticate" else value)
            for name, value in super().get_headers()
        ]


def once(pairs: Pairs) -> dict[str, str]:
    """Parameters by name; a repeated one is refused (RFC 6749 §3.1, §3.2). Empty ones count as absent.

    Raises:
        InvalidRequestError: a parameter occurs twice, or holds a control character or what is no UTF-8 (RFC 6749
            Appendix B); names it where a name can be shown.
        OAuth2Error: `invalid_target`, for several resources, which RFC 8707 §2 and RFC 8693 §2.2.2 let a server refuse.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            if name in ("resource", "audience"):
                raise OAuth2Error("A token is for one resource.", error="invalid_target")
            raise InvalidRequestError(f"{_culprit(name)} is repeated.")
        if "\x00" in value or "\x00" in name:
            raise InvalidRequestError(f"{_culprit(name)} holds a control character.")
        if not (wire.is_text(value) and wire.is_text(name)):
            raise InvalidRequestError(f"{_culprit(name)} is not UTF-8.")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def _culprit(name: str) -> str:
    """A parameter, by its name where that may stand in `error_description` (RFC 6749 §5.2)."""
    return f"The parameter '{name}'" if _SHOWABLE.fullmatch(name) else "A parameter"


def presented_credentials(request: ProtocolRequest) -> tuple[str, str, str | ForeignToken | None]:
    """How a client says who it is: method, identifier, and its secret (RFC 6749 §2.3.1) or assertion (RFC 7521 §4.2).

    Raises:
        InvalidRequestError: more than one way at once.
        ClientRefused: malformed HTTP Basic credentials, or an assertion that names no client.
    """
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        if "client_secret" in request.form or "client_assertion" in request.form:
            raise InvalidRequestError("More than one way of client authentication.")
        try:
            text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise ClientRefused("Malformed HTTP Basic credentials.", status_code=401) from error
        client_id, colon, secret = text.partition(":")
        if not colon or "\x00" in text:
            raise ClientRefused("Malformed HTTP Basic credentials.", status_code=401)
        return "client_secret_basic", unquote(client_id), unquote(secret)
    if "client_assertion" in request.form or "client_assertion_type" in request.form:
        return _asserted(request.form)
    client_id = request.form.get("client_id", "")
    if "client_secret" in request.form:
        return "client_secret_post", client_id, request.form["client_secret"]
    return "none", client_id, None


def _asserted(form: dict[str, str]) -> tuple[str, str, ForeignToken]:
    if "client_secret" in form:
        raise InvalidRequestError("More than one way of client authentication.")
    if form.get("client_assertion_type") != client_assertion.TYPE:
        raise ClientRefused("The type of the client assertion is not known.", status_code=401)
    try:
        client_id, token = client_assertion.read(form.get("client_assertion", ""), form.get("client_id"))
    except Unacceptable as error:
        raise ClientRefused(f"The client assertion {error}.", status_code=401) from error
    return "private_key_jwt", client_id, token


def answer_error(error: OAuth2Error) -> PlainResponse:
    """The JSON answer of RFC 6749 §5.2."""
    status, body, headers = error(None)
    return PlainResponse(status, json.dumps(body), tuple(headers))
