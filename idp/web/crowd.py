"""How many requests that hash a password are worked on at once; the others wait in front of the door (R-72, F-42).

Whoever waits here holds a thread of the server and nothing else: no database connection, no transaction, no share of
the interpreter. So a hundred sign-ins at once leave room for those who refresh a token meanwhile.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from idp.core.errors import Unavailable

THREADS = 96  # of the server, in each worker process
WAITING = 64  # of them, at most, wait here; the rest are for everybody else
WAIT_SECONDS = 2.0

_P = ParamSpec("_P")
_R = TypeVar("_R")

_line = threading.BoundedSemaphore(WAITING)
_places = threading.BoundedSemaphore(1)


def configure(places: int) -> None:
    """Set how many are worked on at once in this process; called when it starts."""
    global _places
    _places = threading.BoundedSemaphore(places)


def waits_its_turn(view: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a view that hashes a password.

    Raises:
        Unavailable: its turn has not come within two seconds, or too many wait already.
    """

    @wraps(view)
    def in_turn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        places = _places
        if not _line.acquire(blocking=False):
            raise Unavailable(resource="password_hashing", retry_after=int(WAIT_SECONDS))
        try:
            if not places.acquire(timeout=WAIT_SECONDS):
                raise Unavailable(resource="password_hashing", retry_after=int(WAIT_SECONDS))
        finally:
            _line.release()
        try:
            return view(*args, **kwargs)
        finally:
            places.release()

    in_turn.waits_its_turn = True  # type: ignore[attr-defined] # the tests look whether every view that hashes does
    return in_turn
