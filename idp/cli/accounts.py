"""`idp accounts`: people."""

from typing import Any

import click
from sqlalchemy import Select, func, select

from idp.accounts import profile
from idp.accounts.email_address import canonical, find_account
from idp.accounts.models import Account, EmailAddress
from idp.authn import activation, status
from idp.authn.models import Passkey, PasswordCredential, Session, TotpAuthenticator
from idp.cli.context import Output, operating, settings, verb
from idp.companies import ownership
from idp.core.errors import NotFound
from idp.work import Work


@click.group()
def accounts() -> None:
    """People: invite, look up, block."""


@verb(accounts, "invite")
@click.argument("email")
@click.option(
    "--locale", default="fr-FR", show_default=True, help="Language tag of the reader; the nearest language there is."
)
def invite(out: Output, email: str, locale: str) -> None:
    """Mail EMAIL a single-use link to an account of their own."""
    with operating() as work:
        activation.invite(work, address=email, locale=locale)
        kept = profile.locale_for(work, locale)
    where = "by mail" if settings().smtp_host else f"to the local mailbox, {settings().issuer}/dev/mailbox"
    out.result(
        {"email": email, "locale": kept, "delivery": "smtp" if settings().smtp_host else "local"},
        f"An activation link for {email} leaves {where} as soon as the outbox runs.",
    )


@verb(accounts, "list")
@click.option("--search", default="", help="Part of a name or an address.")
@click.option("--status", "state", type=click.Choice(["active", "blocked", "erasure_requested", "erased"]))
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def list_(out: Output, search: str, state: str | None, limit: int) -> None:
    """List accounts by name."""
    query = _accounts().limit(limit)
    if search:
        pattern = f"%{search.lower()}%"
        said = func.lower(Account.given_name + " " + Account.family_name + " " + EmailAddress.address)
        query = query.where(said.like(pattern))
    if state:
        query = query.where(Account.status == state)
    with operating(write=False) as work:
        rows = [dict(row._mapping) for row in work.session.execute(query)]
    out.table(rows, ["email", "given_name", "family_name", "status", "locale", "subject"], empty="No account.")


@verb(accounts, "show")
@click.argument("email")
def show(out: Output, email: str) -> None:
    """Show the account of EMAIL: its state, and what it has to sign in with. Never a secret."""
    with operating(write=False) as work:
        account = _find(work, email)
        row = work.session.execute(_accounts().where(Account.id == account.id)).one()
        shown: dict[str, Any] = dict(row._mapping)
        shown["status_reason"] = account.status_reason
        shown["erasure_at"] = account.erasure_at
        shown["has_password"] = work.session.get(PasswordCredential, account.id) is not None
        shown["authenticator_apps"] = work.session.scalar(
            select(func.count())
            .select_from(TotpAuthenticator)
            .where(TotpAuthenticator.account_id == account.id, TotpAuthenticator.confirmed_at.is_not(None))
        )
        shown["passkeys"] = work.session.scalar(select(func.count()).where(Passkey.account_id == account.id))
        shown["live_sessions"] = work.session.scalar(
            select(func.count())
            .select_from(Session)
            .where(Session.account_id == account.id, Session.ended_at.is_(None), Session.expires_at > work.now)
        )
    out.record(shown)


@verb(accounts, "block")
@click.argument("email")
@click.option("--reason", default="operator", show_default=True, help="Kept with the account and in the audit log.")
def block(out: Output, email: str, reason: str) -> None:
    """Refuse every sign-in of EMAIL and end its sessions, in every product."""
    with operating() as work:
        account = _find(work, email)
        ended = status.block(work, account, reason)
        owned = ownership.owned_by(work, account.id)
    lines = [f"{email} is blocked; {ended} sessions ended."]
    if owned:
        lines.append(f"Nobody who can sign in owns {', '.join(owned)} now; see `idp companies offer-ownership`.")
    out.result({"email": email, "status": "blocked", "sessions_ended": ended, "owner_of": owned}, *lines)


@verb(accounts, "unblock")
@click.argument("email")
def unblock(out: Output, email: str) -> None:
    """Let EMAIL sign in again."""
    with operating() as work:
        status.unblock(work, _find(work, email))
    out.result({"email": email, "status": "active"}, f"{email} may sign in again.")


def _accounts() -> Select[*tuple[Any, ...]]:
    """Accounts with the address in force."""
    query: Select[*tuple[Any, ...]] = (
        select(
            Account.subject,
            EmailAddress.address.label("email"),
            Account.given_name,
            Account.family_name,
            Account.locale,
            Account.status,
            Account.created_at,
        )
        .outerjoin(EmailAddress, (EmailAddress.account_id == Account.id) & EmailAddress.released_at.is_(None))
        .order_by(Account.family_name, Account.given_name, Account.id)
    )
    return query


def _find(work: Work, email: str) -> Account:
    account = find_account(work, canonical(email))
    if account is None:
        raise NotFound(kind="account")
    return account
