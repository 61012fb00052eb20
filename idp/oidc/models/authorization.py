"""Authorization requests kept while the person is busy, the codes issued for them, consents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class AuthorizationRequest(Identified, Base):
    """A valid authorization request that needs the person first; given to the protocol again as it came."""

    __tablename__ = "authorization_requests"

    token_digest: Mapped[bytes] = mapped_column(unique=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)
    company_id: Mapped[UUID | None]  # chosen by the person
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class PushedRequest(Base):
    """A request that a client has pushed (RFC 9126); removed by the one code that is issued for it."""

    __tablename__ = "pushed_requests"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuthorizationCode(Base):
    """An authorization code (RFC 6749 §4.1.2), bound to all it was issued for. Kept after use, to see a replay."""

    __tablename__ = "authorization_codes"
    __table_args__ = (Index("ix_authorization_codes_expires_at", "expires_at"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    company_id: Mapped[UUID | None]
    redirect_uri: Mapped[str]
    redirect_uri_sent: Mapped[bool]  # RFC 6749 §4.1.3: then it must be sent again
    scope: Mapped[str]
    nonce: Mapped[str | None]
    code_challenge: Mapped[str | None]
    dpop_jkt: Mapped[str | None]  # the thumbprint of the key that has to redeem it (RFC 9449 §10)
    claims: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # single ones, by place
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    grant_id: Mapped[UUID | None]  # what the code bought


class Consent(Identified, Base):
    """A person let a client act for them with these scopes."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("account_id", "client_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    scope: Mapped[str]
    given_at: Mapped[datetime]


class ConsentCompany(Base):
    """A company that a consent is for, so that the company can see who acts in its name."""

    __tablename__ = "consent_companies"
    __table_args__ = (Index("ix_consent_companies_company_id", "company_id"),)

    consent_id: Mapped[UUID] = mapped_column(ForeignKey("consents.id", ondelete="CASCADE"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)
    given_at: Mapped[datetime]


class Grant(Identified, Base):
    """What a person's client holds after a code: the family of its tokens, for one product and one company."""

    __tablename__ = "grants"
    __table_args__ = (
        Index("ix_grants_session_id", "session_id"),
        Index("ix_grants_account_id", "account_id"),
        Index("ix_grants_company_id", "company_id"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    company_id: Mapped[UUID | None]
    scope: Mapped[str]
    claims: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # single ones, by place
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # absolute end of its refresh tokens
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]
    cnf: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # to what its tokens are bound
    auth_time: Mapped[datetime]  # what was proved before the code; its session may have been proved anew since
    acr: Mapped[str]
    amr: Mapped[str]
    others_ended_at: Mapped[datetime | None]  # until then its tokens for other companies than this one are dead
