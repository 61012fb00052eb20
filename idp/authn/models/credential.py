"""What a person can prove: password, one-time passwords, recovery codes, trust in a browser."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified
from idp.core.ids import uuid7


class PasswordCredential(Base):
    """The Argon2id hash of an account's password, with its parameters inside."""

    __tablename__ = "password_credentials"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str]
    changed_at: Mapped[datetime]


class FormerPassword(Identified, Base):
    """The hash of a password that an account had before, so that it is not taken again soon."""

    __tablename__ = "password_history"
    __table_args__ = (Index("ix_password_history_account_id", "account_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    hash: Mapped[str]
    replaced_at: Mapped[datetime]


class TotpAuthenticator(Identified, Base):
    """An authenticator app (RFC 6238). It counts once a first code was right (`confirmed_at`)."""

    __tablename__ = "totp_authenticators"
    __table_args__ = (Index("ix_totp_authenticators_account_id", "account_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str]
    secret: Mapped[bytes]  # encrypted
    last_step: Mapped[int] = mapped_column(default=0)  # the last time step spent; only greater ones are accepted
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    codes_paused_until: Mapped[datetime | None]  # for pages to say; what is refused is decided by `throttles`


class RecoveryCode(Identified, Base):
    """One of a set of single-use codes; a new set replaces the old one."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("ix_recovery_codes_account_id", "account_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TrustedDevice(Identified, Base):
    """A browser in which this account has signed in; its cookie is kept as a digest.

    Such a browser is known until `expires_at`: failures elsewhere do not lock it out (R-08). Only where the holder
    asked for it (`skips_second_factor`) is the second factor left out.
    """

    __tablename__ = "trusted_devices"
    __table_args__ = (
        Index("ix_trusted_devices_account_id", "account_id"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    device_id: Mapped[UUID] = mapped_column(default=uuid7)  # of the browser; stays when its token is renewed
    skips_second_factor: Mapped[bool] = mapped_column(default=True)
    user_agent: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Throttle(Base):
    """Tries counted per subject: an address with or without account, an account, a known browser, a network address."""

    __tablename__ = "throttles"
    __table_args__ = (CheckConstraint("count >= 0", name="count"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject_digest: Mapped[bytes] = mapped_column(primary_key=True)
    window_started_at: Mapped[datetime]
    count: Mapped[int]  # within the window
    in_a_row: Mapped[int]  # wrong ones since the last right one, over all windows
    blocked_until: Mapped[datetime | None]
