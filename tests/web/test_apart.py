"""The process for those who sign in in a crowd: what is handed over, what comes back, and what happens without it."""

import errno
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Listener
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask import Flask, request

from idp.core.errors import Unavailable
from idp.web import apart, crowd


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a process would be met; a short path, as that of a socket must be."""
    with TemporaryDirectory(prefix="sesame-") as folder:
        met = str(Path(folder) / "crowd")
        monkeypatch.setenv(apart.VARIABLE, met)
        yield met


@pytest.fixture
def other(address: str) -> Iterator[Flask]:
    """An application that answers what is handed over, in a thread that stands for the process."""
    app, end = Flask(__name__), threading.Event()
    ready = threading.Thread(target=apart.work, args=(app, address, end.wait, 16))
    ready.start()
    while not os.path.exists(address):
        assert ready.is_alive()
    yield app
    end.set()
    ready.join(10)


def environ(body: bytes = b"", **more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/hash", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded", **more,
    }  # fmt: skip


def test_a_request_arrives_as_it_came_and_its_answer_comes_back(other: Flask) -> None:
    @other.post("/hash")
    def work() -> tuple[str, int, list[tuple[str, str]]]:
        seen = [request.form["password"], request.remote_addr, request.scheme, request.headers["User-Agent"]]
        return " ".join(map(str, seen)), 201, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]

    sent = environ("password=%C3%A9%00é".encode(), REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="caf\xe9")
    answer = apart.ask({**sent, "wsgi.errors": object(), "werkzeug.server": object()})
    assert answer is not None
    assert answer.status.startswith("201")
    assert [value for name, value in answer.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert answer.body.decode() == "é\0é 192.0.2.7 https café"


def test_a_fault_there_is_told_as_here(other: Flask) -> None:
    @other.post("/hash")
    def work() -> str:
        raise RuntimeError

    answer = apart.ask(environ())
    assert answer is not None
    assert answer.status.startswith("500")


def test_an_answer_that_does_not_come_is_lost(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request may have been worked on in part, so nobody may do it again."""
    monkeypatch.setattr(apart, "ANSWER_SECONDS", 0.05)
    with Listener(address, "AF_UNIX"), pytest.raises(apart.Lost):
        apart.ask(environ(b"a=1"))


def test_a_process_that_ends_while_it_works_loses_the_answer(address: str) -> None:
    with Listener(address, "AF_UNIX") as listener:

        def end_at_once() -> None:
            connection = listener.accept()
            connection.recv_bytes(), connection.recv_bytes()
            connection.close()

        threading.Thread(target=end_at_once).start()
        with pytest.raises(apart.Lost):
            apart.ask(environ(b"a=1"))


def test_a_process_that_takes_no_more_connections_is_not_waited_for(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, or without a thread that accepts: the line in front of it is full."""
    monkeypatch.setattr(apart, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(apart, "ANSWER_SECONDS", 0.1)
    with Listener(address, "AF_UNIX", backlog=0), ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        asked = [pool.submit(apart.ask, environ(b"a=1")) for _ in range(4)]
        answers = [each.exception(5) or each.result() for each in asked]
        assert time.monotonic() - began < 2
    assert None in answers
    assert all(each is None or isinstance(each, apart.Lost) for each in answers)


def test_a_connection_that_could_not_be_accepted_is_not_the_last(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has no descriptor left has some again a moment later."""

    class Short(Listener):
        short = True

        def accept(self) -> Any:
            if self.short:
                self.short = False
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    monkeypatch.setattr(apart, "Listener", Short)
    app, end = Flask(__name__), threading.Event()
    app.post("/hash")(lambda: "there")
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(apart.work, app, address, end.wait, 4)
        while not os.path.exists(address):
            assert not working.done()
        answer = apart.ask(environ(b"a=1"))
        end.set()
    assert answer is not None
    assert answer.body == b"there"


def test_who_really_sent_it_is_known_there(other: Flask) -> None:
    """What a client certificate is worth depends on the proxy that tells of it."""
    other.post("/hash")(lambda: str(request.environ.get("werkzeug.proxy_fix.orig")))
    before = {"REMOTE_ADDR": "10.0.0.1", "HTTP_HOST": None}
    answer = apart.ask({**environ(), "werkzeug.proxy_fix.orig": before})
    assert answer is not None
    assert answer.body.decode() == str(before)


def test_without_the_process_the_request_is_left_as_it_was(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request_ = environ(b"a=1")
    assert apart.ask(request_) is None
    Path(address).write_text("what a process that was killed leaves")
    assert apart.ask(request_) is None
    monkeypatch.delenv(apart.VARIABLE)
    assert apart.ask(request_) is None
    assert request_["wsgi.input"].read() == b"a=1"


@pytest.mark.parametrize("length", ["", "many", "-1", "²", str(apart.MOST_BYTES + 1), "9" * 30])
def test_what_is_no_form_is_not_handed_over(other: Flask, length: str) -> None:
    body = io.BytesIO(b"a=1")
    assert apart.ask(environ(CONTENT_LENGTH=length) | {"wsgi.input": body}) is None
    assert body.tell() == 0


def test_who_would_have_to_wait_is_handed_over_and_nobody_else(other: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    posted, here = _house()
    other.post("/hash")(lambda: "there")
    assert posted() == (200, "here")
    assert here._places.acquire(blocking=False)
    assert posted() == (200, "there")
    here._places.release()
    assert posted() == (200, "here")


def test_a_lost_answer_asks_to_come_back_and_the_next_are_not_handed_over(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(crowd, "WAIT_SECONDS", 10.0)
    posted, here = _house()
    assert here._places.acquire(blocking=False)
    with Listener(address, "AF_UNIX"), ThreadPoolExecutor(1) as pool:
        assert posted() == (503, "unknown")
        waiting = pool.submit(posted)
        time.sleep(0.3)
        assert not waiting.done()
        here._places.release()
        assert waiting.result(10) == (200, "here")


def test_a_turn_that_another_process_holds_hands_over_too(other: Flask, tmp_path: Path) -> None:
    other.post("/hash")(lambda: "there")
    posted, here = _house(tmp_path / "turn-0.lock")
    with here._turn(0) as held:
        assert held
        assert posted() == (200, "there")
    assert posted() == (200, "here")


def _house(*turns: Path) -> tuple[Callable[[], tuple[int, str]], crowd.Door]:
    """A small application with one place at its door, and a way to post to it."""
    app = Flask(__name__)
    app.register_error_handler(Unavailable, lambda error: (error.members.get("outcome", "come back"), 503))
    door = crowd.Door(app, app.wsgi_app, 1, turns)
    app.wsgi_app = door  # type: ignore[method-assign]
    app.post("/hash")(crowd.waits_its_turn(lambda: "here"))

    def post() -> tuple[int, str]:
        answer = app.test_client().post("/hash", data={"a": "1"})
        return answer.status_code, answer.text

    return post, door
