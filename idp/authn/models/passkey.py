"""Passkeys (WebAuthn level 3), and the challenges that one ceremony each may answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Passkey(Identified, Base):
    """A discoverable credential whose authenticator verifies its holder: one key, both factors."""

    __tablename__ = "passkeys"
    __table_args__ = (
        Index("ix_passkeys_account_id", "account_id"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
        CheckConstraint("backup_eligible OR NOT backed_up", name="backed_up_is_eligible"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]  # COSE
    # Only greater ones are accepted; 0 for ever where the authenticator does not count. 32 bits without a sign.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    aaguid: Mapped[str]  # what model it says it is; nothing is decided by it
    transports: Mapped[str]  # separated by spaces, as the browser reported them
    backup_eligible: Mapped[bool]  # never changes: another value is another key
    backed_up: Mapped[bool]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PasskeyChallenge(Identified, Base):
    """Random bytes that one answer of an authenticator may sign, in one browser, for one purpose."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (CheckConstraint("expires_at > created_at", name="expires_after_creation"),)

    challenge_digest: Mapped[bytes] = mapped_column(unique=True)
    purpose: Mapped[str]  # sign_in, prove, enrol or add
    bound_digest: Mapped[bytes]  # of the browser's cookie, the attempt or the session it was given to
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
