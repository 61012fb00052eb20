"""What a token is worth now: userinfo, introspection (RFC 7662) and revocation (RFC 7009)."""

from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from idp.companies import access, client_access
from idp.companies.access import Access, Reason
from idp.oidc import binding, claims, clients, dpop, families, refresh, tokens
from idp.oidc.binding import Presented
from idp.oidc.clients import RegisteredClient
from idp.oidc.families import Family
from idp.oidc.models import RevokedAccessToken
from idp.work import Work


class LiveToken(NamedTuple):
    """An access token of ours that is worth something now.

    Attributes:
        claims: as signed; of a client's own token, with its rights as they are now.
        family: the grant of a person's token; None for a client's own.
        reach: what the person may do now, which may be less or more than the token says; None without product.
    """

    claims: dict[str, Any]
    family: Family | None
    reach: Access | None


def access_token(work: Work, token: str) -> LiveToken | None:
    """The token if it is one of ours, not expired, not revoked, and its person still has access (R-38)."""
    signed = tokens.verify(work, token, tokens.ACCESS_TOKEN_TYPE)
    if signed is None or signed["exp"] <= work.now.timestamp():
        return None
    client = clients.find(work, signed["client_id"])
    if client is None:  # deleted: its tokens die with it
        return None
    if "sid" not in signed:
        return _of_client(work, client, signed)
    family = families.find(work, tokens.grant_of(signed["jti"]), signed["jti"])
    if family is None:
        return None
    if "company" not in signed:
        return LiveToken(signed, family, None)
    company_id = UUID(signed["company"])
    if not family.counts(company_id, signed["iat"]):
        return None
    reach = access.resolve(work, family.subject.account_id, company_id, signed["product"])
    return LiveToken(signed, family, reach) if isinstance(reach, Access) else None


def presented(work: Work, shown: Presented) -> LiveToken | None:
    """As `access_token`, for a token that came with a request: bound ones count only with what they are bound to. A
    token that is worth nothing is told as such, with whatever proof it comes.

    Raises:
        Unproved, InvalidProof, NonceNeeded: it comes without that, or with a proof that does not do.
    """
    live = access_token(work, shown.token)
    if live is not None:
        proof = binding.read_proof(work, shown) if shown.scheme == dpop.SCHEME else None
        binding.check(work, live.claims, shown, proof)
    return live


def _of_client(work: Work, client: RegisteredClient, signed: dict[str, Any]) -> LiveToken | None:
    """A client's own token, with what the client may do in its company now if it is bound to one."""
    if _revoked(work, signed["jti"]):
        return None
    if "company" in signed and signed["company"] != str(client.company_id):
        return None  # it works for that company no more
    if client.company_id is None or client.product is None:
        return LiveToken(signed, None, None)
    reach = client_access.resolve(work, client.company_id, client.product, client.permissions)
    if isinstance(reach, Reason):
        return None
    return LiveToken({**signed, **claims.of_client(reach)}, None, None)


def _revoked(work: Work, jti: str) -> bool:
    """Whether a client's own token was revoked; for a person's token `families.find` asks."""
    return work.session.get(RevokedAccessToken, jti) is not None


def userinfo(work: Work, live: LiveToken) -> dict[str, Any] | None:
    """The userinfo answer for a person's token with the scope `openid`; None for any other token."""
    scope = str(live.claims.get("scope", ""))
    if live.family is None or "openid" not in scope.split():
        return None
    found = claims.userinfo(work, live.family.subject, scope, live.reach, live.family.claims)
    found["sub"] = live.claims["sub"]  # as the client knows the person
    return found


def describe(live: LiveToken) -> dict[str, Any]:
    """The introspection answer (RFC 7662 §2.2): the claims, with the rights as they are now."""
    kind = "DPoP" if binding.KEY in live.claims.get("cnf", ()) else "Bearer"
    answer = {"active": True, "token_type": kind, **live.claims}
    if live.reach is not None:
        for name in claims.OF_ACCESS:  # a mandate's firm and end must not stay beside a membership
            answer.pop(name, None)
        answer.update(claims.of_access(live.reach))
        answer["permissions"] = list(live.reach.permissions)
    return answer


def introspect(work: Work, client: RegisteredClient, token: str) -> dict[str, Any]:
    """The answer to a client about a token: its own, or one whose audience is its resource; to a public client, which
    proves nothing, and about anything else, that it is inactive (RFC 7662 §2.2, R-39)."""
    inactive = {"active": False}
    if client.public:
        return inactive
    if token.count(".") == 2:
        live = access_token(work, token)
        mine = live is not None and (
            live.claims["client_id"] == client.client_id
            or (client.resource is not None and live.claims["aud"] == client.resource)
        )
        return describe(live) if live is not None and mine else inactive
    presented = refresh.find(work, token)
    if presented is None or presented.used or not presented.check_client(client):
        return inactive
    subject = claims.seen_by(work, client, presented.family.subject)
    return {
        "active": True, "token_type": "refresh_token", "client_id": client.client_id, "iss": work.issuer,
        "sub": subject.subject, "scope": presented.family.scope, "sid": subject.sid,
    }  # fmt: skip


def revoke(work: Work, client: RegisteredClient, token: str) -> None:
    """Revoke a token of this client: a refresh token takes its whole grant along, an access token goes alone. What is
    not the caller's is left alone, without a word (RFC 7009 §2.2, R-39)."""
    if token.count(".") == 2:
        _revoke_access_token(work, client, token)
        return
    presented = refresh.find(work, token)
    if presented is not None and presented.check_client(client):
        families.revoke(work, presented.family.grant_id, "revoked_by_client")


def _revoke_access_token(work: Work, client: RegisteredClient, token: str) -> None:
    signed = tokens.verify(work, token, tokens.ACCESS_TOKEN_TYPE)
    if signed is None or signed["client_id"] != client.client_id or signed["exp"] <= work.now.timestamp():
        return
    ends = work.now.fromtimestamp(signed["exp"], tz=work.now.tzinfo)
    with suppress(IntegrityError), work.session.begin_nested():  # it may have been revoked before
        work.session.execute(insert(RevokedAccessToken).values(jti=signed["jti"], expires_at=ends))
