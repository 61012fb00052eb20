"""Endpoints answered without Flask's dispatch: what goes wrong in them gets the same faces as everywhere else."""

import json

import pytest
from flask import Blueprint
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from idp.audit import log as audit
from idp.audit.models import AuditEvent
from idp.core import errors
from idp.oidc.errors import InvalidRequest
from idp.oidc.server import PlainResponse
from idp.web.oauth.direct import Call, Channel, ForPeople, json_answer
from idp.web.work import Application, unit_of_work
from tests.web.conftest import SYSTEM

SECRET = "the token of somebody"


def answering(app: Application, error: Exception | None) -> None:
    """A path whose view records something and then fails, if it does."""
    channel = Channel(Blueprint("written", __name__))

    @channel.endpoint("/oauth/written", "POST")
    def write(call: Call) -> PlainResponse:
        audit.record(call.work(write=True), "demo.loaded", ("client", "written"))
        if error is not None:
            raise error
        return json_answer({"done": True})

    @channel.blueprint.get("/oauth/shown")
    def show() -> str:
        return "a page"

    @channel.shortcut("GET", "/oauth/shown")
    def leave(call: Call) -> PlainResponse:
        audit.record(call.work(write=True), "demo.loaded", ("client", "written"))
        raise ForPeople

    channel.install(app)


def recorded(app: Application) -> int:
    with unit_of_work(app, SYSTEM, write=False) as work:
        rows = select(func.count()).select_from(AuditEvent).where(AuditEvent.subject_id == "written")
        return work.session.scalar(rows) or 0


def test_what_was_written_is_committed_with_the_answer(app: Application) -> None:
    answering(app, None)
    answer = app.test_client().post("/oauth/written")
    assert (answer.status_code, answer.json) == (200, {"done": True})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert recorded(app) == 1


def test_a_protocol_error_is_a_result(app: Application) -> None:
    answering(app, InvalidRequest("No."))
    answer = app.test_client().post("/oauth/written")
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request", "error_description": "No."})
    assert recorded(app) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError(SECRET), 500),
        (OperationalError("SELECT 1", {"token": SECRET}, Exception(SECRET)), 503),
        (errors.Unavailable(resource="x"), 503),
        (errors.NotPermitted(), 403),
    ],
)
def test_a_failure_rolls_back_and_has_the_usual_face(app: Application, error: Exception, status: int) -> None:
    answering(app, error)
    with capture_logs() as logged:
        answer = app.test_client().post("/oauth/written")
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert "error" in json.loads(answer.text)
    assert SECRET not in answer.text
    assert SECRET not in json.dumps(logged)
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    if status == 503:
        assert "Retry-After" in answer.headers
    assert recorded(app) == 0


def test_a_page_is_left_to_flask_and_nothing_was_done(app: Application) -> None:
    answering(app, None)
    assert app.test_client().get("/oauth/shown").text == "a page"
    assert recorded(app) == 0


def test_other_methods_are_refused_by_name(app: Application) -> None:
    answering(app, None)
    answer = app.test_client().get("/oauth/written")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
