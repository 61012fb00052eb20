"""Text messages, to a gateway that is a real HTTP server on this machine, and to the local mailbox."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from idp.core.errors import ConfigurationError
from idp.core.settings import Settings, read
from idp.outbox import queue
from idp.outbox.models import LocalMail
from idp.outbox.render import render_text_message
from idp.outbox.sms_gateway import Texter, texter
from idp.outbox.smtp import LocalMailbox
from tests.outbox.conftest import ISSUER, Outbox

NUMBER = "+33639980011"
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


@dataclass
class Sink:
    """A gateway that keeps what it is given, and what it shall answer next."""

    url: str = ""
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = ""


@pytest.fixture
def sink() -> Iterator[Sink]:
    kept = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            kept.received.append((dict(self.headers.items()), body))
            self.send_response(kept.answers.pop(0) if kept.answers else 202)
            if kept.location:
                self.send_header("Location", kept.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/send"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def put(outbox: Outbox, code: str = "204816") -> None:
    with outbox.open_work() as work:
        work.write()
        queue.sms(work, NUMBER, "one_time_code", locale="fr-FR", code=code, minutes=10)


def deliver(outbox: Outbox, means: Texter) -> int:
    deliverer = outbox.deliverer(LocalMailbox(), texter=means)
    return deliverer.run_due()


def gateway(sink: Sink, **settings: str) -> Texter:
    return texter(Settings(issuer=ISSUER, sms_url=sink.url, **settings))  # type: ignore[arg-type]


def test_the_request_is_what_the_settings_say(outbox: Outbox, sink: Sink) -> None:
    request = '{"messages": [{"to": "{number}", "from": "{sender}", "body": "{text}", "flash": false}]}'
    put(outbox)
    deliver(outbox, gateway(sink, sms_token="a token", sms_request=request, sms_sender="Lumen"))
    [(headers, body)] = sink.received
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer a token"
    assert headers["Idempotency-Key"] == str(outbox.row().id)
    text = "Sésame : votre code est 204816. Ne le donnez à personne, assistance comprise."
    message = {"to": NUMBER, "from": "Lumen", "body": text, "flash": False}
    assert json.loads(body) == {"messages": [message]}
    assert (outbox.row().payload, outbox.row().failure) == (None, None)


def test_a_form_with_user_and_password(outbox: Outbox, sink: Sink) -> None:
    put(outbox)
    means = gateway(
        sink, sms_user="me", sms_token="secret", sms_format="form", sms_request='{"To": "{number}", "Body": "{text}"}'
    )
    deliver(outbox, means)
    [(headers, body)] = sink.received
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"me:secret"
    assert parse_qs(body)["To"] == [NUMBER]


def test_what_is_filled_in_is_not_filled_in_again(outbox: Outbox, sink: Sink) -> None:
    put(outbox, code='{number}"}{sender}')
    deliver(outbox, gateway(sink))
    assert '{number}"}{sender}' in json.loads(sink.received[0][1])["text"]


@pytest.mark.parametrize("status", [500, 503, 429, 401, 302, 408])
def test_a_gateway_that_cannot_now_is_asked_again(outbox: Outbox, sink: Sink, status: int) -> None:
    put(outbox)
    sink.answers, sink.location = [status], sink.url
    deliver(outbox, gateway(sink))
    assert len(sink.received) == 1  # no redirect is followed
    assert (outbox.row().finished_at, outbox.row().failure) == (None, "NotTaken")
    outbox.now += timedelta(seconds=6)
    deliver(outbox, gateway(sink))
    assert len(sink.received) == 2
    assert outbox.row().finished_at == outbox.now


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_message_that_is_refused_is_not_sent_again(outbox: Outbox, sink: Sink, status: int) -> None:
    put(outbox)
    sink.answers = [status]
    deliver(outbox, gateway(sink))
    assert (outbox.row().finished_at, outbox.row().failure, outbox.row().payload) == (outbox.now, "Undeliverable", None)


def test_a_code_is_given_up_when_nobody_could_use_it_any_more(outbox: Outbox) -> None:
    put(outbox)
    nobody = texter(Settings(issuer=ISSUER, sms_url="http://127.0.0.1:9/send"))
    for _ in range(20):
        deliver(outbox, nobody)
        if outbox.row().finished_at:
            break
        outbox.now = outbox.row().due_at
    assert outbox.row().failure == "NotTaken"
    assert outbox.now - outbox.row().created_at < timedelta(minutes=15)


def test_a_warning_waits_for_a_gateway_that_is_away(outbox: Outbox, sink: Sink) -> None:
    """By which a case about somebody's account is stopped: it takes hours to be carried out."""
    with outbox.open_work() as work:
        work.write()
        queue.sms(work, NUMBER, "case_opened", locale="fr-FR", link=f"{ISSUER}/recovery/a-token")
    nobody = texter(Settings(issuer=ISSUER, sms_url="http://127.0.0.1:9/send"))
    while outbox.now - outbox.row().created_at < timedelta(hours=2):
        deliver(outbox, nobody)
        assert outbox.row().finished_at is None
        outbox.now = outbox.row().due_at
    deliver(outbox, gateway(sink))
    assert f"{ISSUER}/recovery/a-token" in json.loads(sink.received[0][1])["text"]


def test_a_development_machine_keeps_messages_with_its_mail(outbox: Outbox) -> None:
    put(outbox)
    deliver(outbox, texter(Settings(development=True)))
    with outbox.open_work() as work:
        kept = work.session.scalars(select(LocalMail)).one()
        assert (kept.recipient, "204816" in kept.text_body, kept.html_body) == (NUMBER, True, "")


def test_without_a_gateway_nothing_is_kept(outbox: Outbox) -> None:
    put(outbox)
    deliver(outbox, texter(Settings(issuer=ISSUER)))
    assert (outbox.row().failure, outbox.row().payload) == ("Undeliverable", None)
    with outbox.open_work() as work:
        assert work.session.scalars(select(LocalMail)).all() == []


@pytest.mark.parametrize("locale", ["fr-BE", "en-GB", "nl-BE"])
def test_a_message_is_one_message(locale: str) -> None:
    content = {"recipient": NUMBER, "locale": locale, "variables": {"code": "204816", "minutes": 10}}
    number, text = render_text_message("one_time_code", content)
    assert number == NUMBER
    assert len(text) <= 160
    assert set(text) <= GSM, set(text) - GSM


@pytest.mark.parametrize(
    "settings",
    [
        {"sms_url": "ftp://sms.example.com"},
        {"sms_url": "http://sms.example.com/send"},
        {"sms_url": "https://me:secret@sms.example.com/send"},
        {"sms_request": "to={number}&text={text}"},
        {"sms_request": '["{number}", "{text}"]'},
        {"sms_request": '{"to": "{number}"}'},
        {"sms_format": "form", "sms_request": '{"to": ["{number}"], "text": "{text}"}'},
        {"sms_format": "xml"},
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="SMS|settings"):
        read(**settings)
