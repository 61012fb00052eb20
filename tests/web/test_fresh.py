"""Fresh proof for sensitive pages (`idp/web/pages/fresh.py`), R-20: on a page made for the test."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Blueprint
from sqlalchemy import update

from idp.authn.models import Session, TotpAuthenticator
from idp.web.pages.fresh import fresh
from idp.web.work import open_work, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, sign_in

DONE: list[str] = []


@pytest.fixture
def sensitive(app):
    """Two pages: one wants a second factor, one the password too; their forms note that they were heard."""
    pages = Blueprint("pages_sensitive", __name__)

    def add(name, **wanted):
        def view():
            work = open_work(write=True)
            current = fresh(**wanted)
            DONE.append(f"{name} {work.now:%s} {current.account_id}")
            return "open"

        pages.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])

    add("code")
    add("everything", password=True)
    add("elsewhere", page="/account/sessions")
    app.register_blueprint(pages)
    DONE.clear()


@pytest.fixture
def ada_s(app, sensitive, ada):
    browser = Browser(app)
    sign_in(browser, ada)
    return browser


def proved(app, *, password=0.0, code=0.0):
    """Let the proofs be that many minutes old; None: never given."""

    def ago(minutes):
        return None if minutes is None else datetime.now(UTC) - timedelta(minutes=minutes)

    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(password_at=ago(password), second_factor_at=ago(code)))
        work.session.execute(update(TotpAuthenticator).values(last_step=0))


@pytest.mark.parametrize(
    ("page", "method", "password", "code", "leads"),
    [
        ("code", "GET", 60, 4.9, None),
        ("code", "GET", 0, 5.1, "step_up=1"),
        ("code", "GET", 0, None, "step_up=1"),
        ("code", "POST", 60, 9.9, None),
        ("code", "POST", 0, 10.1, "step_up=1"),
        ("everything", "GET", 4.9, 4.9, None),
        ("everything", "GET", 5.1, 0, "reauthenticate=1"),
        ("everything", "GET", None, 0, "reauthenticate=1"),
        ("everything", "GET", 0, 5.1, "step_up=1"),
        ("everything", "POST", 9.9, 9.9, None),
        ("everything", "POST", 10.1, 0, "reauthenticate=1"),
    ],
)
def test_five_minutes_and_five_more_for_a_form(app, ada_s, page, method, password, code, leads):
    proved(app, password=password, code=code)
    answer = ada_s._send(method, f"/{page}?a=b")
    if leads is None:
        assert answer.text == "open"
    else:
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/sign-in?continue_to=%2F{page}%3Fa%3Db&{leads}"
        assert DONE == []


def test_the_way_there_and_back(app, ada_s, ada):
    proved(app, code=6)
    ada_s.get("/code?a=b")
    assert ada_s.address.startswith("/sign-in/code")
    ada_s.submit({"code": ada.code()})
    assert (ada_s.address, ada_s.text) == ("/code?a=b", "open")


def test_the_password_is_asked_with_the_code(app, ada_s, ada):
    proved(app, password=6)
    ada_s.get("/everything")
    ada_s.submit({"email": ada.address, "password": ada.password})
    ada_s.submit({"code": ada.code()})
    assert (ada_s.address, ada_s.text) == ("/everything", "open")


def test_a_form_without_a_page_leads_back_to_the_page_it_is_on(app, ada_s):
    proved(app, code=20)
    answer = ada_s._send("POST", "/elsewhere")
    assert answer.headers["Location"] == "/sign-in?continue_to=%2Faccount%2Fsessions&step_up=1"


def test_without_a_session_one_signs_in_and_comes_back(app, sensitive):
    for method in ("GET", "POST"):
        answer = Browser(app)._send(method, "/code")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?continue_to=%2Fcode")
    assert DONE == []


def test_the_session_gets_a_new_token(app, ada_s, ada):
    """R-46."""
    before = ada_s.cookie("sesame_session")
    proved(app, code=6)
    ada_s.get("/code")
    ada_s.submit({"code": ada.code()})
    assert ada_s.cookie("sesame_session") != before
    stolen = Browser(app)
    stolen.client.set_cookie("sesame_session", before)
    assert stolen._send("GET", "/code").status_code == 303
