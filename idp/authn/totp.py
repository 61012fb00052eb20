"""One-time passwords from an authenticator app (RFC 6238): linking an app, checking a code, spending its time step."""

import hmac
from datetime import datetime
from enum import Enum
from uuid import UUID

import pyotp
from sqlalchemy import Table, bindparam, select, update

from idp.authn import throttle
from idp.authn.models import TotpAuthenticator
from idp.core.ids import uuid7
from idp.core.prepared import Prepared
from idp.work import Work

ISSUER_NAME = "Sésame"
PLACE = "totp_authenticators:{}:secret"
KIND = "totp"  # wrong codes are counted as this, per account

_t: Table = TotpAuthenticator.__table__  # type: ignore[assignment]
_SECRETS = Prepared(
    select(_t.c.id, _t.c.secret)
    .where(_t.c.account_id == bindparam("account"), _t.c.confirmed_at.is_not(None))
    .order_by(_t.c.created_at, _t.c.id)
)
_SPEND = Prepared(
    update(_t)
    .where(_t.c.id == bindparam("app"), _t.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), last_used_at=bindparam("now"))
)


class Checked(Enum):
    """The answer to a code. `USED`: it is one of the app, but its step, or a later one, has served already."""

    RIGHT = "right"
    USED = "used"
    WRONG = "wrong"


def new_secret() -> str:
    """A new shared secret, 160 random bits in base 32."""
    return pyotp.random_base32()


def uri(work: Work, secret: str, label: str) -> str:
    """What the QR code says; `label` is the address the person signs in with."""
    return _generator(work, secret).provisioning_uri(name=label, issuer_name=ISSUER_NAME)


def cleaned(work: Work, code: str) -> str | None:
    """A typed code without its blanks; None unless it is the right number of ASCII digits.

    Other digits of Unicode are refused, not translated: what is compared is what was typed.
    """
    digits = "".join(code.split())
    right_length = len(digits) == work.policies.account.totp.digits
    return digits if right_length and digits.isascii() and digits.isdigit() else None


def matching_step(work: Work, secret: str, code: str) -> int | None:
    """The time step, current or one on either side, whose code this is; the nearest one is tried first."""
    generator, current = _generator(work, secret), _step(work, work.now)
    steps = range(current - (window := work.policies.account.totp.window), current + window + 1)
    for step in sorted(steps, key=lambda each: abs(each - current)):
        if hmac.compare_digest(generator.generate_otp(step).encode(), code.encode()):
            return step
    return None


def holds(work: Work, account_id: UUID) -> bool:
    """Whether an app is linked and confirmed."""
    return (
        work.session.scalar(
            select(TotpAuthenticator.id)
            .where(TotpAuthenticator.account_id == account_id, TotpAuthenticator.confirmed_at.is_not(None))
            .limit(1)
        )
        is not None
    )


def enrol(work: Work, account_id: UUID, secret: str, *, name: str = "", spent_step: int = 0) -> TotpAuthenticator:
    """Link an app whose first code was right. What was typed at another one does not count against it: a stranger who
    has the pause of the old one last for good does not lock out the holder who has recovered.

    Args:
        spent_step: the time step of that code, so that it does not serve a second time.
    """
    forget_wrong(work, account_id)
    key = uuid7()
    authenticator = TotpAuthenticator(
        id=key,
        account_id=account_id,
        name=name,
        secret=work.keyring.encrypt(secret.encode(), PLACE.format(key)),
        last_step=spent_step,
        created_at=work.now,
        confirmed_at=work.now,
    )
    work.session.add(authenticator)
    work.session.flush()
    return authenticator


def forget_wrong(work: Work, account_id: UUID) -> None:
    """Forget the wrong codes of an account that has proved itself another way; its pause is over."""
    throttle.clear(work, KIND, str(account_id))
    note_pause(work, account_id)


def note_pause(work: Work, account_id: UUID) -> None:
    """Keep the end of the pause, or that there is none, where a page finds it with what it reads anyway (MFA-08)."""
    until = throttle.paused_until(work, KIND, str(account_id))
    work.session.execute(
        update(TotpAuthenticator)
        .where(TotpAuthenticator.account_id == account_id, TotpAuthenticator.codes_paused_until.is_distinct_from(until))
        .values(codes_paused_until=until),
        execution_options={"synchronize_session": False},
    )


def secrets_of(work: Work, account_id: UUID) -> list[tuple[UUID, str]]:
    """The keys and secrets of the confirmed apps of an account. The secrets never leave the process, demo apart."""
    rows = _SECRETS.all(work.session.connection(), {"account": account_id})
    return [(key, work.keyring.reveal(sealed, PLACE.format(key)).decode()) for key, sealed in rows]


def verify(work: Work, account_id: UUID, code: str) -> Checked:
    """Check a code and spend its time step (RFC 6238 §5.2).

    Each step serves at most once, and no earlier one after it: the update matches for a single caller, also when two
    arrive together and however the code was written.
    """
    for key, secret in secrets_of(work, account_id):
        step = matching_step(work, secret, code)
        if step is None:
            continue
        spent = _SPEND.run(work.session.connection(), {"app": key, "step": step, "now": work.now})
        return Checked.RIGHT if spent == 1 else Checked.USED
    return Checked.WRONG


def current_code(work: Work, secret: str) -> str:
    """The code an app with this secret shows now; for the demonstration accounts and tests."""
    return _generator(work, secret).generate_otp(_step(work, work.now))


def _step(work: Work, at: datetime) -> int:
    return int(at.timestamp()) // int(work.policies.account.totp.period.total_seconds())


def _generator(work: Work, secret: str) -> pyotp.TOTP:
    rules = work.policies.account.totp
    return pyotp.TOTP(secret, digits=rules.digits, interval=int(rules.period.total_seconds()))
