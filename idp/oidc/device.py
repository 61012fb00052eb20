"""Devices without a browser of their own (RFC 8628): what one asks for, the code a person types, the answer, the poll.

A device has two codes. The long one is its own, and is kept as a digest like every bearer value. The short one is typed
by a person: its letters make no words and cannot be taken for one another, its digest is keyed because it could be
guessed offline, and tries are counted per network and per account. Neither lets anybody in: the person signs in and
answers on a page of this service.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log as audit
from idp.authn import throttle
from idp.authn.session import Current
from idp.companies import mandate_use
from idp.companies.access import Access
from idp.core import tokens
from idp.core.ids import uuid7
from idp.oidc import clients, consent, families
from idp.oidc.clients import RegisteredClient
from idp.oidc.interaction import Kept
from idp.oidc.models import Client, DeviceRequest
from idp.policy.account import Limit
from idp.work import Work

LIFETIME = timedelta(minutes=10)
INTERVAL = 5  # seconds between two polls, and by how much each one that comes too early lengthens it (RFC 8628 §3.5)
LENIENCE = timedelta(seconds=1)  # by which a poll may come early: networks are not even
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 §6.1: no vowels, so no words; no digits, so nothing looks alike
LENGTH = 8
CODES_TRIED = 3
TRIES = Limit(max=10, per=timedelta(minutes=15), pause=timedelta(minutes=15))
"""Wrong codes of one account; those of a network are counted as for passwords."""
KIND, KIND_NETWORK = "user_code", "user_code_network"
_MISREAD = str.maketrans({"0": "D", "2": "Z", "5": "S", "6": "G", "8": "B"})  # what people type for a letter


@dataclass(frozen=True, slots=True)
class Codes:
    """What a device is told, this once."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A request of a device, as the person who types its code meets it."""

    id: UUID
    client: RegisteredClient
    scope: str
    parameters: dict[str, str]
    network: str
    user_agent: str
    kept: Kept
    answer: str | None
    account_id: UUID | None
    open: bool  # it can still be answered


class Bought(NamedTuple):
    """An allowed request in the hands of the one caller that spent its code."""

    grant_id: UUID
    session_id: UUID
    company_id: UUID | None
    scope: str


class Refused(Enum):
    """Why a typed code leads nowhere."""

    UNKNOWN = "unknown"
    PAUSED = "paused"


class Poll(Enum):
    """What a device hears that has no tokens yet (RFC 8628 §3.5), or never will."""

    PENDING = "authorization_pending"
    TOO_EARLY = "slow_down"
    REFUSED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


def ask(work: Work, client: RegisteredClient, scope: str, parameters: dict[str, str]) -> Codes:
    """Begin: the codes of a new request, which waits ten minutes for a person.

    Args:
        parameters: what the device said of company and strength, as of an authorization request.
    """
    device_code = tokens.new()
    values = {
        "device_digest": tokens.digest(device_code), "client_id": client.id, "scope": scope, "parameters": parameters,
        "network": work.actor.network, "user_agent": work.actor.user_agent, "company_id": None, "interval": INTERVAL,
        "created_at": work.now, "poll_after": work.now, "expires_at": work.now + LIFETIME,
    }  # fmt: skip
    for left in reversed(range(CODES_TRIED)):
        user_code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        try:
            with work.session.begin_nested():
                work.session.add(DeviceRequest(user_code_digest=_digest(work, user_code), **values))
        except IntegrityError:  # one in 25 thousand million, for each request that waits; or the client was deleted
            if not left:
                raise
        else:
            break
    return Codes(device_code, shown(user_code))


def shown(user_code: str) -> str:
    """A code in two groups, as people read it: `WDJB-MJHT`."""
    return f"{user_code[:4]}-{user_code[4:]}"


def cleaned(typed: str) -> str | None:
    """The eight letters of what somebody typed, whatever its case, spaces and dashes; None for what is no code.

    A digit that looks like one of the letters counts as that letter.
    """
    letters = "".join(each for each in typed.upper() if each.isascii() and each.isalnum()).translate(_MISREAD)
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else None


def _digest(work: Work, user_code: str) -> bytes:
    return hmac.digest(work.keyring.derive("user codes of devices"), user_code.encode(), hashlib.sha256)


# --- the person ---


def find(work: Work, typed: str, account_id: UUID | None) -> "UUID | Refused":
    """The open request whose code this is. Counts the try; a right one is given back.

    Args:
        account_id: whose browser it is typed in, where that is known.
    """
    subject: tuple[str, object] = ("account", account_id) if account_id else ("", "")
    counted = _counted(work, account_id)
    if counted is None:
        audit.record(work, "user_code.refused", subject, outcome="refused", reason="paused")
        return Refused.PAUSED
    user_code = cleaned(typed)
    found = None
    if user_code is not None:
        found = work.session.scalar(
            select(DeviceRequest.id).where(
                DeviceRequest.user_code_digest == _digest(work, user_code),
                DeviceRequest.expires_at > work.now,
                DeviceRequest.answer.is_(None),
            )
        )
    if found is None:
        audit.record(work, "user_code.refused", subject, outcome="refused", reason="unknown")
        return Refused.UNKNOWN
    for kind, counted_for in counted:
        throttle.give_back(work, kind, counted_for)
    return found


def _counted(work: Work, account_id: UUID | None) -> list[tuple[str, str]] | None:
    """For whom the try was counted; None when codes are not looked at for a while."""
    network = throttle.network_subject(work.actor.network)
    counts = [(KIND_NETWORK, network, throttle.NETWORK_TRIES)] if network else []
    if account_id is not None:
        counts.append((KIND, str(account_id), TRIES))
    for kind, subject, limit in counts:
        if not throttle.take(work, kind, subject, limit, in_a_row=None).allowed:
            return None
    return [(kind, subject) for kind, subject, _ in counts]


def get(work: Work, request_id: UUID) -> Pending | None:
    """A request by its key; None once it is gone, or its client is."""
    row: Any = work.session.execute(
        select(DeviceRequest, Client.client_id)
        .join(Client, Client.id == DeviceRequest.client_id)
        .where(DeviceRequest.id == request_id)
    ).one_or_none()
    client = clients.find(work, row[1]) if row is not None else None
    if row is None or client is None:
        return None
    asked: DeviceRequest = row[0]
    return Pending(
        asked.id, client, asked.scope, dict(asked.parameters), asked.network, asked.user_agent,
        Kept(asked.created_at, asked.company_id), asked.answer, asked.account_id,
        asked.answer is None and asked.expires_at > work.now,
    )  # fmt: skip


def choose_company(work: Work, request_id: UUID, company_id: UUID) -> None:
    """Remember the company the person chose; whether they may is decided when the request is taken up again."""
    _change(work, request_id, company_id=company_id)


def allow(work: Work, asked: Pending, current: Current, reach: Access | None) -> bool:
    """Let the device work for the person of this session; False when it was answered before, or its time is over.

    Args:
        reach: what the person may do in the company it is for; None for a client without product.
    """
    company_id = reach.company_id if reach is not None else None
    if not _answer(work, asked, "allowed", current, company_id):
        return False
    if reach is not None:
        mandate_use.note(work, reach)
    if consent.needed(work, asked.client, current.account_id, asked.scope, company_id=company_id):
        consent.give(work, asked.client, current.account_id, asked.scope, company_id=company_id)
    return True


def refuse(work: Work, asked: Pending, current: Current) -> bool:
    """Tell the device no; False when it was answered before, or its time is over."""
    return _answer(work, asked, "refused", current, None)


def _answer(work: Work, asked: Pending, answer: str, current: Current, company_id: UUID | None) -> bool:
    done = _change(
        work, asked.id, answer=answer, answered_at=work.now, account_id=current.account_id,
        session_id=current.session_id, company_id=company_id,
    )  # fmt: skip
    if done:
        audit.record(
            work, f"device_request.{answer}", ("account", current.account_id), company_id=company_id,
            client_id=asked.client.client_id,
        )  # fmt: skip
    return done


def _change(work: Work, request_id: UUID, **values: Any) -> bool:
    """Change a request that is open: True for the one caller that does."""
    changed: CursorResult[Any] = work.session.execute(
        update(DeviceRequest)
        .where(DeviceRequest.id == request_id, DeviceRequest.answer.is_(None), DeviceRequest.expires_at > work.now)
        .values(**values),
        execution_options={"synchronize_session": False},
    )  # type: ignore[assignment]
    return changed.rowcount == 1


# --- the device ---


def spend(work: Work, device_code: str, client: RegisteredClient) -> Bought | Poll:
    """What a code of this client has bought, for the one caller that fetches it; for everybody else, why there is
    nothing. A second use revokes what the first bought, as that of an authorization code does."""
    digest, of_client = tokens.digest(device_code), DeviceRequest.client_id == client.id
    row: Any = work.session.execute(
        update(DeviceRequest)
        .where(
            DeviceRequest.device_digest == digest, of_client, DeviceRequest.answer == "allowed",
            DeviceRequest.used_at.is_(None), DeviceRequest.expires_at > work.now,
        )
        .values(used_at=work.now, grant_id=uuid7())
        .returning(DeviceRequest.grant_id, DeviceRequest.session_id, DeviceRequest.company_id, DeviceRequest.scope),
        execution_options={"synchronize_session": False},
    ).one_or_none()  # fmt: skip
    if row is not None:
        return Bought(*row)
    d = DeviceRequest
    waiting: Any = work.session.execute(
        select(d.id, d.answer, d.used_at, d.grant_id, d.account_id, d.expires_at, d.interval).where(
            d.device_digest == digest, of_client
        )
    ).one_or_none()
    if waiting is None:
        return Poll.UNKNOWN
    if waiting.used_at is not None:
        _replayed(work, client, waiting.account_id, waiting.grant_id)
        return Poll.UNKNOWN
    if waiting.expires_at <= work.now:
        return Poll.EXPIRED
    if waiting.answer is not None:
        return Poll.REFUSED
    return _paced(work, waiting.id, waiting.interval)


def _paced(work: Work, request_id: UUID, interval: int) -> Poll:
    """Hold a device that asks too often to its interval, which grows each time."""
    if _at_pace(work, request_id, work.now + timedelta(seconds=interval) - LENIENCE):
        return Poll.PENDING
    longer = interval + INTERVAL
    after = work.now + timedelta(seconds=longer) - LENIENCE
    work.session.execute(
        update(DeviceRequest).where(DeviceRequest.id == request_id).values(interval=longer, poll_after=after),
        execution_options={"synchronize_session": False},
    )
    return Poll.TOO_EARLY


def _at_pace(work: Work, request_id: UUID, again_after: datetime) -> bool:
    polled: CursorResult[Any] = work.session.execute(
        update(DeviceRequest)
        .where(DeviceRequest.id == request_id, DeviceRequest.poll_after <= work.now)
        .values(poll_after=again_after),
        execution_options={"synchronize_session": False},
    )  # type: ignore[assignment]
    return polled.rowcount == 1


def _replayed(work: Work, client: RegisteredClient, account_id: UUID, grant_id: UUID) -> None:
    families.revoke(work, grant_id, "device_code_replayed")
    audit.record(work, "device_code.replayed", ("account", account_id), outcome="refused", client_id=client.client_id)
