"""A stage: the service with the whole demonstration, on a database of its own, as a person and a product meet it.

The demonstration is loaded once per session and kind of database; each stage plays on a copy. A `conftest.py` that
wants stages imports the fixtures `demonstration`, `stage` (shared by the tests of a file) and `own_stage` (for tests
that change what others rely on).
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
import pytest
from joserfc.jwk import ECKey, Key
from sqlalchemy import create_engine, event, select, text, update
from sqlalchemy.engine import make_url

from idp.accounts.email_address import canonical, find_account
from idp.app import create_app
from idp.authn import totp
from idp.authn.models import TotpAuthenticator
from idp.cli import demo_clients, demo_data
from idp.companies import company
from idp.core.db import Base
from idp.core.settings import Settings
from idp.core.tokens import write_secret
from idp.oidc import client_options, clients, initial_access, keys
from idp.oidc.clients import ClientRegistration
from idp.web.work import Application, database, unit_of_work
from idp.work import Actor, Work
from tests.conftest import PASSWORD, policies_in
from tests.party import Party
from tests.web.browser import Browser

SYSTEM = Actor(kind="system", name="tests")
_address_of = cache(demo_data.address_of)  # the file takes long to read
DATABASES = ("sqlite", "postgresql")
AS_FILES = "STRATEGY FILE_COPY"
"""A quarter of what PostgreSQL spends on copying a small database page by page, through its log."""


@dataclass(frozen=True, slots=True)
class Player:
    """A person of the demonstration, as they know themselves."""

    id: UUID
    address: str
    password: str
    secret: str

    def code(self, steps: int = 0) -> str:
        """What the authenticator app shows, so many time steps from now."""
        return pyotp.TOTP(self.secret).at(datetime.now(UTC), counter_offset=steps)


@dataclass
class Stage:
    """The running service, and what one needs to use it from outside."""

    app: Application
    settings: Settings
    people: dict[str, Player] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def work(self, *, write: bool = True) -> AbstractContextManager[Work]:
        return unit_of_work(self.app, SYSTEM, write=write)

    def person(self, name: str) -> Player:
        """A person by their id in the file."""
        if name not in self.people:
            address = _address_of(self.settings.policies_dir, name)
            with self.work(write=False) as work:
                account = find_account(work, canonical(address))
                assert account is not None, name
                held = totp.secrets_of(work, account.id)
                self.people[name] = Player(account.id, address, PASSWORD, held[0][1] if held else "")
        return self.people[name]

    def company(self, reference: str) -> UUID:
        with self.work(write=False) as work:
            found = company.find(work, reference)
            assert found is not None, reference
            return found.id

    def forget_steps(self, name: str) -> None:
        """Let the person's next code count at once, as if half a minute had gone by since the last one."""
        with self.work() as work:
            rows = update(TotpAuthenticator).where(TotpAuthenticator.account_id == self.person(name).id)
            work.session.execute(rows.values(last_step=0))

    def browser(self, **options: Any) -> Browser:
        return Browser(self.app, **options)

    def sign_in(self, name: str, browser: Browser | None = None, *, trust: bool = False) -> Browser:
        """A whole sign-in through the forms, in a fresh browser unless one is given."""
        person, browser = self.person(name), browser or self.browser()
        self.forget_steps(name)
        browser.get("/sign-in?continue_to=/account")
        browser.submit({"email": person.address, "password": person.password})
        assert browser.address.startswith("/sign-in/code"), browser.text[:500]
        browser.submit({"code": person.code(), **({"trust": "yes"} if trust else {})})
        assert browser.address == "/account", browser.text[:500]
        return browser

    def signed_in(self, name: str) -> Browser:
        """A browser in a session of this person; there is one session per person and stage."""
        if name not in self.cookies:
            cookie = self.sign_in(name).cookie("sesame_session")
            assert cookie is not None
            self.cookies[name] = cookie
        browser = self.browser()
        browser.client.set_cookie("sesame_session", self.cookies[name], path="/", httponly=True, samesite="Lax")
        return browser

    def party(self, client_id: str) -> Party:
        """An application of the demonstration."""
        with self.work(write=False) as work:
            client = clients.get(work, client_id)
        path = self.settings.data_dir / "secrets" / f"{client_id}.secret"
        secret = path.read_text().strip() if path.exists() else None
        return Party(
            self.app.test_client(use_cookies=False), client_id, secret, client.redirect_uris[0],
            client.token_endpoint_auth_method, client.resource,
        )  # fmt: skip

    def register(self, **fields: Any) -> Party:
        """Another application, registered by the operator."""
        fields.setdefault("names", {"en": "Another application"})
        if "authorization_code" in fields.get("grant_types", ["authorization_code"]):
            fields.setdefault("redirect_uris", ["https://app.company.example/callback"])
        key: Key | None = fields.pop("key", None)
        options = fields.pop("options", {})
        if fields.get("token_endpoint_auth_method") == "private_key_jwt" and not {"jwks", "jwks_uri"} & set(options):
            key = key or ECKey.generate_key("P-256")
            options = {**options, "jwks": {"keys": [key.as_dict(private=False)]}}
        with self.work() as work:
            asked = ClientRegistration(**fields, options=client_options.read(options))
            client, secret = clients.register(work, asked, development=True)
        return Party(
            self.app.test_client(use_cookies=False), client.client_id, secret,
            client.redirect_uris[0] if client.redirect_uris else "", client.token_endpoint_auth_method, client.resource,
            key,
        )  # fmt: skip

    def initial_access_token(self) -> str:
        """A token that opens registration once."""
        with self.work() as work:
            return initial_access.create(work, note="tests", uses=1, lifetime=timedelta(hours=1))

    def change_client(self, client_id: str, **fields: Any) -> None:
        with self.work() as work:
            clients.change(work, client_id, development=True, **fields)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements of a block, without those that only begin and end transactions."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")):
                seen.append(statement)

        with self.app.app_context():
            engine = database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A loaded demonstration: its data folder, and how its database is copied."""

    folder: Path
    copy: Callable[[Path], tuple[str, Callable[[], None]]]

    @contextmanager
    def stage(self, folder: Path, **settings: Any) -> Iterator[Stage]:
        """A stage on a copy."""
        shutil.copytree(self.folder / "secrets", folder / "secrets")
        url, drop = self.copy(folder)
        chosen = settings_for(folder, url, **settings)
        app = create_app(chosen, policies_in(chosen.policies_dir))
        try:
            yield Stage(app, chosen)
        finally:
            with app.app_context():
                database.engine.dispose()
            drop()


def settings_for(folder: Path, url: str, **settings: Any) -> Settings:
    values: dict[str, Any] = {
        "data_dir": folder, "database_url": url, "development": True, "log_level": "error", "issuer": "http://localhost",
    }  # fmt: skip
    return Settings(**{**values, **settings})


def load(folder: Path, url: str) -> None:
    """Everything `idp demo load` makes, with a password that the tests know."""
    write_secret(folder / "secrets" / "master.key", secrets.token_hex(32))
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    chosen = settings_for(folder, url)
    app = create_app(chosen, policies_in(chosen.policies_dir))
    with unit_of_work(app, SYSTEM) as work:
        keys.ensure(work)
    with unit_of_work(app, SYSTEM) as work:
        demo_data.load(work, PASSWORD, demo_data.read(chosen.policies_dir))
    with unit_of_work(app, SYSTEM) as work:
        for sample in demo_clients.samples(chosen):
            demo_clients.register(work, sample, chosen)
    with app.app_context():
        database.engine.dispose()


_loaded: dict[str, Demonstration] = {}


@pytest.fixture(scope="session", params=DATABASES)
def demonstration(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """The demonstration on one kind of database, to be copied. Loaded once by a process, since what has parameters is
    made anew whenever these change, and they change within each file."""
    if request.param not in _loaded:
        _loaded[request.param] = _first(request, tmp_path_factory.mktemp(f"demonstration-{request.param}"))
    return _loaded[request.param]


def _first(request: pytest.FixtureRequest, folder: Path) -> Demonstration:
    if request.param == "sqlite":
        load(folder, f"sqlite:///{folder / 'idp.sqlite3'}")
        return Demonstration(folder, lambda to: _copy_sqlite(folder, to))
    server = request.getfixturevalue("_postgres_url")
    original = f"demonstration_{secrets.token_hex(4)}"
    _administer(server, f"CREATE DATABASE {original}")
    load(folder, _on(server, original))
    return Demonstration(folder, lambda to: _copy_postgresql(server, original))


def _copy_sqlite(original: Path, folder: Path) -> tuple[str, Callable[[], None]]:
    path = folder / "idp.sqlite3"
    shutil.copyfile(original / "idp.sqlite3", path)
    return f"sqlite:///{path}", lambda: None


def _copy_postgresql(server: str, original: str) -> tuple[str, Callable[[], None]]:
    name = f"stage_{secrets.token_hex(4)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {original} {AS_FILES}")
    _administer(_on(server, name), "SELECT 1")  # the first to come may wait long; the service's own wait two seconds
    return _on(server, name), lambda: _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def log_refuses(stage: Stage, event: str) -> Iterator[None]:
    """The database takes no event of this name into the log, as one with a full disk would not."""
    when = f"WHEN (NEW.name = '{event}')"
    sqlite = stage.settings.database.startswith("sqlite")
    body = "BEGIN SELECT RAISE(ABORT, 'no room'); END" if sqlite else "EXECUTE FUNCTION no_room()"
    function = "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$"
    with stage.work() as work:
        if not sqlite:
            work.session.execute(text(function))
        work.session.execute(text(f"CREATE TRIGGER no_room BEFORE INSERT ON audit_events FOR EACH ROW {when} {body}"))
    try:
        yield
    finally:
        with stage.work() as work:
            work.session.execute(text("DROP TRIGGER no_room" if sqlite else "DROP FUNCTION no_room CASCADE"))


def _on(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="module")
def stage(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage of a test file."""
    with demonstration.stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def own_stage(demonstration: Demonstration, tmp_path: Path) -> Iterator[Stage]:
    """A stage of one test."""
    with demonstration.stage(tmp_path) as made:
        yield made


def scalar(stage: Stage, column: Any, *where: Any) -> Any:
    """One value from the stage's database."""
    with stage.work(write=False) as work:
        return work.session.scalar(select(column).where(*where))
