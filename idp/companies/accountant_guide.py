"""The way in which a company gives its accountant access, sent by the staff, who cannot give it themselves (MAN-07)."""

from uuid import UUID

from sqlalchemy import select

from idp.audit import log as audit
from idp.authn import notices, throttle
from idp.companies import account_desk, tables
from idp.core.errors import InvalidInput, Throttled
from idp.work import Work

SENDS = "operations.accounts.resend-email"
INVITES = "company.mandates.invite"
TEMPLATE = "accountant_guide"
MOST = 20  # companies to choose from


def companies(work: Work, account_id: UUID) -> dict[UUID, str]:
    """The open companies in which this person may invite an accountant, by name."""
    able = [each.id for each in work.policies.roles.values() if INVITES in each.permissions]
    c, m = tables.companies.c, tables.memberships.c
    rows = work.session.execute(
        select(c.id, c.name)
        .join_from(tables.memberships, tables.companies, c.id == m.company_id)
        .where(m.account_id == account_id, m.ended_at.is_(None), m.suspended_at.is_(None), m.company_role.in_(able))
        .where(c.closed_at.is_(None), c.suspended_at.is_(None))
        .order_by(c.name, c.id)
        .limit(MOST)
    )
    return {row.id: row.name for row in rows}


def send(work: Work, account_id: UUID, company_id: UUID) -> None:
    """Mail the person the steps, with the way to the accountants of this company. It opens nothing to anybody.

    Raises:
        NotPermitted, NotOnYourself, MoreRights, NotFound: as `account_desk.require` says of accounts.
        InvalidInput: `field="company"`, none in which this person may invite an accountant.
        Throttled: the person was sent many such mails within the hour, by whomever.
    """
    work.write()
    account_desk.require(work, SENDS, account_id)
    name = companies(work, account_id).get(company_id)
    if name is None:
        raise InvalidInput(field="company")
    limit = work.policies.account.code_sends
    if not throttle.take(work, TEMPLATE, str(account_id), limit, in_a_row=None).allowed:
        audit.record(
            work, "accountant_guide.throttled", ("account", account_id), company_id=company_id, outcome="refused"
        )
        work.checkpoint(write=False)
        raise Throttled(retry_after=int(limit.per.total_seconds()))
    notices.write(work, account_id, TEMPLATE, company=name, path=f"/companies/{company_id}/accountants")
    audit.record(work, "accountant_guide.sent", ("account", account_id), company_id=company_id)
