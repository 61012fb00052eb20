"""`idp serve` keeps a process for those who sign in in a crowd; the workers manage without it (R-72, F-42)."""

import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import update

from idp.authn import password as passwords
from idp.authn.models import PasswordCredential
from idp.core.settings import ROOT
from tests.conftest import PASSWORD, hashes_as_in_the_service
from tests.security.serving import Hit, Service, Shot, free_port, serving
from tests.stage import Demonstration

SOON = (
    "-c",
    "import importlib, sys; importlib.import_module('idp.cli.serve').CROWD_AFTER_SECONDS = 0.2; "
    "sys.argv = ['idp', 'serve']; importlib.import_module('idp.cli').main()",
)
T = TypeVar("T")
PEOPLE = 30
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"')

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="what a process may claim is read from /proc"),
    pytest.mark.timeout(180),
]


def test_a_crowd_has_a_process_of_its_own(demonstration: Demonstration, tmp_path: Path) -> None:
    port = free_port()
    with (
        hashes_as_in_the_service(),
        demonstration.stage(tmp_path, issuer=f"http://localhost:{port}", listen_port=port) as stage,
    ):
        with stage.work() as work:
            work.session.execute(update(PasswordCredential).values(hash=passwords.hashed(PASSWORD)))
        with serving(tmp_path, stage.settings.database, port, workers=2, begun=SOON) as service:
            first = _until(lambda: _ready(service), "no process for crowds")
            assert _nice(first) == 10
            before = _processor_seconds(first)
            with _announced(service):  # by somebody who sends no form, and would keep all others out
                assert _crowd(service) == {"303": PEOPLE}
            assert _processor_seconds(first) - before > 0.2, "nobody was handed over"
            os.kill(first, signal.SIGKILL)
            assert _crowd(service) == {"303": PEOPLE}, "the workers manage alone"
            second = _until(lambda: _ready(service), "no new process")
            assert second != first
            assert "crowd.ended" in service.log.read_text()
            folder = Path(_command(second)[-1]).parent
            assert folder.stat().st_mode & 0o777 == 0o700
        _until(lambda: not Path(f"/proc/{second}").exists(), "the process outlives the service")
        assert not folder.exists()
        assert "Traceback" not in service.log.read_text()


def test_the_process_ends_with_a_service_that_is_killed(demonstration: Demonstration, tmp_path: Path) -> None:
    port = free_port()
    with (
        demonstration.stage(tmp_path, issuer=f"http://localhost:{port}", listen_port=port) as stage,
        serving(tmp_path, stage.settings.database, port, workers=1, begun=SOON) as service,
    ):
        process = _until(lambda: _ready(service), "no process for crowds")
        os.killpg(service.pid, signal.SIGKILL)
        _until(lambda: not Path(f"/proc/{process}").exists(), "the process outlives the service")


def test_the_process_runs_the_code_of_the_service_and_not_that_of_the_working_folder(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    port, folder, ran = free_port(), tmp_path / "elsewhere", tmp_path / "ran"
    (folder / "idp").mkdir(parents=True)
    (folder / "idp" / "__init__.py").write_text(f"open({str(ran)!r}, 'w').close()")
    begun = (SOON[0], f"import sys; sys.path[:] = {[str(ROOT), *filter(None, sys.path)]!r}; {SOON[1]}")
    with (
        demonstration.stage(tmp_path, issuer=f"http://localhost:{port}", listen_port=port) as stage,
        serving(tmp_path, stage.settings.database, port, workers=1, begun=begun, cwd=folder) as service,
    ):
        _until(lambda: _ready(service), "no process for crowds")
    assert not ran.exists()


@contextmanager
def _announced(service: Service) -> Iterator[None]:
    with socket.create_connection(("localhost", service.port)) as connection:
        connection.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: localhost:{service.port}\r\nContent-Length: 500\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
        )
        time.sleep(0.3)
        yield


def _crowd(service: Service) -> dict[str, int]:
    """All send the right password at once; who is told to come back does so. How they were answered."""
    shots = [_form(service) for _ in range(PEOPLE)]
    done: list[Hit] = []
    for _ in range(10):
        hits = service.fire(shots)
        done += [hit for hit in hits if hit.status != 503]
        shots = [shot for shot, hit in zip(shots, hits, strict=True) if hit.status == 503]
        if not shots:
            break
        time.sleep(0.5)
    return {str(status): sum(hit.status == status for hit in done) for status in {hit.status for hit in done}}


def _form(service: Service) -> Shot:
    page = service.get("/sign-in")
    found = TOKEN.search(page.body)
    assert found is not None
    cookie = "; ".join(each.partition(";")[0] for each in page.cookies)
    form = {"email": "ines.moreau@atelier-lumen.example.com", "password": PASSWORD, "csrf_token": found[1] or found[2]}
    return Shot("/sign-in", form, {"Cookie": cookie})


def _ready(service: Service) -> int | None:
    """The process for crowds, once it can be asked."""
    children = Path(f"/proc/{service.pid}/task").glob("*/children")
    for child in " ".join(each.read_text() for each in children).split():
        command = _command(int(child))
        if command[-1].endswith("/crowd") and os.path.exists(command[-1]):
            return int(child)
    return None


def _command(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return [""]


def _nice(process: int) -> int:
    return int(_stat(process)[16])


def _processor_seconds(process: int) -> float:
    user, system = _stat(process)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _until(look: Callable[[], T | None], complaint: str) -> T:
    end = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < end, complaint
        time.sleep(0.05)
    return found
