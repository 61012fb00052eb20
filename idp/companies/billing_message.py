"""What is told to billing: a request of a company, a cancellation, seats that were bought (docs/billing.md). It leaves
by the outbox, signed with the latest key, to the address of the settings."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from idp.companies import billing_key, company
from idp.core import calling, webhooks
from idp.core.ids import uuid7
from idp.outbox import queue
from idp.work import Work

FACT = "billing.told"
TIMEOUT_SECONDS = 10.0


class NotTaken(Exception):
    """Billing was not reached, did not take the message, or shares no key with us; the outbox tries again."""


def put(work: Work, company_id: UUID, kind: str, **data: Any) -> None:
    """Tell billing after the commit. Where no address is configured nothing leaves.

    Args:
        kind: one of those that docs/billing.md lists.
        data: JSON values.
    """
    queue.fact(
        work, FACT, id=f"msg_{uuid7()}", kind=kind, company=company.get(work, company_id).reference,
        at=work.now.isoformat(), data=data,
    )  # fmt: skip


def caller(url: str) -> Callable[[Work, dict[str, Any]], None]:
    """What sends such a message to this address; to nobody where it is empty."""

    def send(work: Work, members: dict[str, Any]) -> None:
        if not url:
            return
        keys = billing_key.secrets(work)
        work.session.commit()  # nothing is held while the network is waited for
        if not keys:
            raise NotTaken("no key")
        body = json.dumps(members, ensure_ascii=False).encode()
        signed = webhooks.signed(keys[0][1], members["id"], work.now, body)
        headers = {"Content-Type": "application/json", **signed}
        try:
            status = calling.OF_THE_OPERATOR.send(url, body, headers, seconds=TIMEOUT_SECONDS)
        except calling.NoAnswer as error:
            raise NotTaken(str(error)) from error
        if not 200 <= status < 300:
            raise NotTaken(f"status {status}")

    return send
