"""Staff and the people they help, in the real application; what was mailed to whom."""

from typing import Any

from idp.companies import staff, support_acts, support_due
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.web.work import Application, unit_of_work
from idp.work import Actor
from tests.web.conftest import SYSTEM

OPERATOR = Actor("operator", name="tests")


def grant(app: Application, account_id: Any, role: str) -> None:
    with unit_of_work(app, OPERATOR) as work:
        staff.grant(work, account_id, role)


def deliver_facts(app: Application) -> None:
    """Let the outbox handle what was asked on the public pages."""
    with unit_of_work(app, SYSTEM) as work:
        for message in work.session.query(OutboxMessage).filter_by(kind="fact", finished_at=None).all():
            handler = support_acts.HANDLERS.get(message.name)
            if handler is not None:
                handler(work, open_payload(work, message))
                message.finished_at = work.now


def mailed(app: Application, template: str) -> dict[str, str]:
    """The path in the latest mail of this template, by the address it went to."""
    with unit_of_work(app, SYSTEM, write=False) as work:
        rows = work.session.query(OutboxMessage).filter_by(kind="mail", name=template).order_by(OutboxMessage.id)
        mails = [open_payload(work, row) for row in rows if row.payload is not None]
    return {mail["recipient"]: str(mail["variables"]["path"]) for mail in mails}


def after(app: Application, **span: float) -> dict[str, list[str]]:
    """What the job does once this much time has gone by."""
    with unit_of_work(app, SYSTEM, write=False) as work:
        return support_due.carry_out(work.later(**span), support_acts.ACTS)
