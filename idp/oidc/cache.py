"""What a process remembers of slow-to-read rows: registered clients and parsed keys.

Each use asks the database for two numbers first. They are random and change with every change of a client or a key,
so a process never works with what another has replaced, and a rolled back change can leave nothing behind.
"""

import secrets
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, insert, update

from idp.oidc.models import Revision
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import RegisteredClient
    from idp.oidc.keys import Keys


class Cache:
    """What is known of one database."""

    def __init__(self) -> None:
        self.revisions: dict[str, int] = {}
        self.clients: dict[str, "RegisteredClient"] = {}
        self.keys: Keys | None = None
        self.permission_sets: set[tuple[str, str]] = set()


_CACHES: WeakKeyDictionary[Engine, Cache] = WeakKeyDictionary()


def current(work: Work) -> Cache:
    """The cache of this database, emptied of what has changed. One statement."""
    connection = work.session.connection()
    cache = _of(work)
    found: dict[str, Any] = dict(connection.exec_driver_sql("SELECT name, value FROM revisions").tuples())
    if found.get("clients") != cache.revisions.get("clients"):
        cache.clients = {}
    if found.get("keys") != cache.revisions.get("keys"):
        cache.keys = None
    cache.revisions = found
    return cache


def known_sets(work: Work) -> set[tuple[str, str]]:
    """Permission sets that are known to be stored; they never change, so no revision is asked."""
    return _of(work).permission_sets


def _of(work: Work) -> Cache:
    engine = work.session.connection().engine
    cache = _CACHES.get(engine)
    return cache if cache is not None else _CACHES.setdefault(engine, Cache())


def changed(work: Work, name: str) -> None:
    """Tell every process to read `clients` or `keys` again."""
    value = secrets.randbits(62)
    moved = work.session.execute(update(Revision).where(Revision.name == name).values(value=value))
    if moved.rowcount == 0:  # type: ignore[attr-defined]
        work.session.execute(insert(Revision).values(name=name, value=value))
