"""An attempt to sign in, and the mailed links that begin one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class SignIn(Identified, Base):
    """An attempt in one browser. What was proved is in `proofs`; which page came before is nowhere."""

    __tablename__ = "sign_ins"
    __table_args__ = (CheckConstraint("expires_at > created_at", name="expires_after_creation"),)

    token_digest: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(default="sign_in")  # one of `authn.proofs.DEMANDS`
    continue_to: Mapped[str]  # a path of this service
    session_id: Mapped[UUID | None]  # the session that a step-up strengthens
    pending_secret: Mapped[bytes | None]  # encrypted TOTP secret shown during enrolment, not yet confirmed
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Proof(Base):
    """A factor proved in one attempt: the only thing that leads to a session."""

    __tablename__ = "proofs"

    sign_in_id: Mapped[UUID] = mapped_column(ForeignKey("sign_ins.id", ondelete="CASCADE"), primary_key=True)
    # pwd, otp, key (passkey), rcv (recovery code), dev (trusted device), link
    method: Mapped[str] = mapped_column(primary_key=True)
    proved_at: Mapped[datetime]


class MailedLink(Identified, Base):
    """A single-use link in a mail: an activation or a new password. Opening it does not spend it; its form does."""

    __tablename__ = "mailed_links"
    __table_args__ = (
        Index("ix_mailed_links_canonical", "canonical"),
        CheckConstraint(
            "purpose IN ('activation', 'reset', 'lost_factor', 'lost_factor_stop', 'lost_all')", name="purpose"
        ),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        CheckConstraint("purpose = 'activation' OR account_id IS NOT NULL", name="about_account"),
    )

    purpose: Mapped[str]
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    address: Mapped[str]
    canonical: Mapped[str]
    locale: Mapped[str]
    continue_to: Mapped[str] = mapped_column(default="/")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]  # a newer link took its place
