"""A lost password: a mailed link, then the second factor, then a new password (J5).

The link never stands in for the second factor (R-19). The request that asks for it does the same for every address;
whether somebody has it is looked up afterwards, by the outbox.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import update

from idp.accounts import email_address, profile
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn import (
    email_change,
    lost_factor,
    mailed_link,
    notices,
    one_time_code,
    password_proof,
    proofs,
    session,
    sign_in,
    throttle,
    trusted_device,
)
from idp.authn import password as passwords
from idp.authn.attempt import Attempt
from idp.authn.models import MailedLink
from idp.authn.proofs import Step
from idp.core.errors import Expired
from idp.outbox import queue as outbox
from idp.work import Work

PURPOSE = "reset"
KIND_NETWORK = "reset_network"


def ask(work: Work, address: str, continue_to: str = "/") -> None:
    """Ask for a link. Five an hour for an address, then silently none; the answer never tells (SGN-05).

    Raises:
        InvalidInput: it is no address at all; `field="email"`.
    """
    work.write()
    canonical = email_address.canonical(address)
    network = throttle.network_subject(work.actor.network)
    subject = ("address", throttle.subject_hint(work, canonical))
    allowed = throttle.take(work, PURPOSE, canonical, work.policies.account.code_sends, in_a_row=None).allowed
    if network:
        taken = throttle.take(work, KIND_NETWORK, network, throttle.NETWORK_TRIES, in_a_row=None)
        allowed = allowed and taken.allowed
    if not allowed:
        audit.record(work, "sign_in.throttled", subject, outcome="refused", by=PURPOSE)
        return
    audit.record(work, "reset.asked", subject)
    outbox.fact(work, "reset.asked", canonical=canonical, continue_to=sign_in.local_path(continue_to))


def send(work: Work, canonical: str, *, template: str = "password_reset", continue_to: str = "/") -> bool:
    """Mail a link to whoever holds this address; False when nobody does, or may not have one.

    An account that an operator blocked gets none: a new password would not open it.
    """
    work.write()
    account = email_address.find_account(work, canonical)
    if account is None or not may_reset(account):
        return False
    lifetime = work.policies.account.password_reset_lifetime
    token = mailed_link.make(
        work,
        PURPOSE,
        account_id=account.id,
        address=email_address.primary_address(work, account.id).address,
        canonical=canonical,
        locale=account.locale,
        lifetime=lifetime,
        continue_to=continue_to,
    )
    notices.write(work, account.id, template, path=f"/reset/{token}", expires=(work.now + lifetime).isoformat())
    return True


def find(work: Work, token: str) -> MailedLink:
    """The link behind a page. Nothing is spent.

    Raises:
        NotFound, Expired: as `mailed_link.find`.
    """
    return mailed_link.find(work, PURPOSE, token)


def begin(work: Work, token: str) -> tuple[Attempt, str]:
    """Spend the link and begin an attempt; its next step is the second factor, where there is one.

    Raises:
        NotFound, Expired: the link is unknown, used or over.
    """
    work.write()
    link = mailed_link.find_to_spend(work, PURPOSE, token)
    assert link.account_id is not None  # ck_mailed_links_about_account
    if not may_reset(profile.get(work, link.account_id)):
        raise Expired(what="link", reason="withdrawn")
    mailed_link.spend(work, link.id)
    return open_attempt(work, link.account_id, link.continue_to)


def open_attempt(work: Work, account_id: UUID, continue_to: str) -> tuple[Attempt, str]:
    """An attempt to choose a new password that rests on a link the caller has just spent."""
    attempt, token = sign_in.open_attempt(
        work,
        purpose=PURPOSE,
        continue_to=continue_to,
        lifetime=work.policies.account.password_reset_lifetime,
        account_id=account_id,
    )
    proofs.add(work, attempt, "link")
    return attempt, token


def set_password(work: Work, attempt: Attempt, password: str, *, words: Iterable[str] = ()) -> None:
    """Set the new password; everything that rested on the old one ends.

    Every session is ended, every browser forgotten, every other attempt closed, a block for wrong passwords lifted, and
    the holder told. Commits on the way, before the hash is computed.

    Args:
        words: further words it must not be derived from, such as the companies of the person.

    Raises:
        InvalidInput: it cannot be a password, or is one of the last (`password.chosen`).
        Conflict: something is to be proved before; `step` says what.
        Expired: the attempt is over.
    """
    work.write()
    account_id = proofs.demand(work, attempt, Step.NEW_PASSWORD)
    account = profile.get(work, account_id)
    address = email_address.primary_address(work, account_id)
    about = [account.given_name, account.family_name, address.address, *words]
    hash_ = passwords.chosen(work, password, words=about, account_id=account_id)

    password_proof.lift(work, account_id)
    proofs.demand(work, attempt, Step.NEW_PASSWORD)  # again: the database was free meanwhile
    passwords.set_hash(work, account_id, hash_)
    proofs.add(work, attempt, "pwd")
    proofs.close_others(work, account_id, attempt)
    one_time_code.forget_wrong(work, account_id, lost_factor.PURPOSE)  # asked for with the old password
    mailed_link.withdraw_all(work, account_id)
    overtaken = email_change.cancel(work, account_id)  # whoever asked for it may have had the password
    forgotten = trusted_device.forget_all(work, account_id)
    lifted = _lift_block(work, account_id)
    notices.tell(work, account_id, "password_changed")
    session.end_all(work, account_id, "password_changed")
    subject = ("account", account_id)
    audit.record(work, "password.changed", subject, way=PURPOSE)
    if forgotten:
        audit.record(work, "trusted_device.forgotten", subject, reason="password_changed", browsers=forgotten)
    if overtaken:
        audit.record(work, "email_change.withdrawn", subject, reason="password_changed")
    if lifted:
        audit.record(work, "account.status_changed", subject, status="active", reason="password_changed")


def may_reset(account: Account) -> bool:
    """Whether a new password would let the holder in: not where an operator has blocked the account."""
    if account.status == "blocked":
        return account.status_reason == password_proof.BLOCKED_BY_TRIES
    return account.status in password_proof.MAY_SIGN_IN


def _lift_block(work: Work, account_id: UUID) -> bool:
    """Open an account that wrong passwords had blocked; an operator's block stays."""
    lifted = work.session.execute(
        update(Account)
        .where(
            Account.id == account_id,
            Account.status == "blocked",
            Account.status_reason == password_proof.BLOCKED_BY_TRIES,
        )
        .values(status="active", status_reason="")
    )
    return lifted.rowcount == 1  # type: ignore[attr-defined,no-any-return]
