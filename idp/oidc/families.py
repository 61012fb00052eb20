"""Grants: what a client holds for a person after a code, the family of its tokens. Opened, read while live, revoked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, exists, insert, select, update

from idp.accounts.models import Account, EmailAddress
from idp.audit import log as audit
from idp.authn.models import Session
from idp.companies import mandate_use
from idp.companies.access import Access
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.oidc import tokens
from idp.oidc.binding import Binding
from idp.oidc.claims import HOLDS_ADDRESS, SUBJECT_COLUMNS, Subject, subject_of
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import Grant, RevokedAccessToken
from idp.work import Work

ABSOLUTE = timedelta(days=30)
IDLE = timedelta(days=7)
TOUCHED_EVERY = timedelta(minutes=10)


class Family(NamedTuple):
    """A live grant with the person behind it.

    Attributes:
        others_ended_at: see `end_others`.
        cnf: to what its tokens are bound, see `oidc.binding`; None for bearer tokens.
    """

    grant_id: UUID
    client_id: UUID
    company_id: UUID | None
    scope: str
    others_ended_at: datetime | None
    claims: dict[str, list[str]] | None
    last_used_at: datetime
    cnf: dict[str, str] | None
    subject: Subject

    def counts(self, company_id: UUID, issued_at: int) -> bool:
        """Whether an access token of the family for this company, issued at these seconds since 1970, still counts."""
        if company_id == self.company_id or self.others_ended_at is None:
            return True
        return issued_at > self.others_ended_at.timestamp()


FAMILY_COLUMNS = (
    Grant.id, Grant.client_id, Grant.company_id, Grant.scope, Grant.others_ended_at, Grant.claims, Grant.last_used_at,
    Grant.cnf, *SUBJECT_COLUMNS,
)  # fmt: skip


LIVE = (
    Grant.revoked_at.is_(None),
    Grant.expires_at > bindparam("now"),
    Grant.last_used_at > bindparam("idle_since"),
    Session.ended_at.is_(None),
    Account.status == "active",
)
"""What makes a grant live: not revoked, not past its end, its session not ended, its account in order."""

_OPENED = (
    "id", "client_id", "account_id", "session_id", "company_id", "scope", "claims",
    "created_at", "last_used_at", "expires_at", "cnf", "auth_time", "acr", "amr",
)  # fmt: skip
_FIND = Prepared(
    select(*FAMILY_COLUMNS)
    .join(Session, Session.id == Grant.session_id)
    .join(Account, Account.id == Grant.account_id)
    .join(EmailAddress, HOLDS_ADDRESS)
    .where(Grant.id == bindparam("grant_id"), *LIVE, ~exists().where(RevokedAccessToken.jti == bindparam("token_jti")))
)
_OPEN = Prepared(insert(Grant).values({name: bindparam(name) for name in _OPENED}))


def live_at(work: Work) -> dict[str, datetime]:
    """The parameters of `LIVE`."""
    return {"now": work.now, "idle_since": work.now - IDLE}


def family_of(row: Sequence[Any]) -> Family:
    """A family from a row that begins with `FAMILY_COLUMNS`."""
    return Family._make((*row[:8], subject_of(row[8 : len(FAMILY_COLUMNS)])))


def find(work: Work, grant_id: UUID, jti: str) -> Family | None:
    """The live family of an access token that was not revoked itself."""
    parameters = {"grant_id": grant_id, "token_jti": jti, **live_at(work)}
    row = _FIND.first(reader(work.session), parameters)
    return family_of(row) if row is not None else None


def open_for(
    work: Work,
    client: RegisteredClient,
    subject: Subject,
    *,
    grant_id: UUID,
    company_id: UUID | None,
    scope: str,
    session_ends_at: datetime,
    claims: dict[str, list[str]] | None = None,
    bound: Binding | None = None,
) -> None:
    """Record what a code bought. Without `offline_access` it ends with the session at the latest."""
    offline = "offline_access" in scope.split()
    end = work.now + ABSOLUTE if offline else min(work.now + ABSOLUTE, session_ends_at)
    _OPEN.run(
        work.session.connection(),
        {
            "id": grant_id,
            "client_id": client.id,
            "account_id": subject.account_id,
            "session_id": subject.session_id,
            "company_id": company_id,
            "scope": scope,
            "claims": claims,
            "created_at": work.now,
            "last_used_at": work.now,
            "expires_at": end,
            "cnf": bound.cnf if bound is not None else None,
            "auth_time": subject.auth_time,
            "acr": subject.acr,
            "amr": " ".join(subject.amr),
        },
    )


def touch(work: Work, family: Family, company_id: UUID | None, reach: Access | None) -> None:
    """Note the use of a family and the company it now works for; written when something has changed."""
    if company_id != family.company_id or work.now - family.last_used_at > TOUCHED_EVERY:
        if reach is not None:
            mandate_use.note(work, reach)
        work.session.execute(
            update(Grant).where(Grant.id == family.grant_id).values(last_used_at=work.now, company_id=company_id)
        )


def bind(work: Work, family: Family, bound: Binding | None) -> None:
    """Remember that the tokens of a family are bound from now on (RFC 9449 §5)."""
    if bound is not None and family.cnf is None:
        work.session.execute(update(Grant).where(Grant.id == family.grant_id).values(cnf=bound.cnf))


def revoke(work: Work, grant_id: UUID, reason: str, *, company_id: UUID | None = None, **details: Any) -> bool:
    """End a grant: its refresh tokens and access tokens die. False when it was over already.

    Args:
        company_id: the company in whose log this stands, where it is the company's doing; `details` go along.
    """
    account = work.session.scalar(
        update(Grant)
        .where(Grant.id == grant_id, Grant.revoked_at.is_(None))
        .values(revoked_at=work.now, revocation_reason=reason)
        .returning(Grant.account_id)
    )
    if account is not None:
        audit.record(work, "grant.revoked", ("account", account), company_id=company_id, reason=reason, **details)
    return account is not None


def end_others(work: Work, client_id: UUID, company_id: UUID, accounts: Sequence[UUID]) -> None:
    """End what a client still holds for a company of these people in grants that have gone on to another one: an access
    token, for the ten minutes it has. Those of a third company that a grant has left meanwhile die with it; nothing
    else does, and the next refresh gives new ones."""
    # A refresh notes its grant once in so long, and an exchange for another company not at all.
    recently = work.now - timedelta(seconds=tokens.ACCESS_TOKEN_SECONDS) - TOUCHED_EVERY
    work.session.execute(
        update(Grant)
        .where(Grant.client_id == client_id, Grant.account_id.in_(accounts), Grant.revoked_at.is_(None))
        .where(Grant.company_id.is_distinct_from(company_id), Grant.last_used_at >= recently)
        .values(others_ended_at=work.now),
        execution_options={"synchronize_session": False},
    )


def revoke_all(work: Work, account_id: UUID, client_id: UUID, reason: str) -> list[UUID]:
    """End every grant a client holds for a person; answers the sessions they rested on. The caller records it."""
    ended = work.session.scalars(
        update(Grant)
        .where(Grant.account_id == account_id, Grant.client_id == client_id, Grant.revoked_at.is_(None))
        .values(revoked_at=work.now, revocation_reason=reason)
        .returning(Grant.session_id),
        execution_options={"synchronize_session": False},
    )
    return list(ended)
