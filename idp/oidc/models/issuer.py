"""Others whose word counts for who a person is (RFC 7523 §2.1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class TokenIssuer(Identified, Base):
    """An issuer whose assertions about people are accepted from the clients named here, and from nobody else."""

    __tablename__ = "token_issuers"
    __table_args__ = (CheckConstraint("subject IN ('email', 'sub')", name="subject"),)

    issuer: Mapped[str] = mapped_column(unique=True)
    jwks: Mapped[dict[str, Any]] = mapped_column(JSON)  # its public keys
    subject: Mapped[str]  # what its `sub` is: an e-mail address, or the subject that we gave the person
    subjects: Mapped[list[str]] = mapped_column(JSON)  # the people it may speak of; ['*'] for everybody
    clients: Mapped[list[str]] = mapped_column(JSON)  # by `client_id`
    created_at: Mapped[datetime]
