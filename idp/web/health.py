"""Is the process alive, is it ready to serve."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from idp.core.errors import Unavailable
from idp.oidc import keys
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("health", __name__)

CLOCKS_MAY_DIFFER = timedelta(seconds=10)  # F-28


@blueprint.after_request
def _never_kept(answer: Response) -> Response:
    """Whatever stands between must ask each time: a kept answer says how it was."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers. Says nothing about the database."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """The process can serve: its database answers and has been migrated, the signing keys can be read, and the clocks
    agree. 503 otherwise."""
    try:
        work = open_work()
        work.session.execute(text("SELECT 1 FROM accounts LIMIT 1"))
        keys.current(work)
        apart = clocks_apart(work)
    except SQLAlchemyError:
        return jsonify(status="unavailable"), 503
    except Unavailable:
        return jsonify(status="keys"), 503
    if apart > CLOCKS_MAY_DIFFER:
        return jsonify(status="clock", seconds=round(apart.total_seconds())), 503
    return jsonify(status="ready"), 200


def clocks_apart(work: Work) -> timedelta:
    """How far the clock of this process is from its database's. Nothing where the database has no clock of its own."""
    if work.session.get_bind().dialect.name == "sqlite":
        return timedelta(0)
    there: datetime = work.session.scalars(select(func.clock_timestamp())).one()
    return abs(work.now - there)
