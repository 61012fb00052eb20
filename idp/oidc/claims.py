"""The claims of a subject, for a client, in a company: what `docs/token-contract.md` promises."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_

from idp.accounts.models import Account, EmailAddress
from idp.authn.models import Session
from idp.companies import clock
from idp.companies.access import Access
from idp.companies.client_access import ClientAccess
from idp.oidc import api_clients, cache, sectors, tokens
from idp.oidc.clients import RegisteredClient
from idp.policy.permissions import restrictions_claim
from idp.work import Work


class Subject(NamedTuple):
    """Whom a token is about, and what was proved of them in the session it comes from."""

    account_id: UUID
    subject: str
    session_id: UUID
    sid: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    person: "Person"
    clock: int  # of access changes, when this was read


class Person(NamedTuple):
    """What the standard claims say (OIDC Core §5.1), read together with the session."""

    given_name: str
    family_name: str
    locale: str
    address: str
    verified_at: datetime | None


SUBJECT_COLUMNS = (
    Account.id, Account.subject, Session.id, Session.sid, Session.auth_time, Session.acr, Session.amr,
    Account.given_name, Account.family_name, Account.locale, EmailAddress.address, EmailAddress.verified_at,
    clock.LATEST.label("latest"),
)  # fmt: skip
HOLDS_ADDRESS = and_(EmailAddress.account_id == Account.id, EmailAddress.released_at.is_(None))


def subject_of(row: Sequence[Any]) -> Subject:
    """A subject from the values of `SUBJECT_COLUMNS`."""
    account, subject, session, sid, auth_time, acr, amr, given, family, locale, address, verified, latest = row
    person = Person(given, family, locale, address, verified)
    return Subject(account, subject, session, sid, auth_time, acr, tuple(amr.split()), person, latest)


def seen_by(work: Work, client: RegisteredClient, subject: Subject) -> Subject:
    """A subject under the names by which a client knows person and session (OIDC Core §8)."""
    if client.sector is None:
        return subject
    return subject._replace(
        subject=sectors.subject(work, client, subject.subject), sid=sectors.sid(work, client, subject.sid)
    )


def seconds(instant: datetime) -> int:
    """A NumericDate (RFC 7519 §2)."""
    return int(instant.timestamp())


def access_token(
    work: Work, client: RegisteredClient, subject: Subject, scope: str, grant_id: UUID, reach: Access | None
) -> tuple[dict[str, Any], int]:
    """Claims of a person's access token (RFC 9068 §2.2) and the seconds it lives: never beyond `until`."""
    subject = seen_by(work, client, subject)
    now = seconds(work.now)
    lifetime = min(tokens.ACCESS_TOKEN_SECONDS, int(work.policies.access_token_lifetime.total_seconds()))
    if reach and reach.until:
        lifetime = max(0, min(lifetime, seconds(reach.until) - now))
    claims: dict[str, Any] = {
        "iss": work.issuer,
        "sub": subject.subject,
        "aud": client.resource or work.issuer,
        "client_id": client.client_id,
        "iat": now,
        "exp": now + lifetime,
        "jti": tokens.new_jti(grant_id),
        "sid": subject.sid,
        **_proved(subject),
        "scope": scope,
    }
    if reach:
        claims.update(of_access(reach))
        if client.inline_permissions:
            claims["permissions"] = list(reach.permissions)
    return claims, lifetime


def scope_of(granted: str) -> dict[str, str]:
    """The member `scope` of an answer; none where nothing was granted, as it would have to name something (RFC 6749
    §3.3). Tokens always have it, as the token contract says."""
    return {"scope": granted} if granted else {}


def _proved(subject: Subject) -> dict[str, Any]:
    """What was proved of a person, and when; no instant where somebody else vouches for them (OIDC Core §2)."""
    when = {"auth_time": seconds(subject.auth_time)} if subject.amr else {}
    return {**when, "acr": subject.acr, "amr": list(subject.amr)}


OF_ACCESS = (
    "product", "company", "roles", "permission_set", "via", "subscription", "subscription_until", "epoch", "firm",
    "until", "restrictions", "permissions",
)  # fmt: skip


def of_access(reach: Access) -> dict[str, Any]:
    """What a person may do in one product of one company, as claims."""
    claims: dict[str, Any] = {
        "product": reach.product,
        "company": str(reach.company_id),
        "roles": [reach.role],
        "permission_set": reach.permission_set,
        "via": reach.via,
        "subscription": reach.subscription,
        "epoch": reach.epoch,
    }
    if reach.firm_id:
        claims["firm"] = str(reach.firm_id)
    if reach.until:
        claims["until"] = seconds(reach.until)
    if reach.subscription_until:
        claims["subscription_until"] = seconds(reach.subscription_until)
    if reach.restrictions:
        claims["restrictions"] = restrictions_claim(reach.restrictions)
    return claims


def client_token(work: Work, client: RegisteredClient, scope: str, reach: ClientAccess | None = None) -> dict[str, Any]:
    """Claims of a client's own access token (client credentials): `sub` is the client, there is no session.

    Args:
        reach: what a client that works for one company may do there now.
    """
    now = seconds(work.now)
    claims: dict[str, Any] = {
        "iss": work.issuer,
        "sub": client.client_id,
        "aud": client.resource or work.issuer,
        "client_id": client.client_id,
        "iat": now,
        "exp": now + tokens.ACCESS_TOKEN_SECONDS,
        "jti": tokens.new_jti(),
        "scope": scope,
    }
    if client.product:
        claims["product"] = client.product
    if client.company_id:
        claims["company"] = str(client.company_id)
    if reach is not None:
        claims.update(of_client(reach))
    elif client.permissions and not api_clients.is_for_api(work, client):
        claims["permissions"] = list(client.permissions)
    return claims


def of_client(reach: ClientAccess) -> dict[str, Any]:
    """What an application may do by itself in its company, as claims."""
    state = {"subscription": reach.subscription} if reach.subscription else {}
    return {"permissions": list(reach.permissions), "epoch": reach.epoch, **state}


def id_token(
    work: Work,
    client: RegisteredClient,
    subject: Subject,
    scope: str,
    reach: Access | None,
    *,
    nonce: str | None,
    access_token: str,
    single: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Claims of an ID token (OIDC Core §2): who the person is, and the company they work for in this product."""
    subject = seen_by(work, client, subject)
    now = seconds(work.now)
    claims: dict[str, Any] = {
        "iss": work.issuer,
        "sub": subject.subject,
        "aud": client.client_id,
        "iat": now,
        "exp": now + tokens.ID_TOKEN_SECONDS,
        **_proved(subject),
        "sid": subject.sid,
        "azp": client.client_id,
        "at_hash": tokens.half_hash(access_token, client.signing_algorithm),
    }
    if nonce:
        claims["nonce"] = nonce
    who = _there(subject.person, reach)
    claims.update(person(who, scope))
    if single:
        claims.update(_chosen(who, single, "id_token"))
    if reach:
        claims.update(_company(work, subject, reach))
    return claims


def userinfo(
    work: Work, subject: Subject, scope: str, reach: Access | None, single: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """The answer of the userinfo endpoint (OIDC Core §5.3): as the ID token says, with the full permission list.

    Args:
        single: by place, claims that were asked for one by one (OIDC Core §5.5).
    """
    who = _there(subject.person, reach)
    claims = {"sub": subject.subject, **person(who, scope)}
    if single:
        claims.update(_chosen(who, single, "userinfo"))
    if reach:
        claims.update(of_access(reach))
        claims.update(_company(work, subject, reach))
        claims["permissions"] = list(reach.permissions)
    return claims


def _there(who: Person, reach: Access | None) -> Person:
    """The person as a product is to address them: a firm can choose the language of a colleague at a client."""
    return who if reach is None or reach.locale is None else who._replace(locale=reach.locale)


def person(who: Person, scope: str) -> dict[str, Any]:
    """Standard claims by scope (OIDC Core §5.4)."""
    scopes = scope.split()
    claims: dict[str, Any] = {}
    if "profile" in scopes:
        name = f"{who.given_name} {who.family_name}".strip()
        claims.update(name=name, given_name=who.given_name, family_name=who.family_name, locale=who.locale)
    if "email" in scopes:
        claims.update(email=who.address, email_verified=who.verified_at is not None)
    return claims


def _chosen(who: Person, single: dict[str, list[str]], place: str) -> dict[str, Any]:
    known = person(who, "profile email")
    return {name: known[name] for name in single.get(place, ()) if name in known}


def _company(work: Work, subject: Subject, reach: Access) -> dict[str, Any]:
    return {
        "company": str(reach.company_id),
        "company_name": reach.company_name,
        "product": reach.product,
        "roles": [reach.role],
        "companies": cache.companies_of(work, subject.account_id, reach.product, subject.clock),
    }
