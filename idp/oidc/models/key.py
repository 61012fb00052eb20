"""Signing keys."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base


class SigningKey(Base):
    """A key pair. `next` is published before use, `active` signs, `retired` stays until its last token has expired.
    One that was `revoked` is published no more, and its private part is gone."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        CheckConstraint("state IN ('next', 'active', 'retired', 'revoked')", name="state"),
        CheckConstraint("algorithm IN ('ES256', 'PS256', 'EdDSA', 'RS256')", name="algorithm"),
        Index(
            "uq_signing_keys_active", "algorithm", unique=True,
            sqlite_where=text("state = 'active'"), postgresql_where=text("state = 'active'"),
        ),
    )  # fmt: skip

    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    state: Mapped[str]
    private_pem: Mapped[bytes]  # encrypted; empty once revoked
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]  # or revoked
