"""Logout: asked by a product (OIDC RP-Initiated Logout), told to the others (OIDC Back-Channel Logout)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from sqlalchemy import select, update

from idp.authn.models import Session
from idp.core import calling
from idp.core.tokens import new
from idp.oidc import clients, logout_delivery, sectors, tokens
from idp.oidc.clients import RegisteredClient
from idp.oidc.logout_delivery import Ended
from idp.oidc.models import Client, Grant
from idp.work import Work

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_SECONDS = 120


class DeliveryFailed(Exception):
    """A client did not take its logout token; the outbox tries again."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """A logout request, understood.

    Attributes:
        client: who asks, when known; also one that has only named itself.
        sid: the session an ID token of ours names; None when no valid hint was sent, and then the person is asked.
        redirect: where to go afterwards; None when nothing was asked or the address is not registered.
        astray: whether the browser was to go somewhere and does not, as the address or the hint is not valid.
    """

    client: RegisteredClient | None
    sid: str | None
    subject: str | None
    redirect: str | None
    astray: bool


def understand(work: Work, parameters: dict[str, str]) -> EndSession:
    """Read a logout request (RP-Initiated Logout §2, R-40). A bad hint or address is as if it had not been sent: the
    person is asked, and nobody is redirected."""
    hint = parameters.get("id_token_hint")
    signed = tokens.verify(work, hint, "JWT") if hint else None
    if signed and "sub" not in signed:  # a signed answer of the authorization endpoint is about nobody
        signed = None
    named = parameters.get("client_id")
    client_id = named or (str(signed["aud"]) if signed else "")
    if signed and named and signed.get("aud") != named:
        signed = None
    client = clients.find(work, client_id) if client_id else None
    redirect = parameters.get("post_logout_redirect_uri")
    registered = client is not None and redirect in client.post_logout_redirect_uris
    # Without any hint this is no mistake: the person is asked, and offered the way back.
    astray = bool(redirect) and (not registered or (bool(hint) and signed is None))
    if signed is None or not registered:
        redirect = None
    if redirect and parameters.get("state"):
        separator = "&" if urlsplit(redirect).query else "?"
        redirect = f"{redirect}{separator}{urlencode({'state': parameters['state']})}"
    if signed is None:
        return EndSession(client, None, None, redirect, astray)
    hinted = clients.find(work, str(signed["aud"]))
    sid, subject = sectors.sid_read(work, hinted, signed.get("sid")), sectors.subject_read(work, hinted, signed["sub"])
    return EndSession(client, sid, subject, redirect, astray)


def session_ended(work: Work, members: dict[str, Any]) -> None:
    """A session is over: its grants are revoked, and each client it reached gets a logout token (outbox fact)."""
    session_id = UUID(members["session_id"])
    _tell(work, session_id, members)
    work.session.execute(
        update(Grant)
        .where(Grant.session_id == session_id, Grant.revoked_at.is_(None))
        .values(revoked_at=work.now, revocation_reason="session_ended")
    )


def session_expired(work: Work, members: dict[str, Any]) -> None:
    """The time of a session has run out: each client it reached gets a logout token (outbox fact). What it holds beyond
    that time, by `offline_access`, stays (Back-Channel Logout §2.7)."""
    _tell(work, UUID(members["session_id"]), members)


def _tell(work: Work, session_id: UUID, members: dict[str, Any]) -> None:
    ended = Ended(session_id, members["sid"], members["subject"])
    reached = work.session.execute(
        select(Client.id, Client.client_id)
        .join(Grant, Grant.client_id == Client.id)
        .where(Grant.session_id == session_id, Client.disabled_at.is_(None), Client.backchannel_logout_uri.is_not(None))
        .distinct()
    )
    for key, client_id in reached.all():
        logout_delivery.tell(work, key, client_id, ended, members.get("reason", "ended"))


def logout_token(work: Work, client: RegisteredClient, sid: str, subject: str) -> str:
    """A logout token (Back-Channel Logout §2.4)."""
    now = int(work.now.timestamp())
    claims = {
        "iss": work.issuer, "sub": sectors.subject(work, client, subject), "aud": client.client_id,
        "iat": now, "exp": now + TOKEN_SECONDS, "jti": new(), "sid": sectors.sid(work, client, sid),
        "events": {EVENT: {}},
    }  # fmt: skip
    return tokens.sign(work, claims, client.signing_algorithm, tokens.LOGOUT_TOKEN_TYPE)


def deliver(work: Work, members: dict[str, Any]) -> None:
    """Send one logout token; called by the outbox, outside any transaction of a request.

    Raises:
        DeliveryFailed: the client could not be reached or did not answer 2xx within three seconds.
    """
    client = clients.find(work, members["client_id"])
    if client is None or not client.backchannel_logout_uri:
        return
    token = logout_token(work, client, members["sid"], members["subject"])
    work.session.commit()  # nothing is held while the network is waited for
    try:
        status = work.outbound.post(client.backchannel_logout_uri, {"logout_token": token})
    except calling.NoAnswer as error:
        logout_delivery.note(work, members, str(error))
        raise DeliveryFailed(str(error)) from error
    failure = None if status in (200, 204) else f"status {status}"
    logout_delivery.note(work, members, failure)
    if failure:
        raise DeliveryFailed(failure)


def session_named(work: Work, sid: str) -> UUID | None:
    """The session that products know by this `sid`."""
    return work.session.scalar(select(Session.id).where(Session.sid == sid))
