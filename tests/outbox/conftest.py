"""A mail server that keeps what it is given, and a deliverer on a clock of its own."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session as DatabaseSession

from idp.core.settings import Settings
from idp.core.tokens import Keyring
from idp.outbox import queue
from idp.outbox.deliver import Deliverer, Handler
from idp.outbox.models import OutboxMessage
from idp.outbox.sms_gateway import Texter
from idp.outbox.smtp import Mailer
from idp.policy.catalogue import Policies
from idp.work import Actor, Work

ISSUER = "https://id.example.test"
START = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@dataclass
class Sink:
    """What a mail server was given, and what it shall answer to the next messages."""

    received: list[Envelope] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> Any:
        self.connections += 1
        session.host_name = hostname
        return lines

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.received.append(envelope)
        return answer

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def messages(self) -> list[EmailMessage]:
        parsed = [message_from_bytes(envelope.content, policy=default) for envelope in self.received]
        return [message for message in parsed if isinstance(message, EmailMessage)]


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server on a free port, without encryption."""
    with _serving(Sink()) as running:
        yield running


@contextmanager
def _serving(sink: Sink, **options: Any) -> Iterator[Sink]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        sink.port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, **options)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


@dataclass
class Certificate:
    """A certificate for localhost, for a server and for a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return Certificate(server, ssl.create_default_context(cafile=str(folder / "certificate.pem")))


@pytest.fixture
def starttls_sink(certificate: Certificate) -> Iterator[Sink]:
    """A mail server that offers STARTTLS and takes nothing before it."""
    with _serving(Sink(), tls_context=certificate.server, require_starttls=True) as running:
        yield running


@pytest.fixture
def mail_settings() -> Callable[..., Settings]:
    """Settings with a mail server at a port of this machine."""

    def make(port: int, security: str = "none") -> Settings:
        return Settings(
            issuer=ISSUER,
            smtp_host="localhost",
            smtp_port=port,
            smtp_security=security,
            mail_from="Sésame <id@example.test>",
        )

    return make


class Outbox:
    """An outbox on its own clock, with the means to fill and to read it."""

    def __init__(self, engine: Engine, policies: Policies, keyring: Keyring) -> None:
        self._parts = engine, policies, keyring
        self.now = START

    @contextmanager
    def open_work(self) -> Iterator[Work]:
        engine, policies, keyring = self._parts
        with DatabaseSession(engine) as session:
            yield Work(session, self.now, policies, Actor(kind="system", name="outbox"), keyring, ISSUER)
            session.commit()

    def mail(self, recipient: str = "ada@example.test", **variables: Any) -> None:
        """Put a mail in the outbox."""
        with self.open_work() as work:
            work.write()
            variables.setdefault("path", "/activation/a-secret-token")
            queue.mail(work, recipient, "activation", locale="fr-FR", expires="2026-03-09T08:30:00+00:00", **variables)

    def fact(self, name: str, **members: Any) -> None:
        """Put a fact in the outbox."""
        with self.open_work() as work:
            work.write()
            queue.fact(work, name, **members)

    def rows(self) -> list[OutboxMessage]:
        """Every message, in the order of their keys."""
        with self.open_work() as work:
            rows = list(work.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))
            work.session.expunge_all()
            return rows

    def row(self) -> OutboxMessage:
        """The only message."""
        (row,) = self.rows()
        return row

    def deliverer(
        self,
        mailer: Mailer,
        handlers: dict[str, Handler] | None = None,
        callers: dict[str, Handler] | None = None,
        texter: Texter | None = None,
    ) -> Deliverer:
        return Deliverer(self.open_work, mailer, handlers or {}, callers or {}, texter)


@pytest.fixture
def outbox(engine: Engine, policies: Policies, keyring: Keyring) -> Outbox:
    return Outbox(engine, policies, keyring)


@contextmanager
def running(deliverer: Deliverer) -> Iterator[None]:
    """The deliverer at work in a thread, until the end of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=deliverer.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()
