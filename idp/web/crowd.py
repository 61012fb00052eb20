"""How many requests that hash a password are worked on at once; the others wait in front of the door (R-72, F-42).

Whoever waits here holds a thread of the server and nothing else: no database connection, no transaction, and nothing
was worked out for them yet, because the door is before Flask. So a hundred sign-ins at once leave room for those who
refresh a token meanwhile. One processor of the machine is always left to these: no request that had to wait runs on it
(where the system can be told so), and all workers together let in no more than there are others.
"""

import fcntl
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from idp.core import processors
from idp.core.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

THREADS = 96  # of the server, in each worker process
WAITING = 64  # of them, at most, wait here; the rest are for everybody else
WAIT_SECONDS = 1.5  # with the turn two seconds, as long as anybody is kept waiting (F-42)
TURN_SECONDS = 0.5  # then it goes in without a turn: a worker that hangs must not keep people out of the others
LOOK_SECONDS = 0.001
LATE = "sesame.late"

_P = ParamSpec("_P")
_R = TypeVar("_R")


def waits_its_turn(view: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a view that hashes a password; the `Door` lets few in at once.

    Raises:
        Unavailable: its turn has not come within `WAIT_SECONDS`, or too many waited already.
    """

    @wraps(view)
    def in_turn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if request.environ.get(LATE):
            raise Unavailable(resource="password_hashing", retry_after=math.ceil(WAIT_SECONDS))
        return view(*args, **kwargs)

    in_turn.waits_its_turn = True  # type: ignore[attr-defined] # the tests look whether every view that hashes does
    return in_turn


def turns(folder: Path, requests: int) -> Sequence[Path]:
    """The turns that all workers share, one for each processor but one; none where there are enough for `requests`."""
    count = max(1, (len(processors.usable()) or os.cpu_count() or 1) - 1)
    return [] if count >= requests else [folder / f"turn-{number}.lock" for number in range(count)]


class Door:
    """WSGI middleware in front of an application: its marked views are worked on in `places` requests at once.

    Args:
        shared: files by which the processes of this machine take turns, see `turns`. The system gives a turn back when
            its process ends, however it ends.
    """

    def __init__(self, app: Flask, inner: "WSGIApplication", places: int, shared: Sequence[Path] = ()) -> None:
        self._app, self._inner, self._shared = app, inner, shared
        self._line = threading.BoundedSemaphore(WAITING)
        self._places = threading.BoundedSemaphore(places)
        self._way_back = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or not self._hashes(environ["PATH_INFO"]):
            return self._inner(environ, start_response)
        alone = self._places.acquire(blocking=False)
        if not alone and not self._admitted():
            environ[LATE] = True  # those who came together are late together: one after the other, then
            with self._way_back, processors.aside():
                return self._inner(environ, start_response)
        try:
            with self._turn() as at_once:
                if alone and at_once:  # changing processors costs more than it is worth
                    return self._inner(environ, start_response)
                with processors.aside():
                    return self._inner(environ, start_response)
        finally:
            self._places.release()

    def _hashes(self, path: str) -> bool:
        try:
            endpoint, _ = self._app.url_map.bind("").match(path, "POST")
        except HTTPException:
            return False
        return hasattr(self._app.view_functions[endpoint], "waits_its_turn")

    def _admitted(self) -> bool:
        if not self._line.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=WAIT_SECONDS)
        finally:
            self._line.release()

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Hold a turn of all workers; whether it was free at once."""
        held: list[int] = []
        try:
            with suppress(OSError):  # a folder that cannot be written to: no turns, only places
                held += [os.open(each, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for each in self._shared]
            begun, at_once = time.monotonic(), True
            while held and not any(map(_locked, held)) and time.monotonic() < begun + TURN_SECONDS:
                at_once = False
                time.sleep(LOOK_SECONDS)
            yield at_once
        finally:
            for each in held:
                os.close(each)


def _locked(turn: int) -> bool:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
