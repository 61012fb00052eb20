"""The demonstration's cases of support: opened on their day by their member of staff, as the desk would have done."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from idp.accounts import profile
from idp.companies import sharing_case, support_case
from idp.companies.models import SupportCase
from idp.work import Actor, Work


def load(work: Work, data: Mapping[str, Any], accounts: Mapping[str, UUID]) -> int:
    """Bring in the cases that are not there yet, but those of sharing (`demo_sharing`); answers how many.

    A case that waits for the end of an erasure ends its wait with it. Contacts are written to, as the mails are what
    stops a case; the addresses are nobody's outside the local mailbox.

    Args:
        accounts: the keys of the people, by their ids in the file.
    """
    made = 0
    for entry in data["support_cases"]:
        account_id = accounts.get(entry["about"])
        if entry["kind"] == sharing_case.KIND or account_id is None or _known(work, entry["id"]):
            continue
        account = profile.get(work, account_id)
        support_case.open_case(
            work.later(days=entry["opened"]).acting(Actor("account", accounts[entry["opened_by"]])),
            entry["kind"],
            account_id,
            entry["reason"],
            entry["identity_check"],
            due_at=account.erasure_at if entry["kind"] == "erase" else None,
            reference=entry["id"],
        )
        made += 1
    return made


def _known(work: Work, reference: str) -> bool:
    return bool(work.session.scalar(select(exists().where(SupportCase.reference == reference))))
