"""Public documents (discovery, keys) are answered from memory, before Flask.

Products fetch them all day and they are the same bytes for everybody, so the answer of the route is kept for a second
and given as it is. The routes remain what they are: this only saves asking them again.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT_SECONDS = 1.0


class _Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    at: float


class Published:
    """WSGI middleware that keeps the successful answers to GET of these paths, without query, for a second."""

    def __init__(self, app: "WSGIApplication", paths: Iterable[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._kept: dict[str, _Answer] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path not in self._paths or environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return self._app(environ, start_response)
        answer = self._kept.get(path)
        if answer is None or time.monotonic() - answer.at > KEPT_SECONDS:
            answer = self._ask(environ)
            if answer.status.startswith("200"):
                self._kept[path] = answer
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _ask(self, environ: "WSGIEnvironment") -> _Answer:
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            said[:] = [(status, headers)]

        chunks = self._app(environ, start)  # type: ignore[arg-type]
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = said[0]
        return _Answer(status, headers, body, time.monotonic())
