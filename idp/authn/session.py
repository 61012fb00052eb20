"""Sessions: the successful result of a sign-in in one browser, found again at every request."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, bindparam, exists, insert, or_, select, update

from idp.accounts.models import Account
from idp.audit import log as audit
from idp.authn.models import Session
from idp.core import tokens
from idp.core.errors import Expired
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.outbox import queue as outbox
from idp.work import Work

ACR_ONE = "urn:id:acr:1fa"
ACR_TWO = "urn:id:acr:2fa"
TOKEN_LENGTH = 43
TOUCHED_EVERY = timedelta(minutes=1)
EXPIRED = "expired"
TOLD_AT_ONCE = 200
SETTLED_AFTER = timedelta(days=30)  # an account that is older was used before, though no session may be left of it
SECOND_FACTORS = frozenset({"otp", "rcv", "dev"})
# What makes a session fresh for a sensitive page. A passkey with user verification is both factors at once.
FIRST_FACTORS = frozenset({"pwd", "key"})
FRESH_SECOND_FACTORS = frozenset({"otp", "key", "rcv"})
AMR_ORDER = ("pwd", "otp", "pop", "user", "mfa")

_s: Table = Session.__table__  # type: ignore[assignment]
_a: Table = Account.__table__  # type: ignore[assignment]
_FIND = Prepared(
    select(
        _s.c.id,
        _s.c.sid,
        _s.c.account_id,
        _a.c.subject,
        _a.c.status,
        _a.c.given_name,
        _a.c.family_name,
        _a.c.locale,
        _s.c.auth_time,
        _s.c.amr,
        _s.c.acr,
        _s.c.created_at,
        _s.c.expires_at,
        _s.c.last_seen_at,
        _s.c.password_at,
        _s.c.second_factor_at,
    )
    .join_from(_s, _a, _a.c.id == _s.c.account_id)
    .where(_s.c.token_digest == bindparam("digest"), _s.c.ended_at.is_(None))
)

_COLUMNS = (
    "id", "account_id", "token_digest", "sid", "auth_time", "amr", "acr", "created_at", "last_seen_at", "expires_at",
    "user_agent", "device_id", "network", "password_at", "second_factor_at",
)  # fmt: skip
_START = Prepared(insert(_s).values({name: bindparam(name) for name in _COLUMNS}))
_THEIRS = _s.c.account_id == _a.c.id
_ARRIVAL = Prepared(
    select(
        _a.c.status,
        and_(
            or_(exists().where(_THEIRS).correlate(_a), _a.c.created_at < bindparam("settled")),
            ~exists()
            .where(_THEIRS, _s.c.user_agent == bindparam("browser"), _s.c.network.like(bindparam("near")))
            .correlate(_a),
        ).label("new_here"),
    ).where(_a.c.id == bindparam("account"))
)


class Current(NamedTuple):
    """A live session and its account, as far as every request needs them.

    Attributes:
        password_at: when the first factor was last proved in it; None never.
        second_factor_at: when a second factor was last proved in it; None never: a trusted browser is no proof.
    """

    session_id: UUID
    sid: str
    account_id: UUID
    subject: str
    status: str
    display_name: str
    locale: str
    auth_time: datetime
    amr: tuple[str, ...]
    acr: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    password_at: datetime | None = None
    second_factor_at: datetime | None = None


def second_factor_at(work: Work, session_id: UUID) -> datetime | None:
    """When a second factor was last proved in this session, for what rests on it without its cookie."""
    return work.session.scalar(select(_s.c.second_factor_at).where(_s.c.id == session_id))


def find(work: Work, token: str | None) -> Current | None:
    """The live session of this token: not ended, within both limits, its account active. One statement."""
    if token is None or len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    row = _FIND.first(work.session.connection(), {"digest": tokens.digest(token)})
    if row is None:
        return None
    key, sid, account, subject, status, given, family, locale, auth_time, amr, acr, created, expires, seen = row[:14]
    if status != "active" or expires <= work.now or seen + work.policies.session_idle <= work.now:
        return None
    return Current(
        session_id=key,
        sid=sid,
        account_id=account,
        subject=subject,
        status=status,
        display_name=f"{given} {family}".strip(),
        locale=locale,
        auth_time=auth_time,
        amr=tuple(amr.split()),
        acr=acr,
        created_at=created,
        expires_at=expires,
        last_seen_at=seen,
        password_at=row.password_at,
        second_factor_at=row.second_factor_at,
    )


def touch(work: Work, current: Current) -> None:
    """Note that the session is in use, at most once a minute.

    Called right after `find`: a transaction that has only read so far is ended first, and so is the one that wrote, so
    that a page that only reads never holds up a writer.
    """
    if work.now - current.last_seen_at < TOUCHED_EVERY:
        return
    reading = not work.session.connection().get_execution_options().get("write")
    if reading:
        work.checkpoint()
    work.session.execute(
        update(Session)
        .where(Session.id == current.session_id, Session.ended_at.is_(None), Session.last_seen_at < work.now)
        .values(last_seen_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if reading:
        work.checkpoint(write=False)


def start(
    work: Work,
    account_id: UUID,
    methods: Iterable[str],
    *,
    device_id: UUID | None = None,
    session_id: UUID | None = None,
) -> tuple[str, UUID]:
    """A new session for what was proved (`Proof.method`). Only `sign_in.finish` calls this.

    Args:
        device_id: of the browser, as `trusted_device` knows it.
        session_id: the key it is to have, for those who speak of it before it is there.

    Returns:
        The session's token, for the cookie alone, and its key.
    """
    proved = set(methods)
    token, key = tokens.new(), session_id or uuid7()
    _START.run(
        work.session.connection(),
        {
            "id": key,
            "account_id": account_id,
            "token_digest": tokens.digest(token),
            "sid": tokens.new()[:22],
            "auth_time": work.now,
            "amr": " ".join(_amr(proved)),
            "acr": _acr(proved),
            "created_at": work.now,
            "last_seen_at": work.now,
            "expires_at": work.now + work.policies.session_lifetime,
            "user_agent": work.actor.user_agent,
            "device_id": device_id,
            "network": work.actor.network,
            "password_at": work.now if proved & FIRST_FACTORS else None,
            "second_factor_at": work.now if proved & FRESH_SECOND_FACTORS else None,
        },
    )
    audit.record(work, "session.started", ("account", account_id), session=str(key), methods=sorted(proved))
    return token, key


def vouched_for(work: Work, account_id: UUID, *, seconds: int) -> UUID:
    """A session in which nothing was proved here, as somebody else has vouched for the person: no factor, the weakest
    strength, and nobody has its token. It lasts as long as what is issued upon it."""
    key = uuid7()
    _START.run(
        work.session.connection(),
        {
            "id": key,
            "account_id": account_id,
            "token_digest": tokens.digest(tokens.new()),
            "sid": tokens.new()[:22],
            "auth_time": work.now,
            "amr": "",
            "acr": ACR_ONE,
            "created_at": work.now,
            "last_seen_at": work.now,
            "expires_at": work.now + timedelta(seconds=seconds),
            "user_agent": "",  # there is no browser: signs of sharing are not looked for in it
            "device_id": None,
            "network": "",
            "password_at": None,
            "second_factor_at": None,
        },
    )
    return key


def renew(work: Work, session_id: UUID, account_id: UUID, methods: Iterable[str]) -> str:
    """Strengthen a live session after new proofs: a new token (R-46), a new `auth_time`, the same `sid`.

    A session proved anew from the password on begins its whole time again; a mere code does not lengthen it.

    Raises:
        Expired: it has ended meanwhile, or is another person's.
    """
    proved = set(methods)
    row = work.session.execute(
        select(Session.amr, Session.expires_at, Session.last_seen_at).where(
            Session.id == session_id, Session.account_id == account_id, Session.ended_at.is_(None)
        )
    ).one_or_none()
    if row is None or row.expires_at <= work.now or row.last_seen_at + work.policies.session_idle <= work.now:
        raise Expired(what="session")
    # Told together with `auth_time`: who begins again leaves what was proved before behind. One factor alone, a code or
    # a password that is typed again, is added to the other one that the session has.
    amr = set(_amr(proved))
    if "mfa" not in amr:
        amr |= {*row.amr.split(), *_amr(proved | {"pwd"} & set(row.amr.split()))}
    token = tokens.new()
    fresh = {}
    if proved & FIRST_FACTORS:
        fresh["password_at"] = work.now
    if proved & FRESH_SECOND_FACTORS:
        fresh["second_factor_at"] = work.now
    renewed = work.session.execute(
        update(Session)
        .where(Session.id == session_id, Session.ended_at.is_(None))
        .values(
            token_digest=tokens.digest(token),
            auth_time=work.now,
            last_seen_at=work.now,
            amr=" ".join(value for value in AMR_ORDER if value in amr),
            acr=ACR_TWO if "mfa" in amr else ACR_ONE,
            expires_at=work.now + work.policies.session_lifetime if proved & FIRST_FACTORS else row.expires_at,
            **fresh,
        ),
        execution_options={"synchronize_session": False},
    )
    if renewed.rowcount != 1:  # type: ignore[attr-defined]
        raise Expired(what="session")
    audit.record(work, "session.renewed", ("account", account_id), session=str(session_id), methods=sorted(proved))
    return token


def owner(work: Work, session_id: UUID) -> UUID | None:
    """The account of a live session."""
    return work.session.scalar(
        select(Session.account_id).where(
            Session.id == session_id,
            Session.ended_at.is_(None),
            Session.expires_at > work.now,
            Session.last_seen_at > work.now - work.policies.session_idle,
        )
    )


def end(work: Work, session_id: UUID, reason: str) -> bool:
    """End a session and tell the floors above; False when it had ended already.

    Args:
        reason: one word for the audit log and the products, such as `signed_out` or `password_changed`.
    """
    return _end(work, reason, Session.id == session_id) == 1


def end_all(work: Work, account_id: UUID, reason: str, except_id: UUID | None = None) -> int:
    """End every session of an account, or every other one; answers how many."""
    which: list[ColumnElement[bool]] = [Session.account_id == account_id]
    if except_id is not None:
        which.append(Session.id != except_id)
    return _end(work, reason, *which)


def tell_expired(work: Work) -> int:
    """Tell the floors above of sessions whose time has run out, once each; answers how many, some at a time. They are
    not ended: what a person allowed beyond their time (`offline_access`) goes on.

    A session that was merely left alone is not told of: the person goes on working in the products.
    """
    over = (Session.expires_at <= work.now, Session.ended_at.is_(None), Session.end_reason.is_(None))
    told = work.session.execute(
        update(Session)
        .where(Session.id.in_(select(Session.id).where(*over).limit(TOLD_AT_ONCE)), *over)
        .values(end_reason=EXPIRED)
        .returning(Session.id, Session.sid, Session.account_id),
        execution_options={"synchronize_session": False},
    ).all()
    for key, sid, account_id in told:
        subject = work.session.scalar(select(_a.c.subject).where(_a.c.id == account_id))
        outbox.fact(work, "session.expired", session_id=str(key), sid=sid, subject=subject, reason=EXPIRED)
    return len(told)


def arrival(work: Work, account_id: UUID) -> tuple[str | None, bool]:
    """The status of an account that is about to get a session, and whether this browser is new to it, as far as that
    shows without its cookie: none that calls itself alike has begun a session in this network lately. The first session
    of a new account is no news."""
    asked = {
        "account": account_id,
        "browser": work.actor.user_agent,
        "near": _near(work.actor.network),
        "settled": work.now - SETTLED_AFTER,
    }
    row = _ARRIVAL.first(work.session.connection(), asked)
    return (None, False) if row is None else (row.status, bool(row.new_here))


def _near(network: str) -> str:
    """A pattern of the addresses that one network changes between by itself: the /64 of an IPv6 address."""
    groups = network.split(":")
    return ":".join([*groups[:4], "%"]) if len(groups) > 4 and all(groups[:4]) else network


def _end(work: Work, reason: str, *which: ColumnElement[bool]) -> int:
    """One conditional update, so that of several callers one ends a session and says so."""
    ended = work.session.execute(
        update(Session)
        .where(*which, Session.ended_at.is_(None))
        .values(ended_at=work.now, end_reason=reason)
        .returning(Session.id, Session.sid, Session.account_id),
        execution_options={"synchronize_session": False},
    ).all()
    for key, sid, account_id in ended:
        subject = work.session.scalar(select(_a.c.subject).where(_a.c.id == account_id))
        outbox.fact(work, "session.ended", session_id=str(key), sid=sid, subject=subject, reason=reason)
        audit.record(work, "session.ended", ("account", account_id), session=str(key), reason=reason)
    return len(ended)


def _amr(proved: set[str]) -> list[str]:
    """RFC 8176 values for what was proved (docs/decisions/0003-trusted-device.md)."""
    found = proved & {"pwd", "otp"}
    if "key" in proved:  # possession of a key, by somebody present; the key was unlocked by its holder, so it is both
        found = found | {"pop", "user", "mfa"}
    if "pwd" in proved and proved & SECOND_FACTORS:
        found = found | {"mfa"}
    return [value for value in AMR_ORDER if value in found]


def _acr(proved: set[str]) -> str:
    return ACR_TWO if "mfa" in _amr(proved) else ACR_ONE
