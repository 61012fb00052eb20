"""Client authentication by a signed assertion: `private_key_jwt` (RFC 7523 §3, OIDC Core §9, R-33)."""

from typing import TYPE_CHECKING

from idp.oidc import client_keys, foreign, used
from idp.oidc.foreign import ForeignToken, Unacceptable
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import RegisteredClient

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = 300  # seconds that an assertion may be valid


def read(assertion: str, named: str | None) -> tuple[str, ForeignToken]:
    """Which client an assertion claims to be, and the assertion, not verified yet.

    Args:
        named: the parameter `client_id`, which may be left out (RFC 7521 §4.2).

    Raises:
        Unacceptable: it is no JWT, is about nobody, or about another client than the one named.
    """
    token = foreign.read(assertion)
    subject = token.claims.get("sub")
    if not isinstance(subject, str) or not subject or token.claims.get("iss") != subject:
        raise Unacceptable("does not name one client as 'iss' and 'sub'")
    if named is not None and named != subject:
        raise Unacceptable("is about another client")
    return subject, token


def check(work: Work, client: "RegisteredClient", token: ForeignToken) -> None:
    """That the client has signed this assertion, for this service, a moment ago, and has not used it before.

    `aud` is the issuer as one string: an assertion with several audiences could be used by one of them at another
    (FAPI 2.0 §5.3.2.1).

    Raises:
        Unacceptable: the first rule that is broken.
    """
    only = client.options.token_endpoint_auth_signing_alg
    client_keys.verify(work, client, token, client.accepted(only))
    if token.claims.get("aud") != work.issuer:
        raise Unacceptable("is not for this issuer alone")
    ends = foreign.check_times(work, token.claims, longest=LONGEST)
    jti = token.claims.get("jti")
    if not used.is_name(jti):
        raise Unacceptable("has no usable 'jti'")
    if not used.spend(work, "client assertion", client.client_id, str(jti), ends, lasting=False):
        raise Unacceptable("was used before")
