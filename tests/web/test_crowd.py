"""Requests that hash a password are worked on a few at a time (R-72); the rest wait, and not for ever."""

import threading
from collections.abc import Iterator

import pytest

from idp.core.errors import Unavailable
from idp.web import crowd
from idp.web.crowd import waits_its_turn
from idp.web.work import Application

HASHING = {
    "pages_sign_in.prove_password", "pages_sign_in.prove_password_at", "pages_reset.set_password",
    "pages_activation.create", "pages_password_change.change", "pages_lost_factor.prove_password",
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    crowd.configure(1)
    monkeypatch.setattr(crowd, "WAIT_SECONDS", 0.2)
    yield
    crowd.configure(1)


def test_one_after_the_other() -> None:
    inside, most, gate = [0], [0], threading.Lock()

    @waits_its_turn
    def work() -> None:
        with gate:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        with gate:
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_who_waits_too_long_is_told_to_come_back() -> None:
    begun, end = threading.Event(), threading.Event()

    @waits_its_turn
    def slow() -> None:
        begun.set()
        end.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(10)
    with pytest.raises(Unavailable):
        waits_its_turn(lambda: None)()
    end.set()
    thread.join()
    waits_its_turn(lambda: None)()


def test_a_place_is_given_back_when_the_work_fails() -> None:
    @waits_its_turn
    def fails() -> None:
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            fails()


def test_every_page_that_hashes_a_password_waits_its_turn(app: Application) -> None:
    views = app.view_functions
    assert {name for name in views if hasattr(views[name], "waits_its_turn")} == HASHING
