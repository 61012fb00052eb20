"""Telling the person about a case: every known contact gets a link of its own that stops it with one click.

The link that goes to the sign-in address also lets the person say that it was them. Links are kept as digests; opening
one does nothing, as mail scanners open links too.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import Account
from idp.authn import notices
from idp.companies import tables
from idp.companies.models import SupportCase, SupportCaseLink
from idp.core import tokens
from idp.core.errors import Expired, NotFound
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

PATH = "/recovery/{}"
SECURITY = "operations.accounts.suspend"  # who is told when a person stops a case
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Contact:
    """One place where the person is told."""

    kind: str
    value: str
    masked: str
    is_sign_in: bool


def contacts(work: Work, account_id: UUID) -> list[Contact]:
    """Every known contact: the sign-in address first, then other addresses, then telephones."""
    own = email_address.primary_address(work, account_id).address
    found = [Contact("email", own, email_address.masked(own), True)]
    found += [
        Contact("email", address, email_address.masked(address), False)
        for address in notices.addresses(work, account_id)
        if address != own
    ]
    found += [
        Contact("phone", contact.value, recovery_contact.masked(contact), False)
        for contact in recovery_contact.verified(work, account_id)
        if contact.kind == "phone"
    ]
    return found


def opened(work: Work, case: SupportCase) -> None:
    """Tell every contact that a case was opened, by whom (support or the person), and how to stop it."""
    _tell(work, case, "case_asked", by=case.origin, what=_new_address(case))


def approved(work: Work, case: SupportCase) -> None:
    """Tell every contact when it takes effect, and how to stop it until then."""
    assert case.due_at is not None  # ck_support_cases_waiting_has_date
    moment = case.due_at.isoformat()
    _tell(work, case, "case_opened", what="", when=work.now.isoformat(), device="", effective=moment, expires=moment)


def again(work: Work, case: SupportCase) -> None:
    """Send the link to the sign-in address once more, for a person who asks again."""
    _tell(work, case, "case_asked", only_sign_in=True, by=case.origin, what=_new_address(case))


def told_staff(work: Work, case: SupportCase) -> None:
    """Tell who worked on it, and who looks after security, that a contact of the person stopped a case."""
    able = [role.id for role in work.policies.roles.values() if SECURITY in role.permissions]
    s, a = tables.staff_roles.c, tables.accounts.c
    security = (
        select(a.id)
        .join_from(tables.staff_roles, tables.accounts, a.id == s.account_id)
        .where(s.ended_at.is_(None), s.role.in_(able), a.status == "active")
        .order_by(a.id)
        .limit(MOST_TOLD)
    )
    told = {case.opened_by, case.approved_by, *work.session.scalars(security)} - {None, case.account_id}
    for account_id in sorted(each for each in told if each is not None):
        notices.write(work, account_id, "case_stopped", path=f"/operations/cases/{case.id}", reference=case.reference)


def found(work: Work, token: str) -> tuple[SupportCaseLink, SupportCase]:
    """The link of this token and its case. Nothing is spent.

    Raises:
        NotFound: there never was one.
        Expired: it was used, or the case is over; `reason` is `used` or `closed`.
    """
    row = work.session.execute(
        select(SupportCaseLink, SupportCase)
        .join(SupportCase, SupportCase.id == SupportCaseLink.case_id)
        .where(SupportCaseLink.token_digest == tokens.digest(token))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound(what="link")
    link, case = row
    if link.used_at is not None:
        raise Expired(what="link", reason="used")
    if case.closed_at is not None:
        raise Expired(what="link", reason="closed", state=case.state)
    return link, case


def spend(work: Work, link: SupportCaseLink) -> None:
    """Use a link up; of several who try, one succeeds.

    Raises:
        Expired: somebody was faster.
    """
    spent = work.session.execute(
        update(SupportCaseLink)
        .where(SupportCaseLink.id == link.id, SupportCaseLink.used_at.is_(None))
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="link", reason="used")


def _new_address(case: SupportCase) -> str:
    address = str(case.details.get("address", ""))
    return email_address.masked(address) if address else ""


def _tell(work: Work, case: SupportCase, template: str, *, only_sign_in: bool = False, **variables: Any) -> None:
    account: Account = profile.get(work, case.account_id)
    for contact in contacts(work, case.account_id):
        if only_sign_in and not contact.is_sign_in:
            continue
        token = tokens.new()
        work.session.add(
            SupportCaseLink(
                id=uuid7(),
                case_id=case.id,
                token_digest=tokens.digest(token),
                may_confirm=contact.is_sign_in,
                sent_to=contact.masked,
                created_at=work.now,
            )
        )
        path = PATH.format(token)
        if contact.kind == "phone":
            outbox.sms(work, contact.value, "case_opened", locale=account.locale, link=work.issuer + path)
            continue
        told = {"name": account.given_name, "kind": case.kind, "path": path, "confirm": contact.is_sign_in, **variables}
        outbox.mail(work, contact.value, template, locale=account.locale, **told)
    work.session.flush()
