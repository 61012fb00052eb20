"""The world of a random walk: people, browsers, mailboxes, and a ledger of what was really proved.

The ledger is kept by whoever types, not by the service: it knows which password was right because it knows the
password. What the service has recorded is never asked.
"""

import random
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from idp.accounts import profile, recovery_contact
from idp.authn import passkey, recovery_code, sign_in, totp
from idp.authn import password as passwords
from idp.authn.facts import HANDLERS as BY_AUTHN
from idp.companies.support_acts import HANDLERS as BY_COMPANIES
from idp.core.db import prepare
from idp.core.tokens import Keyring
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.policy.catalogue import Policies
from idp.work import Actor, Work
from tests.authn.authenticator import Authenticator

START = datetime.fromisoformat("2026-03-02T08:30:00+00:00")
HANDLERS = {**BY_AUTHN, **BY_COMPANIES}
ISSUER = "http://localhost:8000"
WORDS = ("moulin", "colline", "rivière", "grenier", "verger", "lanterne", "brouette", "clairière")
# As a password that was imported from elsewhere: its hash has older parameters and is renewed at the first sign-in.
_weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass(eq=False)
class Person:
    """Somebody, with all they hold."""

    name: str
    address: str
    password: str
    id: UUID | None = None
    apps: list[str] = field(default_factory=list)
    keys: list[Authenticator] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    used_codes: list[str] = field(default_factory=list)
    used_steps: dict[str, int] = field(default_factory=dict)  # by app: the last time step that was accepted
    contacts: dict[str, datetime] = field(default_factory=dict)  # since when
    before: str = ""  # the address before this one

    @property
    def holds(self) -> bool:
        """Whether there is a second factor."""
        return bool(self.apps or self.keys)


@dataclass(eq=False)
class Evidence:
    """What was proved in one attempt, as far as the person who proved it knows."""

    purpose: str
    person: Person | None = None
    proofs: set[str] = field(default_factory=set)
    session: str | None = None  # the session in which it began


@dataclass(eq=False)
class Signed:
    """A session, and when its holder last proved what."""

    person: Person
    password_at: datetime | None
    second_at: datetime | None


@dataclass(eq=False)
class BrowserJar:
    """The cookies of one browser."""

    attempt: str | None = None
    session: str | None = None
    device: str | None = None
    passkey: str = ""
    trusted: dict[str, datetime] = field(default_factory=dict)  # by name: since when
    asked: dict[str, str] = field(default_factory=dict)  # what was asked for here last, by purpose


@dataclass(eq=False)
class Link:
    """A link that somebody was mailed."""

    kind: str  # the beginning of its path
    token: str
    person: Person | None
    recipient: str
    since: datetime
    until: datetime
    purpose: str  # of the attempt that it begins
    used: bool = False


class World:
    """A database in memory, put back to its first state at the beginning of each walk."""

    def __init__(self, template: Path, policies: Policies, keyring: Keyring) -> None:
        self.policies, self.keyring = policies, keyring
        self.engine: Engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"isolation_level": None, "check_same_thread": False}
        )
        prepare(self.engine)
        self._raw: Any = self.engine.raw_connection().driver_connection
        _copy(sqlite3.connect(template), self._raw)
        self.now = START
        self._people = self._populate()
        self.open_sessions = {person.name: self._sign_in(person) for person in self._people if person.apps}
        self._first = sqlite3.connect(":memory:", check_same_thread=False)
        _copy(self._raw, self._first)

    def begin_again(self) -> dict[str, Person]:
        """The first state, and its people as they know themselves."""
        _copy(self._first, self._raw)
        self.now = START + timedelta(minutes=1)
        return {
            each.name: Person(
                each.name, each.address, each.password, each.id, list(each.apps), [_same(key) for key in each.keys],
                list(each.codes), contacts=dict(each.contacts),
            )
            for each in self._people
        }  # fmt: skip

    def open(self, network: str = "192.0.2.7", *, actor: Actor | None = None) -> Work:
        actor = actor or Actor(network=network, user_agent="Firefox/140.0 (X11; Linux x86_64)")
        return Work(Session(self.engine), self.now, self.policies, actor, self.keyring, ISSUER)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read as an observer does, past everything that is tested."""
        found: list[tuple[Any, ...]] = self._raw.execute(statement).fetchall()
        return found

    def messages(self) -> list[tuple[str, dict[str, Any], datetime]]:
        """Take all that waits out of the outbox; facts are handed on, until nothing waits."""
        found: list[tuple[str, dict[str, Any], datetime]] = []
        while self.rows("SELECT 1 FROM outbox_messages LIMIT 1"):
            work = self.open()
            work.write()
            for row in work.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all():
                content = open_payload(work, row)
                if row.kind != "fact":
                    found.append((row.name, content, row.due_at))
                elif row.name in HANDLERS:
                    HANDLERS[row.name](work, content)
                work.session.delete(row)
            work.session.commit()
            work.session.close()
        return found

    def _populate(self) -> list[Person]:
        """Ada has all there is; Bo has an app; Cy stopped before the second factor."""
        work = self.open()
        work.write()
        ada = Person("Ada", "ada@example.test", "un moulin sur la colline 7")
        bo = Person("Bo", "bo@example.test", "la lanterne du verger 31")
        cy = Person("Cy", "cy@example.test", "une brouette sans roue 5")
        for person in (ada, bo, cy):
            account = profile.create(
                work, address=person.address, given_name=person.name, family_name="Byron", locale="fr-FR"
            )
            person.id = account.id
            passwords.set_hash(work, account.id, _weak_hash(person.password))
            if person is cy:
                continue
            person.apps = [totp.new_secret()]
            totp.enrol(work, account.id, person.apps[0], name="phone")
            person.codes = recovery_code.replace(work, account.id, kept=True)
            contact = f"{person.name.lower()}@home.example"
            recovery_contact.add(work, account.id, kind="email", value=contact)
            person.contacts = {contact: self.now}
        key = Authenticator()
        assert ada.id is not None
        answer = key.create(passkey.creation_options(work, ada.id, passkey.ADD, ada.id))
        assert passkey.add(work, ada.id, answer, passkey.ADD, ada.id, "key") is not None
        ada.keys = [key]
        work.session.commit()
        work.session.close()
        return [ada, bo, cy]

    def _sign_in(self, person: Person) -> str:
        """A session from which walks go on, and its token."""
        work = self.open()
        work.write()
        attempt, _ = sign_in.begin(work, continue_to="/")
        sign_in.prove_password(
            work, attempt, address=person.address, password=person.password, device_token=None,
            device_allowed=lambda account_id: True,
        )  # fmt: skip
        sign_in.prove_totp(work, attempt, app_code(person.apps[0], self.now)[0])
        token = sign_in.finish(work, attempt, trust=False).session_token
        assert person.id is not None
        passwords.set_hash(work, person.id, _weak_hash(person.password))
        work.session.commit()
        work.session.close()
        self.messages()
        return token


def _weak_hash(password: str) -> str:
    return _weak.hash(password)


def app_code(secret: str, at: datetime, steps: int = 0) -> tuple[str, int]:
    """What an app shows, and its time step."""
    return pyotp.TOTP(secret).at(at, counter_offset=steps), int(at.timestamp()) // 30 + steps


def new_password(chance: random.Random) -> str:
    return " ".join([*chance.sample(WORDS, 3), str(chance.randrange(100, 999))])


def lasting(kind: str, rules: Any) -> timedelta:
    """How long a link of a mail serves."""
    spans = {
        "activation": timedelta(days=7), "email-change/undo": rules.email_change_undo_lifetime,
        "recovery": timedelta(days=60), "lost-factor/stop": timedelta(days=1),
    }  # fmt: skip
    return spans.get(kind, timedelta(minutes=60))


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.backup(target)


def _same(key: Authenticator) -> Authenticator:
    return Authenticator(key=key.key, id=key.id, handle=key.handle, counter=key.counter)
