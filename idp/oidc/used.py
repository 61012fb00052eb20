"""What others name by a `jti` counts once: client assertions, request objects, proofs of possession."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite

from idp.core import tokens
from idp.core.prepared import Prepared
from idp.core.session import is_writing
from idp.oidc.models import UsedToken
from idp.work import Work

LONGEST_NAME = 300
_GRACE = 60.0  # seconds, longer than any clock may differ


def _noted(dialect: Any) -> Prepared:
    values: dict[str, Any] = {name: bindparam(name) for name in ("digest", "expires_at")}
    return Prepared(dialect.insert(UsedToken).values(values).on_conflict_do_nothing())


_NOTE = {"sqlite": _noted(sqlite), "postgresql": _noted(postgresql)}


def is_name(jti: Any) -> bool:
    """Whether this can be a name: a text of 1 to 300 characters."""
    return isinstance(jti, str) and 1 <= len(jti) <= LONGEST_NAME


def spend(work: Work, kind: str, owner: str, jti: str, until: float, *, lasting: bool = True) -> bool:
    """Use a name up: True for the one caller that was first.

    Args:
        kind: what it names, so that an assertion and a proof may have the same name.
        owner: who gave the name, within whose names it is unique.
        until: when the token itself ends (seconds since 1970): its name is kept until then.
        lasting: as for `Work.write`; not for names that mean nothing some minutes later. These are noted at once,
            whatever becomes of the rest: beside the database where they have a place there (`core.names`), or else in
            a transaction of their own, unless one that writes is open.

    Raises:
        Unavailable: there is no room for a name that need not last.
    """
    digest, forgotten = tokens.digest(f"{kind}\x00{owner}\x00{jti}"), until + _GRACE
    if not lasting and work.names is not None:
        first = work.names.take(digest, forgotten, work.now.timestamp())
        if first is not None:
            return first
    parameters = {"digest": digest, "expires_at": datetime.fromtimestamp(forgotten, UTC)}
    if lasting or is_writing(work.session):
        work.write_after_reading()
        return _noted_in(work, parameters)
    work.write_after_reading(lasting=False)
    noted = _noted_in(work, parameters)
    work.session.commit()  # what follows lasts
    return noted


def _noted_in(work: Work, parameters: dict[str, Any]) -> bool:
    connection = work.session.connection()
    return _NOTE[connection.dialect.name].run(connection, parameters) == 1
