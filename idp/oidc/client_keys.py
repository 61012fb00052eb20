"""The public keys of a client: registered with it, or fetched from its `jwks_uri` and kept for a while.

What was fetched is kept in the database for every process, parsed in memory by each, and fetched again when it is stale
or names no key that a token asks for: once a minute at most for each client in each process. While the client does not
answer, its last keys count for a day, and no longer: somebody who keeps it from answering must not keep a key alive
that it has withdrawn.
"""

import json
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.core.calling import Document, NoAnswer
from idp.oidc import foreign
from idp.oidc.foreign import ForeignToken, PublicKey, UnknownKey
from idp.oidc.models import ClientKeySet
from idp.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.oidc.clients import RegisteredClient

KEPT_USUALLY, KEPT_LEAST, KEPT_MOST = 3600, 300, 86400
"""Seconds for which a set is kept: when the answer says nothing, and between what bounds it may say something."""
AGAIN_AFTER = 60.0
LAST_GOOD = timedelta(days=1)
WAITED_SECONDS = 4.0
AT_ONCE = 4
KEYS_MAX = 32
KINDS = ("EC", "RSA", "OKP")
RSA_LEAST, RSA_MOST = 342, 1366  # characters of a modulus of 2048 and of 8192 bits
ACCEPTED = "application/jwk-set+json, application/json"
_FETCHING = threading.BoundedSemaphore(AT_ONCE)

log = structlog.get_logger("client_keys")


@dataclass(frozen=True, slots=True)
class Known:
    """The fetched keys of a client, as this process remembers them.

    Attributes:
        uri: where they came from; another address makes them void.
        fetched_at: by the clock of the service, for how long they may count at all.
        fresh_until: monotonic seconds until which they are not asked for again.
    """

    uri: str
    keys: tuple[PublicKey, ...]
    fetched_at: datetime
    fresh_until: float


class Remembered:
    """What a process remembers of fetched keys."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.tried: dict[str, float] = {}
        self._locks: dict[str, threading.Lock] = {}

    @contextmanager
    def alone(self, client_id: str) -> "Iterator[bool]":
        """One thread fetches the keys of a client; others wait for it, and see what it found."""
        lock = self._locks.setdefault(client_id, threading.Lock())
        held = lock.acquire(timeout=WAITED_SECONDS)
        try:
            yield held
        finally:
            if held:
                lock.release()


_REMEMBERED: WeakKeyDictionary[Engine, Remembered] = WeakKeyDictionary()


def _remembered(work: Work) -> Remembered:
    engine = work.session.get_bind().engine
    found = _REMEMBERED.get(engine)
    return found if found is not None else _REMEMBERED.setdefault(engine, Remembered())


def is_of_unknown_kind(member: object) -> bool:
    """Whether this is a key of a kind that may be known elsewhere; never a secret one, which nobody sends here."""
    kind = member.get("kty") if isinstance(member, dict) else None
    return isinstance(kind, str) and kind not in (*KINDS, "oct")


def is_key(member: object) -> bool:
    """Whether this looks like a public key that can be used here: of a kind we know, and of RSA neither a short one nor
    one whose length would keep a processor busy."""
    if not isinstance(member, dict) or member.get("kty") not in KINDS or "d" in member:
        return False
    modulus = member.get("n")
    return member["kty"] != "RSA" or (isinstance(modulus, str) and RSA_LEAST <= len(modulus) <= RSA_MOST)


def imported(jwks: dict[str, Any] | None) -> tuple[PublicKey, ...]:
    """The keys of a set that a client has registered; `client_options` has seen that they can be read."""
    return tuple(KeySet.import_key_set(jwks).keys) if jwks else ()  # type: ignore[arg-type]


def verify(work: Work, client: "RegisteredClient", token: ForeignToken, algorithms: Collection[str]) -> PublicKey:
    """The key of the client that has signed a token. A key that is not known yet is looked for at its `jwks_uri`.

    That may take some seconds, for which what was recorded so far is committed: ask before anything is decided.

    Raises:
        Unacceptable: as `foreign.verify`.
    """
    if client.options.jwks_uri is None:
        return foreign.verify(token, client.keys, algorithms)
    known = _of(work, client)
    try:
        return foreign.verify(token, known, algorithms)
    except UnknownKey:
        return foreign.verify(token, _renewed(work, client, newer_than=known), algorithms)


def sets(work: Work, client: "RegisteredClient") -> "Iterator[tuple[PublicKey, ...]]":
    """The keys of a client to look through for something of its own: as they are known, and, for whom that is not
    enough, as its `jwks_uri` has them now. See `verify` for what the second may take."""
    if client.options.jwks_uri is None:
        yield client.keys
        return
    known = _of(work, client)
    yield known
    yield _renewed(work, client, newer_than=known)


def prepare(work: Work, client: "RegisteredClient") -> None:
    """See to it that the keys of a client are at hand, before anything is decided; see `verify`."""
    if client.options.jwks_uri is not None:
        _of(work, client)


def at_hand(work: Work, client: "RegisteredClient") -> tuple[PublicKey, ...]:
    """The keys as they were last known; nothing is fetched."""
    if client.options.jwks_uri is None:
        return client.keys
    known = _memory(work, client)
    return known.keys if known is not None else ()


def _of(work: Work, client: "RegisteredClient") -> tuple[PublicKey, ...]:
    known = _memory(work, client)
    if known is not None and time.monotonic() < known.fresh_until:
        return known.keys
    return _renewed(work, client, newer_than=known.keys if known else ())


def _memory(work: Work, client: "RegisteredClient") -> Known | None:
    known = _remembered(work).known.get(client.client_id)
    if known is None or known.uri != client.options.jwks_uri or work.now - known.fetched_at > LAST_GOOD:
        return None
    return known


def _renewed(work: Work, client: "RegisteredClient", *, newer_than: tuple[PublicKey, ...]) -> tuple[PublicKey, ...]:
    """The keys, fetched again unless that has just been tried; the last good ones where there is nothing better."""
    remembered, name, uri = _remembered(work), client.client_id, str(client.options.jwks_uri)
    with remembered.alone(name) as held:
        known = _memory(work, client)
        now = time.monotonic()
        recently = now - remembered.tried.get(name, float("-inf")) < AGAIN_AFTER
        if not held or recently or (known is not None and known.keys is not newer_than and now < known.fresh_until):
            return known.keys if known is not None else ()
        remembered.tried[name] = now
        stored = _stored(work, client)
        if stored is not None and now < stored.fresh_until and (known is None or stored.fetched_at > known.fetched_at):
            remembered.known[name] = stored
            remembered.tried.pop(name)  # nobody was called
            return stored.keys
        fetched = _fetched(work, client, uri)
        if fetched is None:
            known = known or stored
            if known is None:
                return ()
            fetched = Known(uri, known.keys, known.fetched_at, now + AGAIN_AFTER)
        remembered.known[name] = fetched
        return fetched.keys


def _stored(work: Work, client: "RegisteredClient") -> Known | None:
    """What any process has fetched last, if it may count still."""
    row = work.session.execute(
        select(ClientKeySet.uri, ClientKeySet.jwks, ClientKeySet.fetched_at, ClientKeySet.fresh_until).where(
            ClientKeySet.client_id == client.id
        )
    ).one_or_none()
    if row is None or row.uri != client.options.jwks_uri or work.now - row.fetched_at > LAST_GOOD:
        return None
    left = (row.fresh_until - work.now).total_seconds()
    return Known(row.uri, imported(row.jwks), row.fetched_at, time.monotonic() + min(left, KEPT_MOST))


def _fetched(work: Work, client: "RegisteredClient", uri: str) -> Known | None:
    """The keys from the client itself, written down for every process; None when it gives none that can be used."""
    writing = bool(
        work.session.in_transaction() and work.session.connection().get_execution_options().get("write", False)
    )
    work.checkpoint(write=False)  # nothing is held while the network is waited for
    try:
        if not _FETCHING.acquire(blocking=False):
            raise NoAnswer("Busy")
        try:
            document = work.outbound.fetch(uri, accept=ACCEPTED)
        finally:
            _FETCHING.release()
        keys = _read(document)
    except NoAnswer as error:
        log.warning("client_keys.unavailable", client_id=client.client_id, error=str(error))
        if writing:
            work.write()
        return None
    kept = max(KEPT_LEAST, min(KEPT_USUALLY if document.max_age is None else document.max_age, KEPT_MOST))
    work.write()
    jwks = {"keys": [key.as_dict(private=False) for key in keys]}
    _store(work, client, uri=uri, jwks=jwks, fetched_at=work.now, fresh_until=work.now + timedelta(seconds=kept))
    work.checkpoint(write=writing)
    return Known(uri, keys, work.now, time.monotonic() + kept)


def _store(work: Work, client: "RegisteredClient", **values: Any) -> None:
    moved = work.session.execute(update(ClientKeySet).where(ClientKeySet.client_id == client.id).values(**values))
    if moved.rowcount == 0:  # type: ignore[attr-defined]
        with suppress(IntegrityError), work.session.begin_nested():  # another process may have been faster
            work.session.execute(insert(ClientKeySet).values(client_id=client.id, **values))


def _read(document: Document) -> tuple[PublicKey, ...]:
    """The public keys of a fetched set that can be used here; others are passed over, as RFC 7517 §5 says.

    Raises:
        NoAnswer: there are none.
    """
    try:
        members = json.loads(document.body)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoAnswer("NotAKeySet") from error
    if not isinstance(members, list) or len(members) > KEYS_MAX:
        raise NoAnswer("NotAKeySet")
    keys = tuple(_usable(members))
    if not keys:
        raise NoAnswer("NoUsableKey")
    return keys


def _usable(members: Iterable[Any]) -> "Iterator[PublicKey]":
    for member in members:
        if not is_key(member):
            continue
        with suppress(JoseError, ValueError, TypeError, KeyError, AttributeError):
            yield JWKRegistry.import_key(member)  # type: ignore[misc]
