"""Mail as a real mail server receives it."""

import smtplib
from collections.abc import Callable

import pytest

from idp.core.settings import Settings
from idp.outbox.smtp import SmtpMailer, mailer
from tests.outbox.conftest import Certificate, Outbox, Sink

MailSettings = Callable[..., Settings]


def test_a_mail_arrives_in_the_language_of_its_reader(outbox: Outbox, sink: Sink, mail_settings: MailSettings) -> None:
    outbox.mail(company="Atelier Lumen", inviter="Amélie Dubois")

    outbox.deliverer(mailer(mail_settings(sink.port))).run_due()

    (message,) = sink.messages()
    assert sink.received[0].rcpt_tos == ["ada@example.test"]
    assert message["Subject"] == "Atelier Lumen\xa0: activez votre compte"
    assert message["From"] == "Sésame <id@example.test>"
    assert message["Message-ID"] == f"<{outbox.row().id}@id.example.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr-FR"
    text, html = (part.get_content() for part in message.iter_parts())
    assert "https://id.example.test/activation/a-secret-token" in text
    assert "jusqu’au 9\xa0mars\xa02026 à 09:30 (Bruxelles)" in text
    assert 'href="https://id.example.test/activation/a-secret-token"' in html


def test_a_name_with_line_breaks_and_markup_is_text_and_nothing_else(
    outbox: Outbox, sink: Sink, mail_settings: MailSettings
) -> None:
    outbox.mail(company="Eve\r\nBcc: all@example.test\r\n\r\nPay here", inviter="<b>Eve</b>")

    outbox.deliverer(mailer(mail_settings(sink.port))).run_due()

    (message,) = sink.messages()
    assert message["Bcc"] is None
    assert message["Subject"] == "Eve Bcc: all@example.test Pay here\xa0: activez votre compte"
    assert sink.received[0].rcpt_tos == ["ada@example.test"]
    text, html = (part.get_content() for part in message.iter_parts())
    assert "<b>Eve</b>" in text
    assert "&lt;b&gt;Eve&lt;/b&gt;" in html
    assert "<b>Eve" not in html


def test_one_connection_serves_many_messages(outbox: Outbox, sink: Sink, mail_settings: MailSettings) -> None:
    for number in range(5):
        outbox.mail(f"person{number}@example.test")

    assert outbox.deliverer(mailer(mail_settings(sink.port))).run_due() == 5

    assert len(sink.received) == 5
    assert sink.connections == 1


def test_a_mail_goes_over_starttls_to_a_server_whose_certificate_holds(
    outbox: Outbox, starttls_sink: Sink, mail_settings: MailSettings, certificate: Certificate
) -> None:
    outbox.mail()

    outbox.deliverer(SmtpMailer(mail_settings(starttls_sink.port, "starttls"), certificate.client)).run_due()

    assert len(starttls_sink.received) == 1


def test_nothing_is_sent_to_a_server_whose_certificate_does_not_hold(
    outbox: Outbox, starttls_sink: Sink, mail_settings: MailSettings
) -> None:
    outbox.mail()

    outbox.deliverer(mailer(mail_settings(starttls_sink.port, "starttls"))).run_due()

    assert starttls_sink.received == []
    assert outbox.row().failure == "SSLCertVerificationError"


def test_nothing_is_sent_in_clear_when_the_server_offers_no_starttls(
    outbox: Outbox, sink: Sink, mail_settings: MailSettings
) -> None:
    outbox.mail()

    outbox.deliverer(mailer(mail_settings(sink.port, "starttls"))).run_due()

    assert sink.received == []
    assert outbox.row().failure == smtplib.SMTPNotSupportedError.__name__


def test_a_domain_outside_ascii_is_written_as_mail_servers_know_it(
    outbox: Outbox, sink: Sink, mail_settings: MailSettings
) -> None:
    outbox.mail("zoe@boîte.example")

    outbox.deliverer(mailer(mail_settings(sink.port))).run_due()

    assert sink.received[0].rcpt_tos == ["zoe@xn--bote-1pa.example"]


@pytest.mark.parametrize("address", ["no-address", "ada@", "@example.test", ""])
def test_what_is_no_address_is_not_sent_anywhere(
    outbox: Outbox, sink: Sink, mail_settings: MailSettings, address: str
) -> None:
    outbox.mail(address)

    outbox.deliverer(mailer(mail_settings(sink.port))).run_due()

    assert sink.received == []
    assert outbox.row().failure == "ValueError"
