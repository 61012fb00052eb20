"""Access tokens at what this service itself protects: how one is sent, what it is worth, and the answer when nothing.

Bearer tokens (RFC 6750) and tokens bound to a key (RFC 9449 §7). A bound one by the scheme Bearer is refused.
"""

import json
from typing import TYPE_CHECKING

from idp.oidc import dpop, introspection
from idp.oidc.binding import Presented
from idp.oidc.certificates import Shown
from idp.oidc.errors import ProtocolError
from idp.oidc.introspection import LiveToken
from idp.oidc.server import PlainResponse
from idp.work import Work

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BEARER = "bearer"
SCHEMES = (BEARER, dpop.SCHEME)
CHALLENGE = 'Bearer realm="sesame"'
GONE = ("invalid_token", "The token is not valid any more.", 401)
_JSON = ("Content-Type", "application/json")


def in_header(value: str) -> tuple[str, str | None]:
    """Scheme and token of an `Authorization` header; no token where it is of another scheme."""
    scheme, _, token = value.partition(" ")
    scheme = scheme.lower()
    return (scheme, token.strip()) if scheme in SCHEMES else (BEARER, None)


def presented(
    work: Work, environ: "WSGIEnvironment", scheme: str, token: str, certificate: Shown | None, path: str | None = None
) -> Presented:
    """The token of a request, and what came with it.

    Args:
        certificate: what a proxy has seen of the sender's.
        path: of the request, where it is not ASCII as it stands in `environ`.
    """
    method, addresses = environ["REQUEST_METHOD"], work.addresses(path or environ["PATH_INFO"])
    return Presented(token, scheme, method, addresses, environ.get("HTTP_DPOP"), certificate)


def worth(work: Work, shown: Presented) -> LiveToken | PlainResponse:
    """What the token is worth now, or the refusal."""
    try:
        live = introspection.presented(work, shown)
    except ProtocolError as problem:
        return refuse(work, shown, problem.error, problem.description or "", 401)
    return live if live is not None else refuse(work, shown, *GONE)


def refuse(work: Work, shown: Presented, name: str, description: str, status: int) -> PlainResponse:
    """The refusal of a request with a token (RFC 6750 §3, RFC 9449 §7.1)."""
    detail = f'error="{name}", error_description="{description}"'
    said = dpop.challenge(detail) if shown.scheme == dpop.SCHEME else f"{CHALLENGE}, {detail}"
    body = json.dumps({"error": name, "error_description": description})
    return accepted(work, shown, PlainResponse(status, body, (_JSON, ("WWW-Authenticate", said))))


def nothing_sent() -> PlainResponse:
    """The answer to a request without a token, which names no error (RFC 6750 §3.1)."""
    return PlainResponse(401, "{}", (_JSON, ("WWW-Authenticate", f"{CHALLENGE}, {dpop.challenge()}")))


def unreadable(problem: ProtocolError) -> PlainResponse:
    """The answer to a request whose token cannot be told from what was sent (RFC 6750 §3.1)."""
    description = problem.description or ""
    said = f'{CHALLENGE}, error="{problem.error}", error_description="{description}"'
    body = json.dumps({"error": problem.error, "error_description": description})
    return PlainResponse(400, body, (_JSON, ("WWW-Authenticate", said)))


def accepted(work: Work, shown: Presented, answer: PlainResponse) -> PlainResponse:
    """The answer, with the nonce for the next proof of a caller that proves (RFC 9449 §8.2)."""
    if shown.scheme != dpop.SCHEME:
        return answer
    return answer._replace(headers=(*answer.headers, dpop.nonce_header(work)))
