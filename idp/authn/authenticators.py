"""The second factors of an account, kept by their holder: authenticator apps and passkeys, and the recovery codes.

There is always at least one: the last is replaced, never removed (MFA-09). The pages ask for a fresh proof before any
change (R-20). Each is told to every address; where a factor ends, so do other sessions, the trust in browsers and every
sign-in under way, which may rest on it (R-21, MFA-11).
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, literal, select, union_all, update

from idp.accounts import email_address
from idp.audit import log as audit
from idp.authn import notices, passkey, passkey_proof, recovery_code, session, totp, trusted_device
from idp.authn.enrolment import Enrolment
from idp.authn.models import Passkey, SignIn, TotpAuthenticator
from idp.authn.outcome import Outcome
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.work import Work

APP, PASSKEY = "app", "passkey"
NAME_MAX = passkey.NAME_MAX
MOST_APPS = 10  # of one account; a person has one or two
SETUP_LIFETIME = timedelta(minutes=10)  # of the secret on the page
ENDED = "second_factor_changed"
_MODELS: dict[str, type[TotpAuthenticator] | type[Passkey]] = {APP: TotpAuthenticator, PASSKEY: Passkey}
_EVENTS = {APP: "authenticator", PASSKEY: "passkey"}


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One second factor as its holder sees it.

    Attributes:
        kind: `app` or `passkey`.
        name: as its holder called it; may be empty.
        backed_up: a passkey that the holder's other devices have too.
    """

    kind: str
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool = False


@dataclass(frozen=True, slots=True)
class NewApp(Enrolment):
    """A secret to link; `sealed` goes through the form, for a few minutes of this session, and nothing is kept yet."""

    sealed: str


def held(work: Work, account_id: UUID) -> list[Authenticator]:
    """The second factors of an account, oldest first."""
    app, key = TotpAuthenticator, Passkey
    rows = union_all(
        select(
            literal(APP).label("kind"),
            app.id,
            app.name,
            app.created_at,
            app.last_used_at,
            literal(False).label("synced"),
        ).where(app.account_id == account_id, app.confirmed_at.is_not(None)),
        select(literal(PASSKEY), key.id, key.name, key.created_at, key.last_used_at, key.backed_up).where(
            key.account_id == account_id
        ),
    ).order_by("created_at", "id")
    return [Authenticator(*row[:5], backed_up=bool(row[5])) for row in work.session.execute(rows)]


def get(work: Work, account_id: UUID, key: UUID) -> Authenticator:
    """One of them.

    Raises:
        NotFound: the account has no such authenticator.
    """
    found = next((each for each in held(work, account_id) if each.id == key), None)
    if found is None:
        raise NotFound(what="authenticator")
    return found


def rename(work: Work, account_id: UUID, key: UUID, name: str) -> None:
    """Call it something else.

    Raises:
        NotFound: the account has no such authenticator.
    """
    found = get(work, account_id, key)
    model = _MODELS[found.kind]
    work.session.execute(
        update(model).where(model.id == key, model.account_id == account_id).values(name=name[:NAME_MAX]),
        execution_options={"synchronize_session": False},
    )
    audit.record(work, f"{_EVENTS[found.kind]}.renamed", ("account", account_id), authenticator=str(key))


def remove(work: Work, account_id: UUID, key: UUID) -> Authenticator:
    """Remove one of several.

    Raises:
        NotFound: the account has no such authenticator.
        Conflict: it is the only one; it can be replaced.
    """
    _close_attempts(work, account_id)
    passkey_proof.lock(work, account_id)  # of two who remove the last two, one comes after
    found = get(work, account_id, key)
    if len(held(work, account_id)) == 1:
        raise Conflict(reason="last_authenticator")
    _delete(work, account_id, found)
    notices.tell(work, account_id, f"{_EVENTS[found.kind]}_removed", what=found.name)
    _end_the_rest(work, account_id, found)
    return found


# --- adding, and putting in the place of another ---


def new_app(work: Work, account_id: UUID, sealed: str = "") -> NewApp:
    """A secret to link, or once more the one that is in the form already."""
    secret = _unsealed(work, account_id, sealed) or totp.new_secret()
    label = email_address.primary_address(work, account_id).address
    return NewApp(
        secret=secret,
        uri=totp.uri(work, secret, label),
        label=label,
        sealed=_seal(work, account_id, secret, sealed),
    )


def add_app(
    work: Work, account_id: UUID, *, sealed: str, code: str, name: str, replaces: UUID | None = None
) -> Outcome:
    """Link the app whose secret and first code these are; refused when the code is wrong or the secret too old.

    Args:
        replaces: an authenticator that ends with it.

    Raises:
        NotFound: the account has no authenticator to replace of this key.
        Conflict: the account has as many apps as it may.
    """
    if replaces is not None:
        _close_attempts(work, account_id)
    passkey_proof.lock(work, account_id)
    old = get(work, account_id, replaces) if replaces is not None else None
    _count_apps(work, account_id, old)
    secret, digits = _unsealed(work, account_id, sealed), totp.cleaned(work, code)
    if secret is None or digits is None or any(secret == linked for _, linked in totp.secrets_of(work, account_id)):
        return Outcome.REFUSED
    step = totp.matching_step(work, secret, digits)
    if step is None:
        return Outcome.REFUSED
    made = totp.enrol(work, account_id, secret, name=name[:NAME_MAX], spent_step=step)
    _added(work, account_id, Authenticator(APP, made.id, made.name, made.created_at, None), old)
    return Outcome.ACCEPTED


def add_passkey(
    work: Work, account_id: UUID, session_id: UUID, *, answer: str, name: str, replaces: UUID | None = None
) -> Outcome:
    """Keep the passkey that the browser made for this session; refused when anything is wrong with it.

    Args:
        replaces: an authenticator that ends with it.

    Raises:
        NotFound: the account has no authenticator to replace of this key.
    """
    if replaces is not None:
        _close_attempts(work, account_id)
    passkey_proof.lock(work, account_id)
    old = get(work, account_id, replaces) if replaces is not None else None
    called = name or passkey_proof.default_name(work)
    made = passkey.add(work, account_id, answer, passkey.ADD, session_id, called)
    if made is None:
        return Outcome.REFUSED
    _added(work, account_id, Authenticator(PASSKEY, made.id, made.name, made.created_at, None), old)
    return Outcome.ACCEPTED


def _count_apps(work: Work, account_id: UUID, old: Authenticator | None) -> None:
    linked = work.session.scalar(
        select(func.count()).where(
            TotpAuthenticator.account_id == account_id, TotpAuthenticator.confirmed_at.is_not(None)
        )
    )
    if old is None and (linked or 0) >= MOST_APPS:
        raise Conflict(reason="too_many_authenticators")


def _added(work: Work, account_id: UUID, made: Authenticator, old: Authenticator | None) -> None:
    """Tell of it, and let the old one die with all that may rest on it."""
    if old is None:
        notices.tell(work, account_id, f"{_EVENTS[made.kind]}_added", what=made.name)
        _record_added(work, account_id, made)
        return
    _delete(work, account_id, old)
    notices.tell(work, account_id, "authenticator_replaced", what=made.name)
    _record_added(work, account_id, made)
    _end_the_rest(work, account_id, old, replaced_by=made.id)


def _record_added(work: Work, account_id: UUID, made: Authenticator) -> None:
    name = "authenticator.enrolled" if made.kind == APP else "passkey.added"
    audit.record(work, name, ("account", account_id), authenticator=str(made.id))


def _delete(work: Work, account_id: UUID, old: Authenticator) -> None:
    model = _MODELS[old.kind]
    work.session.execute(
        delete(model).where(model.id == old.id, model.account_id == account_id),
        execution_options={"synchronize_session": False},
    )


def _end_the_rest(work: Work, account_id: UUID, old: Authenticator, *, replaced_by: UUID | None = None) -> None:
    forgotten = trusted_device.forget_all(work, account_id)
    session.end_all(work, account_id, ENDED, except_id=work.actor.session_id)
    next_one = {"replaced_by": str(replaced_by)} if replaced_by else {}
    details: dict[str, Any] = {"authenticator": str(old.id), **next_one}
    audit.record(work, f"{_EVENTS[old.kind]}.removed", ("account", account_id), **details)
    if forgotten:
        audit.record(work, "trusted_device.forgotten", ("account", account_id), reason=ENDED, browsers=forgotten)


def _close_attempts(work: Work, account_id: UUID) -> None:
    """Before the account is locked: an attempt that waits for the account must not be waited for."""
    work.write()
    work.session.execute(
        update(SignIn)
        .where(SignIn.account_id == account_id, SignIn.finished_at.is_(None))
        .values(finished_at=work.now),
        execution_options={"synchronize_session": False},
    )


# --- the secret of an app on its way through the form ---


def _seal(work: Work, account_id: UUID, secret: str, again: str) -> str:
    """Encrypted for this session, with the time; one that is shown again keeps its time."""
    if again and _unsealed(work, account_id, again) is not None:
        return again
    value = f"{int(work.now.timestamp())} {secret}".encode()
    return base64.urlsafe_b64encode(work.keyring.encrypt(value, _place(work, account_id))).decode()


def _unsealed(work: Work, account_id: UUID, sealed: str) -> str | None:
    try:
        value = work.keyring.decrypt(base64.urlsafe_b64decode(sealed.encode()), _place(work, account_id)).decode()
    except (InvalidInput, binascii.Error, UnicodeError, ValueError):
        return None
    since, _, secret = value.partition(" ")
    age = work.now - datetime.fromtimestamp(int(since), UTC)
    return secret if timedelta(0) <= age + timedelta(seconds=1) and age < SETUP_LIFETIME else None


def _place(work: Work, account_id: UUID) -> str:
    return f"accounts:{account_id}:new_app:{work.actor.session_id}"


# --- recovery codes ---


def new_codes(work: Work, account_id: UUID) -> list[str]:
    """A new set of recovery codes, shown this once; the old set is void from now on."""
    codes = recovery_code.replace(work, account_id)
    notices.tell(work, account_id, "recovery_codes_replaced")
    audit.record(work, "recovery_codes.made", ("account", account_id), codes=len(codes))
    return codes


def keep_codes(work: Work, account_id: UUID, typed: str) -> bool:
    """Take the holder's word that the codes are kept, given by one of them; it stays good."""
    if not recovery_code.keep(work, account_id, typed):
        return False
    audit.record(work, "recovery_codes.kept", ("account", account_id))
    return True
