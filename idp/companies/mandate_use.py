"""When somebody of a firm worked for a client last (MAN-09): noted when a product is opened for the client, and when a
product goes on with it, at most once an hour."""

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.companies import tables
from idp.companies.answers import Access
from idp.core.db import UTCDateTime
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.work import Work

EVERY = timedelta(hours=1)
_u = tables.mandate_uses.c


def _statement(insert: Any) -> Prepared:
    """Writes nothing where there is a use that is younger than an hour."""
    names = ("id", "company_id", "firm_id", "account_id", "used_at")
    return Prepared(
        insert(tables.mandate_uses)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=[_u.company_id, _u.firm_id, _u.account_id],
            set_={"used_at": bindparam("used_at", type_=UTCDateTime())},
            where=_u.used_at <= bindparam("before", type_=UTCDateTime()),
        )
    )


_NOTE = {"sqlite": _statement(sqlite_insert), "postgresql": _statement(postgresql_insert)}


def note(work: Work, reach: Access) -> None:
    """Note a use of a mandate; of anything else nothing is noted."""
    if reach.firm_id is None:
        return
    connection = work.session.connection()
    row = {"id": uuid7(), "company_id": reach.company_id, "firm_id": reach.firm_id, "account_id": reach.account_id}
    _NOTE[connection.dialect.name].run(connection, {**row, "used_at": work.now, "before": work.now - EVERY})
