"""How many requests that hash a password are worked on at once; the others wait in front of the door (R-72, F-42).

Whoever waits here holds a thread of the server and nothing else: no database connection, no transaction, and nothing
was worked out for them yet, because the door is before Flask. So a hundred sign-ins at once leave room for those who
refresh a token meanwhile.
"""

import threading
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from idp.core.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

THREADS = 96  # of the server, in each worker process
WAITING = 64  # of them, at most, wait here; the rest are for everybody else
WAIT_SECONDS = 2.0
LATE = "sesame.late"

_P = ParamSpec("_P")
_R = TypeVar("_R")


def waits_its_turn(view: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a view that hashes a password; the `Door` lets few in at once.

    Raises:
        Unavailable: its turn has not come within two seconds, or too many waited already.
    """

    @wraps(view)
    def in_turn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if request.environ.get(LATE):
            raise Unavailable(resource="password_hashing", retry_after=int(WAIT_SECONDS))
        return view(*args, **kwargs)

    in_turn.waits_its_turn = True  # type: ignore[attr-defined] # the tests look whether every view that hashes does
    return in_turn


class Door:
    """WSGI middleware in front of an application: its marked views are worked on in `places` requests at once."""

    def __init__(self, app: Flask, inner: "WSGIApplication", places: int) -> None:
        self._app, self._inner = app, inner
        self._line = threading.BoundedSemaphore(WAITING)
        self._places = threading.BoundedSemaphore(places)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or not self._hashes(environ["PATH_INFO"]):
            return self._inner(environ, start_response)
        if not self._admitted():
            environ[LATE] = True
            return self._inner(environ, start_response)
        try:
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
