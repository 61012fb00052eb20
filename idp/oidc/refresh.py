"""Refresh tokens (RFC 6749 §6, R-23): a confidential client keeps its token, a public client's is spent by each use.

An honest client may lose the answer and ask again. Within ten seconds, while the successor is unused, the same
successor is given again; any other second use revokes the family.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from idp.accounts.models import Account, EmailAddress
from idp.audit import log as audit
from idp.authn import suspicion
from idp.authn.models import Session
from idp.core import tokens
from idp.core.prepared import Prepared
from idp.oidc import families
from idp.oidc.claims import HOLDS_ADDRESS, Subject
from idp.oidc.clients import RegisteredClient
from idp.oidc.families import Family
from idp.oidc.models import Grant, RefreshToken
from idp.work import Work

RETRY_WINDOW = timedelta(seconds=10)
PLACE = "refresh_tokens:{}:successor"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token that belongs to a live family of this client.

    Attributes:
        subject: the person of the family, as they proved themselves before the code: the same in all its tokens, also
            when the session was proved anew since (OIDC Core §12.2, RFC 9068 §2.2.1).
    """

    value: str
    digest: bytes
    used: bool
    family: Family
    subject: Subject

    # What Authlib asks.

    def check_client(self, client: RegisteredClient) -> bool:
        return self.family.client_id == client.id

    def get_scope(self) -> str:
        return self.family.scope


_ISSUE = Prepared(
    insert(RefreshToken).values(
        digest=bindparam("digest"), grant_id=bindparam("grant_id"), created_at=bindparam("created_at")
    )
)
_FIND = Prepared(
    select(*families.FAMILY_COLUMNS, Grant.auth_time, Grant.acr, Grant.amr, RefreshToken.used_at)
    .join(Grant, Grant.id == RefreshToken.grant_id)
    .join(Session, Session.id == Grant.session_id)
    .join(Account, Account.id == Grant.account_id)
    .join(EmailAddress, HOLDS_ADDRESS)
    .where(RefreshToken.digest == bindparam("digest"), *families.LIVE)
)
_SPEND = Prepared(
    update(RefreshToken)
    .where(RefreshToken.digest == bindparam("spent"), RefreshToken.used_at.is_(None))
    .values(used_at=bindparam("now"), successor=bindparam("sealed"))
)


def issue(work: Work, grant_id: UUID) -> str:
    """A new refresh token of a grant."""
    token = tokens.new()
    row = {"digest": tokens.digest(token), "grant_id": grant_id, "created_at": work.now}
    _ISSUE.run(work.session.connection(), row)
    return token


def find(work: Work, token: str) -> PresentedToken | None:
    """The token and its live family; None for anything else."""
    digest = tokens.digest(token)
    row = _FIND.first(work.session.connection(), {"digest": digest, **families.live_at(work)})
    if row is None:
        return None
    family = families.family_of(row)
    auth_time, acr, amr, used_at = row[-4:]
    proved = family.subject._replace(auth_time=auth_time, acr=acr, amr=tuple(amr.split()))
    return PresentedToken(token, digest, used_at is not None, family, proved)


def rotate(work: Work, presented: PresentedToken, client: RegisteredClient) -> str | None:
    """Spend a public client's token and answer its successor; None when it was spent before, which revokes the family
    unless it is an honest retry."""
    if not presented.used:
        successor = tokens.new()
        sealed = work.keyring.encrypt(successor.encode(), PLACE.format(presented.digest.hex()))
        connection = work.session.connection()
        spent = _SPEND.run(connection, {"spent": presented.digest, "now": work.now, "sealed": sealed})
        if spent == 1:
            row = {"digest": tokens.digest(successor), "grant_id": presented.family.grant_id, "created_at": work.now}
            _ISSUE.run(connection, row)
            return successor
    return _again(work, presented, client)


def forget_successors(work: Work) -> int:
    """Erase successors that no retry can ask for any more; answers how many."""
    erased = work.session.execute(
        update(RefreshToken)
        .where(RefreshToken.successor.is_not(None), RefreshToken.used_at < work.now - RETRY_WINDOW)
        .values(successor=None)
    )
    return int(erased.rowcount)  # type: ignore[attr-defined]


def _again(work: Work, presented: PresentedToken, client: RegisteredClient) -> str | None:
    """The same successor for an honest retry; anything else is a replay, which the holder is told of (R-84)."""
    row = work.session.execute(
        select(RefreshToken.used_at, RefreshToken.successor).where(RefreshToken.digest == presented.digest)
    ).one()
    if row.successor and row.used_at and work.now - row.used_at <= RETRY_WINDOW:
        place = PLACE.format(presented.digest.hex())
        successor = work.keyring.reveal(row.successor, place).decode()
        unused = work.session.scalar(
            select(RefreshToken.digest).where(
                RefreshToken.digest == tokens.digest(successor), RefreshToken.used_at.is_(None)
            )
        )
        if unused is not None:
            return successor
    about = presented.family.subject
    if families.revoke(work, presented.family.grant_id, "refresh_token_replayed"):
        suspicion.access_replayed(work, about.account_id, about.session_id, client.name(about.person.locale))
    subject: Any = ("account", about.account_id)
    audit.record(work, "refresh_token.replayed", subject, outcome="refused")
    return None
