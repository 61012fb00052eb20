"""A unit of work per request, committed once the view has returned."""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import OpenAPI
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from idp.companies import overreach
from idp.core.calling import Outbound
from idp.core.db import Base
from idp.core.names import Names
from idp.core.networks import Places
from idp.core.session import lazy_session
from idp.core.settings import Settings
from idp.core.tokens import Keyring
from idp.policy import Policies
from idp.web import phrases
from idp.web.client_certificates import ClientCertificates
from idp.work import Actor, Work

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNKNOWN_HOST = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PORT = re.compile(r":[0-9]+$")


database = SQLAlchemy(metadata=Base.metadata)


@dataclass(frozen=True, slots=True)
class Parts:
    """What one process was put together from; found at `app.extensions["sesame"]`."""

    settings: Settings
    policies: Policies
    keyring: Keyring
    engine: Engine
    places: Places
    outbound: Outbound
    certificates: ClientCertificates
    names: Names | None


class Application(OpenAPI):
    """The Flask application, with one transaction per request.

    The commit is here and not in `after_request`, which also runs for errors: an exception means that nothing
    happened, so the transaction is rolled back before any error handler runs.
    """

    hosts: frozenset[str] = frozenset()
    """The names by which requests may call this service; empty: any."""

    jinja_environment = phrases.Environment

    direct: dict[tuple[str, str], "WSGIApplication"]
    """By method and path, what answers without Flask's dispatch; see `idp.web.oauth.direct`."""

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Refuse a request that names another host before anything looks at it. Flask's own check (TRUSTED_HOSTS) runs
        twice a request and parses the name each time; nothing here is ever built from it anyway (R-56)."""
        named = environ.get("HTTP_HOST", "").lower()
        if self.hosts and _PORT.sub("", named) not in self.hosts:
            refusal = Response("This service has another name.\n", 400, UNKNOWN_HOST, mimetype="text/plain")
            return refusal(environ, start_response)
        direct = self.direct.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        return (direct or self.dispatched)(environ, start_response)

    def dispatched(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """A request through Flask's own dispatch. Werkzeug reads no query with bytes that are no UTF-8; such bytes are
        escaped first, as whoever sent them should have done (RFC 3986 §2.1), and are then seen as what they are."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query, safe=string.punctuation, encoding="latin-1")
        return super().wsgi_app(environ, start_response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: no view here is a coroutine, and Flask would ask five times a request."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        try:
            answer = super().dispatch_request()
        except BaseException:
            if (work := opened()) is not None:
                work.session.rollback()
                if work.tries:
                    _record_tries(work)
            raise
        if (work := opened()) is not None:
            if work.session.in_transaction():
                work.session.commit()
            if work.tries:
                _record_tries(work)
        return answer


def _record_tries(work: Work) -> None:
    """What is left of a request that tried to give more than its actor may, whatever it was told. The answer stands
    also when the database has no time for this."""
    try:
        work.write()
        overreach.record(work)
        work.session.commit()
    except SQLAlchemyError as error:
        structlog.get_logger("idp.web").error("tries.lost", kind=type(error).__name__, endpoint=request.endpoint)
        with suppress(SQLAlchemyError):
            work.session.rollback()


def close_work(problem: BaseException | None = None) -> None:
    """Give the connection of this request back, at its very end: an error page may still have read from it."""
    if (work := opened()) is not None:
        work.session.close()


def opened() -> Work | None:
    """The unit of work of this request, if it has one."""
    work: Work | None = g.get("work")
    return work


def parts() -> Parts:
    """The parts of this process."""
    return parts_of(current_app)


def parts_of(app: Flask) -> Parts:
    """The parts of an application's process."""
    found: Parts = app.extensions["sesame"]
    return found


def open_work(*, write: bool = False) -> Work:
    """The unit of work of this request.

    Args:
        write: begin a writing transaction at once; a view that changes anything says so before it reads.
    """
    work = opened()
    if work is None:
        work = g.work = new_work(parts(), request.environ)
    if write:
        work.write()
    return work


def new_work(made_of: Parts, environ: "WSGIEnvironment") -> Work:
    """A unit of work for a request, by nobody yet; for who opens one outside Flask's contexts."""
    actor = Actor(network=environ.get("REMOTE_ADDR", ""), user_agent=environ.get("HTTP_USER_AGENT", "")[:300])
    return _new(made_of, actor)


def act_as(work: Work, actor: Actor) -> Work:
    """Go on as this actor, known now, from the same network address and browser."""
    g.work = work.acting(replace(actor, network=work.actor.network, user_agent=work.actor.user_agent))
    acting: Work = g.work
    return acting


@contextmanager
def unit_of_work(app: Flask, actor: Actor, *, write: bool = True) -> Iterator[Work]:
    """A unit of work outside a request, for the command line and the outbox: committed at the end, or rolled back."""
    with app.app_context():
        work = _new(parts_of(app), actor)
        try:
            if write:
                work.write()
            yield work
            work.session.commit()
        finally:
            work.session.close()


def _new(made_of: Parts, actor: Actor) -> Work:
    return Work(
        session=lazy_session(made_of.engine),
        now=datetime.now(UTC),
        policies=made_of.policies,
        actor=actor,
        keyring=made_of.keyring,
        issuer=made_of.settings.issuer,
        places=made_of.places,
        outbound=made_of.outbound,
        mtls_origin=made_of.settings.mtls_origin,
        names=made_of.names,
    )
