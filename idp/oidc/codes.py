"""Authorization codes: issued once, spent once, and a second use revokes what the first gave (RFC 6749 §4.1.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from idp.audit import log as audit
from idp.authn.session import Current
from idp.core import tokens
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.oidc import families
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import AuthorizationCode
from idp.work import Work

LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SpentCode:
    """A code in the hands of the one caller that spent it."""

    grant_id: UUID  # the key of what it buys, fixed when it is spent, so that a replay can find it
    account_id: UUID
    session_id: UUID
    company_id: UUID | None
    redirect_uri: str
    redirect_uri_sent: bool
    scope: str
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    claims: dict[str, list[str]] | None

    # What Authlib asks.

    code_challenge_method = "S256"

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri if self.redirect_uri_sent else None

    def get_scope(self) -> str:
        return self.scope


_COLUMNS = [
    getattr(AuthorizationCode, name)
    for name in (
        "grant_id",
        "account_id",
        "session_id",
        "company_id",
        "redirect_uri",
        "redirect_uri_sent",
        "scope",
        "nonce",
        "code_challenge",
        "dpop_jkt",
        "claims",
    )  # fmt: skip
]


_ISSUED = (
    "digest", "client_id", "account_id", "session_id", "company_id", "redirect_uri", "redirect_uri_sent", "scope",
    "nonce", "code_challenge", "dpop_jkt", "claims", "created_at", "expires_at",
)  # fmt: skip
_ISSUE = Prepared(insert(AuthorizationCode).values({name: bindparam(name) for name in _ISSUED}))
_SPEND = Prepared(
    update(AuthorizationCode)
    .where(
        AuthorizationCode.digest == bindparam("spent"),
        AuthorizationCode.client_id == bindparam("client"),
        AuthorizationCode.used_at.is_(None),
        AuthorizationCode.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"), grant_id=bindparam("bought"))
    .returning(*_COLUMNS)
)


def issue(
    work: Work,
    client: RegisteredClient,
    current: Current,
    parameters: dict[str, str],
    *,
    redirect_uri: str,
    scope: str,
    company_id: UUID | None,
    claims: dict[str, list[str]],
) -> str:
    """A code bound to client, redirect address, challenge, nonce, session, company, and to a key that was announced."""
    code = tokens.new()
    _ISSUE.run(
        work.session.connection(),
        {
            "digest": tokens.digest(code),
            "client_id": client.id,
            "account_id": current.account_id,
            "session_id": current.session_id,
            "company_id": company_id,
            "redirect_uri": redirect_uri,
            "redirect_uri_sent": "redirect_uri" in parameters,
            "scope": scope,
            "nonce": parameters.get("nonce"),
            "code_challenge": parameters.get("code_challenge"),
            "dpop_jkt": parameters.get("dpop_jkt"),
            "claims": claims or None,
            "created_at": work.now,
            "expires_at": work.now + LIFETIME,
        },
    )
    return code


def spend(work: Work, code: str, client: RegisteredClient) -> SpentCode | None:
    """Spend a code issued to this client: one UPDATE, which matches for one caller.

    It is spent before PKCE is looked at, so a code that comes with a wrong verifier is dead: whoever has it without
    the verifier must not be able to try again. A second use revokes what the first bought.
    """
    digest = tokens.digest(code)
    parameters = {"spent": digest, "client": client.id, "now": work.now, "bought": uuid7()}
    row = _SPEND.first(work.session.connection(), parameters)
    if row is not None:
        return SpentCode(*row)
    _replayed(work, digest, client)
    return None


def _replayed(work: Work, digest: bytes, client: RegisteredClient) -> None:
    """Revoke what a code bought, when this is its second use by the client it was issued to."""
    used: Any = work.session.execute(
        select(AuthorizationCode.grant_id, AuthorizationCode.account_id).where(
            AuthorizationCode.digest == digest,
            AuthorizationCode.client_id == client.id,
            AuthorizationCode.used_at.is_not(None),
        )
    ).one_or_none()
    if used is None:
        return
    if used.grant_id is not None:
        families.revoke(work, used.grant_id, "code_replayed")
    audit.record(work, "code.replayed", ("account", used.account_id), outcome="refused", client_id=client.client_id)


def discard_old(work: Work, before: datetime) -> int:
    """Remove codes that expired before this instant; answers how many."""
    gone = work.session.execute(delete(AuthorizationCode).where(AuthorizationCode.expires_at < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]
