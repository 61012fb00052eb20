"""Who calls the API, and whether they may: asked before anything that was sent is looked at.

Two kinds of caller. A person, through an application that an operator registered for the API: the scopes of the token
limit, and what the person may do in the company decides. A service, by its own credentials: what it was registered with
decides, in its company or, for `operations.*`, in running the service. Cookies are not looked at (R-66).
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import Response, g, request

from idp.authn import session
from idp.authn.session import ACR_TWO
from idp.companies import access
from idp.core.errors import InvalidInput, NotAuthenticated, NotPermitted, StepUpRequired
from idp.oidc import api_clients, binding, clients, dpop, introspection
from idp.oidc.clients import RegisteredClient
from idp.oidc.introspection import LiveToken
from idp.web.api.refusals import InsufficientScope, InvalidToken, NonceNeeded, ProofInvalid
from idp.web.oauth import resource
from idp.web.work import act_as, open_work, parts
from idp.work import Actor, Work

FRESH_FOR = timedelta(minutes=5)
LONGEST_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling.

    Attributes:
        account_id: the person; None for a service.
        session_id: the session that the person's token rests on.
        acr: what was proved in it.
    """

    client: RegisteredClient
    scopes: frozenset[str]
    account_id: UUID | None
    session_id: UUID | None = None
    acr: str = ""

    @property
    def key(self) -> tuple[str, UUID | None]:
        """The same for every token of this caller."""
        return self.client.client_id, self.account_id


def identify() -> Caller:
    """The caller of this request.

    Raises:
        NotAuthenticated: no token was sent.
        InvalidToken: it is not one of the API's, not worth anything any more, or bound to a key that is not proved.
        ProofInvalid, NonceNeeded: the proof of possession that comes with it does not do.
        InvalidInput: a token stands in the address, where it would be logged (RFC 9700 §4.3.2).
    """
    if "access_token" in request.args:
        raise InvalidInput(field="access_token", reason="does not belong in the address")
    scheme, token = resource.in_header(request.environ.get("HTTP_AUTHORIZATION", ""))
    if not token:
        raise NotAuthenticated()
    work = open_work()
    live = _worth(work, scheme, token) if len(token) <= LONGEST_TOKEN else None
    if live is None or live.claims["aud"] != api_clients.resource(work):
        raise InvalidToken()
    client = clients.find(work, live.claims["client_id"])
    if client is None or not api_clients.is_for_api(work, client):  # registered anew for something else
        raise InvalidToken()
    return _caller(client, live)


def _worth(work: Work, scheme: str, token: str) -> LiveToken | None:
    """What the token is worth. A proof of possession that came with it is used up, whatever becomes of the call.

    Raises:
        ProofInvalid, NonceNeeded: the proof does not do.
    """
    certificate = parts().certificates.shown(request.environ)
    shown = resource.presented(work, request.environ, scheme, token, certificate, request.path)
    if scheme == dpop.SCHEME:
        g.nonce_header = dpop.nonce_header(work)
    else:
        work.session.connection()  # begins to read on the one connection of this call, which a change then writes on
    try:
        return introspection.presented(work, shown)
    except dpop.NonceNeeded as error:
        raise NonceNeeded() from error
    except dpop.InvalidProof as error:
        raise ProofInvalid(reason=error.description) from error
    except binding.Unproved as error:
        raise InvalidToken(reason=error.description) from error
    finally:
        if scheme == dpop.SCHEME:
            work.checkpoint(write=False)


def pass_nonce_on(response: Response) -> Response:
    """Give the caller that proves a key the nonce for its next proof (RFC 9449 §8.2)."""
    if "nonce_header" in g:
        name, value = g.nonce_header
        response.headers[name] = value
    return response


def _caller(client: RegisteredClient, live: LiveToken) -> Caller:
    granted = frozenset(api_clients.scopes_of(str(live.claims.get("scope", ""))))
    kept = granted & frozenset(api_clients.scopes_of(client.scope))  # an operator may have taken one away since
    if live.family is None:
        return Caller(client, kept, None)
    subject = live.family.subject
    return Caller(client, kept, subject.account_id, subject.session_id, subject.acr)


def act(caller: Caller) -> Work:
    """The unit of work of this request, by the caller."""
    client = caller.client
    g.caller = caller
    if caller.account_id is not None:
        return act_as(open_work(), Actor("account", caller.account_id, client.client_id, session_id=caller.session_id))
    held = frozenset(client.permissions)
    return act_as(
        open_work(), Actor("client", client.id, client.client_id, company_id=client.company_id, permissions=held)
    )


def current() -> Caller:
    """The caller of this request, once identified."""
    found: Caller = g.caller
    return found


def require_scope(caller: Caller, scope: str) -> None:
    """Go on if the token was given for this.

    Raises:
        InsufficientScope: it was not.
    """
    if scope not in caller.scopes:
        raise InsufficientScope(scope=scope)


def require_any(work: Work, permissions: tuple[str, ...], company_id: UUID | None) -> None:
    """Go on if the caller holds one of the permissions.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    if company_id is not None:
        access.require_one(work, permissions, company_id)
        return
    for number, permission in enumerate(permissions, 1):
        try:
            access.require(work, permission)
            return
        except NotPermitted:
            if number == len(permissions):
                raise


def require_fresh_proof(work: Work) -> None:
    """As `require_proof`, for a call of which only the body tells that it gives what is given with a fresh proof.

    Raises:
        StepUpRequired: the person has not proved it minutes ago.
    """
    require_proof(work, current(), fresh=True)


def require_proof(work: Work, caller: Caller, *, fresh: bool) -> None:
    """Go on if the person has proved enough: two factors, and for what asks for it the second one minutes ago. A
    service proves nothing of the kind: an operator gave it what it holds.

    Raises:
        StepUpRequired: a challenge (RFC 9470) with which the application sends the person to prove it.
    """
    if caller.account_id is None:
        return
    limit = min(FRESH_FOR, work.policies.account.step_up_max_age)
    seconds = int(limit.total_seconds())
    if caller.acr != ACR_TWO:
        raise StepUpRequired(max_age=seconds)
    if not fresh:
        return
    assert caller.session_id is not None  # every token of a person rests on a session
    proved = session.second_factor_at(work, caller.session_id)
    if proved is None or work.now - proved > limit:
        raise StepUpRequired(max_age=seconds)
