"""The applications that act in a company's name: who let each of them, for what, and its end (EMP-19, R-42).

Those of others, which people of the company let act for them, and those that an operator has registered to work for the
company by themselves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, case, cast, delete, func, literal, select, union_all, update

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn.models import Session
from idp.companies import access, company, concerned, paged
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import NotFound
from idp.oidc import cache, clients, families, logout_delivery
from idp.oidc.clients import COMPANY_SCOPE, RegisteredClient
from idp.oidc.grant_types import CLIENT_CREDENTIALS
from idp.oidc.logout_delivery import Ended
from idp.oidc.models import AuthorizationCode, Client, Consent, ConsentCompany, Grant, OwnUse
from idp.work import Work

VIEWS, REVOKES = "company.api.view", "company.api.revoke"
REASON = "withdrawn_by_company"

_cc = ConsentCompany


@dataclass(frozen=True, slots=True)
class Application:
    """An application in one company. With neither people nor permissions it reaches nothing: only those let it act here
    who work for the company no more. What they agreed to would count again if they came back.

    Attributes:
        id: the key of its client.
        scope: what any of those people let it do; sorted, without companies.
        permissions: what it may do by itself, as an operator registered it for this company; sorted.
        people: how many of those who work for the company let it act for them here.
        since: when the first of these did, or when it was registered for the company.
        last_used_at: when it last asked for tokens for somebody in the company, or for itself, which is noted once a
            day; None when none was noted.
    """

    id: UUID
    client: RegisteredClient
    scope: tuple[str, ...]
    permissions: tuple[str, ...]
    people: int
    since: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who let an application act for them in the company, for what, and since when."""

    account_id: UUID
    name: str
    scope: tuple[str, ...]
    since: datetime


def of_company(
    work: Work, company_id: UUID, *, after: Place | None = None, before: Place | None = None, limit: int = LISTED
) -> Page[Application]:
    """The applications that act in a company's name; the one allowed last, by anybody, comes first, and those that
    reach nothing any more come after all others.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, VIEWS, company_id)
    each = _by_client(work, company_id).subquery()
    order = Order((each.c.acts, each.c.latest), each.c.id, latest_first=True)
    page = paged.page(work, select(each), order, after=after, before=before, limit=limit)
    return page.seen(_seen(work, company_id, page.rows))


def get(work: Work, company_id: UUID, application_id: UUID) -> Application:
    """One of them.

    Raises:
        NotFound: it does not act in this company, or there is no such application; the two look the same.
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, VIEWS, company_id)
    each = _by_client(work, company_id).subquery()
    found = _seen(work, company_id, work.session.execute(select(each).where(each.c.id == application_id)).all())
    if not found:
        raise NotFound(kind="application")
    return found[0]


def people(
    work: Work,
    company_id: UUID,
    application_id: UUID,
    *,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[Allowed]:
    """Who let an application act in a company; the last one first.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, VIEWS, company_id)
    found: Select[*tuple[Any, ...]] = (
        select(Account.id, Account.given_name, Account.family_name, Consent.scope, _cc.given_at)
        .join_from(_cc, Consent, Consent.id == _cc.consent_id)
        .join(Account, Account.id == Consent.account_id)
        .where(*_here(work, company_id), Consent.client_id == application_id)
    )
    order = Order((_cc.__table__.c.given_at,), Account.__table__.c.id, latest_first=True)
    page = paged.page(work, found, order, after=after, before=before, limit=limit)
    return page.seen(
        [
            Allowed(row.id, f"{row.given_name} {row.family_name}".strip(), _told([row.scope]), row.given_at)
            for row in page.rows
        ]
    )


def withdraw(work: Work, company_id: UUID, application_id: UUID) -> None:
    """End what an application may do in a company, whoever let it: these agreements name the company no more, its
    tokens for the company are dead, and it is told. What people let it do elsewhere stays. One that was registered to
    work for the company by itself does so no more, and is removed where there is nothing else that it is for.

    Raises:
        NotPermitted: the actor may not.
        NotFound: it does not act in this company; or as `access.require`.
    """
    work.write()
    access.require(work, REVOKES, company_id)
    client = _client(work, company_id, application_id)
    # In this order: a code that is being redeemed right now is waited for, and its grant is then there to be revoked;
    # one that is made from here on asks the consent when it is redeemed (`grants.reach_of`).
    work.session.execute(
        delete(AuthorizationCode).where(
            AuthorizationCode.expires_at > work.now,
            AuthorizationCode.company_id == company_id,
            AuthorizationCode.client_id == application_id,
            AuthorizationCode.used_at.is_(None),
        ),
        execution_options={"synchronize_session": False},
    )
    agreed = _forget(work, company_id, application_id)
    revoked = work.session.execute(
        update(Grant)
        .where(Grant.company_id == company_id, Grant.client_id == application_id, Grant.revoked_at.is_(None))
        .values(revoked_at=work.now, revocation_reason=REASON)
        .returning(Grant.account_id, Grant.session_id),
        execution_options={"synchronize_session": False},
    ).all()
    families.end_others(work, application_id, company_id, agreed)
    _tell(work, client, {row.session_id for row in revoked})
    if _permissions(client, company_id):
        _end_own(work, client, company_id)
        audit.record(
            work, "application.disconnected", ("client", client.client_id), company_id=company_id,
            client_id=client.client_id, application=client.name(company.get(work, company_id).locale),
            before={"standing": "connected"}, after={"standing": "removed"},
        )  # fmt: skip
    grants = Counter(row.account_id for row in revoked)
    for account_id in {*agreed, *grants}:
        audit.record(
            work, "application.withdrawn", ("account", account_id), company_id=company_id,
            client_id=client.client_id, application=client.names.get("en", client.client_id),
            grants=grants[account_id],
            before={"standing": "allowed"}, after={"standing": "withdrawn"},
        )  # fmt: skip


def _end_own(work: Work, client: RegisteredClient, company_id: UUID) -> None:
    """It works for no company by itself any more; one that is for nothing else is removed."""
    if client.grant_types == (CLIENT_CREDENTIALS,):
        clients.delete(work, client.client_id)
        return
    ended = work.session.execute(
        update(Client)
        .where(Client.id == client.id, Client.company_id == company_id)
        .values(company_id=None, permissions=[])
    )
    if ended.rowcount == 0:  # type: ignore[attr-defined]
        raise NotFound(kind="application")
    cache.changed(work, "clients")


def _client(work: Work, company_id: UUID, application_id: UUID) -> RegisteredClient:
    each = _by_client(work, company_id).subquery()
    if work.session.execute(select(each.c.id).where(each.c.id == application_id)).first() is None:
        raise NotFound(kind="application")
    return clients.by_id(work, application_id)


def _forget(work: Work, company_id: UUID, application_id: UUID) -> list[UUID]:
    """Take the company out of the agreements; answers whose they were."""
    scope, named = f" {COMPANY_SCOPE}{company_id} ", select(_cc.consent_id).where(_cc.company_id == company_id)
    spaced = func.replace(" " + Consent.scope + " ", scope, " ")
    agreed = work.session.execute(
        update(Consent)
        .where(Consent.client_id == application_id, Consent.id.in_(named))
        .values(scope=func.trim(spaced))
        .returning(Consent.account_id),
        execution_options={"synchronize_session": False},
    ).all()
    theirs = select(Consent.id).where(Consent.client_id == application_id)
    work.session.execute(
        delete(_cc).where(_cc.company_id == company_id, _cc.consent_id.in_(theirs)),
        execution_options={"synchronize_session": False},
    )
    return [row.account_id for row in agreed]


def _tell(work: Work, client: RegisteredClient, sessions: set[UUID]) -> None:
    """Send it a logout token for each session it held tokens of (OIDC Back-Channel Logout)."""
    if not client.backchannel_logout_uri or not sessions:
        return
    told = (
        select(Session.id, Session.sid, Account.subject)
        .join(Account, Account.id == Session.account_id)
        .where(Session.id.in_(sessions))
    )
    for ended in work.session.execute(told).all():
        logout_delivery.tell(work, client.id, client.client_id, Ended(*ended), REASON)


def _here(work: Work, company_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Agreements for the company, of those who work for it now; through who has left nothing is reached there."""
    return _cc.company_id == company_id, concerned.working(work, company_id, Consent.__table__.c.account_id)


def _by_client(work: Work, company_id: UUID) -> Select[*tuple[Any, ...]]:
    """One row for each client that stands."""
    present = case((concerned.working(work, company_id, Consent.__table__.c.account_id), _cc.given_at))
    people = func.count(present)
    allowed = (
        select(
            Client.id, people.label("people"), case((people > 0, 1), else_=0).label("acts"),
            func.coalesce(func.min(present), func.min(_cc.given_at)).label("since"),
            func.coalesce(func.max(present), func.max(_cc.given_at)).label("latest"),
        )
        .join_from(_cc, Consent, Consent.id == _cc.consent_id)
        .join(Client, Client.id == Consent.client_id)
        .where(_cc.company_id == company_id, Client.disabled_at.is_(None))
        .group_by(Client.id)
    )  # fmt: skip
    registered = select(Client.id, literal(0), literal(1), Client.created_at, Client.created_at).where(
        Client.company_id == company_id,
        Client.disabled_at.is_(None),
        cast(Client.grant_types, String).contains(f'"{CLIENT_CREDENTIALS}"'),
        cast(Client.permissions, String) != "[]",
    )
    each = union_all(allowed, registered).subquery().c
    most, least = func.max, func.min
    return select(
        each.id, most(each.people).label("people"), most(each.acts).label("acts"), least(each.since).label("since"),
        most(each.latest).label("latest"),
    ).group_by(each.id)  # fmt: skip


def _permissions(client: RegisteredClient, company_id: UUID) -> tuple[str, ...]:
    """What it may do in the company by itself."""
    by_itself = client.company_id == company_id and client.check_grant_type(CLIENT_CREDENTIALS)
    return tuple(sorted(client.permissions)) if by_itself else ()


def _seen(work: Work, company_id: UUID, rows: Sequence[Any]) -> list[Application]:
    """With what each may do and when it was last used: two statements, and one for each."""
    keys = [row.id for row in rows]
    if not keys:
        return []
    scopes: dict[UUID, list[str]] = {key: [] for key in keys}
    agreed = select(Consent.client_id, Consent.scope).join(_cc, _cc.consent_id == Consent.id)
    for row in work.session.execute(agreed.where(*_here(work, company_id), Consent.client_id.in_(keys))):
        scopes[row.client_id].append(row.scope)
    used = union_all(
        select(Grant.client_id, Grant.last_used_at.label("at")).where(
            Grant.company_id == company_id, Grant.client_id.in_(keys)
        ),
        select(OwnUse.client_id, OwnUse.used_at).where(OwnUse.company_id == company_id, OwnUse.client_id.in_(keys)),
    ).subquery()
    latest = select(used.c.client_id, func.max(used.c.at).label("at")).group_by(used.c.client_id)
    last = {row.client_id: row.at for row in work.session.execute(latest)}
    found = [(row, clients.by_id(work, row.id)) for row in rows]
    return [
        Application(
            row.id, client, _told(scopes[row.id]), _permissions(client, company_id), row.people, row.since,
            last.get(row.id),
        )
        for row, client in found
    ]  # fmt: skip


def _told(scopes: Sequence[str]) -> tuple[str, ...]:
    named = {each for scope in scopes for each in scope.split()}
    return tuple(sorted(each for each in named if not each.startswith(COMPANY_SCOPE)))
