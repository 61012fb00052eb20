"""Passwords: what may be one, and Argon2id behind a limit of its own.

A password is used exactly as typed, but for one Unicode normalisation (NFC), so that the same keys on another machine
give the same password. Nothing is trimmed, folded or cut.
"""

import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from sqlalchemy import Select, delete, select

from idp.authn import guessable
from idp.authn.models import FormerPassword, PasswordCredential
from idp.core import processors
from idp.core.errors import InvalidInput, Unavailable
from idp.core.ids import uuid7
from idp.work import Work

_R = TypeVar("_R")

LONGEST_BYTES = 4096  # more is refused before any work is spent on it; 256 code points never need more than 1,024
WAIT_SECONDS = 2.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
# The hash of a random value that nobody has: an unknown address costs the same time as a known one.
DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$bz0YnIv5vjWldj8Z5BC/cQ$YTg9AShhJPlCUnMfXLR6kHT/WEgr/esSgEYtNROZY5U"
PATIENCE_SECONDS = 0.1  # how long a hash is worked on only with what nobody else needs of the processors


class _Hashers:
    """A few threads that hash, and nothing else.

    When they step back they get the processor only when nobody else wants it, so that whoever refreshes a token
    meanwhile comes first (R-72): Linux gives each thread a policy of its own, and an idle one gives way at once. On a
    machine with no time to spare that could last for ever, and what has stepped back may not come forward again; so a
    hash that is not ready soon is begun anew by a thread that takes its share like any other.
    """

    def __init__(self, count: int, *, behind: bool) -> None:
        self.places = threading.BoundedSemaphore(count)
        self._threads = ThreadPoolExecutor(count, "argon2", initializer=processors.step_aside if behind else None)
        linux = behind and sys.platform == "linux"
        self._behind = ThreadPoolExecutor(count, "argon2-behind", initializer=_step_behind) if linux else None

    def run(self, act: Callable[..., _R], *arguments: str) -> _R:
        if self._behind is not None:
            future = self._behind.submit(act, *arguments)
            with suppress(TimeoutError):
                return future.result(PATIENCE_SECONDS)
            future.cancel()
        return self._threads.submit(act, *arguments).result()


def _step_behind() -> None:
    processors.step_aside()
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it: all is then as without
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))


_behind = False
_hashers = _Hashers(2, behind=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer to a password. `renewed` is a new hash of it when the old one has outdated parameters."""

    right: bool
    renewed: str | None = None


def configure(hashers: int) -> None:
    """Set how many hashes this process computes at once; called when it starts."""
    global _hashers
    _hashers = _Hashers(hashers, behind=_behind)


def step_back() -> None:
    """Let the threads that hash come after all others from now on; for a process that serves, before `configure`."""
    global _behind
    _behind = True


def check(work: Work, password: str, *, words: Iterable[str] = ()) -> None:
    """Whether this may become a password (R-01, R-03). There are no composition rules.

    Args:
        words: what it must not be derived from: names, address, companies. The products are added here.

    Raises:
        InvalidInput: `field="password"`, and `reason`: `too_short` (`min`), `too_long` (`max`), `unusable`, `common` or
            `derived`.
    """
    rules = work.policies.account
    if len(password) > LONGEST_BYTES:
        raise InvalidInput(field="password", reason="too_long", max=rules.password_max)
    normal = normalised(password)
    if normal is None:
        raise InvalidInput(field="password", reason="unusable")
    if len(normal) < rules.password_min:
        raise InvalidInput(field="password", reason="too_short", min=rules.password_min)
    if len(normal) > rules.password_max:
        raise InvalidInput(field="password", reason="too_long", max=rules.password_max)
    if guessable.derived(normal, [*words, *_own_words(work)]):
        raise InvalidInput(field="password", reason="derived")
    if guessable.common(normal):
        raise InvalidInput(field="password", reason="common")


def hashed(password: str) -> str:
    """The Argon2id hash of a password that `check` has let through. Never call it inside a writing transaction.

    Raises:
        Unavailable: all places for hashing stayed taken.
    """
    normal = normalised(password)
    if normal is None:
        raise InvalidInput(field="password", reason="unusable")
    with _place():
        return _hashers.run(_hasher.hash, normal)


def chosen(work: Work, password: str, *, words: Iterable[str] = (), account_id: UUID | None = None) -> str:
    """The hash of a new password, once `check` has let it through.

    What was recorded so far is committed, so that the database is free while hashes are computed.

    Args:
        account_id: the account that has a password already; its last ones are refused (`password.history`).

    Raises:
        InvalidInput: as `check`; or `reason` is `same` for the present password, `used_before` for one before it.
        Unavailable: all places for hashing stayed taken.
    """
    check(work, password, words=words)
    before = _last(work, account_id) if account_id is not None else []
    work.checkpoint(write=False)
    for reason, stored in before:
        if verify(stored, password).right:
            raise InvalidInput(field="password", reason=reason)
    made = hashed(password)
    work.write()
    return made


def verify(stored: str | None, password: str) -> Verified:
    """Whether a password is the one with this hash; None stands for "no such account" and costs the same.

    Never call it inside a writing transaction.

    Raises:
        Unavailable: all places for hashing stayed taken.
    """
    normal = normalised(password) if len(password) <= LONGEST_BYTES else None
    if normal is None:
        return Verified(right=False)  # it cannot be anybody's password, so the short time tells nothing
    with _place():
        try:
            _hashers.run(_hasher.verify, stored or DUMMY, normal)
        except (VerificationError, InvalidHashError):
            return Verified(right=False)
        if stored is None:
            return Verified(right=False)
        renewed = _hashers.run(_hasher.hash, normal) if _hasher.check_needs_rehash(stored) else None
        return Verified(right=True, renewed=renewed)


def set_hash(work: Work, account_id: UUID, hash_: str) -> None:
    """Make this the password hash of an account, whether it has one or not; the one before is remembered."""
    credential = work.session.get(PasswordCredential, account_id)
    if credential is None:
        work.session.add(PasswordCredential(account_id=account_id, hash=hash_, changed_at=work.now))
    else:
        former = FormerPassword(id=uuid7(), account_id=account_id, hash=credential.hash, replaced_at=work.now)
        work.session.add(former)
        credential.hash, credential.changed_at = hash_, work.now
    work.session.flush()
    if credential is not None:
        _forget_older(work, account_id)


def void(work: Work, account_id: UUID) -> None:
    """Take the password of an account away, because somebody else has had it; it is remembered, so that it is not
    chosen again soon. Until there is another one no passkey signs in alone either."""
    voided = work.session.scalar(
        delete(PasswordCredential)
        .where(PasswordCredential.account_id == account_id)
        .returning(PasswordCredential.hash),
        execution_options={"synchronize_session": "fetch"},
    )
    if voided is not None:
        work.session.add(FormerPassword(id=uuid7(), account_id=account_id, hash=voided, replaced_at=work.now))
        work.session.flush()
        _forget_older(work, account_id)


def normalised(password: str) -> str | None:
    """NFC, the one change a password ever sees; None for text that is not Unicode (a lone surrogate)."""
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    return unicodedata.normalize("NFC", password)


def parameters() -> dict[str, int | str]:
    """The parameters new hashes get, for operators to see."""
    return {
        "type": "argon2id",
        "memory_kib": _hasher.memory_cost,
        "time_cost": _hasher.time_cost,
        "parallelism": _hasher.parallelism,
    }


def _last(work: Work, account_id: UUID) -> list[tuple[str, str]]:
    """The hashes that a new password is compared with, and why it is refused: the present one first, if the account has
    one, then those before it."""
    present = work.session.scalar(select(PasswordCredential.hash).where(PasswordCredential.account_id == account_id))
    former = work.session.scalars(_newest_first(account_id).limit(_remembered(work)))
    return [("same", hash_) for hash_ in [present] if hash_ is not None] + [("used_before", hash_) for hash_ in former]


def _forget_older(work: Work, account_id: UUID) -> None:
    kept = select(_newest_first(account_id).with_only_columns(FormerPassword.id).limit(_remembered(work)).subquery())
    work.session.execute(
        delete(FormerPassword).where(FormerPassword.account_id == account_id, FormerPassword.id.not_in(kept)),
        execution_options={"synchronize_session": False},
    )


def _newest_first(account_id: UUID) -> Select[Any]:
    newest = (FormerPassword.replaced_at.desc(), FormerPassword.id.desc())
    return select(FormerPassword.hash).where(FormerPassword.account_id == account_id).order_by(*newest)


def _remembered(work: Work) -> int:
    """How many former passwords are kept; the present one is the last of those that the policy counts."""
    return max(0, work.policies.account.password_history - 1)


@contextmanager
def _place() -> Iterator[None]:
    """One of the few places for hashing, waited for at most `WAIT_SECONDS` (security.md, fact 9)."""
    places = _hashers.places
    if not places.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(resource="password_hashing", retry_after=int(WAIT_SECONDS))
    try:
        yield
    finally:
        places.release()


def _own_words(work: Work) -> Iterator[str]:
    yield "Sésame"
    for product in work.policies.products.values():
        yield product.id
        yield from product.label.values()
