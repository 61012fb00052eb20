"""One unit of work: everything a command may use, and nothing else is ambient."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as DatabaseSession

from idp.core.calling import Outbound
from idp.core.names import Names
from idp.core.networks import Places
from idp.core.session import is_writing
from idp.core.tokens import Keyring
from idp.policy import Policies


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account in a session, a client, an operator at the command line, the system, or nobody yet.

    Attributes:
        kind: `anonymous`, `account`, `client`, `operator` or `system`.
        id: the account's or client's key; None for the others.
        name: what the audit log shows: of an operator or a system job its name, of an account that acts through an
            application of the API, and of a client, the application's identifier.
        session_id: the session in which an account acts.
        network: network address of the request, through the configured number of proxies; empty outside one.
        user_agent: the browser's own words, cut to 300 characters.
        company_id: of a client, the company it works for; None for one that helps to run the service.
        permissions: of a client, what it was registered with.
    """

    kind: str = "anonymous"
    id: UUID | None = None
    name: str = ""
    session_id: UUID | None = None
    network: str = ""
    user_agent: str = ""
    company_id: UUID | None = None
    permissions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction with its time, its rules and its actor.

    Attributes:
        session: the database session; commands flush, never commit (see `checkpoint` for the one exception).
        now: the instant of this unit of work, UTC; every command of it sees the same.
        policies: what the business allows.
        actor: who acts.
        keyring: keys for what is kept encrypted.
        issuer: the public address of this service, for claims and links.
        places: where network addresses are, as far as the operator has told.
        outbound: the one door through which other machines are called at addresses that were registered.
        mtls_origin: the other address of this service, where clients show certificates; empty without one.
        names: those that count once and need not last, where they are kept beside the database; None elsewhere.
        tries: by company, what the actor tried to give and may not; see `companies.overreach`.
    """

    session: DatabaseSession
    now: datetime
    policies: Policies
    actor: Actor
    keyring: Keyring
    issuer: str
    places: Places = field(default_factory=Places)
    outbound: Outbound = field(default_factory=Outbound)
    mtls_origin: str = ""
    names: Names | None = None
    tries: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list, compare=False)

    def addresses(self, path: str) -> tuple[str, ...]:
        """Every address at which a path of this service is called."""
        return (self.issuer + path, self.mtls_origin + path) if self.mtls_origin else (self.issuer + path,)

    def later(self, **span: float) -> "Work":
        """The same work at a later instant; `span` as for `timedelta`."""
        return replace(self, now=self.now + timedelta(**span))

    def acting(self, actor: Actor) -> "Work":
        """The same work by another actor."""
        return replace(self, actor=actor)

    def asking(self) -> "Work":
        """The same work for a look at what the actor could do: what is refused then was no try."""
        return replace(self, tries=[])

    def write(self, *, lasting: bool = True) -> None:
        """Begin a writing transaction now, if none is open. On SQLite a writer waits its turn here instead of failing
        later.

        Args:
            lasting: its commit waits until the disk has it. One that does not may be undone by a power failure,
                with all that was committed after it and does not last either: for counts (docs/decisions/0013).
        """
        if not self.session.in_transaction():
            self.session.connection(execution_options={"write": True, "lasting": lasting})

    def write_after_reading(self, *, lasting: bool = True) -> None:
        """Begin a writing transaction, after ending one that has only read so far. SQLite refuses a write in a
        transaction that began by reading as soon as anybody else has written since. `lasting` as for `write`."""
        if self.session.in_transaction() and not is_writing(self.session):
            self.session.commit()
        self.write(lasting=lasting)

    def insist(self) -> None:
        """From here on the disk is waited for: a transaction that need not last is committed, and one that does begins.
        What was read before may have changed meanwhile, so what is changed afterwards says under which condition."""
        if self.session.in_transaction() and not self.session.connection().get_execution_options().get("lasting", True):
            self.checkpoint()

    def checkpoint(self, *, write: bool = True) -> None:
        """Commit what was recorded so far and go on in a new transaction.

        Only for slow work that must not hold the database, such as hashing a password: the try is counted and
        committed first, the hash computed outside, the outcome recorded after (docs/decisions/0002).
        """
        self.session.commit()
        if write:
            self.write()
