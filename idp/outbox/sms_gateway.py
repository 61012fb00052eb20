"""How a text message leaves: to an HTTP gateway, or to the local mailbox of a development machine.

The gateway's request is described in docs/operations.md. It carries the key of the outbox row as `Idempotency-Key`, so
that a gateway that knows the header sends a message once although it may be asked twice.
"""

import json
import re
from base64 import b64encode
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from idp.core import calling
from idp.core.ids import uuid7
from idp.core.settings import Settings
from idp.outbox.models import LocalMail
from idp.outbox.smtp import Undeliverable
from idp.work import Work

TIMEOUT_SECONDS = 10.0
LATER = frozenset({401, 402, 403, 407, 408, 425, 429})  # our token, our credit or their load: it will be put right
_PLACE = re.compile(r"\{(number|text|sender)\}")


class NotTaken(Exception):
    """The gateway did not take the message, and may do so later."""


class Texter(Protocol):
    """A way for text messages to leave."""

    def send(self, work: Work, identifier: UUID, number: str, text: str) -> None:
        """Hand over one message; returns once it is taken. `identifier` is the key of its outbox row.

        Raises:
            Undeliverable: refused for good. Any other exception means: not now.
        """


class NoGateway:
    """No message leaves: phones are not offered on this instance, and one that waits was asked for before that."""

    def send(self, work: Work, identifier: UUID, number: str, text: str) -> None:
        raise Undeliverable


class LocalPhone:
    """Messages kept beside the mail of a development machine."""

    def send(self, work: Work, identifier: UUID, number: str, text: str) -> None:
        work.write()
        work.session.add(
            LocalMail(id=uuid7(), recipient=number, subject="SMS", text_body=text, html_body="", sent_at=work.now)
        )


class Gateway:
    """An HTTP gateway. No redirect is followed: a message and the token go to the address of the settings alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._request: dict[str, Any] = json.loads(settings.sms_request)

    def send(self, work: Work, identifier: UUID, number: str, text: str) -> None:
        filled = _fill(self._request, {"number": number, "text": text, "sender": self._settings.sms_sender})
        if self._settings.sms_format == "form":
            body, written = urlencode(filled).encode("ascii"), "application/x-www-form-urlencoded"
        else:
            body, written = json.dumps(filled, ensure_ascii=False).encode(), "application/json"
        headers = {"Content-Type": written, "Idempotency-Key": str(identifier), **self._authorization()}
        try:
            status = calling.OF_THE_OPERATOR.send(self._settings.sms_url, body, headers, seconds=TIMEOUT_SECONDS)
        except calling.NoAnswer as error:
            raise NotTaken from error
        if 400 <= status < 500 and status not in LATER:
            raise Undeliverable
        if not 200 <= status < 300:
            raise NotTaken

    def _authorization(self) -> dict[str, str]:
        token, user = self._settings.sms_token.get_secret_value(), self._settings.sms_user
        if user:
            return {"Authorization": f"Basic {b64encode(f'{user}:{token}'.encode()).decode('ascii')}"}
        return {"Authorization": f"Bearer {token}"} if token else {}


def texter(settings: Settings) -> Texter:
    """The way that these settings ask for."""
    if settings.sms_url:
        return Gateway(settings)
    return LocalPhone() if settings.development else NoGateway()


def _fill(template: Any, values: dict[str, str]) -> Any:
    """The request with its places filled in, once each: what is filled in is not looked through again."""
    if isinstance(template, str):
        return _PLACE.sub(lambda place: values[place[1]], template)
    if isinstance(template, dict):
        return {name: _fill(value, values) for name, value in template.items()}
    return [_fill(value, values) for value in template] if isinstance(template, list) else template
