"""How a firm sorts its clients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.core.db import Base, Identified


class ClientGroup(Identified, Base):
    """A name under which a firm finds some of its clients again. A client may be in several; no right comes of it."""

    __tablename__ = "client_groups"
    __table_args__ = (UniqueConstraint("firm_id", "name"),)

    firm_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    name: Mapped[str]
    created_at: Mapped[datetime]


class GroupedClient(Base):
    """A client in a group of a firm's. It stays there when one mandate ends and another begins."""

    __tablename__ = "grouped_clients"
    __table_args__ = (Index("ix_grouped_clients_company_id", "company_id"),)

    group_id: Mapped[UUID] = mapped_column(ForeignKey("client_groups.id", ondelete="CASCADE"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)
    added_at: Mapped[datetime]
