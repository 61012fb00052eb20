"""Grant types of the token endpoint, one class each."""

from typing import Any
from uuid import UUID

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749 import grants as rfc6749
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import CODE_VERIFIER_PATTERN
from sqlalchemy import bindparam, select

from idp.accounts.models import Account, EmailAddress
from idp.audit import log as audit
from idp.authn.models import Session
from idp.authn.session import ACR_TWO
from idp.companies import access, client_access
from idp.companies.access import Access, Reason, Refusal
from idp.companies.client_access import ClientAccess
from idp.core.prepared import Prepared
from idp.oidc import (
    api_clients,
    binding,
    claims,
    codes,
    consent,
    details,
    encryption,
    families,
    own_use,
    permission_sets,
    refresh,
    tokens,
)
from idp.oidc.binding import Binding
from idp.oidc.claims import HOLDS_ADDRESS, SUBJECT_COLUMNS, Subject, subject_of
from idp.oidc.clients import AUTH_METHODS, COMPANY_SCOPE, CONFIDENTIAL, RegisteredClient
from idp.oidc.codes import SpentCode
from idp.oidc.refresh import PresentedToken
from idp.work import Work

CHALLENGE_LENGTH = 43  # BASE64URL of a SHA-256 (RFC 7636 §4.2)


class AccessRefused(InvalidGrantError):
    """The person has no access now to what the token would be for; `reason` is stable."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"No access: {reason}.")
        self.reason = reason

    def get_body(self) -> list[tuple[str, str]]:
        return [*super().get_body(), ("reason", self.reason)]


class InsufficientAuthentication(OAuth2Error):
    """The role demands more than this session has proved (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
    description = "A second factor is needed."


class InvalidTarget(OAuth2Error):
    """RFC 8707 §2: this client has no business with that resource."""

    error = "invalid_target"
    description = "The resource is not the one of this client."


class ProofKey(CodeChallenge):
    """PKCE by S256 for every client (R-28, RFC 9700 §2.1.1); an operator may exempt a confidential client."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        parameters = grant.request.payload.data
        challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
        if challenge is None and method is None and not grant.request.client.require_pkce:
            return
        if challenge is None:
            raise InvalidRequestError("Missing 'code_challenge'.")
        if method != "S256":
            raise InvalidRequestError("The 'code_challenge_method' must be S256.")
        if len(challenge) != CHALLENGE_LENGTH:
            raise InvalidRequestError("Invalid 'code_challenge'.")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """What does not answer the challenge is `invalid_grant` (RFC 7636 §4.6), a wrong verifier or none."""
        request = grant.request
        verifier = request.form.get("code_verifier") or ""
        if request.authorization_code.code_challenge and not CODE_VERIFIER_PATTERN.match(verifier):
            raise InvalidGrantError("The 'code_verifier' is missing or invalid.")
        super().validate_code_verifier(grant, result)


def reach_of(work: Work, client: RegisteredClient, subject: Subject, company_id: UUID | None) -> Access | None:
    """What the person may do for this client now; None for a client without product. Tokens for the API carry no
    rights, and are for people who proved a second factor, as those for products are. Somebody else's application acts
    in a company as long as the person lets it (R-42): nobody may have taken that back since the code was made, or since
    the last refresh.

    Raises:
        AccessRefused: nothing; the refusal is audited.
        InsufficientAuthentication: the session lacks the second factor that every role demands.
    """
    if client.product is None and not api_clients.is_for_api(work, client):
        return None
    if subject.acr != ACR_TWO:
        raise InsufficientAuthentication()
    if client.product is None:
        return None
    found = access.resolve(work, subject.account_id, company_id, client.product) if company_id else None
    if found is None or company_id is None or isinstance(found, Refusal):
        reason = found.reason.value if isinstance(found, Refusal) else "company_missing"
    elif not client.trusted and not consent.covers(work, subject.account_id, client.id, company_id):
        reason = "consent_missing"
    else:
        permission_sets.remember(work, found)
        return found
    audit.record(
        work, "grant.refused", ("account", subject.account_id), outcome="refused", company_id=company_id,
        client_id=client.client_id, reason=reason,
    )  # fmt: skip
    raise AccessRefused("no_access" if reason == "consent_missing" else reason)


def check_resource(client: RegisteredClient, resource: str | None) -> None:
    """RFC 8707: a token is for the client's one resource; naming another is an error.

    Raises:
        InvalidTarget: another resource is named.
    """
    if resource is not None and resource != client.resource:
        raise InvalidTarget()


def answer_for(
    work: Work,
    client: RegisteredClient,
    subject: Subject,
    scope: str,
    grant_id: UUID,
    reach: Access | None,
    nonce: str | None,
    bound: Binding | None,
    single: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Tokens for a person, without the refresh token: what every grant of a person's answers.

    Args:
        bound: to what the request binds them (`ProtocolRequest.bound`).
        single: what was granted beyond the scope, see `authorization.ValidRequest`.

    Raises:
        AccessRefused: the right ends within this second.
    """
    body_claims, lifetime = claims.access_token(work, client, subject, scope, grant_id, reach)
    if lifetime <= 0:  # the mandate or the right ends within this second
        raise AccessRefused(Reason.NO_ACCESS.value)
    if bound is not None:
        body_claims["cnf"] = bound.cnf
    detailed = reach is not None and single is not None and details.PARAMETER in single
    if detailed and reach is not None:
        body_claims[details.PARAMETER] = details.granted(reach)  # RFC 9396 §9.1
    access_token = tokens.sign(work, body_claims, token_type=tokens.ACCESS_TOKEN_TYPE)
    answer: dict[str, Any] = {
        "access_token": access_token,
        "token_type": binding.token_type(bound),
        "expires_in": lifetime,
        **claims.scope_of(scope),
    }
    if detailed:
        answer[details.PARAMETER] = body_claims[details.PARAMETER]
    if "openid" in scope.split():
        identity = claims.id_token(
            work, client, subject, scope, reach, nonce=nonce, access_token=access_token, single=single
        )
        signed = tokens.sign(work, identity, client.signing_algorithm)
        answer["id_token"] = encryption.sealed(work, client, "id_token", signed)
    return answer


class AuthorizationCodeGrant(rfc6749.AuthorizationCodeGrant):
    """Authorization code grant (RFC 6749 §4.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(AUTH_METHODS)

    def query_authorization_code(self, code: str, client: RegisteredClient) -> SpentCode | None:
        return codes.spend(self.server.work, code, client)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        work: Work = self.server.work
        client: RegisteredClient = self.request.client
        code: SpentCode = self.request.authorization_code
        bound: Binding | None = self.request.bound
        binding.check_code(work, client, code.dpop_jkt, bound)
        check_resource(client, self.request.form.get("resource"))
        details.check_same(client, self.request.form, code.company_id)
        subject, session_ends_at = session_behind(work, code.session_id)
        reach = reach_of(work, client, subject, code.company_id)
        families.open_for(
            work, client, subject, grant_id=code.grant_id, company_id=code.company_id,
            scope=code.scope, session_ends_at=session_ends_at, claims=code.claims, bound=bound,
        )  # fmt: skip
        answer = answer_for(work, client, subject, code.scope, code.grant_id, reach, code.nonce, bound, code.claims)
        if client.check_grant_type("refresh_token"):
            answer["refresh_token"] = refresh.issue(work, code.grant_id)
        return 200, answer, self.TOKEN_RESPONSE_HEADER


_SESSION = Prepared(
    select(*SUBJECT_COLUMNS, Session.expires_at)
    .join_from(Session, Account, Account.id == Session.account_id)
    .join(EmailAddress, HOLDS_ADDRESS)
    .where(
        Session.id == bindparam("session_id"),
        Session.ended_at.is_(None),
        Session.expires_at > bindparam("now"),
        Account.status == "active",
    )
)


def session_behind(work: Work, session_id: UUID) -> tuple[Subject, Any]:
    """The live session that a code came from, and when its time is over.

    Raises:
        InvalidGrantError: it has ended since, or the account was blocked.
    """
    parameters = {"session_id": session_id, "now": work.now}
    row = _SESSION.first(work.session.connection(), parameters)
    if row is None:
        raise InvalidGrantError("The session has ended.")
    return subject_of(row[:-1]), row[-1]


class RefreshTokenGrant(rfc6749.RefreshTokenGrant):
    """Refresh grant (RFC 6749 §6): rights are read again, the company may be another one."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(AUTH_METHODS)

    def authenticate_refresh_token(self, refresh_token: str) -> PresentedToken | None:
        return refresh.find(self.server.work, refresh_token)

    def _validate_token_scope(self, token: PresentedToken) -> None:
        """Left to `narrowed`: the library would take `company:<id>`, which asks for a company, for a wider scope."""

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        work: Work = self.server.work
        client: RegisteredClient = self.request.client
        presented: PresentedToken = self.request.refresh_token
        family = presented.family
        value = presented.value
        bound: Binding | None = self.request.bound
        binding.check_refresh(work, client, family.cnf, bound)
        if client.public and presented.used:  # a replay is seen first, whatever else the request asks for
            value = _rotated(work, presented, client)
        check_resource(client, self.request.form.get("resource"))
        details.check(client, self.request.form)
        company_id = asked_company(self.request.form, family.company_id)
        reach = reach_of(work, client, family.subject, company_id)
        scope = narrowed(self.request.form.get("scope"), family.scope)
        if client.public and not presented.used:
            value = _rotated(work, presented, client)
        families.touch(work, family, company_id, reach)
        families.bind(work, family, bound)
        answer = answer_for(  # without the nonce, which belongs to the sign-in (OIDC Core §12.2)
            work, client, presented.subject, scope, family.grant_id, reach, None, bound, family.claims
        )
        answer["refresh_token"] = value
        return 200, answer, self.TOKEN_RESPONSE_HEADER


def _rotated(work: Work, presented: PresentedToken, client: RegisteredClient) -> str:
    """The successor of a public client's token.

    Raises:
        InvalidGrantError: it was used before; its family is revoked, unless this is an honest retry.
    """
    successor = refresh.rotate(work, presented, client)
    if successor is None:
        raise InvalidGrantError("The refresh token was used before.")
    return successor


def asked_company(parameters: dict[str, str], default: UUID | None) -> UUID | None:
    """The company a refresh asks for: parameter `company`, `authorization_details`, the scope `company:<id>`, or the
    present one.

    Raises:
        AccessRefused: not an identifier; the same as for a company one has no access to.
    """
    asked = parameters.get("company") or details.company(parameters)
    for value in (parameters.get("scope") or "").split():
        if value.startswith(COMPANY_SCOPE):
            asked = asked or value.removeprefix(COMPANY_SCOPE)
    if asked is None:
        return default
    try:
        return UUID(asked)
    except ValueError as error:
        raise AccessRefused("no_access") from error


def narrowed(asked: str | None, granted: str) -> str:
    """The scope of a refresh: what was granted, or less of it (RFC 6749 §6).

    Raises:
        InvalidScopeError: more than was granted.
    """
    wanted = [value for value in (asked or "").split() if not value.startswith(COMPANY_SCOPE)]
    if not wanted:
        return granted
    if not set(wanted) <= set(granted.split()):
        raise InvalidScopeError()
    return " ".join(wanted)


class ExtensionGrant(BaseGrant, TokenEndpointMixin):
    """A grant type of an absolute URI (RFC 6749 §4.5), for clients that are registered for it.

    Attributes:
        NEEDS: the parameters without which there is nothing to look at.
    """

    NEEDS: tuple[str, ...] = ()

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not registered for this grant type.")
        for name in self.NEEDS:
            if name not in self.request.form:
                raise InvalidRequestError(f"Missing '{name}'.")
        self.request.client = client


class ClientCredentialsGrant(rfc6749.ClientCredentialsGrant):
    """Client credentials grant (RFC 6749 §4.4): a token for the client itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(CONFIDENTIAL)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        work: Work = self.server.work
        client: RegisteredClient = self.request.client
        check_resource(client, self.request.form.get("resource"))
        details.check_same(client, self.request.form, client.company_id)
        scope = self._scope(client, self.request.form.get("scope") or "")
        bound: Binding | None = self.request.bound
        body_claims = claims.client_token(work, client, scope, self._reach(work, client))
        if bound is not None:
            body_claims["cnf"] = bound.cnf
        token = tokens.sign(work, body_claims, token_type=tokens.ACCESS_TOKEN_TYPE)
        own_use.note(work, client)
        answer = {
            "access_token": token,
            "token_type": binding.token_type(bound),
            "expires_in": tokens.ACCESS_TOKEN_SECONDS,
        }
        if scope:
            answer["scope"] = scope
        return 200, answer, self.TOKEN_RESPONSE_HEADER

    @staticmethod
    def _scope(client: RegisteredClient, asked: str) -> str:
        """The scopes of a client of the API, or those of them it asks for; nothing for other clients, as what they may
        do is their registered permissions.

        Raises:
            InvalidScopeError: a scope of persons, or one that the client has not.
        """
        registered = api_clients.scopes_of(client.scope)
        wanted = api_clients.scopes_of(asked)
        if len(wanted) != len(set(asked.split())) or not set(wanted) <= set(registered):
            raise InvalidScopeError()
        return " ".join(wanted or registered)

    @staticmethod
    def _reach(work: Work, client: RegisteredClient) -> ClientAccess | None:
        """What a client bound to a company may do there now (R-38).

        Raises:
            AccessRefused: the company is closed, or its subscription to the product is over.
        """
        if client.company_id is None or client.product is None:
            return None
        found = client_access.resolve(work, client.company_id, client.product, client.permissions)
        if isinstance(found, Reason):
            raise AccessRefused(found.value)
        return found
