"""Sharing of an account as a case: there from the first notice to its person, before the staff from the policy's score
on, decided by one of them. Never a block, and never what anybody did (PER-04).

The signs are `authn.sharing`'s; the case is a `support_case`. Administrators learn that there is one for somebody of
their company, and no more.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from idp.audit import log as audit
from idp.authn import notices, sharing
from idp.authn.sharing import Sign, Standing
from idp.companies import access, colleague_request, paged, support_case, support_state, tables
from idp.companies.models import SupportCase
from idp.companies.paged import Order, Page, Place
from idp.core.errors import NotFound
from idp.work import Work

KIND = MATTER = "sharing"
NOTICE_SENT, REVIEW = "notice_sent", "review"
EXPLAINED, REASON = "explained", "signs_of_sharing"  # as `duty.reason` puts them into words
VIEW = "operations.sharing.view"
DISMISSED, CONFIRMED = "dismissed", "confirmed"


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody of a company about whose account there is an open case."""

    company: str
    name: str
    since: datetime


def follow(work: Work, account_id: UUID, standing: Standing) -> None:
    """Let the case of an account go along with what counts against it; by the job that looks for signs."""
    case = support_state.open_about(work, account_id, MATTER)
    if case is None and not standing.told_now:
        return
    if case is None:
        case = support_case.open_case(work, KIND, account_id, REASON, "")
        if not standing.review:
            support_state.move(work, case, "notice", state=NOTICE_SENT)
    elif case.state == NOTICE_SENT and standing.review:
        support_state.move(work, case, "review", state=REVIEW)
        support_state.record(work, "case.taken_up", case, reason=REASON)


def explained(work: Work, account_id: UUID) -> None:
    """The person says that it was they: the signs are muted. A case that nobody of the staff was asked to look at ends;
    one in review stays."""
    work.write()
    sharing.was_me(work, account_id)
    case = support_state.open_about(work, account_id, MATTER)
    if case is not None and case.state == NOTICE_SENT:
        support_state.end(work, case, "close", EXPLAINED)


def signs(work: Work, account_id: UUID) -> tuple[Sign, ...]:
    """What staff see of a case: which signs, when, with which weight. Evidence is for the person alone.

    Raises:
        NotPermitted: the actor may not.
    """
    access.require(work, VIEW)
    return sharing.standing(work, account_id).signs


def told(work: Work, account_id: UUID) -> sharing.Told | None:
    """When the person was told, and the answer.

    Raises:
        NotPermitted: the actor may not.
    """
    access.require(work, VIEW)
    return sharing.told(work, account_id)


def dismiss(work: Work, case_id: UUID, reason: str) -> SupportCase:
    """A false alarm, such as travel or the network of a company: the signs are muted, the case is closed.

    Raises:
        NotFound, NotPermitted, NotOnYourself, MoreRights, InvalidInput, CaseState: as `support_case.close`.
    """
    case = _close(work, case_id, reason, DISMISSED)
    sharing.mute(work, case.account_id)
    audit.record(work, "sharing.decided", ("account", case.account_id), case=case.reference, decision=DISMISSED)
    return case


def confirm(work: Work, case_id: UUID, reason: str) -> SupportCase:
    """The account is shared: the person is written to once more, with the way to a user for everybody. The signs go on
    counting, so that a code is asked each time; nothing is blocked.

    Raises:
        NotFound, NotPermitted, NotOnYourself, MoreRights, InvalidInput, CaseState: as `support_case.close`.
    """
    case = _close(work, case_id, reason, CONFIRMED)
    notices.tell(work, case.account_id, "sharing_confirmed", path=sharing.PAGE)
    audit.record(work, "sharing.decided", ("account", case.account_id), case=case.reference, decision=CONFIRMED)
    return case


def of_companies(
    work: Work, account_id: UUID, *, after: Place | None = None, before: Place | None = None
) -> Page[Concerned]:
    """For an administrator: for whom of their companies there is an open case. Neither signs nor places."""
    m, a, c = tables.memberships.c, tables.accounts.c, tables.companies.c
    administered = [place.id for place in colleague_request.places(work, account_id) if place.administers]
    wanted = (
        select(c.name.label("company"), a.given_name, a.family_name, SupportCase.created_at)
        .join_from(SupportCase, tables.memberships, m.account_id == SupportCase.account_id)
        .join(tables.accounts, a.id == m.account_id)
        .join(tables.companies, c.id == m.company_id)
        .where(SupportCase.kind == KIND, SupportCase.closed_at.is_(None), m.company_id.in_(administered))
        .where(m.ended_at.is_(None))
    )
    order = Order((c.name, a.family_name, a.given_name), m.id)
    found = paged.page(work, wanted, order, after=after, before=before)
    return found.seen(
        [Concerned(row.company, f"{row.given_name} {row.family_name}".strip(), row.created_at) for row in found.rows]
    )


def _close(work: Work, case_id: UUID, reason: str, decision: str) -> SupportCase:
    if support_state.get(work, case_id).kind != KIND:
        raise NotFound(kind="case")
    case = support_case.close(work, case_id, reason)
    case.details = {**case.details, "decision": decision}
    work.session.flush()
    return case
