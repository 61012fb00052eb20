"""Token exchange (RFC 8693): the back end of one product calls another one for the person it works for.

An access token of the person that is meant for the back end becomes one for another resource: of the same session, for
one company, with what the person may do there now, and never for longer. Who acts for whom stands in it (`act`, §4.1).
Which back end may call which product is registered by an operator, one by one.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.audit import log as audit
from idp.authn.session import ACR_TWO
from idp.companies import access, mandate_use
from idp.companies.access import Reason
from idp.oidc import binding, claims, clients, details, grants, introspection, tokens
from idp.oidc.binding import Binding
from idp.oidc.claims import Subject
from idp.oidc.clients import CONFIDENTIAL, RegisteredClient
from idp.oidc.families import Family
from idp.oidc.grant_types import TOKEN_EXCHANGE
from idp.oidc.grants import AccessRefused, InvalidTarget
from idp.oidc.introspection import LiveToken
from idp.work import Work

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
MOST_ACTORS = 3
"""How many may stand behind one another in a token: the back end of a back end of a back end."""
ACTS_FOR_OTHERS = "operations.accounts.view"
"""What a member of staff holds who may stand as the actor in the token of somebody else."""


class NoAccessThere(InvalidTarget):
    """The person may do nothing in what the token would be for; `reason` is stable."""

    description = "The person has no access to this resource."

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def get_body(self) -> list[tuple[str, str]]:
        return [*super().get_body(), ("reason", self.reason)]


class Person(NamedTuple):
    """A live access token of a person."""

    claims: dict[str, Any]
    family: Family

    @property
    def proved(self) -> Subject:
        """The person, with what was proved for this token: the same in all that is made of it (RFC 9068 §2.2.1)."""
        told, there = self.claims, self.family.subject
        proved_at = datetime.fromtimestamp(told["auth_time"], UTC) if "auth_time" in told else there.auth_time
        return there._replace(auth_time=proved_at, acr=told["acr"], amr=tuple(told["amr"]))

    @property
    def weaker(self) -> Subject:
        """The person, as weakly proved as this token or the session now says: a token never holds what takes more."""
        proved = self.proved
        return self.family.subject if proved.acr == ACR_TWO else proved


class TokenExchangeGrant(grants.ExtensionGrant):
    """`POST /oauth/token` of a back end that has a person's token for itself, and needs one for another product."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = list(CONFIDENTIAL)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        work: Work = self.server.work
        client: RegisteredClient = self.request.client
        try:
            answer = exchange(work, client, self.request.form, self.request.bound)
        except OAuth2Error as error:
            audit.record(
                work, "token_exchange.refused", ("client", client.client_id), outcome="refused", error=error.error
            )
            raise
        return 200, answer, self.TOKEN_RESPONSE_HEADER


def exchange(work: Work, client: RegisteredClient, form: dict[str, str], bound: Binding | None) -> dict[str, Any]:
    """The answer to an exchange.

    Args:
        bound: to what the request binds the new token. That of a bound token is bound too (RFC 9449 §1), to the key of
            the back end, which does not hold the one of the device before it.

    Raises:
        InvalidRequestError: a parameter is missing or unknown, or a token does not count here (RFC 8693 §2.2.2).
        InvalidTarget: not a resource this client may have tokens for, or the person has no access there.
        InvalidDetails: `authorization_details` that are not for the target.
        InvalidScopeError: a scope that the person's token has not.
        InsufficientAuthentication: the token or the session lacks the second factor that the resource demands.
    """
    _check_types(form)
    subject = _person(work, client, form, "subject_token", bound)
    target = _target(work, client, form)
    details.check(target, form)
    actor = _actor(work, client, form, subject, bound)
    present = UUID(subject.claims["company"]) if "company" in subject.claims else None
    try:
        company_id = grants.asked_company(form, present)
        reach = grants.reach_of(work, target, subject.weaker, company_id)
    except AccessRefused as error:
        raise NoAccessThere(error.reason) from error
    scope = grants.narrowed(form["scope"], subject.claims["scope"]) if form.get("scope") else ""
    body, lifetime = claims.access_token(work, target, subject.proved, scope, subject.family.grant_id, reach)
    if lifetime <= 0:  # the mandate or the right ends within this second
        raise NoAccessThere(Reason.NO_ACCESS.value)
    lifetime = min(lifetime, subject.claims["exp"] - claims.seconds(work.now))
    body.update(exp=claims.seconds(work.now) + lifetime, client_id=client.client_id, act=actor)
    if bound is not None:
        body["cnf"] = bound.cnf
    detailed = {details.PARAMETER: details.granted(reach)} if reach is not None and details.PARAMETER in form else {}
    body.update(detailed)  # RFC 9396 §9.1, and §7 below
    if reach is not None:
        mandate_use.note(work, reach)
    audit.record(
        work, "token.exchanged", ("account", subject.family.subject.account_id),
        company_id=reach.company_id if reach is not None else None, client_id=client.client_id,
        target=target.client_id, actor=actor["sub"],
    )  # fmt: skip
    return {
        "access_token": tokens.sign(work, body, token_type=tokens.ACCESS_TOKEN_TYPE),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": binding.token_type(bound),
        "expires_in": lifetime,
        **claims.scope_of(scope),
        **detailed,
    }


def _check_types(form: dict[str, str]) -> None:
    """Access tokens alone are taken and given (RFC 8693 §3)."""
    for name in ("subject_token", "subject_token_type"):
        if name not in form:
            raise InvalidRequestError(f"Missing '{name}'.")
    if ("actor_token" in form) != ("actor_token_type" in form):
        raise InvalidRequestError("'actor_token' and 'actor_token_type' come together.")
    for name in ("subject_token_type", "actor_token_type", "requested_token_type"):
        if form.get(name, ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError(f"Unsupported '{name}': it is {ACCESS_TOKEN}.")


def _person(work: Work, client: RegisteredClient, form: dict[str, str], name: str, bound: Binding | None) -> Person:
    """The person of a token that is meant for this client.

    Raises:
        InvalidRequestError: it is not a live access token of a person, or is meant for somebody else; or it is bound,
            and what it would be exchanged for is not.
    """
    live: LiveToken | None = introspection.access_token(work, form[name])
    if live is None or live.family is None or client.resource is None or live.claims["aud"] != client.resource:
        raise InvalidRequestError(f"The '{name}' is not a valid access token of a person for this client.")
    if bound is None and "cnf" in live.claims:
        raise InvalidRequestError(f"The '{name}' is bound to a key, so the new token has to be bound too.")
    return Person(live.claims, live.family)


def _target(work: Work, client: RegisteredClient, form: dict[str, str]) -> RegisteredClient:
    """The application whose resource is named, by its address (`resource`) or its identifier (`audience`).

    Raises:
        InvalidRequestError: none is named.
        InvalidTarget: it is not among those this client may have tokens for.
    """
    resource, audience = form.get("resource"), form.get("audience")
    if resource is None and audience is None:
        raise InvalidRequestError("Missing 'resource' or 'audience'.")
    for client_id in client.options.token_exchange_targets:
        known = clients.find(work, client_id)
        if known is None or known.resource is None:
            continue
        if resource in (None, known.resource) and audience in (None, known.client_id):
            return known
    raise InvalidTarget("The client may not have tokens for this resource.")


def _actor(
    work: Work, client: RegisteredClient, form: dict[str, str], subject: Person, bound: Binding | None
) -> dict[str, Any]:
    """Who acts for the person: this client, for a member of staff if one is named, after whoever acted before.

    Raises:
        InvalidRequestError: the actor may not act for others, or too many stand behind one another.
    """
    actor: dict[str, Any] = {"sub": client.client_id}
    if "actor_token" in form:
        actor = {
            "sub": _staff(work, subject, _person(work, client, form, "actor_token", bound)),
            "client_id": client.client_id,
        }
    before = subject.claims.get("act")
    if before is not None:
        actor["act"] = before
    if _depth(actor) > MOST_ACTORS:
        raise InvalidRequestError("Too many actors stand behind one another.")
    return actor


def _staff(work: Work, subject: Person, actor: Person) -> str:
    """A member of staff, signed in with a second factor at the same back end, may be named as the one who acts."""
    named = actor.family.subject
    if named.account_id == subject.family.subject.account_id:
        raise InvalidRequestError("The actor is the person themselves.")
    if named.acr != ACR_TWO or ACTS_FOR_OTHERS not in access.staff_permissions(work, named.account_id):
        raise InvalidRequestError("The 'actor_token' is not of somebody who may act for others.")
    return named.subject


def _depth(actor: dict[str, Any]) -> int:
    before = actor.get("act")
    return 1 + (_depth(before) if isinstance(before, dict) else 0)
