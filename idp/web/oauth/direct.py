"""The endpoints of every sign-in and every call of a product, answered without Flask's dispatch.

Token, introspection, revocation and userinfo need none of what Flask prepares for a page (routing, contexts, session,
after-request functions), and it costs them as much as their own work does (docs/performance.md, docs/decisions/0009).
So their paths are looked up in one table; a plain request goes in, a plain answer comes out. What goes wrong is handed
to Flask, whose error faces are the same for every path. The routes are known to Flask too, which answers other methods.
The authorization endpoint is here as far as its answers are redirects; its pages are Flask's.
"""

from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from flask import Blueprint
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge
from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from idp.authn import session
from idp.core import wire
from idp.core.settings import Settings
from idp.oidc import dpop
from idp.oidc.certificates import Shown
from idp.oidc.errors import InvalidRequest, ProtocolError
from idp.oidc.server import PlainRequest, PlainResponse, answer_error
from idp.web import cookies, headers
from idp.web.oauth import cors
from idp.web.oauth.parameters import FORM, as_sent
from idp.web.work import Application, new_work, parts_of
from idp.work import Work

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_FIELDS = 100
JSON = ("Content-Type", "application/json")
_STATUS = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}


class Call:
    """One request: what was sent, and the unit of work that answers it."""

    __slots__ = ("_app", "_work", "environ", "sent")

    def __init__(self, app: Application, environ: "WSGIEnvironment") -> None:
        self.environ = environ
        self._app = app
        self._work: Work | None = None
        self.sent: tuple[tuple[str, str], ...] = ()
        """The parameters of the body, once it was read."""

    def work(self, *, write: bool = False) -> Work:
        """The unit of work of this request, asked for once; see `idp.web.work.open_work`."""
        self._work = new_work(parts_of(self._app), self.environ)
        if write:
            self._work.write()
        return self._work

    def at_work(self) -> Work:
        """The unit of work of this request: the one that was asked for, or one that reads."""
        return self._work or self.work()

    @property
    def settings(self) -> Settings:
        """Where this instance runs."""
        return parts_of(self._app).settings

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    def current_session(self) -> session.Current | None:
        """The live session of this browser, or None. The work stays by nobody: nothing here is audited as theirs."""
        work = self.at_work()
        sent = parse_cookie(self.environ.get("HTTP_COOKIE", ""))
        token = sent.get(cookies.named(cookies.SESSION, secure=parts_of(self._app).settings.secure))
        found = session.find(work, token) if token else None
        if found is not None:
            session.touch(work, found)
        return found

    def query(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the address.

        Raises:
            ForPeople: it is not ASCII, as addresses are.
        """
        text = self.environ.get("QUERY_STRING", "")
        if not text.isascii():
            raise ForPeople
        return as_sent(text)

    def authorization(self) -> dict[str, str]:
        """The one header that the protocol reads."""
        value = self.environ.get("HTTP_AUTHORIZATION")
        return {"Authorization": value} if value is not None else {}

    def possession(self) -> dict[str, str]:
        """The header in which the sender proves to hold a key (RFC 9449 §4.1)."""
        value = self.environ.get("HTTP_DPOP")
        return {dpop.HEADER: value} if value is not None else {}

    def certificate(self) -> Shown | None:
        """What a proxy has seen of the sender's certificate."""
        return parts_of(self._app).certificates.shown(self.environ)

    def form(self) -> PlainRequest:
        """This request, once it has the shape of a back-channel request: its parameters are in the body alone, as a
        form (R-31); a query would end up in logs.

        Raises:
            InvalidRequest: parameters in the query, or a body that is not a form.
        """
        environ = self.environ
        if environ.get("QUERY_STRING"):
            raise InvalidRequest("Parameters belong in the body.")
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != FORM:
            raise InvalidRequest(f"The body must be {FORM}.")
        try:
            body = self._body().decode("utf-8")
            pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        except ValueError as error:
            raise InvalidRequest("The body is not a readable form.") from error
        self.sent = tuple(pairs)
        proved = self.authorization() | self.possession()
        return PlainRequest("POST", environ["PATH_INFO"], (), self.sent, proved, self.certificate())

    def _body(self) -> bytes:
        """The body. One that says its length is read at once; Werkzeug guards the others.

        Raises:
            RequestEntityTooLarge: longer than this service reads.
        """
        environ = self.environ
        limit = int(self._app.config["MAX_CONTENT_LENGTH"])
        length = environ.get("CONTENT_LENGTH", "")
        if not (length.isascii() and length.isdigit()):
            return get_input_stream(environ, max_content_length=limit).read()
        if int(length) > limit:
            raise RequestEntityTooLarge
        sent: bytes = environ["wsgi.input"].read(int(length))
        return sent

    def commit(self) -> None:
        if self._work is not None and self._work.session.in_transaction():
            self._work.session.commit()

    def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        if self._work is not None:
            self._work.session.close()


View = Callable[[Call], PlainResponse]


class ForPeople(Exception):
    """The answer is a page, and nothing was done yet: the request goes through Flask."""


class Channel:
    """A blueprint with views that are called directly. A `ProtocolError` is a result of theirs, and is committed."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self._views: dict[tuple[str, str], View] = {}
        self._for_pages: set[str] = set()

    def endpoint(self, path: str, *methods: str, pages: bool = False) -> Callable[[View], View]:
        """Answer these methods of this path by a view.

        Args:
            pages: scripts of a client's own pages may call it too (CORS, see `cors`).
        """

        def register(view: View) -> View:
            for method in methods:
                self._views[method, path] = view
            if pages:
                self._for_pages.add(path)
                self._views["OPTIONS", path] = partial(cors.preflight, methods=", ".join(methods))
            self.blueprint.add_url_rule(path, view.__name__, _by_flask, methods=methods)
            return view

        return register

    def shortcut(self, method: str, path: str) -> Callable[[View], View]:
        """Answer a route of the blueprint by this view first. It raises `ForPeople` for what it leaves to the route."""

        def register(view: View) -> View:
            self._views[method, path] = view
            return view

        return register

    def install(self, app: Application) -> None:
        """Register the blueprint, and its views with the application's table."""
        app.register_blueprint(self.blueprint)
        for at, view in self._views.items():
            app.direct[at] = _Direct(app, view, for_pages=at[1] in self._for_pages and at[0] != "OPTIONS")


class _Direct:
    """A view as a WSGI application."""

    def __init__(self, app: Application, view: View, *, for_pages: bool) -> None:
        self._app, self._view, self._for_pages = app, view, for_pages
        self._fixed = headers.plain(parts_of(app).settings)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        call = Call(self._app, environ)
        origin = environ.get("HTTP_ORIGIN") if self._for_pages else None
        try:
            try:
                plain = self._view(call)
            except ProtocolError as problem:  # what it recorded (a refused client) stays
                plain = answer_error(problem)
            shared = cors.shared(call, origin) if origin else ()
            call.commit()
        except ForPeople:
            call.close()
            return self._app.dispatched(environ, start_response)
        except Exception as failure:  # noqa: BLE001 - every failure gets one of Flask's faces
            call.close()
            return self._failed(failure, environ)(environ, start_response)
        finally:
            call.close()
        body = plain.body.encode()
        sent = [each for each in plain.headers if each[0] != "Cache-Control"]
        length = ("Content-Length", str(len(body)))
        start_response(_STATUS[plain.status], [*sent, *shared, length, ("Cache-Control", "no-store"), *self._fixed])
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)

    def _failed(self, failure: Exception, environ: "WSGIEnvironment") -> Response:
        app = self._app
        with app.request_context(environ):
            return app.finalize_request(app.handle_user_exception(failure))


def json_answer(body: Any, status: int = 200) -> PlainResponse:
    """A JSON answer."""
    return PlainResponse(status, wire.write(body), (JSON,))


def _by_flask() -> NoReturn:
    """Flask's view of these routes: the table answers all their methods, so whoever comes here used another one."""
    raise MethodNotAllowed
