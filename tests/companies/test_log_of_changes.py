"""Each change in the log has before and after, by whom, and from where."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.audit.events import EVENTS
from idp.core.settings import ROOT

FLOOR = ROOT / "idp" / "companies"
HELPERS = {
    "mandate_state.py": "mandate.", "invitation.py": "invitation.", "closure.py": "company.clos",
    "company_suspension.py": ("company.suspended", "company.reopened"),
}  # fmt: skip
"""Rooms whose own `record` puts before and after in; the events that go through them."""

NO_CHANGE = {
    "account.looked_up": "a look",
    "accountant_guide.sent": "a mail",
    "accountant_guide.throttled": "a refusal",
    "account.unlocked": "ends a count of tries, which is no state of the account",
    "audit.exported": "a look",
    "audit.searched": "a look",
    "billing.event_refused": "a refusal",
    "billing.event_taken": "a receipt; what it changes has an event of its own",
    "billing.signature_refused": "a refusal",
    "billing_key.created": "a secret: there is nothing to show",
    "billing_key.revoked": "a secret: there is nothing to show",
    "case.approved": "a step of a case, which is told by its name",
    "case.carried_out": "a step of a case",
    "case.closed": "a step of a case",
    "case.confirmed": "a step of a case",
    "case.finished": "a step of a case",
    "case.link_sent": "a step of a case",
    "case.opened": "a step of a case",
    "case.refused": "a refusal",
    "case.stopped": "a step of a case",
    "case.taken_up": "a step of a case",
    "colleague.requested": "a wish",
    "colleague.settled": "the answer to a wish",
    "company.ordered": "an order; what it makes has events of its own",
    "firm.invitation_declined": "the answer to a letter",
    "firm.invitation_withdrawn": "a letter",
    "firm.invited": "a letter",
    "firm.joined": "the answer to a letter; the mandate has an event of its own",
    "account.erased": "nothing may be left to show",
    "mandate.address_refused": "a refusal",
    "membership.sessions_ended": "ends sessions, and changes no right",
    "one_time_code.refused": "a refusal",
    "one_time_code.sent": "a message",
    "one_time_code.throttled": "a refusal",
    "onboarding.accepted": "a step; the membership and roles have events of their own",
    "onboarding.address_proved": "a step",
    "onboarding.asked": "a letter",
    "onboarding.finished": "a step; the invitations have events of their own",
    "onboarding.handed_over": "a letter",
    "onboarding.invited": "a letter",
    "onboarding.refused": "a refusal",
    "onboarding.step_decided": "a step",
    "role.refused": "a refusal",
    "sharing.decided": "a decision about a case",
    "sign_in.throttled": "a refusal",
    "subscription.request_closed": "the answer to a wish; what billing changes has an event of its own",
    "subscription.requested": "a wish",
}  # fmt: skip
"""Events of this floor that are no change of anybody's access, company or contract, and why."""


def _recorded() -> Iterator[tuple[Path, ast.Call, list[str]]]:
    """Every call that records an event, with the names of events in it."""
    for path in sorted(FLOOR.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("record", "_record"):
                texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
                yield path, node, [each for each in texts if each in EVENTS]


def changes() -> set[str]:
    """The events of this floor that tell of a change."""
    return {name for _, _, names in _recorded() for name in names} - set(NO_CHANGE)


def _told(path: Path, call: ast.Call, name: str) -> bool:
    """Whether a call says what was before and what is after, or leaves it to a room that always does."""
    said = {each.arg for each in call.keywords}
    if {"before", "after"} <= said:
        return True
    room = next((each for each, opening in HELPERS.items() if name.startswith(opening)), "")
    if not room:
        return False
    direct = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "log"
    return not direct


def test_every_change_is_told_with_before_and_after() -> None:
    wrong, seen = [], set()
    for path, call, names in _recorded():
        for name in names:
            seen.add(name)
            if name not in NO_CHANGE and not _told(path, call, name):
                wrong.append(f"{path.name}:{call.lineno} {name}")
    assert not wrong, wrong
    assert len(seen - set(NO_CHANGE)) > 40


def test_what_is_said_to_be_no_change_exists() -> None:
    assert set(NO_CHANGE) <= set(EVENTS)


@pytest.mark.parametrize("room", HELPERS)
def test_rooms_that_record_for_others_always_tell_both(room: str) -> None:
    source = (FLOOR / room).read_text("utf-8")
    inner = re.split(r"def _?record\(", source)[1]
    assert re.search(r"\"before\"|before=", inner)
