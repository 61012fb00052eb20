"""Requests that hash a password are worked on a few at a time (R-72); the rest wait, and not for ever."""

import fcntl
import io
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from idp.core import processors
from idp.core.errors import Unavailable
from idp.web import apart, crowd
from idp.web.crowd import Door, LatePage, waits_its_turn
from idp.web.work import Application

HASHING = {
    "pages_sign_in.prove_password", "pages_sign_in.prove_password_at", "pages_reset.set_password",
    "pages_activation.create", "pages_password_change.change", "pages_lost_factor.prove_password",
    "pages_get_started.create", "pages_invited.create",
}  # fmt: skip
Post = Callable[[str], int]


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "WAIT_SECONDS", 0.2)


@pytest.fixture
def house() -> tuple[Flask, Post]:
    """A small application with one place at its door, and a way to post to it."""
    app = Flask(__name__)
    app.register_error_handler(Unavailable, lambda error: ("come back", 503))
    app.wsgi_app = Door(app, app.wsgi_app, 1)  # type: ignore[method-assign]
    return app, lambda path: app.test_client().post(path).status_code


def test_one_after_the_other(house: tuple[Flask, Post]) -> None:
    app, post = house
    inside, most, gate = [0], [0], threading.Lock()

    @app.post("/hash/<token>")
    @waits_its_turn
    def work(token: str) -> str:
        with gate:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        with gate:
            inside[0] -= 1
        return token

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(post, [f"/hash/{number}" for number in range(20)])) == {200}
    assert most == [1]


def test_who_waits_too_long_is_told_to_come_back_and_others_do_not_wait(house: tuple[Flask, Post]) -> None:
    app, post = house
    begun, end = threading.Event(), threading.Event()

    @app.post("/slow")
    @waits_its_turn
    def slow() -> str:
        begun.set()
        end.wait(10)
        return ""

    @app.post("/other")
    def other() -> str:
        return ""

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, "/slow")
        assert begun.wait(10)
        assert post("/slow") == 503
        assert (post("/other"), post("/nowhere")) == (200, 404)
        end.set()
        assert first.result() == 200
    assert post("/slow") == 200


def test_who_sends_no_body_keeps_no_place(house: tuple[Flask, Post]) -> None:
    """Announced and not sent: the server waits for it as long as the connection lasts."""
    app, post = house
    app.post("/hash")(waits_its_turn(lambda: request.form["a"]))
    asked, end = threading.Event(), threading.Event()

    class Late(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.set()
            end.wait(10)
            return super().read(size)

    def slowly() -> tuple[int, str]:
        answer = app.test_client().post(
            "/hash", input_stream=Late(b"a=1"), content_length=3, content_type="application/x-www-form-urlencoded"
        )
        return answer.status_code, answer.text

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(slowly)
        assert asked.wait(10)
        assert app.test_client().post("/hash", data={"a": "2"}).text == "2"
        end.set()
        assert slow.result() == (200, "1")


@pytest.mark.parametrize("size", [10, 64 * 1024, 64 * 1024 + 1, 10**6])
def test_a_form_of_no_stated_length_is_read_as_far_as_a_form_goes(house: tuple[Flask, Post], size: int) -> None:
    app, _ = house
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.post("/hash")(waits_its_turn(lambda: str(len(request.get_data()))))
    sent = io.BytesIO(b"a" * size)
    environ = EnvironBuilder("/hash", method="POST").get_environ()
    environ.pop("CONTENT_LENGTH", None)
    _, status, _ = run_wsgi_app(app, {**environ, "wsgi.input": sent, "wsgi.input_terminated": True})
    assert (status[:3], sent.tell()) == (("200", size) if size <= 64 * 1024 else ("413", 64 * 1024 + 1))


def test_a_place_is_given_back_when_the_work_fails(house: tuple[Flask, Post]) -> None:
    app, post = house

    @app.post("/fails")
    @waits_its_turn
    def fails() -> str:
        raise RuntimeError

    assert [post("/fails") for _ in range(3)] == [500, 500, 500]


def test_a_line_that_is_full_is_not_joined(house: tuple[Flask, Post], monkeypatch: pytest.MonkeyPatch) -> None:
    app, post = house

    @app.post("/hash")
    @waits_its_turn
    def work() -> str:
        return ""

    door = app.wsgi_app
    assert isinstance(door, Door)
    door._places.acquire()
    for _ in range(crowd.WAITING):
        door._line.acquire()
    began = time.monotonic()
    assert post("/hash") == 503
    assert time.monotonic() - began < crowd.WAIT_SECONDS
    door._places.release()
    assert post("/hash") == 200


def test_processes_take_turns(tmp_path: Path) -> None:
    """Two doors stand for two workers: each opens the file anew, as a process of its own would."""
    inside, most, gate = [0], [0], threading.Lock()
    posts = []
    for _ in range(2):
        app = Flask(__name__)
        app.wsgi_app = Door(app, app.wsgi_app, 1, [tmp_path / "turn-0.lock"])  # type: ignore[method-assign]

        @app.post("/hash")
        @waits_its_turn
        def work() -> str:
            with gate:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            threading.Event().wait(0.005)
            with gate:
                inside[0] -= 1
            return ""

        posts.append(app.test_client().post)
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(posts[number % 2], "/hash") for number in range(20)]
        assert {answer.result().status_code for answer in answers} == {200}
    assert most == [1]


def test_a_process_that_hangs_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "TURN_SECONDS", 0.05)
    turn = tmp_path / "turn-0.lock"
    app = Flask(__name__)
    app.wsgi_app = Door(app, app.wsgi_app, 1, [turn])  # type: ignore[method-assign]
    app.post("/hash")(waits_its_turn(lambda: ""))
    with turn.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert app.test_client().post("/hash").status_code == 200


def test_without_a_place_for_turns_there_are_none(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.wsgi_app = Door(app, app.wsgi_app, 1, [tmp_path / "nowhere" / "turn-0.lock"])  # type: ignore[method-assign]
    app.post("/hash")(waits_its_turn(lambda: ""))
    assert app.test_client().post("/hash").status_code == 200


def test_turns_leave_a_processor_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "usable", lambda: [0, 1, 2, 3])
    assert len(crowd.turns(tmp_path)) == 3
    monkeypatch.setattr(processors, "usable", lambda: [0])
    assert len(crowd.turns(tmp_path)) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_who_steps_aside_twice_gives_up_one_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """The process for crowds steps aside, and so do the threads of its hashes; its turns are those of the workers."""
    told: list[list[int]] = [list(range(count))]
    monkeypatch.setattr(processors, "FIRST", 0)
    monkeypatch.setattr(processors, "usable", lambda: told[-1])
    monkeypatch.setattr(os, "sched_setaffinity", lambda thread, kept: told.append(kept), raising=False)
    before = len(crowd.turns(tmp_path))
    processors.step_aside()
    processors.step_aside()
    assert told[-1] == (list(range(1, count)) or [0])
    assert len(crowd.turns(tmp_path)) == before == max(1, count - 1)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a thread cannot be kept to some processors here")
def test_who_had_to_wait_stays_off_one_processor(house: tuple[Flask, Post]) -> None:
    """Who is alone stays where it is, as changing costs more than it is worth."""
    app, post = house
    before = os.sched_getaffinity(0)
    seen: list[set[int]] = []
    go = threading.Event()

    @app.post("/hash")
    @waits_its_turn
    def work() -> str:
        seen.append(os.sched_getaffinity(0))
        assert go.wait(5)
        return ""

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, "/hash")
        while not seen:
            time.sleep(0.001)
        second = pool.submit(post, "/hash")
        time.sleep(0.05)
        go.set()
        assert (first.result(), second.result()) == (200, 200)
    kept = before - {min(before)} or before
    assert seen == [before, kept]
    assert os.sched_getaffinity(0) == before


def test_who_comes_too_late_is_told_in_the_language_of_the_request(app: Application) -> None:
    """By the page that everybody gets, made once; with the way back to where one was going in its language links."""
    door = next(each for each in vars(app).values() if isinstance(each, Door))
    door._places.acquire()
    for _ in range(crowd.WAITING):
        door._line.acquire()
    client = app.test_client()
    french = client.post("/sign-in?continue_to=/a%22b&x=<b>", headers={"Accept-Language": "fr-BE"})
    assert french.status_code == 503
    assert french.headers["Retry-After"] == "1"  # of the short patience of these tests
    assert "form-action 'self'" in french.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in french.headers
    assert '<html lang="fr">' in french.text
    assert 'href="?continue_to=/a%22b&amp;x=&lt;b&gt;&amp;ui_locales=en"' in french.text
    english = client.post("/sign-in?ui_locales=en&continue_to=/other", headers={"Accept-Language": "fr-BE"})
    assert '<html lang="en">' in english.text
    assert 'href="?continue_to=/other&amp;ui_locales=fr"' in english.text
    assert 'href="/sign-in?continue_to=/other&amp;ui_locales=en">Try this page again</a>' in english.text
    for mark in (LatePage.PATH, LatePage.QUERY):
        assert mark not in french.text + english.text
    client.set_cookie("sesame_lang", "fr")
    assert '<html lang="fr">' in client.post("/sign-in", headers={"Accept-Language": "en"}).text


def test_whose_request_is_lost_is_not_told_that_nothing_was_changed(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process for crowds took it: nobody knows how far it came."""

    def lose(environ: object) -> None:
        raise apart.Lost

    monkeypatch.setattr(apart, "ask", lose)
    door = next(each for each in vars(app).values() if isinstance(each, Door))
    door._places.acquire()
    lost = app.test_client().post("/sign-in?ui_locales=en")
    assert lost.status_code == 503
    assert "may have been done all the same" in lost.text
    assert "Nothing was changed" not in lost.text
    late = app.test_client().post("/sign-in?ui_locales=en")  # the other process is left alone for a while
    assert "Nothing was changed" in late.text


def test_the_page_for_who_comes_too_late_is_made_once_for_all_who_do(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty are late in one instant; fifty pages made in it kept a process busy for seconds."""
    made: list[str] = []
    make = LatePage._make

    def slowly(page: LatePage, language: str) -> object:
        made.append(language)
        time.sleep(0.02)
        return make(page, language)

    monkeypatch.setattr(LatePage, "_make", slowly)
    late, gate = LatePage(app), threading.Barrier(20)

    def ask(number: int) -> int:
        gate.wait(10)
        body = late(EnvironBuilder("/sign-in").get_environ(), lambda status, headers: lambda data: None)
        return len(b"".join(body))

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(20)))) == 1
    assert made == ["en"]


def test_every_page_that_hashes_a_password_waits_its_turn(app: Application) -> None:
    views = app.view_functions
    assert {name for name in views if hasattr(views[name], "waits_its_turn")} == HASHING
