"""JWT bearer grant (RFC 7523 §2.1): a registered issuer says who a person is, and a client gets a token for them.

Nobody has proved anything to this service, and the token says so: its `amr` is empty and its `acr` the weakest there
is, so what demands a second factor, as every product does, is not to be had this way. The session behind it opens
nothing, ends with the token, and is seen by the person among their sessions meanwhile.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError
from sqlalchemy import select

from idp.accounts import email_address
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import session
from idp.core.errors import InvalidInput
from idp.core.ids import uuid7
from idp.oidc import api_clients, client_keys, consent, details, families, foreign, grants, issuers, tokens, used
from idp.oidc.binding import Binding
from idp.oidc.clients import COMPANY_SCOPE, CONFIDENTIAL, RegisteredClient
from idp.oidc.foreign import ForeignToken, Unacceptable
from idp.oidc.grant_types import JWT_BEARER
from idp.oidc.grants import InsufficientAuthentication
from idp.oidc.issuers import EVERYBODY, Issuer
from idp.work import Work

LONGEST = 300  # seconds that an assertion may be valid
NOT_FOR_ASSERTIONS = frozenset({"offline_access"})


class JwtBearerGrant(grants.ExtensionGrant):
    """`POST /oauth/token` with an assertion about a person."""

    GRANT_TYPE = JWT_BEARER
    TOKEN_ENDPOINT_AUTH_METHODS = list(CONFIDENTIAL)
    NEEDS = ("assertion",)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        work: Work = self.server.work
        client: RegisteredClient = self.request.client
        bound: Binding | None = self.request.bound
        grants.check_resource(client, self.request.form.get("resource"))
        details.refuse(self.request.form)
        if client.product is not None or api_clients.is_for_api(work, client):
            raise InsufficientAuthentication()
        scope = _scope(client, self.request.form.get("scope") or "")
        try:
            issuer, account = accepted(work, client, self.request.form["assertion"])
        except Unacceptable as error:
            audit.record(work, "assertion.refused", ("client", client.client_id), outcome="refused", reason=str(error))
            raise InvalidGrantError(f"The assertion {error}.") from error
        if consent.needed(work, client, account.id, scope):
            raise InvalidGrantError("The person has not agreed to this application.")
        return 200, _answer(work, client, issuer, account, scope, bound), self.TOKEN_RESPONSE_HEADER


def accepted(work: Work, client: RegisteredClient, assertion: str) -> tuple[Issuer, Account]:
    """Who issued an assertion, and whom it is about, once every rule holds (RFC 7523 §3). It counts once.

    Raises:
        Unacceptable: the first rule that is broken.
    """
    token = foreign.read(assertion)
    named = token.claims.get("iss")
    issuer = issuers.find(work, named) if isinstance(named, str) else None
    if issuer is None or client.client_id not in issuer.clients:
        raise Unacceptable("is of nobody whose word counts for this client")
    foreign.verify(token, client_keys.imported(issuer.jwks), client.algorithms)
    if token.claims.get("aud") != work.issuer:
        raise Unacceptable("is not for this issuer alone")
    ends = foreign.check_times(work, token.claims, longest=LONGEST)
    jti = token.claims.get("jti")
    if not used.is_name(jti):
        raise Unacceptable("has no usable 'jti'")
    if not used.spend(work, "assertion", issuer.issuer, str(jti), ends):
        raise Unacceptable("was used before")
    return issuer, _account(work, issuer, token)


def _account(work: Work, issuer: Issuer, token: ForeignToken) -> Account:
    """The active account an assertion is about.

    Raises:
        Unacceptable: there is none, or the issuer may not speak of it; the two are not told apart.
    """
    subject = token.claims.get("sub")
    nobody = Unacceptable("is about nobody of whom its issuer may speak")
    if not isinstance(subject, str) or "\x00" in subject or len(subject) > issuers.LONGEST:
        raise nobody
    if issuer.subject == "email":
        try:
            subject = email_address.canonical(subject)
        except InvalidInput as error:
            raise nobody from error
    if EVERYBODY not in issuer.subjects and subject not in issuer.subjects:
        raise nobody
    if issuer.subject == "email":
        account = email_address.find_account(work, subject)
    else:
        account = work.session.scalar(select(Account).where(Account.subject == subject))
    if account is None or account.status != "active":
        raise nobody
    return account


def _scope(client: RegisteredClient, asked: str) -> str:
    """The asked scopes that the client has; never lasting access, as nobody is there who could take it back, and no
    company, as such a token is for none.

    Raises:
        InvalidScopeError: none of them is for it.
    """
    allowed = client.get_allowed_scope(asked)
    if allowed is None or NOT_FOR_ASSERTIONS & set(asked.split()):
        raise InvalidScopeError()
    return " ".join(each for each in allowed.split() if not each.startswith(COMPANY_SCOPE))


def _answer(
    work: Work, client: RegisteredClient, issuer: Issuer, account: Account, scope: str, bound: Binding | None
) -> dict[str, Any]:
    session_id = session.vouched_for(work, account.id, seconds=tokens.ACCESS_TOKEN_SECONDS)
    subject, ends_at = grants.session_behind(work, session_id)
    grant_id = uuid7()
    families.open_for(
        work, client, subject, grant_id=grant_id, company_id=None, scope=scope, session_ends_at=ends_at,
        bound=bound,
    )  # fmt: skip
    audit.record(work, "assertion.accepted", ("account", account.id), client_id=client.client_id, issuer=issuer.issuer)
    return grants.answer_for(work, client, subject, scope, grant_id, None, None, bound)
