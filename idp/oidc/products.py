"""The applications around a person: where each product lives, and which ones a session has opened."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import select

from idp.accounts.models import Account
from idp.authn.models import Session
from idp.oidc import clients, families
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import Grant
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Places:
    """Where the products are.

    Attributes:
        homes: where each product lives: the first of its own applications that has a home page.
        programs: own applications that are programs to fetch, by identifier.
    """

    homes: dict[str, str]
    programs: tuple[RegisteredClient, ...]

    def downloads(self, covered: Collection[str], locale: str) -> list[RegisteredClient]:
        """The programs of the products that somebody may use, by name in this language."""
        found = [each for each in self.programs if each.product in covered]
        return sorted(found, key=lambda each: each.name(locale))


def places(work: Work) -> Places:
    """Where the products live, and where their programs are fetched, as their own applications are registered."""
    own = [client for client in clients.listing(work) if client.trusted and client.product]
    found: dict[str, str] = {}
    for client in own:
        if client.home_uri:
            found.setdefault(str(client.product), client.home_uri)
    return Places(found, tuple(client for client in own if client.options.download_uri))


def homes(work: Work) -> dict[str, str]:
    """Where each product lives."""
    return places(work).homes


def for_company(home: str, company_id: UUID) -> str:
    """The address at which an application opens for one company: its home page with the parameter `company`, which it
    hands on to the authorization endpoint. An application that does not know it opens as ever."""
    parts = urlsplit(home)
    query = parse_qsl(parts.query, keep_blank_values=True)
    return urlunsplit(parts._replace(query=urlencode([*query, ("company", str(company_id))])))


def opened(work: Work, session_id: UUID) -> list[RegisteredClient]:
    """The applications that hold a live grant of this session."""
    keys = set(
        work.session.scalars(
            select(Grant.client_id).where(Grant.session_id == session_id, Grant.revoked_at.is_(None)).distinct()
        )
    )
    return [client for client in clients.listing(work) if client.id in keys] if keys else []


def reached(work: Work, account_id: UUID) -> dict[UUID, list[RegisteredClient]]:
    """By session, the applications that a person's live sessions and grants reach."""
    rows = work.session.execute(
        select(Grant.session_id, Grant.client_id)
        .join(Session, Session.id == Grant.session_id)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.account_id == account_id, *families.LIVE)
        .distinct(),
        families.live_at(work),
    ).all()
    if not rows:
        return {}
    found: dict[UUID, list[RegisteredClient]] = {}
    for client in clients.listing(work):
        for session_id in (row.session_id for row in rows if row.client_id == client.id):
            found.setdefault(session_id, []).append(client)
    return found
