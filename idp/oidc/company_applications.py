"""The applications of others that act in a company's name: who let each, for what, and its end (EMP-19, R-42)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn.models import Session
from idp.companies import access, concerned, paged
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import NotFound
from idp.oidc import clients, families, logout_delivery
from idp.oidc.clients import COMPANY_SCOPE, RegisteredClient
from idp.oidc.logout_delivery import Ended
from idp.oidc.models import AuthorizationCode, Client, Consent, ConsentCompany, Grant
from idp.work import Work

VIEWS, REVOKES = "company.api.view", "company.api.revoke"
REASON = "withdrawn_by_company"

_cc = ConsentCompany


@dataclass(frozen=True, slots=True)
class Application:
    """An application of somebody else, in one company.

    Attributes:
        id: the key of its client.
        scope: what any of those people let it do; sorted, without companies.
        people: how many of those who work for the company let it act for them here.
        since: when the first of these did.
        last_used_at: when it last asked for tokens for the company; None when it never did.
    """

    id: UUID
    client: RegisteredClient
    scope: tuple[str, ...]
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
    """The applications that those who work for a company let act there; the one allowed last, by anybody, comes first.

    Raises:
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, VIEWS, company_id)
    each = _by_client(work, company_id).subquery()
    order = Order((each.c.latest,), each.c.id, latest_first=True)
    page = paged.page(work, select(each), order, after=after, before=before, limit=limit)
    return page.seen(_seen(work, company_id, page.rows))


def get(work: Work, company_id: UUID, application_id: UUID) -> Application:
    """One of them.

    Raises:
        NotFound: nobody let it act in this company, or there is no such application; the two look the same.
        NotPermitted, NotFound: as `access.require`.
    """
    access.require(work, VIEWS, company_id)
    wanted = _by_client(work, company_id).where(Client.id == application_id)
    found = _seen(work, company_id, work.session.execute(wanted).all())
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
    tokens for the company are dead, and it is told. What people let it do elsewhere stays.

    Raises:
        NotPermitted: the actor may not.
        NotFound: nobody let it act in this company; or as `access.require`.
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
    grants = Counter(row.account_id for row in revoked)
    for account_id in {*agreed, *grants}:
        audit.record(
            work, "application.withdrawn", ("account", account_id), company_id=company_id,
            client_id=client.client_id, application=client.names.get("en", client.client_id),
            grants=grants[account_id],
            before={"standing": "allowed"}, after={"standing": "withdrawn"},
        )  # fmt: skip


def _client(work: Work, company_id: UUID, application_id: UUID) -> RegisteredClient:
    named = select(_cc.consent_id).join(Consent, Consent.id == _cc.consent_id)
    named = named.where(_cc.company_id == company_id, Consent.client_id == application_id)
    if work.session.execute(named.limit(1)).first() is None:
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
    since, latest = func.min(_cc.given_at).label("since"), func.max(_cc.given_at).label("latest")
    return (
        select(Client.id, func.count().label("people"), since, latest)
        .join_from(_cc, Consent, Consent.id == _cc.consent_id)
        .join(Client, Client.id == Consent.client_id)
        .where(*_here(work, company_id))
        .group_by(Client.id)
    )


def _seen(work: Work, company_id: UUID, rows: Sequence[Any]) -> list[Application]:
    """With what each may do and when it was last used: two statements, and one for each."""
    keys = [row.id for row in rows]
    if not keys:
        return []
    scopes: dict[UUID, list[str]] = {key: [] for key in keys}
    agreed = select(Consent.client_id, Consent.scope).join(_cc, _cc.consent_id == Consent.id)
    for row in work.session.execute(agreed.where(*_here(work, company_id), Consent.client_id.in_(keys))):
        scopes[row.client_id].append(row.scope)
    used = select(Grant.client_id, func.max(Grant.last_used_at).label("at")).group_by(Grant.client_id)
    used = used.where(Grant.company_id == company_id, Grant.client_id.in_(keys))
    last = {row.client_id: row.at for row in work.session.execute(used)}
    return [
        Application(row.id, clients.by_id(work, row.id), _told(scopes[row.id]), row.people, row.since, last.get(row.id))
        for row in rows
    ]


def _told(scopes: Sequence[str]) -> tuple[str, ...]:
    named = {each for scope in scopes for each in scope.split()}
    return tuple(sorted(each for each in named if not each.startswith(COMPANY_SCOPE)))
