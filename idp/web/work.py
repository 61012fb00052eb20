"""A unit of work per request, committed once the view has returned."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import OpenAPI
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as DatabaseSession
from sqlalchemy import Connection, Engine

from idp.core.db import Base
from idp.core.settings import Settings
from idp.core.tokens import Keyring
from idp.policy import Policies
from idp.work import Actor, Work


class OneDatabaseSession(DatabaseSession):
    """A session of the one database there is, so that nothing has to be searched for the engine of a statement."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        return kwargs.get("bind") or self._db.engine


database = SQLAlchemy(metadata=Base.metadata, session_options={"class_": OneDatabaseSession})


@dataclass(frozen=True, slots=True)
class Parts:
    """What one process was put together from; found at `app.extensions["sesame"]`."""

    settings: Settings
    policies: Policies
    keyring: Keyring


class Application(OpenAPI):
    """The Flask application, with one transaction per request.

    The commit is here and not in `after_request`, which also runs for errors: an exception means that nothing
    happened, so the transaction is rolled back before any error handler runs.
    """

    def dispatch_request(self) -> ResponseReturnValue:
        try:
            answer = super().dispatch_request()
        except BaseException:
            if "work" in g:
                g.work.session.rollback()
            raise
        if "work" in g and g.work.session.in_transaction():
            g.work.session.commit()
        return answer


def parts() -> Parts:
    """The parts of this process."""
    found: Parts = current_app.extensions["sesame"]
    return found


def open_work(*, write: bool = False) -> Work:
    """The unit of work of this request.

    Args:
        write: begin a writing transaction at once; a view that changes anything says so before it reads.
    """
    if "work" not in g:
        actor = Actor(network=request.remote_addr or "", user_agent=request.user_agent.string[:300])
        g.work = _new(parts(), actor)
    work: Work = g.work
    if write:
        work.write()
    return work


def act_as(work: Work, actor: Actor) -> Work:
    """Go on as this actor, known now, from the same network address and browser."""
    g.work = work.acting(replace(actor, network=work.actor.network, user_agent=work.actor.user_agent))
    acting: Work = g.work
    return acting


@contextmanager
def unit_of_work(app: Flask, actor: Actor, *, write: bool = True) -> Iterator[Work]:
    """A unit of work outside a request, for the command line and the outbox: committed at the end, or rolled back."""
    with app.app_context():
        work = _new(app.extensions["sesame"], actor)
        if write:
            work.write()
        try:
            yield work
            work.session.commit()
        except BaseException:
            work.session.rollback()
            raise


def _new(made_of: Parts, actor: Actor) -> Work:
    return Work(
        session=database.session(),
        now=datetime.now(UTC),
        policies=made_of.policies,
        actor=actor,
        keyring=made_of.keyring,
        issuer=made_of.settings.issuer,
    )
