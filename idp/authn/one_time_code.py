"""Codes sent to an e-mail address or a phone: six digits, ten minutes at the most, for one use (R-14 to R-17).

A code is bound to the account, to the purpose and to the request it was asked in. Tries are counted per account and
purpose, so that a new code does not give new tries; what is sent is counted per account and per destination.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.accounts import phone
from idp.audit import log as audit
from idp.authn import throttle
from idp.authn.models import OneTimeCode
from idp.authn.outcome import Outcome
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.outbox import queue as outbox
from idp.work import Work

DIGITS = 6
LONGEST_LIFETIME = timedelta(minutes=10)
TEMPLATE = "one_time_code"
SENT = "code_send"
SENT_TO = "code_send_to"
SENT_TO_NUMBER = "sms_number"
SENT_TO_COUNTRY = "sms_country"

_c: Table = OneTimeCode.__table__  # type: ignore[assignment]
_REQUEST = ("account_id", "purpose", "bound_to")
_NEW = ("id", "kind", "destination", "digest", "created_at", "expires_at")
_VALUES: dict[str, Any] = {name: bindparam(name, type_=_c.c[name].type) for name in (*_REQUEST, *_NEW)}


def _keeping(insert: Any) -> Prepared:
    """One code a request: the one sent last."""
    replaced = {**{name: _VALUES[name] for name in _NEW}, "used_at": None}
    return Prepared(
        insert(_c)
        .values(_VALUES)
        .on_conflict_do_update(index_elements=[_c.c[name] for name in _REQUEST], set_=replaced)
    )


_KEEP = {"sqlite": _keeping(sqlite.insert), "postgresql": _keeping(postgresql.insert)}


@dataclass(frozen=True, slots=True)
class Sent:
    """The code of a request: where it went, until when it works, and when it was used."""

    kind: str
    destination: str
    expires_at: datetime
    used_at: datetime | None


def send(
    work: Work, account_id: UUID, *, purpose: str, bound_to: UUID, kind: str, destination: str, locale: str
) -> Outcome:
    """Send a code; an earlier one of the same purpose and request is void from now on.

    Args:
        purpose: one word for what the right code will allow; counted and bound separately.
        bound_to: the attempt, session or change in which it was asked for.
        kind: `email` or `phone`.
        destination: the address as its holder wrote it, or the number in E.164.

    Returns:
        `ACCEPTED`, or `PAUSED` when too many were sent for this account, to this destination or to its country.
    """
    work.write()
    if not _may_send(work, account_id, kind, destination):
        audit.record(work, "one_time_code.throttled", ("account", account_id), outcome="refused", purpose=purpose)
        return Outcome.PAUSED
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    lifetime = min(work.policies.account.code_lifetime, LONGEST_LIFETIME)
    connection = work.session.connection()
    _KEEP[connection.dialect.name].run(
        connection,
        {
            "id": uuid7(),
            "account_id": account_id,
            "purpose": purpose,
            "bound_to": bound_to,
            "kind": kind,
            "destination": destination,
            "digest": _digest(work, account_id, purpose, bound_to, code),
            "created_at": work.now,
            "expires_at": work.now + lifetime,
        },
    )
    minutes = int(lifetime.total_seconds() // 60)
    if kind == "phone":
        outbox.sms(work, destination, TEMPLATE, locale=locale, code=code, minutes=minutes)
    else:
        outbox.mail(work, destination, TEMPLATE, locale=locale, code=code, minutes=minutes, purpose=purpose)
    audit.record(work, "one_time_code.sent", ("account", account_id), purpose=purpose, kind=kind)
    return Outcome.ACCEPTED


def sent(work: Work, account_id: UUID, *, purpose: str, bound_to: UUID) -> Sent | None:
    """The code of this request, used or not, over or not."""
    row = work.session.execute(
        select(_c.c.kind, _c.c.destination, _c.c.expires_at, _c.c.used_at).where(
            _c.c.account_id == account_id, _c.c.purpose == purpose, _c.c.bound_to == bound_to
        )
    ).one_or_none()
    return None if row is None else Sent(*row)


def verify(work: Work, account_id: UUID, *, purpose: str, bound_to: UUID, code: str) -> Outcome:
    """Check a typed code and spend it.

    Returns:
        `PAUSED` when too many wrong codes were typed for this account and purpose; what else is wrong has one answer.
    """
    digits = cleaned(code)
    if digits is None:
        return Outcome.REFUSED  # not a guess: not counted
    work.write()
    kind = _counted(purpose)
    counted = throttle.take(work, kind, str(account_id), work.policies.account.wrong_codes)
    if not counted.allowed:
        audit.record(work, "sign_in.throttled", ("account", account_id), outcome="refused", by=kind)
        return Outcome.PAUSED
    spent = work.session.execute(
        update(_c)
        .where(
            _c.c.account_id == account_id,
            _c.c.purpose == purpose,
            _c.c.bound_to == bound_to,
            _c.c.digest == _digest(work, account_id, purpose, bound_to, digits),
            _c.c.used_at.is_(None),
            _c.c.expires_at > work.now,
        )
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount == 1:  # type: ignore[attr-defined]
        throttle.clear(work, kind, str(account_id))
        return Outcome.ACCEPTED
    audit.record(work, "one_time_code.refused", ("account", account_id), outcome="refused", purpose=purpose)
    return Outcome.PAUSED if counted.last else Outcome.REFUSED


def paused_until(work: Work, account_id: UUID, purpose: str) -> datetime | None:
    """The end of the pause of this purpose, if too many wrong codes were typed."""
    return throttle.paused_until(work, _counted(purpose), str(account_id))


def forget_wrong(work: Work, account_id: UUID, purpose: str) -> None:
    """Forget the wrong codes of a purpose: whoever typed them cannot ask for it any more."""
    throttle.clear(work, _counted(purpose), str(account_id))


def cleaned(code: str) -> str | None:
    """A typed code without its blanks; None unless it is six ASCII digits."""
    digits = "".join(code.split()) if len(code) <= 50 else ""
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else None


def _may_send(work: Work, account_id: UUID, kind: str, destination: str) -> bool:
    """Count what is sent: per account and per destination, and for a phone also per day and per country."""
    rules = work.policies.account
    counts = [(SENT, str(account_id), rules.code_sends), (SENT_TO, destination.casefold(), rules.code_sends)]
    if kind == "phone":
        counts += [
            (SENT_TO_NUMBER, destination, rules.sms_per_number),
            (SENT_TO_COUNTRY, phone.country(destination), rules.sms_per_country),
        ]
    return all(throttle.take(work, name, subject, limit, in_a_row=None).allowed for name, subject, limit in counts)


def _counted(purpose: str) -> str:
    return f"code:{purpose}"


def _digest(work: Work, account_id: UUID, purpose: str, bound_to: UUID, code: str) -> bytes:
    said = account_id.bytes + bound_to.bytes + f"{purpose}\0{code}".encode()
    return hmac.digest(work.keyring.derive("one-time codes"), said, hashlib.sha256)
