"""Everything is lost: no password, no second factor, no recovery code. A person asks for a new start (J14).

As for a lost password, the request does the same for every address; whether somebody has it is looked up afterwards, by
the outbox, one floor up, where the cases of support are.
"""

from uuid import UUID

from sqlalchemy import exists, or_, select

from idp.accounts import email_address
from idp.audit import log as audit
from idp.authn import throttle
from idp.authn.models import Passkey, TotpAuthenticator
from idp.outbox import queue as outbox
from idp.work import Work

KIND = "recovery"
KIND_NETWORK = "recovery_network"
FACT = "recovery.asked"


def ask(work: Work, address: str) -> None:
    """Ask for a new start. As many an hour for an address as codes, then silently none; the answer never tells.

    Raises:
        InvalidInput: it is no address at all; `field="email"`.
    """
    work.write()
    canonical = email_address.canonical(address)
    network = throttle.network_subject(work.actor.network)
    subject = ("address", throttle.subject_hint(work, canonical))
    allowed = throttle.take(work, KIND, canonical, work.policies.account.code_sends, in_a_row=None).allowed
    if network:
        taken = throttle.take(work, KIND_NETWORK, network, throttle.NETWORK_TRIES, in_a_row=None)
        allowed = allowed and taken.allowed
    if not allowed:
        audit.record(work, "sign_in.throttled", subject, outcome="refused", by=KIND)
        return
    audit.record(work, FACT, subject)
    outbox.fact(work, FACT, canonical=canonical)


def needs_case(work: Work, account_id: UUID) -> bool:
    """Whether there is a second factor that can be lost; without one, a new password by mail is all there is to ask."""
    held = or_(
        exists().where(TotpAuthenticator.account_id == account_id, TotpAuthenticator.confirmed_at.is_not(None)),
        exists().where(Passkey.account_id == account_id),
    )
    return bool(work.session.scalar(select(held)))
