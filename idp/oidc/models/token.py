"""Refresh tokens, and access tokens that were revoked before their end."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base


class RefreshToken(Base):
    """One refresh token of a grant. A public client's is spent by its first use and names its successor (R-23)."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_grant_id", "grant_id"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    successor: Mapped[bytes | None]  # encrypted; for the same answer to an honest retry within ten seconds, then erased


class RevokedAccessToken(Base):
    """An access token revoked before its end (RFC 7009); the row goes when the token would have expired."""

    __tablename__ = "revoked_access_tokens"

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UsedToken(Base):
    """The name (`jti`) of a token of somebody else that was used; the row goes when that token has ended.

    One is written with each proof, so there is one tree to write to and no more: SQLite keeps the rows in their key,
    and whoever clears up once an hour reads them all.
    """

    __tablename__ = "used_tokens"
    __table_args__ = ({"sqlite_with_rowid": False},)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class PermissionSet(Base):
    """The list behind a token's `permission_set`: named by its own digest, so it never changes."""

    __tablename__ = "permission_sets"

    id: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    permissions: Mapped[list[str]] = mapped_column(JSON)
