"""What must happen after the commit: mail, text messages, and facts for the floors above."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class OutboxMessage(Identified, Base):
    """One message, delivered at least once. Its payload is encrypted, and erased once delivered or given up."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index(
            "ix_outbox_messages_due",
            "due_at",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        CheckConstraint("kind IN ('mail', 'sms', 'fact')", name="kind"),
    )

    kind: Mapped[str]
    name: Mapped[str]  # the template of a mail, the name of a fact
    payload: Mapped[bytes | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]  # also the end of a claim: a worker that dies gives its messages back
    attempts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None]  # class of the last error; never its text, which could quote the message


class LocalMail(Identified, Base):
    """A mail that went to the local mailbox because no mail server is configured; shown in development only."""

    __tablename__ = "local_mails"

    recipient: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    text_body: Mapped[str]
    html_body: Mapped[str]
    sent_at: Mapped[datetime]
