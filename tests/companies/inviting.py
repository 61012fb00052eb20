"""Inviting in tests: offers with as little said as possible, and the links that were mailed."""

from typing import Any
from uuid import UUID

from idp.companies import invitation
from idp.companies.models import Invitation
from idp.work import Work
from tests.outbox_content import mails

READER = {"accounting": "accounting.reader"}


def offer(work: Work, company_id: UUID, address: str = "zoe@example.test", **values: Any) -> Invitation:
    return invitation.offer(work, company_id, **{"address": address, "locale": "fr-FR", "roles": READER, **values})


def sent(work: Work, template: str = "invitation") -> list[dict[str, Any]]:
    return [mail for mail in mails(work) if mail["template"] == template]


def link(work: Work, address: str = "zoe@example.test") -> str:
    """The token in the last mail to an address."""
    path = [mail for mail in sent(work) if mail["recipient"] == address][-1]["variables"]["path"]
    assert path.startswith("/invitation/")
    return path.removeprefix("/invitation/")
