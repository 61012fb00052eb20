"""Errors: status, face and words, and what they never say."""

import json

import pytest
from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from idp.accounts.models import Account
from idp.core import errors
from idp.web.errors import STATUS, status_of
from idp.web.work import Application, open_work, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

SECRET = "the token of somebody"


def raising(app: Flask, path: str, error: Exception) -> None:
    def view() -> Response:
        raise error

    app.add_url_rule(path, endpoint=path, view_func=view, methods=["GET", "POST"])


@pytest.mark.parametrize(("kind", "status"), STATUS.items())
def test_each_kind_has_its_status_in_each_face(app: Application, kind: type[errors.IdpError], status: int) -> None:
    raising(app, "/raises", kind())
    raising(app, "/api/v1/raises", kind(field="name"))
    raising(app, "/oauth/raises", kind())
    browser = app.test_client()

    page = browser.post("/raises")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert kind.code not in page.text

    problem = browser.get("/api/v1/raises")
    assert (problem.status_code, problem.mimetype) == (status, "application/problem+json")
    body = json.loads(problem.text)
    assert (body["type"], body["status"], body["field"]) == (f"/problems/{kind.code}", status, "name")

    oauth = browser.get("/oauth/raises")
    assert (oauth.status_code, oauth.mimetype) == (status, "application/json")
    assert set(json.loads(oauth.text)) == {"error"}


def test_a_kind_of_its_own_takes_the_status_of_its_family() -> None:
    class SeatLimitReached(errors.Conflict):
        code = "seat_limit_reached"

    assert status_of(SeatLimitReached()) == 409
    assert status_of(errors.ConfigurationError(reason="x")) == 500


@pytest.mark.parametrize("path", ["/fails", "/api/v1/fails", "/oauth/fails"])
def test_a_failure_shows_a_reference_and_nothing_else(app: Application, path: str) -> None:
    raising(app, path, RuntimeError(SECRET))
    with capture_logs() as logged:
        answer = app.test_client().get(path)
    entry = next(line for line in logged if line["event"] == "failure")
    assert answer.status_code == 500
    assert entry["reference"] in answer.text
    assert entry["kind"] == "RuntimeError"
    assert any("test_errors.py" in frame for frame in entry["at"])
    assert SECRET not in answer.text
    assert SECRET not in json.dumps(logged)
    assert "Traceback" not in answer.text
    assert "RuntimeError" not in answer.text


def test_a_database_that_does_not_answer_is_said_to_be_away(app: Application) -> None:
    raising(app, "/slow", OperationalError("SELECT 1", {"token": SECRET}, Exception(SECRET)))
    answer = app.test_client().get("/slow")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) <= 2
    assert SECRET not in answer.text
    assert "SELECT" not in answer.text


def test_what_failed_on_our_side_can_be_tried_again(app: Application) -> None:
    raising(app, "/slow", OperationalError("SELECT 1", {}, Exception()))
    browser = Browser(app)
    browser.get("/slow?q=a%26b")
    assert 'href="/slow?q=a%26b">Try this page again</a>' in browser.text
    assert "Try this page again" not in browser._send("POST", "/slow").text  # a form is sent again by its own page


def test_too_many_tries_say_when_to_come_back(app: Application) -> None:
    raising(app, "/busy", errors.Throttled(retry_after=90))
    answer = app.test_client().get("/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")


def test_who_is_not_signed_in_is_led_there_and_back(app: Application) -> None:
    raising(app, "/private", errors.NotAuthenticated())
    raising(app, "/precious", errors.StepUpRequired())
    browser = app.test_client()
    assert browser.get("/private?a=1").headers["Location"] == "/sign-in?continue_to=%2Fprivate%3Fa%3D1"
    assert browser.get("/precious").headers["Location"] == "/sign-in?continue_to=%2Fprecious&step_up=1"


def test_a_method_that_is_not_served_is_named_with_those_that_are(app: Application) -> None:
    answer = app.test_client().delete("/sign-out")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_request_for_another_host_is_refused(app: Application) -> None:
    answer = app.test_client().get("/sign-in", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text


def test_error_pages_have_a_way_on_in_both_languages(app: Application) -> None:
    for language, heading in (("en", "There is nothing at this address"), ("fr", "Il n’y a rien à cette adresse")):
        browser = Browser(app, language=language)
        browser.get("/nothing")
        assert (browser.status, browser.heading) == (404, heading)
        assert 'href="/sign-in"' in browser.text


STATUSES = {403: errors.NotPermitted, 404: errors.NotFound, 409: errors.Conflict, 410: errors.Expired,
            429: errors.Throttled, 503: errors.Unavailable}  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_error_page_has_the_frame_a_sentence_and_a_way_on(app: Application, ada: Holder, method: str) -> None:
    """Signed in: to one's products. Signed out: to the sign-in, which the products would ask for anyway."""
    for status, kind in STATUSES.items():
        raising(app, f"/raises/{status}", kind())
    stranger, holder = Browser(app), Browser(app)
    sign_in(holder, ada)
    for browser, url in ((stranger, "/sign-in"), (holder, "/")):
        for path in (*(f"/raises/{status}" for status in STATUSES), "/nothing/404"):
            page = browser._send(method, path)
            main = page.text.split("<main")[1].split("</main>")[0]
            assert page.status_code == int(path.rpartition("/")[2]), path
            assert 'class="brand"' in page.text
            assert '<p class="lead">' in main
            assert f'href="{url}"' in main, (path, main)
            assert main.count('class="button"') == 1, main


@pytest.mark.parametrize("cookie", ["", "unknown"])
def test_an_error_page_looks_nothing_up(app: Application, cookie: str) -> None:
    """A session that has ended is led to the products, and from there to the sign-in."""
    client = app.test_client()
    if cookie:
        client.set_cookie("sesame_session", cookie)
    way = client.get("/nothing").text.split("<main")[1].split('class="actions"')[1]
    assert ('href="/"' in way, 'href="/sign-in"' in way) == (bool(cookie), not cookie)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "a few minutes"), (2, "1 minute,"), (90, "2 minutes"), (5400, "90 minutes"), (86_400, "24 hours")],
)
def test_too_many_tries_say_how_long_to_wait_and_lead_back(app: Application, seconds: int | None, said: str) -> None:
    raising(app, "/busy", errors.Throttled(**({"retry_after": seconds} if seconds else {})))
    client = app.test_client()
    read, sent = client.get("/busy?a=1"), client.post("/busy?a=1")
    assert f"Please wait {said}" in read.text
    assert 'href="/busy?a=1">Try this page again</a>' in read.text
    assert 'href="/busy?a=1">Back to the form</a>' in sent.text


def test_an_error_undoes_what_the_request_had_begun(app: Application) -> None:
    def view() -> Response:
        work = open_work(write=True)
        work.session.add(Account(subject="s", given_name="A", family_name="B", locale="en-GB", created_at=work.now))
        work.session.flush()
        raise errors.Conflict(reason="changed_its_mind")

    app.add_url_rule("/half", view_func=view, methods=["POST"])
    assert app.test_client().post("/half").status_code == 409
    with unit_of_work(app, SYSTEM) as work:
        assert work.session.query(Account).count() == 0


def test_a_field_that_a_form_does_not_have_is_refused(browser: Browser) -> None:
    browser.get("/sign-in")
    browser.submit({"email": "ada@company.example", "password": "x", "is_admin": "1"})
    assert browser.status == 422
    assert "arrived in disorder" in browser.text
