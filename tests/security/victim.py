"""A small service with one enrolled person in it, whose whole state can be kept and put back.

It lies in an SQLite file, so that a state is the file's bytes. What is searched for is the same on either kind of
database; that each command behaves alike on both is tested where the commands are tested.
"""

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import Column, Table, select, text
from sqlalchemy.dialects import sqlite

from idp.accounts import profile, recovery_contact
from idp.app import create_app
from idp.authn import passkey, recovery_code, totp
from idp.authn import password as passwords
from idp.authn.facts import HANDLERS
from idp.cli.due import run_due
from idp.companies import onboarding, support_acts
from idp.core import tokens
from idp.core.db import Base, UTCDateTime
from idp.core.settings import Settings
from idp.oidc import keys, logout
from idp.outbox.deliver import Deliverer
from idp.outbox.models import LocalMail, OutboxMessage
from idp.outbox.sms_gateway import texter
from idp.outbox.smtp import mailer
from idp.web.work import Application, database, unit_of_work
from idp.work import Actor, Work
from tests.authn.authenticator import Authenticator
from tests.conftest import PASSWORD, hash_of, policies_in
from tests.security.rewinding import Rewinder
from tests.web.browser import Browser

SYSTEM = Actor(kind="system", name="tests")
ORIGIN = "http://localhost"
SMS_GATEWAY = "http://127.0.0.1:9/send"  # so that phones are offered; messages are taken out of the outbox here
ADDRESS = "ada@company.example"
PHONE = "+33639980012"
SECOND_ADDRESS = "ada@home.example"

# What the person can prove themselves with, and where they are reached: none of it may change.
CREDENTIALS = {
    "password_credentials": ("account_id", "hash"),
    "totp_authenticators": ("id", "account_id", "confirmed_at"),
    "recovery_codes": ("id", "account_id"),
    "recovery_contacts": ("id", "account_id", "kind", "value", "verified_at"),
    "email_addresses": ("account_id", "canonical", "verified_at", "released_at"),
    "accounts": ("id", "status"),
    "passkeys": ("id", "account_id"),
    "recovery_code_sets": ("account_id", "created_at"),
}
# A row of these that is over can be used by nobody.
OVER = {
    "mailed_links": ("used_at", "withdrawn_at"),
    "sessions": ("ended_at",),
    "sign_ins": ("finished_at",),
    "one_time_codes": ("used_at",),
    "email_changes": ("closed_at",),
    "support_cases": ("closed_at",),
    "notice_links": ("used_at",),
}
# Tables that say nothing about what may be done next.
SILENT = re.compile(
    r"audit_|outbox_|local_|throttles|sharing_|alembic|signing_keys|access_clock|compan|notice_links|passkey_challenges"
    r"|support_case_links"
)
_WORD = re.compile(r"[a-z][a-z0-9_. :-]{0,40}")
_SQLITE = sqlite.dialect()

Stored = list[list[tuple[Any, ...]]]
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or a text message as it reaches its reader."""

    recipient: str
    text: str


class Victim:
    """The service, the person, and what an observer with the database in hand sees.

    Attributes:
        app: the application, as in production: no pages for developers.
        id: the account.
        secret: of the authenticator app.
        codes: the recovery codes.
    """

    def __init__(self, folder: Path, template: Path, *, contact: str = PHONE) -> None:
        self.path = folder / "idp.sqlite3"
        self._tables = [table for table in Base.metadata.sorted_tables if not SILENT.match(table.name)]
        self._read: dict[tuple[str, tuple[Any, ...]], dict[str, Any]] = {}
        shutil.copyfile(template, self.path)
        tokens.write_secret(folder / "secrets" / "master.key", "5e" * 32)
        self.settings = Settings(
            data_dir=folder,
            log_level="error",
            issuer=ORIGIN,
            database_url=f"sqlite:///{self.path}",
            sms_url=SMS_GATEWAY,
        )
        self.app: Application = create_app(self.settings, policies_in(self.settings.policies_dir))
        with self.app.app_context():
            self.engine = database.engine
        self._file = Rewinder(self.engine, self.path)
        with unit_of_work(self.app, SYSTEM) as work:
            keys.ensure(work)
            self.secret = totp.new_secret()
            self.id, self.codes = enrolled(work, self.secret, contact)
        self.deliver()

    def work(self, *, write: bool = True) -> Any:
        return unit_of_work(self.app, SYSTEM, write=write)

    def code(self) -> str:
        """What the authenticator app shows."""
        return pyotp.TOTP(self.secret).now()

    def sign_in(self) -> dict[str, str]:
        """The cookies of a browser in which the person has signed in and trusts it."""
        browser = Browser(self.app)
        browser.get("/sign-in?continue_to=/account")
        browser.submit({"email": ADDRESS, "password": PASSWORD})
        browser.submit({"code": self.code(), "trust": "yes"})
        assert browser.address == "/account", browser.text[:500]
        self.deliver()
        found = {name: browser.cookie(name) for name in ("sesame_session", "sesame_device")}
        return {name: value for name, value in found.items() if value}

    # --- keeping and putting back ---

    def keep(self) -> bytes:
        """The state as it is; `undo` leads back to it from now on."""
        return self._file.keep()

    def put_back(self, state: bytes) -> None:
        """Another state than the one that `undo` leads back to."""
        self._file.put_in_place(state)

    def undo(self) -> None:
        """Everything that was written since the last `keep` or `put_back`."""
        self._file.undo()

    def changed(self) -> bool:
        """Whether anything was written since the last `keep`, `put_back` or `undo`."""
        return self._file.changed()

    def close(self) -> None:
        self._file.close()

    def wait(self, **span: float) -> None:
        """Let time go by: every instant in the database moves into the past."""
        past = timedelta(**span)
        with self.work() as work:
            for table in Base.metadata.sorted_tables:
                moments = [column for column in table.columns if isinstance(column.type, UTCDateTime)]
                key = list(table.primary_key.columns)
                if not moments or table.name.startswith("audit_"):
                    continue
                for row in work.session.execute(select(*key, *moments)).all():
                    old = dict(zip([column.name for column in moments], row[len(key) :], strict=True))
                    new = {name: moment - past for name, moment in old.items() if moment is not None}
                    if new:
                        same = [column == value for column, value in zip(key, row[: len(key)], strict=True)]
                        work.session.execute(table.update().where(*same).values(new))

    # --- messages ---

    def waits(self) -> bool:
        """Whether there is anything to deliver."""
        waiting = "SELECT 1 FROM outbox_messages WHERE finished_at IS NULL LIMIT 1"
        return bool(self._file.reader.execute(waiting).fetchall())

    def stored(self) -> Stored:
        """Every row that may matter, as it is stored."""
        read = self._file.reader.execute
        return [read(f'SELECT * FROM "{table.name}"').fetchall() for table in self._tables]

    def rows(self, stored: Stored) -> Rows:
        """What such rows say, by table."""
        return {
            table.name: [self._row(table, row) for row in rows]
            for table, rows in zip(self._tables, stored, strict=True)
        }

    def _row(self, table: Table, row: tuple[Any, ...]) -> dict[str, Any]:
        """Few of the rows of a state are other ones than those of the state before."""
        if (table.name, row) not in self._read:
            self._read[table.name, row] = {
                column.name: value if (said := _saying(column)) is None else said(value)
                for column, value in zip(table.columns, row, strict=True)
            }
        return self._read[table.name, row]

    def deliver(self) -> list[Message]:
        """Deliver all that waits; answers what has arrived, as its readers see it."""
        run_due(lambda: self.work(write=False))
        Deliverer(
            lambda: self.work(write=False),
            mailer(self.settings),
            handlers={
                **HANDLERS,
                **support_acts.HANDLERS,
                **onboarding.HANDLERS,
                "session.ended": logout.session_ended,
            },
            callers={"backchannel_logout": logout.deliver},
            texter=texter(self.settings.model_copy(update={"sms_url": "", "development": True})),
        ).run_due()
        with self.work() as work:
            arrived = [
                Message(row.recipient, row.text_body)
                for row in work.session.scalars(select(LocalMail).order_by(LocalMail.id))
            ]
            failed = work.session.scalars(select(OutboxMessage.name).where(OutboxMessage.failure.is_not(None))).all()
            assert failed == [], failed
            work.session.execute(text("DELETE FROM local_mails"))
            work.session.execute(text("DELETE FROM outbox_messages WHERE finished_at IS NOT NULL"))
            work.session.execute(text("DELETE FROM throttles"))  # who may try for ever is the stronger attacker
        return arrived

    # --- what an observer sees ---

    def credentials(self, rows: Rows) -> dict[str, list[tuple[Any, ...]]]:
        """What the person can be known by: the same before and after whatever an attacker tries."""
        found = {}
        for name, columns in CREDENTIALS.items():
            mine = "account_id" if "account_id" in Base.metadata.tables[name].c else "id"
            found[name] = sorted(
                tuple(str(row[column]) for column in columns) for row in rows[name] if row[mine] == self.id
            )
        return found

    def full_sessions(self, rows: Rows) -> set[tuple[str, str]]:
        """Sessions of the person with two factors, and when these were proved."""
        return {
            (str(row["id"]), str(row["auth_time"]))
            for row in rows["sessions"]
            if row["account_id"] == self.id and row["acr"] == "urn:id:acr:2fa"
        }

    def session_kind(self, cookies: Iterable[str]) -> frozenset[tuple[Any, ...]]:
        """What the live sessions of these cookies were given for."""
        held = [tokens.digest(cookie) for cookie in cookies]
        table = Base.metadata.tables["sessions"]
        where = (table.c.token_digest.in_(held), table.c.ended_at.is_(None))
        with self.work(write=False) as work:
            return frozenset(map(tuple, work.session.execute(select(table.c.acr, table.c.amr).where(*where))))

    def ids(self, table_name: str) -> list[str]:
        """The keys of the rows of a table: no key is a secret (R-78), so an attacker is taken to know them."""
        table = Base.metadata.tables.get(table_name)
        if table is None or "id" not in table.c:
            return []
        with self.work(write=False) as work:
            return [str(key) for key in work.session.scalars(select(table.c.id))][:4]

    def summary(self, cookies: Iterable[str], rows: Rows) -> frozenset[tuple[Any, ...]]:
        """The state, as far as it matters to what can be done next: words as they are, everything else as being there
        or not, past or to come. Attempts that belong to no cookie of the attacker can be used by nobody."""
        held = {tokens.digest(cookie) for cookie in cookies}
        now, seen = datetime.now(UTC), set()
        attempts: set[UUID] = set()
        for table in sorted(rows, key=lambda table: table != "sign_ins"):
            for row in rows[table]:
                if any(row[name] is not None for name in OVER.get(table, ())):
                    continue
                mine = row.get("token_digest") in held
                if table == "sign_ins":
                    if not mine or row["account_id"] is None:
                        continue
                    attempts.add(row["id"])
                if table == "proofs" and row["sign_in_id"] not in attempts:
                    continue
                shown = tuple((name, _shown(value, now, self.id)) for name, value in row.items())
                seen.add((table, mine, *shown))
        return frozenset(seen)


@cache
def _saying(column: Column[Any]) -> Callable[[Any], Any] | None:
    """What makes of a value as SQLite has it the one that the application reads."""
    return column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None)


def enrolled(work: Work, secret: str, contact: str) -> tuple[UUID, list[str]]:
    """An account with all that a person sets up, a long time ago."""
    then = work.later(days=-30)
    account = profile.create(then, address=ADDRESS, given_name="Ada", family_name="Byron", locale="en-GB")
    passwords.set_hash(then, account.id, hash_of(PASSWORD))
    totp.enrol(then, account.id, secret, name="phone")
    recovery_contact.add(then, account.id, kind="email" if "@" in contact else "phone", value=contact)
    answer = Authenticator(ORIGIN).create(passkey.creation_options(work, account.id, passkey.ADD, account.id))
    assert passkey.add(work, account.id, answer, passkey.ADD, account.id, "key") is not None
    return account.id, recovery_code.replace(then, account.id, kept=True)


def _shown(value: Any, now: datetime, victim: UUID) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return "past" if value <= now else "to come"
    if isinstance(value, UUID):
        return "the person" if value == victim else "somebody"
    if isinstance(value, str) and ("@" in value or _WORD.fullmatch(value)):
        return value
    return "there"
