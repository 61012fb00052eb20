"""The access log of a company: what happened in it, by whom and to whom, for those who may read it (AUD-02)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from idp.audit import history, log
from idp.audit.history import CompanyEntry, CompanyPage, Wanted
from idp.companies import access, company, tables
from idp.companies.models import CustomRole, Invitation
from idp.work import Work

VIEWS, FIRM_VIEWS = "company.audit.view", "practice.audit.view"
EXPORTS, FIRM_EXPORTS = "company.audit.export", "practice.audit.export"
MATCHES = 50  # people whose name is searched for
EXPORTED = 10_000

KINDS: dict[str, tuple[str, ...]] = {
    "people": ("membership.", "invitation.", "ownership.", "colleague."),
    "roles": ("role.", "custom_role."),
    "mandates": ("mandate.", "firm."),
    "assignments": ("assignment.", "client_group."),
    "subscriptions": ("subscription.", "billing."),
    "settings": ("company.", "onboarding."),
    "sign-in": ("grant.", "refresh_token.", "code."),
    "log": ("audit.",),
}
"""Groups of events by what their names begin with."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Attributes:
    kind: one of `KINDS`; empty for all.
    person: part of the name of who did it, or of whom it was done to.
    since, until: from when on, and before when.
    """

    kind: str = ""
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None


def require(work: Work, company_id: UUID, permission: str, in_firm: str) -> None:
    """Go on only if the actor has this permission here, or in a firm its own counterpart.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    firm = company.get(work, company_id).kind == "firm"
    access.require_one(work, (permission, in_firm) if firm else (permission,), company_id)


def page(
    work: Work,
    company_id: UUID,
    wanted: Filter,
    *,
    older_than: int | None = None,
    newer_than: int | None = None,
    limit: int = history.LISTED,
) -> CompanyPage:
    """A page of the log, the newest first.

    Raises:
        NotPermitted, NotFound: the actor may not read it.
    """
    require(work, company_id, VIEWS, FIRM_VIEWS)
    return history.in_company(
        work, company_id, _events(work, company_id, wanted), older_than=older_than, newer_than=newer_than, limit=limit
    )


def export(work: Work, company_id: UUID, wanted: Filter) -> tuple[CompanyEntry, ...]:
    """The newest events that were asked for, as many as a file holds; that they were taken is noted.

    Raises:
        NotPermitted, NotFound: the actor may not take them along.
    """
    require(work, company_id, EXPORTS, FIRM_EXPORTS)
    found = history.in_company(work, company_id, _events(work, company_id, wanted), limit=EXPORTED)
    log.record(
        work, "audit.exported", ("company", company_id), company_id=company_id, count=len(found.entries),
        since=wanted.since.isoformat() if wanted.since else None,
        until=wanted.until.isoformat() if wanted.until else None,
    )  # fmt: skip
    return found.entries


def names(work: Work, company_id: UUID, account_ids: Collection[UUID]) -> dict[UUID, str]:
    """What those of them are called who belonged to the company, or to a firm that had a mandate of it. Others, such as
    the staff of this service, are nobody's business here; somebody whose account was erased has no name any more."""
    a = tables.accounts.c
    rows = work.session.execute(
        select(a.id, a.given_name, a.family_name).where(a.id.in_(account_ids), _concerned(company_id))
    )
    return {row.id: f"{row.given_name} {row.family_name}".strip() for row in rows}


def invited(work: Work, company_id: UUID, invitation_ids: Iterable[UUID]) -> dict[str, str]:
    """To which addresses these invitations of the company went."""
    i = Invitation
    rows = work.session.execute(
        select(i.id, i.address).where(i.company_id == company_id, i.id.in_(list(invitation_ids)))
    )
    return {str(row.id): row.address for row in rows}


def own_roles(work: Work, company_id: UUID) -> dict[str, dict[str, str]]:
    """What the company's own roles are called, those included that were deleted."""
    r = CustomRole
    rows = work.session.execute(select(r.id, r.labels).where(r.company_id == company_id))
    return {str(row.id): row.labels for row in rows}


def _events(work: Work, company_id: UUID, wanted: Filter) -> Wanted:
    people = _people(work, company_id, wanted.person) if wanted.person.strip() else None
    return Wanted(KINDS.get(wanted.kind, ()), people, wanted.since, wanted.until)


def _people(work: Work, company_id: UUID, name: str) -> tuple[UUID, ...]:
    a = tables.accounts.c
    called = (a.given_name + " " + a.family_name).icontains(name.replace("\x00", "").strip(), autoescape=True)
    found = select(a.id).where(called, _concerned(company_id)).order_by(a.id).limit(MATCHES)
    return tuple(work.session.scalars(found))


def _concerned(company_id: UUID) -> ColumnElement[bool]:
    a, m, t = tables.accounts.c, tables.memberships.c, tables.mandates.c
    firms = select(t.firm_id).where(t.company_id == company_id)
    return exists().where(m.account_id == a.id, or_(m.company_id == company_id, m.company_id.in_(firms)))
