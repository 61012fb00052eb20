"""When a client last asked for a token to work for its company by itself, as the company sees it: once a day.

A process remembers whose day it has noted, so that every other token costs nothing.
"""

from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from idp.core.db import UTCDateTime
from idp.core.prepared import Prepared
from idp.core.session import is_writing
from idp.oidc import cache
from idp.oidc.clients import RegisteredClient
from idp.oidc.models import OwnUse
from idp.work import Work


def _statement(dialect: Any) -> Prepared:
    """Writes nothing where this day was noted, perhaps by another process."""
    used_at = bindparam("used_at", type_=UTCDateTime())
    return Prepared(
        dialect.insert(OwnUse)
        .values(client_id=bindparam("client_id"), company_id=bindparam("company_id"), used_at=used_at)
        .on_conflict_do_update(
            index_elements=["client_id", "company_id"],
            set_={"used_at": used_at},
            where=OwnUse.__table__.c.used_at < bindparam("day", type_=UTCDateTime()),
        )
    )


_NOTE = {"sqlite": _statement(sqlite), "postgresql": _statement(postgresql)}


def note(work: Work, client: RegisteredClient) -> None:
    """Note that a client works for its company; of one without a company nothing is noted.

    Unless a transaction that writes is open this is one of its own, and the token is given whatever becomes of it.
    """
    if client.company_id is None:
        return
    noted, today = cache.own_uses(work), work.now.toordinal()
    if noted.get((client.id, client.company_id)) == today:
        return
    if is_writing(work.session):
        _write(work, client)
    else:
        try:
            work.write_after_reading(lasting=False)
            _write(work, client)
            work.session.commit()
        except SQLAlchemyError as error:
            structlog.get_logger("idp.oidc").error("own_use.lost", kind=type(error).__name__)
            with suppress(SQLAlchemyError):
                work.session.rollback()
            return
    noted[client.id, client.company_id] = today


def _write(work: Work, client: RegisteredClient) -> None:
    connection = work.session.connection()
    begins = work.now.replace(hour=0, minute=0, second=0, microsecond=0)
    row = {"client_id": client.id, "company_id": client.company_id, "used_at": work.now, "day": begins}
    _NOTE[connection.dialect.name].run(connection, row)
