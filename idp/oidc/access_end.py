"""When access may be over (`companies.access_end`): refresh tokens that named the company end, products may be told."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from idp.accounts.models import Account
from idp.authn.models import Session
from idp.companies import access, access_end, tables
from idp.companies.access import Refusal
from idp.oidc import families, logout_delivery
from idp.oidc.logout_delivery import Ended
from idp.oidc.models import Client, Grant
from idp.outbox import queue
from idp.work import Work

AT_ONCE = 200  # a transaction is kept short; what is left is told again
REASON, CLOSED = "access_ended", "closed_by_company"


def look_again(work: Work, members: dict[str, Any]) -> None:
    """End the families of tokens that the fact names and the engine refuses by now (outbox fact)."""
    found = work.session.execute(_named(work, members).limit(AT_ONCE + 1)).all()
    answers: dict[tuple[UUID, UUID, str], bool] = {}
    ended: dict[tuple[str, str], Any] = {}
    for row in found[:AT_ONCE]:
        key = (row.account_id, row.company_id, row.product)
        if key not in answers:
            answers[key] = bool(members.get("whatever")) or isinstance(access.resolve(work, *key), Refusal)
        reason = CLOSED if members.get("whatever") else REASON
        if answers[key] and _end(work, row, reason) and row.backchannel_logout_uri:
            ended[row.client_id, row.sid] = row, reason
    if members["logout"]:
        for row, reason in ended.values():
            over = Ended(row.session_id, row.sid, row.subject)
            logout_delivery.tell(work, row.client_key, row.client_id, over, reason)
    if len(found) > AT_ONCE:
        queue.fact(work, access_end.FACT, **members | {"after": str(found[AT_ONCE - 1].id)})


def _named(work: Work, members: dict[str, Any]) -> Select[*tuple[Any, ...]]:
    """Live families for a product and a company, as far as the fact names them, in a fixed order."""
    account, company, firm, after = (
        UUID(members[name]) if members.get(name) else None for name in ("account", "company", "firm", "after")
    )
    wanted: Select[*tuple[Any, ...]] = (
        select(
            Grant.id, Grant.account_id, Grant.company_id, Grant.session_id, Client.product, Client.client_id,
            Client.id.label("client_key"),
            Client.backchannel_logout_uri, Session.sid, Account.subject,
        )
        .join(Client, Client.id == Grant.client_id)
        .join(Session, Session.id == Grant.session_id)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.revoked_at.is_(None), Grant.expires_at > work.now, Session.ended_at.is_(None))
        .where(Grant.company_id.is_not(None), Client.product.is_not(None))
        .order_by(Grant.id)
    )  # fmt: skip
    if account is not None:
        wanted = wanted.where(Grant.account_id == account)
    if company is not None:
        wanted = wanted.where(Grant.company_id == company)
    if members.get("product"):
        wanted = wanted.where(Client.product == members["product"])
    if firm is not None:
        m = tables.memberships.c
        wanted = wanted.where(Grant.account_id.in_(select(m.account_id).where(m.company_id == firm)))
    return wanted.where(Grant.id > after) if after is not None else wanted


def _end(work: Work, row: Row[Any], reason: str) -> bool:
    return families.revoke(
        work, row.id, reason, company_id=row.company_id, product=row.product, client_id=row.client_id, sid=row.sid
    )


HANDLERS: Mapping[str, Callable[[Work, dict[str, Any]], None]] = {access_end.FACT: look_again}
