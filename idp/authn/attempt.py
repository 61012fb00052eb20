"""An attempt to sign in, with everything a request asks of it: read by one statement, and locked before it changes.

A page reads the attempt of its visitor once. A request that changes something locks it first and reads it then, so
that what it knows holds until its transaction ends, and nothing has to be read a second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Table, and_, bindparam, exists, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from idp.accounts.models import Account, EmailAddress, RecoveryContact
from idp.authn.models import Passkey, Proof, RecoveryCodeSet, SignIn, TotpAuthenticator
from idp.core import tokens
from idp.core.errors import Expired
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.work import Work

_s: Table = SignIn.__table__  # type: ignore[assignment]
_p: Table = Proof.__table__  # type: ignore[assignment]
_a: Table = Account.__table__  # type: ignore[assignment]
_e: Table = EmailAddress.__table__  # type: ignore[assignment]
_t: Table = TotpAuthenticator.__table__  # type: ignore[assignment]
_k: Table = Passkey.__table__  # type: ignore[assignment]
_rc: Table = RecoveryContact.__table__  # type: ignore[assignment]
_cs: Table = RecoveryCodeSet.__table__  # type: ignore[assignment]


@dataclass(slots=True)
class Attempt:
    """An attempt in one browser, as one transaction knows it.

    Attributes:
        purpose: `sign_in`, `step_up`, `activation`, `reset`, `lost_factor` or `lost_all`.
        continue_to: a path of this service.
        session_id: the session in which it began.
        pending_secret: encrypted secret of an app that is being linked.
        methods: what was proved in it.
        has_app: whether its account has a confirmed authenticator app.
        has_passkey: whether its account has a passkey.
        has_contact: whether its account has a recovery contact.
        has_codes: whether its holder has kept a set of recovery codes, used up or not.
        status: the account's; None as long as there is no account.
        address: the account's sign-in address as its holder wrote it; empty without an account.
        codes_paused_until: the end of the last pause after wrong codes of an app, as far as it was noted for pages.
    """

    id: UUID
    token_digest: bytes
    account_id: UUID | None
    purpose: str
    continue_to: str
    session_id: UUID | None
    pending_secret: bytes | None
    has_app: bool = False
    has_passkey: bool = False
    has_contact: bool = False
    has_codes: bool = False
    status: str | None = None
    address: str = ""
    codes_paused_until: datetime | None = None
    methods: set[str] = field(default_factory=set)
    _locked_in: object = None  # the transaction that holds its row

    @property
    def held(self) -> bool:
        """Whether its account has any second factor."""
        return self.has_app or self.has_passkey


def _reading(which: ColumnElement[bool]) -> Prepared:
    """One row for each method proved, or a single one without."""
    has_app = exists().where(_t.c.account_id == _s.c.account_id, _t.c.confirmed_at.is_not(None))
    has_passkey = exists().where(_k.c.account_id == _s.c.account_id)
    has_contact = exists().where(_rc.c.account_id == _s.c.account_id, _rc.c.verified_at.is_not(None))
    has_codes = exists().where(_cs.c.account_id == _s.c.account_id, _cs.c.kept_at.is_not(None))
    paused = select(func.max(_t.c.codes_paused_until)).where(_t.c.account_id == _s.c.account_id).scalar_subquery()
    return Prepared(
        select(
            _s.c.id,
            _s.c.token_digest,
            _s.c.account_id,
            _s.c.purpose,
            _s.c.continue_to,
            _s.c.session_id,
            _s.c.pending_secret,
            has_app.label("has_app"),
            has_passkey.label("has_passkey"),
            has_contact.label("has_contact"),
            has_codes.label("has_codes"),
            _a.c.status,
            func.coalesce(_e.c.address, "").label("address"),
            paused.label("codes_paused_until"),
            _p.c.method,
        )
        .select_from(
            _s.outerjoin(_p, _p.c.sign_in_id == _s.c.id)
            .outerjoin(_a, _a.c.id == _s.c.account_id)
            .outerjoin(_e, and_(_e.c.account_id == _s.c.account_id, _e.c.released_at.is_(None)))
        )
        .where(which, _s.c.finished_at.is_(None), _s.c.expires_at > bindparam("now"))
    )


_BY_TOKEN = _reading(_s.c.token_digest == bindparam("digest"))
_BY_KEY = _reading(_s.c.id == bindparam("key"))
_COLUMNS = (
    "id", "token_digest", "account_id", "purpose", "continue_to", "session_id", "created_at", "expires_at",
)  # fmt: skip
_BEGIN = Prepared(insert(_s).values({name: bindparam(name) for name in _COLUMNS}))


def _holding(which: ColumnElement[bool], names: tuple[str, ...]) -> Prepared:
    new: Mapping[str, Any] = {name: bindparam(f"new_{name}", type_=_s.c[name].type) for name in names}
    return Prepared(
        update(_s)
        .where(which, _s.c.finished_at.is_(None), _s.c.expires_at > bindparam("now"))
        .values(new or {"expires_at": _s.c.expires_at})
    )


_LOCK = _holding(_s.c.token_digest == bindparam("digest", type_=LargeBinary()), ())
_HOLD: dict[tuple[str, ...], Prepared] = {}  # by the columns that are set


def begin(
    work: Work,
    *,
    purpose: str,
    continue_to: str,
    expires_at: datetime,
    account_id: UUID | None,
    session_id: UUID | None,
) -> tuple[Attempt, str]:
    """A new attempt and its token, for the cookie alone."""
    work.write()
    token = tokens.new()
    row = {
        "id": uuid7(),
        "token_digest": tokens.digest(token),
        "account_id": account_id,
        "purpose": purpose,
        "continue_to": continue_to,
        "session_id": session_id,
    }
    _BEGIN.run(work.session.connection(), {**row, "created_at": work.now, "expires_at": expires_at})
    begun = Attempt(**row, pending_secret=None)  # type: ignore[arg-type] # the columns above
    if account_id is not None:
        _read(work, begun)
    begun._locked_in = _transaction(work)
    return begun, token


def find(work: Work, token: str | None, *, lock: bool = False) -> Attempt | None:
    """The open attempt of this token.

    Args:
        lock: hold it for the rest of the transaction; of use to a request that goes on to prove something.
    """
    if not token:
        return None
    asked = {"digest": tokens.digest(token), "now": work.now}
    if lock and not _alone(work) and _LOCK.run(work.session.connection(), asked) != 1:
        return None
    rows = _BY_TOKEN.all(reader(work.session), asked)
    if not rows:
        return None
    found = Attempt(*rows[0][:-1])
    found.methods = _methods(rows)
    if lock:
        found._locked_in = _transaction(work)
    return found


def hold(work: Work, attempt: Attempt, **values: Any) -> None:
    """Lock the attempt for the rest of the transaction and set these columns, if it is still open.

    Two requests of one attempt come one after the other from here on, and a change of password that closes the
    attempt is seen. What is known of the attempt is read again when it was not locked before.

    Raises:
        Expired: it was finished or closed, or its time is over.
    """
    locked = _is_locked(work, attempt)
    if locked and not values:
        return
    names = tuple(values)
    statement = _HOLD.get(names)
    if statement is None:
        statement = _HOLD[names] = _holding(_s.c.id == bindparam("key"), names)
    given = {f"new_{name}": value for name, value in values.items()}
    if statement.run(work.session.connection(), {"key": attempt.id, "now": work.now, **given}) != 1:
        raise Expired(what="sign_in")
    attempt._locked_in = _transaction(work)
    if "finished_at" in values:
        return
    if locked and "account_id" not in values:
        for name, value in values.items():
            setattr(attempt, name, value)
    else:
        _read(work, attempt)


def _alone(work: Work) -> bool:
    """Whether nobody else can write while this transaction lasts, as on SQLite, so that there is nothing to lock."""
    connection = work.session.connection()
    return connection.dialect.name == "sqlite" and bool(connection.get_execution_options().get("write"))


def _is_locked(work: Work, attempt: Attempt) -> bool:
    return attempt._locked_in is not None and attempt._locked_in is _transaction(work)


def _transaction(work: Work) -> object:
    return work.session.connection().get_transaction()


def _read(work: Work, attempt: Attempt) -> None:
    rows = _BY_KEY.all(work.session.connection(), {"key": attempt.id, "now": work.now})
    if not rows:
        raise Expired(what="sign_in")
    for name, value in rows[0]._asdict().items():
        if name != "method":
            setattr(attempt, name, value)
    attempt.methods = _methods(rows)


def _methods(rows: list[Any]) -> set[str]:
    return {row.method for row in rows if row.method is not None}
