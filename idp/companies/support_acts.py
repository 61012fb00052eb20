"""What cases do when their time has come, by kind; and what the outbox tells this floor."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from idp.accounts import email_address
from idp.authn import email_change, recovery_request, reset, throttle
from idp.companies import support_case, support_link, support_notice, support_state
from idp.companies.models import SupportCase
from idp.companies.support_due import Act
from idp.policy.account import Limit
from idp.work import Work

ONE_A_DAY = Limit(max=1, per=timedelta(days=1))  # cases that strangers may cause: each writes to every contact


def send_link(work: Work, case: SupportCase) -> bool:
    """Mail the set-up link; the case is done when the person has linked a new factor."""
    support_link.send(work, case)
    return False


def change_address(work: Work, case: SupportCase) -> bool:
    """Have the new address prove itself; the case is done when it has."""
    email_change.by_staff(work, case.account_id, str(case.details["address"]))
    return False


ACTS: Mapping[str, Act] = {"reset-2fa": send_link, "reset-all": send_link, "change-email": change_address}


def send_again(work: Work, case_id: UUID) -> SupportCase:
    """Send once more what a case sends, because the person let its hour go by; what was sent before is void.

    Raises:
        NotFound, NotPermitted, NotOnYourself, MoreRights
        CaseState: nothing was sent yet, or it is over.
    """
    case = support_case.to_work_on(work, case_id)
    support_state.move(work, case, "send_again", ready_at=work.now)
    ACTS[case.kind](work, case)
    support_state.record(work, "case.link_sent", case)
    return case


def open_request(work: Work, members: dict[str, Any]) -> None:
    """Somebody says that they have lost everything: a case for staff, if the address is somebody's."""
    work.write()
    account = email_address.find_account(work, members["canonical"])
    if account is None or not reset.may_reset(account):
        return
    if not recovery_request.needs_case(work, account.id):
        reset.send(work, members["canonical"])
        return
    present = support_state.open_about(work, account.id, "access")
    if present is not None:
        if present.state in support_state.MAY["confirm"]:
            support_notice.again(work, present)
        return
    if throttle.take(work, "recovery_case", str(account.id), ONE_A_DAY, in_a_row=None).allowed:
        support_case.open_case(work, "reset-all", account.id, "", "", by_person=True)


HANDLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {recovery_request.FACT: open_request}
