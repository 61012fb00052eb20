"""The demonstration's signs of sharing: as if they had been seen, and their person told, the day before."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from idp.authn import sharing, sharing_signs
from idp.authn.sharing_signs import Sighting
from idp.cli.sharing import JOB
from idp.companies import sharing_case, support_case, support_state
from idp.companies.models import SupportCase
from idp.work import Work

APART = timedelta(minutes=5)
TOWNS = ("Namur", "Lille")


def load(work: Work, data: Mapping[str, Any], accounts: Mapping[str, UUID]) -> int:
    """Bring in the signs of each person and their case, unless there was one before; answers how many cases.

    Args:
        accounts: the keys of the people, by their ids in the file. Nobody is written to: these addresses are nobody's.
    """
    made = 0
    signals = {entry["id"]: entry["sharing_signals"] for entry in data["people"] if entry.get("sharing_signals")}
    for case in data["support_cases"]:
        account_id = accounts.get(case["about"])
        if case["kind"] != sharing_case.KIND or account_id is None or _had_one(work, account_id):
            continue
        on_the_day = work.later(days=case["opened"]).acting(JOB)
        for signal in signals.get(case["about"], ()):
            sharing.note(on_the_day, account_id, _sighting(on_the_day, signal))
        sharing.mark_told(on_the_day, account_id)
        opened = support_case.open_case(on_the_day, sharing_case.KIND, account_id, sharing_case.REASON, "")
        if case["state"] == sharing_case.NOTICE_SENT:
            support_state.move(on_the_day, opened, "notice", state=sharing_case.NOTICE_SENT)
        made += 1
    return made


def _had_one(work: Work, account_id: UUID) -> bool:
    had = exists().where(SupportCase.account_id == account_id, SupportCase.kind == sharing_case.KIND)
    return bool(work.session.scalar(select(had)))


def _sighting(work: Work, signal: str) -> Sighting:
    evidence: dict[str, Any] = {}
    if signal == sharing_signs.DISTANT_PLACES:
        evidence = {"places": list(TOWNS), "times": [(work.now - APART).isoformat(), work.now.isoformat()]}
    return Sighting(signal, work.now, evidence)
