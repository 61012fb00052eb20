"""Cases of the people who run the service: what they do about somebody's account, four eyes at a time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class SupportCase(Identified, Base):
    """One act about one account, from the request to its end. It says who did what, never a secret."""

    __tablename__ = "support_cases"
    __table_args__ = (
        Index(
            "uq_support_cases_open",
            "account_id",
            "matter",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_support_cases_account_id", "account_id"),
        Index("ix_support_cases_state", "state", "due_at"),
        CheckConstraint(
            "state IN ('requested', 'notice_sent', 'review', 'waiting_approval', 'waiting_time', 'ready', 'done', "
            "'closed')",
            name="state",
        ),
        CheckConstraint(
            "kind IN ('reset-2fa', 'reset-all', 'change-email', 'sharing', 'erase', 'security')", name="kind"
        ),
        CheckConstraint("origin IN ('staff', 'person', 'operator', 'system')", name="origin"),
        CheckConstraint("(state IN ('done', 'closed')) = (closed_at IS NOT NULL)", name="closed_has_date"),
        CheckConstraint("state <> 'waiting_time' OR due_at IS NOT NULL", name="waiting_has_date"),
        CheckConstraint("approved_by IS NULL OR opened_by IS NULL OR approved_by <> opened_by", name="four_eyes"),
    )

    reference: Mapped[str] = mapped_column(unique=True)  # what people say on the telephone
    kind: Mapped[str]
    matter: Mapped[str]  # access, erasure, sharing or security: one open case of each for an account
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    state: Mapped[str]
    reason: Mapped[str]
    identity_check: Mapped[str]  # how the person's identity was checked
    details: Mapped[dict[str, Any]] = mapped_column(JSON)  # what the kind needs, such as the new address
    origin: Mapped[str]
    opened_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    opened_by_name: Mapped[str]  # of an operator or a job; of staff the account says it
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]  # the person said from the mailbox of the sign-in address that it was them
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    approved_by_name: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # the end of the waiting time
    ready_at: Mapped[datetime | None]  # when the person was sent the link
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    close_reason: Mapped[str] = mapped_column(default="")
    repeated: Mapped[bool] = mapped_column(default=False)  # not the first one in the days the policy says


class SupportCaseLink(Identified, Base):
    """The link by which one contact of the person stops a case, or says that it was them. Kept as a digest."""

    __tablename__ = "support_case_links"
    __table_args__ = (Index("ix_support_case_links_case_id", "case_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("support_cases.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    may_confirm: Mapped[bool]  # it went to the sign-in address
    sent_to: Mapped[str]  # masked
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
