"""Telling products that access has changed, at once: signed security event tokens (RFC 8417), pushed (RFC 8935).

A product that has registered an event address learns from which epoch on a token knows of the change, and refuses older
ones of the person, the company or the mandate concerned; its client then refreshes. Who registers none notices with the
next token, ten minutes later at most.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts.models import Account
from idp.companies.clock import CHANGED
from idp.core import calling
from idp.core.tokens import new
from idp.oidc import clients, sectors, tokens
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import Client, Grant
from idp.outbox import queue
from idp.work import Work

EVENT = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"  # CAEP 1.0 §3.2
TOKEN_TYPE = "secevent+jwt"
DELIVERY = "security_event"
HEADERS = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}


class DeliveryFailed(Exception):
    """A product did not take an event; the outbox tries again."""


def changed(work: Work, members: dict[str, Any]) -> None:
    """Put an event in the outbox for every product with an event address that may hold a token concerned (outbox fact).

    A product hears only of people, and of companies, for which it was given tokens.
    """
    concerned = select(Client.client_id).where(Client.event_uri.is_not(None), Client.disabled_at.is_(None))
    held = select(Grant.id).where(Grant.client_id == Client.id)
    subject = None
    if members.get("account"):
        account_id = UUID(members["account"])
        subject = work.session.scalar(select(Account.subject).where(Account.id == account_id))
        held = held.where(Grant.account_id == account_id)
    else:
        held = held.where(Grant.company_id == UUID(members["company"]))
    told = {name: members[name] for name in ("epoch", "company", "firm") if members.get(name) is not None}
    for client_id in work.session.scalars(concerned.where(held.exists()).order_by(Client.client_id)):
        queue.fact(
            work, DELIVERY, client_id=client_id, jti=new(), at=int(work.now.timestamp()), subject=subject, told=told
        )


def event_token(work: Work, client: RegisteredClient, members: dict[str, Any]) -> str:
    """A security event token (RFC 8417 §2): `sub_id` (RFC 9493) is the person, or else the company; `claims` says what
    tokens say now."""
    subject = members["subject"]
    named = (
        {"format": "iss_sub", "iss": work.issuer, "sub": sectors.subject(work, client, subject)}
        if subject
        else {"format": "opaque", "id": members["told"]["company"]}
    )
    event = {"event_timestamp": members["at"], "initiating_entity": "admin", "claims": members["told"]}
    claims = {
        "iss": work.issuer, "aud": client.client_id, "iat": int(work.now.timestamp()), "jti": members["jti"],
        "sub_id": named, "events": {EVENT: event},
    }  # fmt: skip
    return tokens.sign(work, claims, client.signing_algorithm, TOKEN_TYPE)


def deliver(work: Work, members: dict[str, Any]) -> None:
    """Push one event (RFC 8935 §2); called by the outbox, outside any transaction of a request. A retry carries the
    same `jti`.

    Raises:
        DeliveryFailed: the product could not be reached or did not answer 2xx within three seconds.
    """
    client = clients.find(work, members["client_id"])
    if client is None or not client.event_uri:
        return
    token = event_token(work, client, members)
    work.session.commit()  # nothing is held while the network is waited for
    try:
        status = work.outbound.send(client.event_uri, token.encode("ascii"), HEADERS)
    except calling.NoAnswer as error:
        raise DeliveryFailed(str(error)) from error
    if status not in (200, 202, 204):
        raise DeliveryFailed(f"status {status}")


HANDLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {CHANGED: changed}
CALLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {DELIVERY: deliver}
