"""The two ways a mail leaves: to a mail server, or to the local mailbox when none is configured."""

import smtplib
import ssl
from typing import Protocol
from uuid import UUID

from idp.core.ids import uuid7
from idp.core.settings import Settings
from idp.outbox.models import LocalMail
from idp.outbox.render import Rendered, message
from idp.work import Work

TIMEOUT_SECONDS = 10.0


class Undeliverable(Exception):
    """This message will never be taken; trying again is of no use."""


class Mailer(Protocol):
    """A way for mail to leave."""

    def send(self, work: Work, identifier: UUID, mail: Rendered) -> None:
        """Hand over one mail; returns once it is taken. `identifier` is the key of its outbox row.

        Raises:
            Undeliverable: refused for good. Any other exception means: not now.
        """

    def close(self) -> None:
        """Let go of what is held open."""


class LocalMailbox:
    """Mail kept in the database, for `/dev/mailbox`."""

    def send(self, work: Work, identifier: UUID, mail: Rendered) -> None:
        work.write()
        work.session.add(
            LocalMail(
                id=uuid7(),
                recipient=mail.recipient,
                subject=mail.subject,
                text_body=mail.text,
                html_body=mail.html,
                sent_at=work.now,
            )
        )

    def close(self) -> None:
        """Nothing is held open."""


class SmtpMailer:
    """Mail over SMTP, one connection kept for many messages. For one thread at a time."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None = None) -> None:
        """Args:
        context: how the server's certificate is judged; the system's authorities when not given.
        """
        self._settings = settings
        self._context = context
        self._server: smtplib.SMTP | None = None

    def send(self, work: Work, identifier: UUID, mail: Rendered) -> None:
        letter = message(mail, sender=self._settings.mail_from, issuer=work.issuer, identifier=identifier, now=work.now)
        server = self._connection()
        try:
            server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refusal:
            server.rset()
            if all(code >= 500 for code, _ in refusal.recipients.values()):
                raise Undeliverable from None
            raise
        except smtplib.SMTPResponseException as refusal:  # the server answers and says no: the line is still good
            if refusal.smtp_code == 421:
                self.close()
            raise
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._server is not None:
            try:
                self._server.quit()
            except (smtplib.SMTPException, OSError):
                self._server.close()
            self._server = None

    def _connection(self) -> smtplib.SMTP:
        """The open connection, or a new one when there is none or the server has hung up."""
        if self._server is not None:
            try:
                if self._server.noop()[0] == 250:
                    return self._server
            except (smtplib.SMTPException, OSError):
                pass
            self.close()
        self._server = self._connect()
        return self._server

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        host, port = settings.smtp_host, settings.smtp_port
        server: smtplib.SMTP
        if settings.smtp_security == "tls":
            server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=self._tls())
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=self._tls())  # raises when the server does not offer it: never in clear instead
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except Exception:
            server.close()
            raise
        return server

    def _tls(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()


def mailer(settings: Settings) -> Mailer:
    """The way that these settings ask for."""
    return SmtpMailer(settings) if settings.smtp_host else LocalMailbox()
