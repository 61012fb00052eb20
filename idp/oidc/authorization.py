"""The authorization endpoint's mind: validate a request, keep it while the person is busy, answer it.

Client and redirect address are checked first, and an error there is a page, never a redirect (RFC 6749 §4.1.2.1).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy import bindparam, delete, insert, select, update

from idp.authn.session import Current
from idp.companies import mandate_use
from idp.companies.access import Access
from idp.core import tokens, wire
from idp.core.errors import Expired
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.oidc import answers, binding, clients, codes, details, dpop, pushed, request_objects, requested_claims, uris
from idp.oidc.answers import Sent, Way
from idp.oidc.clients import COMPANY_SCOPE, RegisteredClient
from idp.oidc.dpop import InvalidProof, Proof
from idp.oidc.grants import AuthorizationCodeGrant, ProofKey, check_resource
from idp.oidc.interaction import Kept
from idp.oidc.models import AuthorizationRequest
from idp.oidc.server import Pairs, PlainRequest, Server, once
from idp.work import Work

KEPT_FOR = timedelta(minutes=10)
CONTINUE_PATH = "/oauth/authorize/continue"
_COLUMNS = ("id", "token_digest", "client_id", "parameters", "created_at", "expires_at")
_KEEP = Prepared(insert(AuthorizationRequest).values({name: bindparam(name) for name in _COLUMNS}))
_TAKE = Prepared(
    select(
        AuthorizationRequest.id,
        AuthorizationRequest.parameters,
        AuthorizationRequest.company_id,
        AuthorizationRequest.created_at,
    ).where(
        AuthorizationRequest.token_digest == bindparam("digest"), AuthorizationRequest.expires_at > bindparam("now")
    )
)
_FORGET = Prepared(delete(AuthorizationRequest).where(AuthorizationRequest.id == bindparam("kept")))
CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_NAMES_TARGET = ("client_id", "redirect_uri", "request", "request_uri")
PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})


class NotRedirectable(Exception):
    """The request cannot be answered to anyone: client or redirect address is wrong. `reason` is for developers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """An authorization request that may be answered.

    Attributes:
        scope: what is granted of it.
        claims: what is granted beyond the scope, by the place where it is told: single claims in the ID token and at
            userinfo (OIDC Core §5.5), and `authorization_details` (RFC 9396).
    """

    client: RegisteredClient
    way: Way
    scope: str
    parameters: dict[str, str]
    claims: dict[str, list[str]]

    @property
    def agreed_scope(self) -> str:
        """What the person has to agree to: the scope, and the scopes in which the single claims lie."""
        return " ".join(dict.fromkeys([*self.scope.split(), *requested_claims.scopes_of(self.claims)]))

    @property
    def silent(self) -> bool:
        return "none" in self.parameters.get("prompt", "").split()


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A request whose client and redirect address are right and something else is not."""

    way: Way
    error: str
    description: str


def validate(work: Work, pairs: Pairs, *, pushed_only: bool = False) -> ValidRequest | BadRequest:
    """Check a request as it came: its own parameters, those of a request object (RFC 9101), or those that were pushed
    (RFC 9126), which are used up by the code that is issued for them.

    Args:
        pushed_only: no client may do without pushing (RFC 9126 §5).

    Raises:
        NotRedirectable: unknown client, a redirect address it has not registered, or a reference to no pushed request.
    """
    pairs = list(pairs)
    single = {name: value for name, value in pairs if value}
    client = _client(work, pairs, single)
    reference = single.get("request_uri", "")
    if pushed.is_ours(reference):
        kept = pushed.find(work, client, reference)
        if kept is None:
            raise NotRedirectable("request_uri is unknown, used, over, or another client's")
        if "request" in single:  # RFC 9101 §5: they are never used together
            return _bad(_early_way(client, [], kept), InvalidRequestError("There is a 'request' beside 'request_uri'."))
        return _checked(work, client, kept)
    try:
        parameters = _own_parameters(work, client, once(pairs), pushed_only)
    except OAuth2Error as error:
        return _bad(_early_way(client, pairs, single), error)
    return _checked(work, client, parameters)


def _early_way(client: RegisteredClient, pairs: list[tuple[str, str]], single: dict[str, str]) -> Way:
    """The way of an error that is met before the request counts: as it asks for, when that is clear and the client may
    have it so.

    Raises:
        NotRedirectable: the redirect address is not registered.
    """
    redirect_uri = _target(client, single)
    clear = len({value for name, value in pairs if name == "response_mode"}) <= 1
    try:
        mode = answers.mode_of(client, redirect_uri, single.get("response_mode") if clear else None)
    except InvalidRequestError:
        mode = answers.default_mode(client)
    return Way(client, redirect_uri, mode, answers.returnable(mode, single.get("state")))


def _own_parameters(
    work: Work, client: RegisteredClient, parameters: dict[str, str], pushed_only: bool
) -> dict[str, str]:
    """The parameters of a request that was not pushed: of its request object where there is one (RFC 9101 §6.3).

    Raises:
        OAuth2Error: this client has to push or to sign its requests, or the object is not acceptable.
    """
    if "request_uri" in parameters:  # nothing is fetched
        raise _named("request_uri_not_supported", "Only pushed requests are taken up by reference.")
    if pushed_only or client.options.require_pushed_authorization_requests:
        raise InvalidRequestError("The request has to be pushed (RFC 9126).")
    return _opened(work, client, parameters)


def _opened(work: Work, client: RegisteredClient, parameters: dict[str, str]) -> dict[str, str]:
    if "request" in parameters:
        return request_objects.parameters(work, client, parameters["request"])
    if client.options.require_signed_request_object:
        raise InvalidRequestError("The request has to be signed (RFC 9101).")
    return parameters


def push(work: Work, client: RegisteredClient, form: dict[str, str], proof: Proof | None) -> dict[str, Any]:
    """Keep a request that a client has pushed, once it is checked as at the authorization endpoint; the answer to the
    client (RFC 9126 §2.2).

    Args:
        proof: that the client holds a key, to which its code will be bound (RFC 9449 §10.1).

    Raises:
        OAuth2Error: as the authorization endpoint would tell, and without `redirect_uri` (FAPI 2.0 §5.3.2.2).
    """
    if "request_uri" in form:
        raise InvalidRequestError("A 'request_uri' cannot be pushed.")
    sent = {name: value for name, value in form.items() if name not in CREDENTIALS}
    parameters = {**_opened(work, client, sent), "client_id": client.client_id}
    if proof is not None:
        if parameters.setdefault("dpop_jkt", proof.jkt) != proof.jkt:
            raise InvalidProof("is of another key than 'dpop_jkt'")
        dpop.spend(work, proof)
    if not client.check_redirect_uri(parameters.get("redirect_uri", "")):
        raise InvalidRequestError("The 'redirect_uri' is missing or not registered for this client.")
    asked = _checked(work, client, parameters)
    if isinstance(asked, BadRequest):
        raise _named(asked.error, asked.description)
    request_uri = pushed.keep(work, client, parameters)
    return {"request_uri": request_uri, "expires_in": int(pushed.LIFETIME.total_seconds())}


def _checked(work: Work, client: RegisteredClient, parameters: dict[str, str]) -> ValidRequest | BadRequest:
    """Check the parameters that count.

    Raises:
        NotRedirectable: the redirect address is not registered.
    """
    redirect_uri, state, mode = _target(client, parameters), parameters.get("state"), None
    try:
        mode = answers.mode_of(client, redirect_uri, parameters.get("response_mode"))
        _check_parameters(client, parameters)
        server = Server(work)
        server.register_grant(AuthorizationCodeGrant, [ProofKey(required=False)])
        request = PlainRequest("GET", "/oauth/authorize", query=tuple(parameters.items()))
        grant = server.get_consent_grant(request)
    except OAuth2Error as error:
        return _bad(Way(client, redirect_uri, mode or answers.default_mode(client), state), error)
    scope = " ".join(value for value in grant.request.scope.split() if not value.startswith(COMPANY_SCOPE))
    return ValidRequest(
        client, Way(client, redirect_uri, mode, state), scope, parameters, _beyond_scope(client, parameters)
    )


def _beyond_scope(client: RegisteredClient, parameters: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if "claims" in parameters:
        found = requested_claims.granted(client, requested_claims.read(parameters["claims"]))
    return found | {details.PARAMETER: [details.TYPE]} if details.PARAMETER in parameters else found


def _bad(way: Way, error: OAuth2Error) -> BadRequest:
    return BadRequest(way, error.error, error.description or "")


def _client(work: Work, pairs: list[tuple[str, str]], single: dict[str, str]) -> RegisteredClient:
    names = [name for name, _ in pairs]
    if any(names.count(name) > 1 for name in _NAMES_TARGET):
        raise NotRedirectable("client_id, redirect_uri, request or request_uri is repeated")
    if not wire.is_text(single.get("request_uri", "")):
        raise NotRedirectable("request_uri is not UTF-8")
    client = clients.find(work, single.get("client_id", ""))
    if client is None:
        raise NotRedirectable("client_id is missing or unknown")
    return client


def _target(client: RegisteredClient, parameters: dict[str, str]) -> str:
    sent = parameters.get("redirect_uri")
    if sent is None:
        if "openid" in parameters.get("scope", "").split():  # OIDC Core §3.1.2.1
            raise NotRedirectable("redirect_uri is missing, which a request with the scope openid has to hold")
        default = client.get_default_redirect_uri()
        if default is None:
            raise NotRedirectable("redirect_uri is missing")
        return default
    if not client.check_redirect_uri(sent):
        raise NotRedirectable("redirect_uri is not registered for this client")
    return sent


def _check_parameters(client: RegisteredClient, parameters: dict[str, str]) -> None:
    """What Authlib leaves to us: prompt, max_age, claims, resource. And the response type, as
    its refusal would repeat it in a text that may not hold every character."""
    if "response_type" not in parameters:
        raise InvalidRequestError("Missing 'response_type'.")
    if parameters["response_type"] != "code":
        raise _named("unsupported_response_type", "The only response type is 'code'.")
    prompts = parameters.get("prompt", "").split()
    if not set(prompts) <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequestError("Invalid 'prompt'.")
    max_age = parameters.get("max_age")
    if max_age is not None and not (max_age.isascii() and max_age.isdigit() and len(max_age) <= 9):
        raise InvalidRequestError("Invalid 'max_age'.")
    if client.options.require_pushed_authorization_requests and "code_challenge" not in parameters:
        raise InvalidRequestError("Missing 'code_challenge'.")  # FAPI 2.0 §5.3.2.2, whatever an operator has lifted
    if "registration" in parameters:
        raise _named("registration_not_supported", "Self-issued registration is not supported.")
    if any(len(value) > 4000 for value in parameters.values()):
        raise InvalidRequestError("A parameter is too long.")
    binding.check_announced(parameters.get("dpop_jkt"))
    if "claims" in parameters:
        requested_claims.read(parameters["claims"])
    details.check(client, parameters)
    check_resource(client, parameters.get("resource"))


def _named(error: str, description: str) -> OAuth2Error:
    return OAuth2Error(error=error, description=description)


def keep(work: Work, request: ValidRequest) -> str:
    """Keep a valid request for ten minutes; answers the path at which it is taken up again."""
    token = tokens.new()
    _KEEP.run(
        work.session.connection(),
        {
            "id": uuid7(),
            "token_digest": tokens.digest(token),
            "client_id": request.client.id,
            "parameters": request.parameters,
            "created_at": work.now,
            "expires_at": work.now + KEPT_FOR,
        },
    )
    return f"{CONTINUE_PATH}?{urlencode({'request': token})}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A kept request, taken up again."""

    id: UUID
    token: str
    request: ValidRequest
    kept: Kept


def take(work: Work, token: str) -> Taken:
    """A kept request, validated again as it came.

    Raises:
        Expired: unknown, over ten minutes old, or answered already.
    """
    row = _kept(work, token)
    if row is None:
        raise Expired(kind="authorization_request")
    try:
        request = _checked(work, _client(work, [], row.parameters), row.parameters)
    except NotRedirectable as error:
        raise Expired(kind="authorization_request") from error
    if isinstance(request, BadRequest):
        raise Expired(kind="authorization_request")
    return Taken(row.id, token, request, Kept(row.created_at, row.company_id))


def _kept(work: Work, token: str) -> Any:
    return _TAKE.first(reader(work.session), {"digest": tokens.digest(token), "now": work.now})


def choose_company(work: Work, request_id: UUID, company_id: UUID) -> None:
    """Remember the company the person chose; whether they may is decided when the request is taken up again."""
    work.session.execute(
        update(AuthorizationRequest).where(AuthorizationRequest.id == request_id).values(company_id=company_id)
    )


def forget(work: Work, taken: Taken) -> bool:
    """End a kept request; True for the one caller that may answer it."""
    return _FORGET.run(work.session.connection(), {"kept": taken.id}) == 1


def answer_code(work: Work, request: ValidRequest, current: Current, reach: Access | None) -> Sent | None:
    """The answer that carries a code to the client; None when one was issued already for the same pushed request.

    Args:
        reach: what the person may do in the company that the code is for; None for a client without product.
    """
    if not pushed.spend(work, request.parameters):
        return None
    if reach is not None:
        mandate_use.note(work, reach)
    company_id = reach.company_id if reach is not None else None
    code = codes.issue(
        work, request.client, current, request.parameters,
        redirect_uri=request.way.redirect_uri, scope=request.scope, company_id=company_id, claims=request.claims,
    )  # fmt: skip
    return answers.send(work, request.way, {"code": code})


def answer_error(work: Work, way: Way, error: str, description: str, reason: str = "") -> Sent:
    """The answer that carries an error to the client; `reason` is a stable code of the token contract."""
    return answers.send(work, way, {"error": error, "error_description": description, "reason": reason or None})


@dataclass(frozen=True, slots=True)
class ClientView:
    """What a page shows of the application one is on the way to."""

    client: RegisteredClient
    redirect_origin: str
    login_hint: str
    ui_locales: str

    def name(self, locale: str) -> str:
        return self.client.name(locale)


def client_of(work: Work, path: str) -> ClientView | None:
    """The application behind a path to continue at, when that is a kept request; None otherwise."""
    parts = urlsplit(path)
    if parts.path != CONTINUE_PATH:
        return None
    token = dict(parse_qsl(parts.query)).get("request", "")
    row = _kept(work, token)
    if row is None:
        return None
    try:
        client = _client(work, [], row.parameters)
        redirect_uri = _target(client, row.parameters)
    except NotRedirectable:
        return None
    login_hint, ui_locales = row.parameters.get("login_hint", "")[:320], row.parameters.get("ui_locales", "")[:100]
    return ClientView(client, uris.origin(redirect_uri), login_hint, ui_locales)


def discard_old(work: Work) -> int:
    """Remove kept requests that have expired; answers how many."""
    gone = work.session.execute(delete(AuthorizationRequest).where(AuthorizationRequest.expires_at < work.now))
    return int(gone.rowcount)  # type: ignore[attr-defined]
