"""Companies and firms, and the clock of access changes."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class Company(Identified, Base):
    """A customer. A firm is a company that works for other companies by mandate."""

    __tablename__ = "companies"
    __table_args__ = (CheckConstraint("kind IN ('company', 'firm')", name="kind"),)

    reference: Mapped[str] = mapped_column(unique=True)  # the name billing and operators know it by; never in a token
    name: Mapped[str]
    kind: Mapped[str]
    country: Mapped[str]
    city: Mapped[str]
    locale: Mapped[str]
    services: Mapped[list[str]] = mapped_column(JSON)  # connected services that are on
    trusted_devices: Mapped[bool] = mapped_column(default=True)  # whether its people may skip the second factor
    epoch: Mapped[int]  # of the last change that touches everybody's access here
    created_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]  # its owner closes it then; of a closed one: not all is tidied up after it yet
    closed_at: Mapped[datetime | None]


class AccessClock(Base):
    """One row that grows with every change of anybody's access; locked by the change until its commit.

    A token's `epoch` is the greatest value among the rows its access came from, so it can only grow.
    """

    __tablename__ = "access_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]
