"""The applications that delegate sign-in to this service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Client(Identified, Base):
    """A registered client (RFC 6749 §2, RFC 7591 §2). Secrets are digests; two may live for rotation."""

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint(
            "token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt',"
            " 'tls_client_auth', 'self_signed_tls_client_auth', 'none')",
            name="auth_method",
        ),
        CheckConstraint(
            "(token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post'))"
            " = (secret_digest IS NOT NULL)",
            name="secret",
        ),
        CheckConstraint("token_endpoint_auth_method <> 'none' OR require_pkce", name="public_pkce"),
    )

    client_id: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, str]] = mapped_column(JSON)  # by language
    product: Mapped[str | None]  # the product whose roles its tokens carry
    resource: Mapped[str | None]  # audience of its access tokens (RFC 8707)
    token_endpoint_auth_method: Mapped[str]
    secret_digest: Mapped[bytes | None]
    next_secret_digest: Mapped[bytes | None]  # the newer of two live secrets during a rotation
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    backchannel_logout_uri: Mapped[str | None]
    event_uri: Mapped[str | None]  # where security event tokens are pushed (RFC 8935)
    grant_types: Mapped[list[str]] = mapped_column(JSON)
    scope: Mapped[str]
    signing_algorithm: Mapped[str] = mapped_column(default="ES256")  # of ID and logout tokens
    require_pkce: Mapped[bool] = mapped_column(default=True)
    inline_permissions: Mapped[bool] = mapped_column(default=False)  # `permissions` inside the access token
    trusted: Mapped[bool]  # one of our own products: no consent page
    permissions: Mapped[list[str]] = mapped_column(JSON)  # what the client itself may do (client_credentials)
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    home_uri: Mapped[str | None]  # where the launcher leads
    options: Mapped[dict[str, Any]] = mapped_column(JSON)  # the rest of its metadata, see `oidc.client_options`
    registration_token_digest: Mapped[bytes | None] = mapped_column(unique=True)  # RFC 7592
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class OwnUse(Base):
    """When a client last worked for a company by itself (client credentials), as the company sees it: to a day."""

    __tablename__ = "own_uses"
    __table_args__ = (Index("ix_own_uses_company_id", "company_id"),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)
    used_at: Mapped[datetime]


class ClientKeySet(Base):
    """The public keys that a client publishes at its `jwks_uri`, as they were last fetched."""

    __tablename__ = "client_key_sets"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    uri: Mapped[str]  # where they came from: another address makes them void
    jwks: Mapped[dict[str, Any]] = mapped_column(JSON)
    fetched_at: Mapped[datetime]
    fresh_until: Mapped[datetime]


class InitialAccessToken(Identified, Base):
    """Opens dynamic registration (RFC 7591 §3) a limited number of times."""

    __tablename__ = "initial_access_tokens"
    __table_args__ = (CheckConstraint("uses_left >= 0", name="uses_left"),)

    token_digest: Mapped[bytes] = mapped_column(unique=True)
    note: Mapped[str]
    uses_left: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Revision(Base):
    """A number that grows when clients or keys change, so that processes know when to read them again."""

    __tablename__ = "revisions"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
