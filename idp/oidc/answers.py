"""How an authorization answer reaches the client: in the query, in the fragment, or posted by the browser (OAuth 2.0
Multiple Response Type Encoding Practices §2.1, Form Post Response Mode), plain or signed (JARM)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.core import wire
from idp.oidc import tokens
from idp.oidc.clients import RegisteredClient
from idp.work import Work

PLAIN = ("query", "fragment", "form_post")
SIGNED = ("jwt", "query.jwt", "fragment.jwt", "form_post.jwt")
MODES = (*PLAIN, *SIGNED)
SIGNED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Way:
    """Where an answer goes, and how.

    Attributes:
        redirect_uri: the client's own.
        mode: one of `MODES`.
        state: of the request, given back as it came.
    """

    client: RegisteredClient
    redirect_uri: str
    mode: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer that the browser posts to the client, by a form on a page of ours."""

    client: RegisteredClient
    address: str
    values: dict[str, str]


Sent = str | Posted
"""An answer on its way: the address to redirect the browser to, or the form that it posts."""


def mode_of(client: RegisteredClient, redirect_uri: str, asked: str | None) -> str:
    """The response mode of a request.

    Raises:
        InvalidRequestError: unknown, or not one of this client's: signed answers are for clients that have registered
            their algorithm, and a client may be registered for some modes alone (R-29). A form is posted to web
            addresses only.
    """
    mode = {None: default_mode(client), "jwt": "query.jwt"}.get(asked, asked)
    if mode not in MODES or mode not in allowed(client):
        raise InvalidRequestError("Unsupported 'response_mode'.")
    if mode.startswith("form_post") and not redirect_uri.startswith(("https://", "http://")):
        raise InvalidRequestError("A 'response_mode' of this kind is for web addresses.")
    return mode


def returnable(mode: str, state: str | None) -> str | None:
    """The `state` as an answer can give it back. An address holds also what is no text, byte for byte, as it came; a
    form and a JWT cannot."""
    kept = state is None or mode in ("query", "fragment") or wire.is_text(state)
    return state if kept else None


def default_mode(client: RegisteredClient) -> str:
    """The mode of a request that names none, and of an error about it: the query, unless the client never has it."""
    modes = allowed(client)
    return modes[0] if "query" not in modes else "query"


def allowed(client: RegisteredClient) -> tuple[str, ...]:
    """The modes of a client."""
    options = client.options
    known = options.response_modes or MODES
    signed = options.authorization_signed_response_alg is not None
    return tuple(mode for mode in known if mode != "jwt" and (signed or mode in PLAIN))


def send(work: Work, way: Way, values: dict[str, str | None]) -> Sent:
    """An answer on its way, with `state` and `iss` (RFC 9207); a signed one has them inside (JARM §2.1)."""
    shown = {name: value for name, value in {**values, "state": way.state}.items() if value}
    form, _, signed = way.mode.partition(".")
    shown = _signed(work, way.client, shown) if signed else {**shown, "iss": work.issuer}
    if form == "form_post":
        return Posted(way.client, way.redirect_uri, shown)
    if form == "fragment":
        return f"{way.redirect_uri}#{urlencode(shown, errors='surrogateescape')}"
    separator = "&" if urlsplit(way.redirect_uri).query else "?"
    return f"{way.redirect_uri}{separator}{urlencode(shown, errors='surrogateescape')}"


def _signed(work: Work, client: RegisteredClient, shown: dict[str, str]) -> dict[str, str]:
    algorithm = client.options.authorization_signed_response_alg
    now = int(work.now.timestamp())
    about: dict[str, Any] = {
        "iss": work.issuer, "aud": client.client_id, "iat": now, "exp": now + SIGNED_SECONDS, **shown,
    }  # fmt: skip
    return {"response": tokens.sign(work, about, str(algorithm))}
