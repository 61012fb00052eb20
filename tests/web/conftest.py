"""The real application over a fresh database, people who can sign in, browsers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pyotp
import pytest
from werkzeug.test import TestResponse

from idp.accounts import profile
from idp.app import create_app
from idp.authn import password as passwords
from idp.authn import recovery_code, totp
from idp.core.settings import Settings
from idp.web.work import Application, database, unit_of_work
from idp.work import Actor
from tests.authn import flows
from tests.conftest import PASSWORD, give_contact, hash_of, policies_in
from tests.web.browser import Browser

SYSTEM = Actor(kind="system", name="tests")


@dataclass(frozen=True, slots=True)
class Holder:
    """An account as its holder knows it."""

    id: UUID
    address: str
    password: str
    secret: str
    recovery_codes: tuple[str, ...]

    def code(self, steps: int = 0) -> str:
        """What the authenticator app shows, so many time steps from now."""
        return pyotp.TOTP(self.secret).at(datetime.now(UTC), counter_offset=steps)


@pytest.fixture
def make_app(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Application]]:
    """Make the application with other settings than the usual ones."""
    made: list[Application] = []
    key = tmp_path / "secrets" / "master.key"
    key.parent.mkdir(mode=0o700)
    key.write_text("5e" * 32)
    key.chmod(0o600)

    def make(**settings: object) -> Application:
        values: dict[str, object] = {"data_dir": tmp_path, "database_url": database_url, "log_level": "error"}
        chosen = Settings(**{**values, **settings})  # type: ignore[arg-type]
        app = create_app(chosen, policies_in(chosen.policies_dir))
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            database.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return make_app()


@pytest.fixture
def browser(app: Application) -> Browser:
    return Browser(app)


@pytest.fixture
def make_holder(app: Application) -> Callable[..., Holder]:
    """Make an account that can sign in."""

    def make(
        address: str = "ada@company.example",
        *,
        second_factor: bool = True,
        contact: bool = True,
        kept: bool = True,
        codes: bool = False,
        status: str = "active",
        erasure_at: datetime | None = None,
        locale: str = "en-GB",
    ) -> Holder:
        with unit_of_work(app, SYSTEM) as work:
            account = profile.create(work, address=address, given_name="Ada", family_name="Byron", locale=locale)
            account.status, account.erasure_at = status, erasure_at
            passwords.set_hash(work, account.id, hash_of(PASSWORD))
            secret = totp.new_secret()
            if second_factor:
                totp.enrol(work, account.id, secret, name="phone")
            if contact:
                give_contact(work, account.id)
            made = tuple(recovery_code.replace(work, account.id, kept=True)) if kept or codes else ()
            return Holder(account.id, address, PASSWORD, secret, made if codes else ())

    return make


@pytest.fixture
def ada(make_holder: Callable[..., Holder]) -> Holder:
    return make_holder()


def sign_in(browser: Browser, holder: Holder, *, to: str = "/account", steps: int = 0) -> None:
    """A whole sign-in, ending on the page `to`."""
    browser.get(f"/sign-in?continue_to={to}")
    browser.submit({"email": holder.address, "password": holder.password})
    assert browser.heading == "Enter the code from your app"
    browser.submit({"code": holder.code(steps)})


def sent_code(app: Application) -> str:
    """The last code that was sent, by mail or by text message."""
    with unit_of_work(app, SYSTEM, write=False) as work:
        return flows.sent_code(work)


def complete(browser: Browser, app: Application, contact: str = "contact@perso.example") -> TestResponse:
    """The set-up pages after the second factor; answers what follows on them."""
    assert browser.heading == "Add a recovery contact", browser.text[:500]
    browser.submit({"recovery_contact": contact})
    assert browser.heading == "Enter the code we sent", browser.text[:500]
    browser.submit({"code": sent_code(app)})
    return keep_codes(browser)


def keep_codes(browser: Browser) -> TestResponse:
    """Have recovery codes shown, and type one of them; answers what follows on it."""
    assert browser.heading == "Keep your recovery codes", browser.text[:500]
    browser.submit()
    codes = re.findall(r"<code>([0-9A-Z-]{19})</code>", browser.text)
    assert len(codes) == 10
    return browser.submit({"code": codes[4]})
