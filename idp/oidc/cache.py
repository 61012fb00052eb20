"""What a process remembers of slow-to-read rows: registered clients and parsed keys.

A process asks the database for two numbers once a second at most. They are random and change with every change of a
client or a key, so what another process has replaced is used for a second at the longest, and what this process has
replaced as soon as it has committed, or within that second.
"""

import secrets
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, insert, update

from idp.companies import access
from idp.oidc.models import Revision
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import RegisteredClient
    from idp.oidc.keys import Keys


class Cache:
    """What is known of one database."""

    def __init__(self) -> None:
        self.revisions: dict[str, int] = {}
        self.asked_at = float("-inf")
        self.clients: dict[str, RegisteredClient] = {}
        self.origins: frozenset[str] | None = None
        self.keys: Keys | None = None
        self.permission_sets: set[tuple[str, str]] = set()
        self.counts: dict[tuple[UUID, str], tuple[tuple[int, int], int]] = {}
        self.verified: dict[tuple[str, str], dict[str, Any]] = {}
        self.own_uses: dict[tuple[UUID, UUID], int] = {}


ASKED_EVERY_SECONDS = 1.0
COUNTED = 100
REMEMBERED = 20_000
_CACHES: WeakKeyDictionary[Engine, Cache] = WeakKeyDictionary()


def current(work: Work) -> Cache:
    """The cache of this database, emptied of what has changed."""
    cache = _of(work)
    now = time.monotonic()
    if now - cache.asked_at < ASKED_EVERY_SECONDS:
        return cache
    rows = work.session.connection().exec_driver_sql("SELECT name, value FROM revisions").all()
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    if found.get("clients") != cache.revisions.get("clients"):
        cache.clients = {}
        cache.origins = None
    if found.get("keys") != cache.revisions.get("keys"):
        cache.keys = None
        cache.verified = {}
    cache.revisions = found
    cache.asked_at = now
    return cache


def companies_of(work: Work, account_id: UUID, product: str, latest: int) -> int:
    """How many companies a person can use a product for, up to a hundred, so that an accountant's token costs no more
    than anybody's. Counted again when anybody's access has changed, and every minute, as some ends come by themselves.

    Args:
        latest: the clock of access changes (`companies.clock`), as it was read in this transaction.
    """
    counts = _of(work).counts
    key, stamp = (account_id, product), (latest, int(work.now.timestamp()) // 60)
    known = counts.get(key)
    if known is not None and known[0] == stamp:
        return known[1]
    number = access.count_companies(work, account_id, product, most=COUNTED)
    if len(counts) >= REMEMBERED:
        counts.clear()
    counts[key] = (stamp, number)
    return number


def known_sets(work: Work) -> set[tuple[str, str]]:
    """Permission sets that are known to be stored; they never change, so no revision is asked."""
    return _of(work).permission_sets


def own_uses(work: Work) -> dict[tuple[UUID, UUID], int]:
    """By client and company, the last day on which it was noted that the client works there by itself (`own_use`)."""
    known = _of(work).own_uses
    if len(known) >= REMEMBERED:
        known.clear()
    return known


def _of(work: Work) -> Cache:
    engine = work.session.get_bind().engine
    cache = _CACHES.get(engine)
    return cache if cache is not None else _CACHES.setdefault(engine, Cache())


def changed(work: Work, name: str) -> None:
    """Tell every process to read `clients` or `keys` again."""
    cache = _of(work)
    cache.asked_at = float("-inf")
    value = secrets.randbits(62)
    moved = work.session.execute(update(Revision).where(Revision.name == name).values(value=value))
    if moved.rowcount == 0:  # type: ignore[attr-defined]
        work.session.execute(insert(Revision).values(name=name, value=value))
