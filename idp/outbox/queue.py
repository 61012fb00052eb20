"""Putting messages in the outbox, in the transaction of the change that causes them."""

import json
from datetime import datetime
from typing import Any

from idp.core.ids import uuid7
from idp.outbox.models import OutboxMessage
from idp.work import Work

PLACE = "outbox_messages:{}:payload"


def mail(work: Work, recipient: str, template: str, *, locale: str, **variables: Any) -> None:
    """Send a mail after the commit.

    Args:
        recipient: the stored address, as its holder wrote it.
        template: name of a pair of files in `outbox/templates/`.
        locale: language tag of the reader, such as `fr-BE`.
        variables: JSON values for the template. `path` becomes `link`, built from the issuer.
    """
    mail_at(work, work.now, recipient, template, locale=locale, **variables)


def mail_at(work: Work, at: datetime, recipient: str, template: str, *, locale: str, **variables: Any) -> None:
    """As `mail`, at this instant and not before."""
    _put(work, "mail", template, {"recipient": recipient, "locale": locale, "variables": variables}, at)


def sms(work: Work, number: str, template: str, *, locale: str, **variables: Any) -> None:
    """Send a text message after the commit.

    Args:
        number: in E.164.
        template: name of a file in `outbox/templates/sms/`.
        locale: language tag of the reader.
        variables: JSON values for the template.
    """
    _put(work, "sms", template, {"recipient": number, "locale": locale, "variables": variables})


def fact(work: Work, name: str, **members: Any) -> None:
    """Tell the floors above, after the commit, that something happened here. Members are JSON values."""
    _put(work, "fact", name, members)


def _put(work: Work, kind: str, name: str, content: dict[str, Any], not_before: datetime | None = None) -> None:
    message = uuid7()
    work.session.add(
        OutboxMessage(
            id=message,
            kind=kind,
            name=name,
            payload=work.keyring.encrypt(json.dumps(content).encode(), PLACE.format(message)),
            created_at=work.now,
            due_at=not_before or work.now,
            attempts=0,
        )
    )


def open_payload(work: Work, message: OutboxMessage) -> dict[str, Any]:
    """The content of a message that is still to be delivered."""
    assert message.payload is not None
    content: dict[str, Any] = json.loads(work.keyring.reveal(message.payload, PLACE.format(message.id)))
    return content
