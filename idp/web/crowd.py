"""How many requests that hash a password are worked on at once; the others wait in front of the door (R-72, F-42).

Whoever waits here holds a thread of the server and nothing else: no database connection, no transaction, and nothing
was worked out for them yet, because the door is before Flask. So a hundred sign-ins at once leave room for those who
refresh a token meanwhile. One processor of the machine is always left to these: no request that had to wait runs on it
(where the system can be told so), and all workers together let in no more than there are others.
"""

import fcntl
import html
import io
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

import structlog
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.core import processors
from idp.core.errors import Unavailable
from idp.web import apart, locale

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

THREADS = 96  # of the server, in each worker process
WAITING = 64  # of them, at most, wait here; the rest are for everybody else
WAIT_SECONDS = 1.5  # with the turn two seconds, as long as anybody is kept waiting (F-42)
TURN_SECONDS = 0.5  # then it goes in without a turn: a worker that hangs must not keep people out of the others
LOOK_SECONDS = 0.001
REST_SECONDS = 30.0  # a process for crowds that lost a request is left alone so long: the machine has no time for it

_View = TypeVar("_View", bound=Callable[..., Any])


def waits_its_turn(view: _View) -> _View:
    """Mark a view that hashes a password: the `Door` lets few in at once, and whoever's turn has not come within
    `WAIT_SECONDS`, or who finds too many waiting, is told by it to come back."""
    view.waits_its_turn = True  # type: ignore[attr-defined]
    return view


def turns(folder: Path) -> Sequence[Path]:
    """The turns that all workers and the process for crowds share, one for each processor but one."""
    return [folder / f"turn-{number}.lock" for number in range(processors.others())]


class Door:
    """WSGI middleware in front of an application: its marked views are worked on in `places` requests at once.

    Args:
        shared: files by which the processes of this machine take turns, see `turns`. The system gives a turn back when
            its process ends, however it ends.
        waiting: how many wait at most.
    """

    def __init__(
        self,
        app: Flask,
        inner: "WSGIApplication",
        places: int,
        shared: Sequence[Path] = (),
        waiting: int = WAITING,
    ) -> None:
        self._app, self._inner, self._shared = app, inner, shared
        self._late, self._lost = LatePage(app), LatePage(app, outcome="unknown")
        self._known: dict[str, bool] = {}  # the paths that are always the same: looking for a route costs more
        self._line = threading.BoundedSemaphore(waiting)
        self._places = threading.BoundedSemaphore(places)
        self._rested = 0.0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or not self._hashes(environ["PATH_INFO"]):
            return self._inner(environ, start_response)
        _receive(environ)
        if self._places.acquire(blocking=False):
            try:
                with self._turn(0) as free:
                    if free:  # nobody else is worked on: changing processors or processes costs more than it is worth
                        return self._inner(environ, start_response)
            finally:
                self._places.release()
        return self._in_a_crowd(environ, start_response)

    def _in_a_crowd(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Whoever has to wait does so in the process that is there for it; without one here, until it is their turn."""
        if not self._line.acquire(blocking=False):
            return self._late(environ, start_response)
        try:
            if time.monotonic() >= self._rested and (answered := apart.ask(environ)) is not None:
                start_response(answered.status, answered.headers)
                return (answered.body,)
            if not self._places.acquire(timeout=WAIT_SECONDS):
                return self._late(environ, start_response)
        except apart.Lost:
            self._rested = time.monotonic() + REST_SECONDS
            structlog.get_logger("idp.web").error("crowd.lost")
            return self._lost(environ, start_response)
        finally:
            self._line.release()
        try:
            with self._turn(TURN_SECONDS), processors.aside():
                return self._inner(environ, start_response)
        finally:
            self._places.release()

    def _hashes(self, path: str) -> bool:
        if path in self._known:
            return self._known[path]
        try:
            rule, _ = self._app.url_map.bind("").match(path, "POST", return_rule=True)
        except HTTPException:
            return False
        marked = hasattr(self._app.view_functions[rule.endpoint], "waits_its_turn")
        if not rule.arguments:
            self._known[path] = marked
        return marked

    @contextmanager
    def _turn(self, patience: float) -> Iterator[bool]:
        """Hold one of the turns of all processes, waited for at most `patience` seconds; whether it is held."""
        held: list[int] = []
        try:
            with suppress(OSError):  # a folder that cannot be written to: no turns, only places
                held += [os.open(each, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for each in self._shared]
            end = time.monotonic() + patience
            while not (free := not held or any(map(_locked, held))) and time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
            yield free
        finally:
            for each in held:
                os.close(each)


class _Made(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: str


class LatePage:
    """What those are told who have to come back: the application's own page for it, made once per language.

    Those who came in one instant are late in one instant, just when the service has no time to spare, and a page made
    for each would keep others waiting. It holds nothing of the request but its address, for the way back to the page
    and for the language links.

    Args:
        more: further members of the error, which choose its words.
    """

    PATH, QUERY = "/path-of-this-request", "kept=of-this-request"

    def __init__(self, app: Flask, **more: str) -> None:
        self._app = app
        self._error = Unavailable(resource="password_hashing", retry_after=math.ceil(WAIT_SECONDS), **more)
        self._made: dict[str, _Made] = {}
        self._making = threading.Lock()  # those who are late are late at once, and each would begin to make it

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        language = locale.of_stranger(Request(environ))
        with self._making:
            made = self._made.get(language) or self._made.setdefault(language, self._make(language))
        query = "&".join(
            each for each in environ.get("QUERY_STRING", "").split("&") if each and "ui_locales" not in each
        )
        path = quote(environ["PATH_INFO"].encode("latin-1", "replace"))
        page = made.body.replace(self.PATH, html.escape(path)).replace(self.QUERY, html.escape(query))
        body = page.encode("utf-8", "replace")
        start_response(made.status, [*made.headers, ("Content-Length", str(len(body)))])
        return (body,)

    def _make(self, language: str) -> _Made:
        app = self._app
        asked = EnvironBuilder(self.PATH, query_string=f"{self.QUERY}&ui_locales={language}")
        with app.request_context(asked.get_environ()):
            answer = app.finalize_request(app.handle_user_exception(self._error))
        headers = [each for each in answer.headers if each[0] not in ("Set-Cookie", "Content-Length")]
        return _Made(answer.status, headers, answer.get_data(as_text=True))


def _receive(environ: "WSGIEnvironment") -> None:
    """Have the whole form before anything that others wait for: the server hands a request on before its body is there,
    and waits for that as long as the connection lasts. A form that says that it is too long is refused unread."""
    stated = environ.get("CONTENT_LENGTH") or ""
    length = int(stated) if stated.isdecimal() else 0
    if not stated and environ.get("wsgi.input_terminated"):
        length = apart.MOST_BYTES + 1
    if length > apart.MOST_BYTES and stated:
        return
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = stated or str(len(body))


def _locked(turn: int) -> bool:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
