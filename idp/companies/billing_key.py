"""Keys shared with billing, by which each knows that a message is the other's. Two may be live at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from idp.audit import log
from idp.authn import throttle
from idp.companies import access
from idp.companies.errors import KeysLive
from idp.companies.models import BillingKey
from idp.core import webhooks
from idp.core.errors import IdpError, NotFound, NotPermitted, Throttled
from idp.core.ids import uuid7
from idp.core.webhooks import SignatureRefused
from idp.work import Work

PLACE = "billing_keys:{}:secret"
LIVE = 2
REFUSALS = throttle.NETWORK_TRIES
_COUNTED = "billing signature"
_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KeySeen:
    """A key as operators see it: never its secret."""

    id: UUID
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(work: Work) -> tuple[UUID, str]:
    """A new key; answers its id and the secret, which is shown this once.

    Raises:
        NotPermitted: the actor is no operator.
        KeysLive: two are live.
    """
    _require(work)
    if len(_live(work)) >= LIVE:
        raise KeysLive()
    return _made(work)


def rotate(work: Work) -> tuple[UUID, str]:
    """A new key beside the present one, which stays live until the next rotation; the one before that is revoked.

    Raises:
        NotPermitted: the actor is no operator.
    """
    _require(work)
    for older in _live(work)[1:]:
        revoke(work, older.id)
    return _made(work)


def revoke(work: Work, key_id: UUID) -> None:
    """A key counts no more.

    Raises:
        NotPermitted: the actor is no operator.
        NotFound: there is no live key of this id.
    """
    _require(work)
    revoked = work.session.execute(
        update(BillingKey)
        .where(BillingKey.id == key_id, BillingKey.revoked_at.is_(None))
        .values(revoked_at=work.now)
        .returning(BillingKey.id)
    ).one_or_none()
    if revoked is None:
        raise NotFound(kind="live key")
    log.record(work, "billing_key.revoked", ("billing_key", key_id))


def listing(work: Work) -> list[KeySeen]:
    """Every key there has been, the latest first."""
    k = BillingKey
    rows = work.session.execute(select(k.id, k.created_at, k.last_used_at, k.revoked_at).order_by(k.id.desc()))
    return [KeySeen(*row) for row in rows]


def secrets(work: Work) -> list[tuple[str, bytes]]:
    """Id and secret of the live keys, the latest first: it signs what goes out, all of them open what comes in."""
    return [(str(key.id), work.keyring.reveal(key.secret, PLACE.format(key.id))) for key in _live(work)]


def note_use(work: Work, key_id: UUID) -> None:
    """Remember that a key was used, to the hour: it tells an operator when the older one may go."""
    k = BillingKey
    lately = work.now - _NOTED_EVERY
    work.session.execute(
        update(k)
        .where(k.id == key_id, (k.last_used_at.is_(None)) | (k.last_used_at < lately))
        .values(last_used_at=work.now),
        execution_options={"synchronize_session": False},
    )


def refused(work: Work, refusal: SignatureRefused) -> IdpError:
    """Note that somebody was refused at the door of billing, and answer what to tell them: who goes on like this is
    not looked at any more for a while, and fills no log."""
    network = throttle.network_subject(work.actor.network)
    if network and not throttle.take(work, _COUNTED, network, REFUSALS, in_a_row=None).allowed:
        return Throttled(retry_after=int(REFUSALS.per.total_seconds()))
    log.record(work, "billing.signature_refused", outcome="refused", reason=refusal.members["reason"])
    return refusal


def _live(work: Work) -> list[BillingKey]:
    return list(
        work.session.scalars(select(BillingKey).where(BillingKey.revoked_at.is_(None)).order_by(BillingKey.id.desc()))
    )


def _made(work: Work) -> tuple[UUID, str]:
    key, secret = uuid7(), webhooks.new_secret()
    work.session.add(BillingKey(id=key, secret=work.keyring.encrypt(secret, PLACE.format(key)), created_at=work.now))
    work.session.flush()
    log.record(work, "billing_key.created", ("billing_key", key))
    return key, webhooks.written(secret)


def _require(work: Work) -> None:
    if not access.trusted(work):
        raise NotPermitted(permission="operations.billing-keys")
