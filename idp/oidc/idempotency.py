"""Doing a call of the API once: the key a caller has sent is claimed in the transaction of what the call does.

Whoever claims a key that another transaction is just claiming waits for it: on PostgreSQL at the unique row, on SQLite
at the door of writers. So of fifty calls at once one acts, and the others hear its answer. A call that failed leaves
nothing, and may be sent again.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.core.ids import uuid7
from idp.oidc.models import IdempotentCall
from idp.work import Work

KEPT = timedelta(hours=24)
_PLACE = "idempotent_calls:{}:answer"


@dataclass(frozen=True, slots=True)
class Call:
    """What identifies a call: who sent it with which key, where to, and what.

    Attributes:
        client_id: the application.
        account_id: the person it acts for; None for its own.
        route: method and path.
    """

    client_id: UUID
    account_id: UUID | None
    key: str
    route: str
    body: bytes

    @property
    def key_digest(self) -> bytes:
        return hashlib.sha256(f"{self.client_id}\0{self.account_id}\0{self.key}".encode()).digest()

    @property
    def body_digest(self) -> bytes:
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller was told."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """The key is this call's.

    Attributes:
        id: of the row, for `remember`.
        before: the answer that the same call heard before; None when this one has to act.
        other: the key was used for another call.
    """

    id: UUID
    before: Answer | None = None
    other: bool = False


def claim(work: Work, call: Call) -> Claim:
    """Take the key for this call, or learn what was done with it."""
    work.write()
    work.session.execute(
        delete(IdempotentCall).where(
            IdempotentCall.key_digest == call.key_digest, IdempotentCall.expires_at <= work.now
        )
    )
    key = uuid7()
    values = {
        "id": key, "key_digest": call.key_digest, "account_id": call.account_id, "route": call.route,
        "body_digest": call.body_digest, "created_at": work.now, "expires_at": work.now + KEPT,
    }  # fmt: skip
    try:
        with work.session.begin_nested():
            work.session.execute(insert(IdempotentCall).values(**values))
    except IntegrityError:
        return _known(work, call)
    return Claim(key)


def remember(work: Work, claimed: Claim, answer: Answer) -> None:
    """Keep what the caller is about to be told."""
    told = json.dumps([answer.body, answer.headers]).encode()
    work.session.execute(
        update(IdempotentCall)
        .where(IdempotentCall.id == claimed.id)
        .values(status=answer.status, answer=work.keyring.encrypt(told, _PLACE.format(claimed.id)))
    )


def forget(work: Work, claimed: Claim) -> None:
    """Give a key back whose call failed although what it had recorded until then was kept, such as a counted try."""
    mine = IdempotentCall.id == claimed.id, IdempotentCall.answer.is_(None)
    if work.session.scalar(select(IdempotentCall.id).where(*mine)) is not None:
        work.session.execute(delete(IdempotentCall).where(*mine))
        work.checkpoint(write=False)


def _known(work: Work, call: Call) -> Claim:
    row = work.session.execute(
        select(*IdempotentCall.__table__.columns).where(IdempotentCall.key_digest == call.key_digest)
    ).one()
    if (row.route, row.body_digest) != (call.route, call.body_digest) or row.answer is None:
        return Claim(row.id, other=True)
    body, headers = json.loads(work.keyring.reveal(row.answer, _PLACE.format(row.id)))
    return Claim(row.id, Answer(row.status, body, headers))
