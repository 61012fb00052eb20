"""What an approved case sends the person: a link, void when the case is stopped."""

from sqlalchemy import ColumnElement, and_, exists, or_

from idp.accounts.models import EmailAddress
from idp.authn import email_change, lost_factor
from idp.authn.models import Passkey, TotpAuthenticator
from idp.companies.models import SupportCase
from idp.work import Work

PURPOSES = {"reset-2fa": lost_factor.PURPOSE, "reset-all": lost_factor.LOST_ALL}
"""By kind, the attempt that the link begins: with the password, or with a new one."""


def send(work: Work, case: SupportCase) -> str:
    """Mail the link to the sign-in address; an earlier one is void. Answers the address."""
    return lost_factor.mail_link(work, case.account_id, at=work.now, purpose=PURPOSES[case.kind])


def void(work: Work, case: SupportCase) -> None:
    """Make what the person was sent for a case useless: the link, and an attempt that began with it."""
    if case.ready_at is None:
        return
    if case.kind in PURPOSES:
        lost_factor.withdraw(work, case.account_id)
    if case.kind == "change-email":
        email_change.cancel(work, case.account_id)


def fulfilled() -> ColumnElement[bool]:
    """Whether the person has done what a case made possible: linked a new factor, or proved the new address."""
    t, k, e = TotpAuthenticator, Passkey, EmailAddress
    linked = or_(
        exists().where(t.account_id == SupportCase.account_id, t.confirmed_at >= SupportCase.ready_at),
        exists().where(k.account_id == SupportCase.account_id, k.created_at >= SupportCase.ready_at),
    )
    proved = exists().where(
        e.account_id == SupportCase.account_id, e.verified_at >= SupportCase.ready_at, e.released_at.is_(None)
    )
    return or_(and_(SupportCase.kind.in_(PURPOSES), linked), and_(SupportCase.kind == "change-email", proved))
