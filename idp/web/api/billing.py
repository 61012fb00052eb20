"""Events from billing: signed, numbered, each taken once (docs/billing.md)."""

import hashlib
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from idp.companies import billing_event, billing_key
from idp.companies.billing_event import Event
from idp.core import webhooks
from idp.core.errors import InvalidInput
from idp.core.webhooks import SignatureRefused
from idp.web import errors
from idp.web.api import billing_shapes
from idp.web.work import open_work

blueprint = Blueprint("api_billing", __name__)

BODY_MAX = 16 * 1024
_SIGNED = (webhooks.ID, webhooks.TIMESTAMP, webhooks.SIGNATURE)


@blueprint.post("/billing/events")
def receive() -> ResponseReturnValue:
    """Take an event."""
    body = _body()
    work = open_work()
    headers = {name: request.headers.get(name, "") for name in _SIGNED}
    try:
        key = webhooks.verify(billing_key.secrets(work), headers, body, work.now)
    except SignatureRefused as refusal:
        work.write_after_reading()
        return errors.answered(billing_key.refused(work, refusal))
    envelope, data = billing_shapes.read(body)
    if envelope.id != headers[webhooks.ID]:
        raise InvalidInput(field="id")
    work.write_after_reading()
    event = Event(
        id=envelope.id,
        number=envelope.number,
        reference=envelope.company,
        kind=envelope.kind,
        happened_at=envelope.at,
        data=data,
        digest=hashlib.sha256(body).digest(),
    )
    receipt = billing_event.receive(work, event)
    billing_key.note_use(work, UUID(key))
    if receipt.error is not None:
        return errors.answered(receipt.error)
    answer = {"outcome": receipt.outcome, "number": event.number, "last_number": receipt.last_number}
    return _json({**answer, "missed": receipt.missed})


def _body() -> bytes:
    """The bytes that were signed, of a size that an event can have."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    body = request.get_data(cache=False)
    if len(body) > BODY_MAX:
        raise RequestEntityTooLarge
    return body


def _json(body: dict[str, object]) -> Response:
    answer = jsonify(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer
