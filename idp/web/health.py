"""Is the process alive, is it ready to serve."""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from idp.web.work import open_work

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers. Says nothing about the database."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """The process can serve: its database answers and has been migrated. 503 otherwise."""
    try:
        open_work().session.execute(text("SELECT 1 FROM accounts LIMIT 1"))
    except SQLAlchemyError:
        return jsonify(status="unavailable"), 503
    return jsonify(status="ready"), 200
