"""Calls by script from the pages of browser applications (CORS, Fetch standard §3.2).

An answer is shared with the origins of the client that it is for, by name; never with everybody, as it holds tokens,
and never with credentials: no cookie counts at these endpoints. Discovery and keys are for everybody: `metadata.py`.
"""

from typing import TYPE_CHECKING

from idp.oidc import clients, origins
from idp.oidc.server import PlainResponse

if TYPE_CHECKING:
    from idp.web.oauth.direct import Call

KEPT_SECONDS = 600
SENT = "Authorization, Content-Type, DPoP"
READ = "WWW-Authenticate, DPoP-Nonce, Retry-After"


def preflight(call: "Call", methods: str) -> PlainResponse:
    """The answer to OPTIONS. It names no client, so any client's origin hears yes; which answers a script may read is
    decided where the client is known."""
    origin = call.environ.get("HTTP_ORIGIN")
    allow = ("Allow", f"{methods}, OPTIONS")
    if origin is None or origin not in origins.known(call.at_work()):
        return PlainResponse(204, "", (allow,))
    return PlainResponse(
        204,
        "",
        (
            allow,
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", SENT),
            ("Access-Control-Max-Age", str(KEPT_SECONDS)),
            ("Vary", "Origin"),
        ),
    )


def shared(call: "Call", origin: str) -> tuple[tuple[str, str], ...]:
    """The headers that let a script of this origin read the answer, when it is an origin of the client that asked.

    Whether that client is who it says was decided by the view; a refusal tells a script nothing.
    """
    client_id = dict(call.sent).get("client_id") or origins.unproved_client(
        call.authorization().get("Authorization", "")
    )
    client = clients.find(call.at_work(), client_id) if client_id else None
    if client is None or origin not in origins.of(client):
        return (("Vary", "Origin"),)
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", READ),
        ("Vary", "Origin"),
    )
