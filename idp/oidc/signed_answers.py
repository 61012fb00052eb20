"""Answers as JWTs: userinfo for clients that have registered it (OIDC Core §5.3.2), introspection for whoever asks by
its media type (RFC 9701)."""

from typing import Any

from idp.core import wire
from idp.oidc import clients, encryption, tokens
from idp.oidc.clients import RegisteredClient
from idp.oidc.introspection import LiveToken
from idp.work import Work

INTROSPECTION = "application/token-introspection+jwt"
INTROSPECTION_TYPE = "token-introspection+jwt"
USERINFO_TYPE = "userinfo+jwt"
"""A name of its own: the claims are those of an ID token, which this must never be taken for (RFC 8725 §3.11)."""
USUAL = "RS256"
"""By which introspection answers are signed for a client that has registered nothing (RFC 9701 §6); for one of FAPI
2.0, which forbids it, as its ID tokens are."""


def userinfo(work: Work, live: LiveToken, claims: dict[str, Any]) -> str | None:
    """The userinfo answer as the client has asked for it: signed, encrypted or both; None when as JSON.

    Raises:
        NoEncryptionKey: it is to be encrypted, and the client has no key for that.
    """
    client = clients.get(work, live.claims["client_id"])
    algorithm = client.options.userinfo_signed_response_alg
    if algorithm is None and encryption.asked(client.options, "userinfo") is None:
        return None
    encryption.require(work, client, "userinfo")
    if algorithm is None:
        return encryption.sealed(work, client, "userinfo", wire.write(claims), signed=False)
    addressed = {"iss": work.issuer, "aud": client.client_id, **claims}
    return encryption.sealed(work, client, "userinfo", tokens.sign(work, addressed, algorithm, USERINFO_TYPE))


def accepted(header: str) -> bool:
    """Whether a header `Accept` names the media type of a signed introspection answer."""
    return any(part.partition(";")[0].strip() == INTROSPECTION for part in header.lower().split(","))


def by_which(client: RegisteredClient) -> str:
    """The algorithm of introspection answers for a client."""
    usual = USUAL if USUAL in client.algorithms else client.signing_algorithm
    return client.options.introspection_signed_response_alg or usual


def introspection(work: Work, client: RegisteredClient, answer: dict[str, Any]) -> str:
    """An introspection answer, signed for the resource server that asks (RFC 9701 §5).

    Raises:
        NoEncryptionKey: it is to be encrypted, and the client has no key for that.
    """
    encryption.require(work, client, "introspection")
    claims = {
        "iss": work.issuer, "aud": client.client_id, "iat": int(work.now.timestamp()), "token_introspection": answer,
    }  # fmt: skip
    algorithm = by_which(client)
    return encryption.sealed(work, client, "introspection", tokens.sign(work, claims, algorithm, INTROSPECTION_TYPE))
