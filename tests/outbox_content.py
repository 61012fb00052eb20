"""What a unit of work has put in the outbox, opened."""

from typing import Any

from sqlalchemy import select

from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.work import Work


def mails(work: Work) -> list[dict[str, Any]]:
    """The mails to be sent, in the order of their keys: `template`, `recipient`, `locale`, `variables`, `id`, `due`."""
    return _opened(work, "mail")


def messages(work: Work) -> list[dict[str, Any]]:
    """The text messages to be sent, as `mails`."""
    return _opened(work, "sms")


def facts(work: Work, name: str) -> list[dict[str, Any]]:
    """The members of the facts of this name."""
    return [open_payload(work, message) for message in _messages(work, "fact") if message.name == name]


def _opened(work: Work, kind: str) -> list[dict[str, Any]]:
    return [
        {"template": each.name, "id": each.id, "due": each.due_at, **open_payload(work, each)}
        for each in _messages(work, kind)
    ]


def _messages(work: Work, kind: str) -> list[OutboxMessage]:
    work.session.flush()
    return list(
        work.session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.kind == kind, OutboxMessage.finished_at.is_(None))
            .order_by(OutboxMessage.id)
        )
    )
