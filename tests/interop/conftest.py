"""The service as an operator runs it, on a real port, with the demonstration; clients are registered by its command."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from idp.app import create_app
from idp.web.work import database
from tests import command
from tests.conftest import ROOT, policies_in
from tests.interop.browser import HttpBrowser
from tests.stage import Player, Stage, settings_for

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Registered:
    """All that a generic client is told: where the service is, who it is itself, and where people come back to."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_uri: str
    signed_out_uri: str


@dataclass(frozen=True, slots=True)
class Service:
    """A running service.

    Attributes:
        folder: its data.
        stage: the same database from inside, for what a person's authenticator app holds since long before the test.
    """

    issuer: str
    folder: Path
    environment: dict[str, str]
    password: str
    stage: Stage

    def idp(self, *arguments: str) -> Any:
        """What `idp … --json` answers."""
        done = command.run(self.environment, self.folder, *arguments, "--json")
        assert not done.code, done.err
        return json.loads(done.out)

    def deliver(self) -> None:
        """Send what waits, as the outbox worker does."""
        done = command.run(self.environment, self.folder, "outbox", "run", "--once")
        assert not done.code, done.err

    def register(self, *options: str, redirect_uri: str | None = None) -> Registered:
        """Register a client of the product accounting as an operator does."""
        home = f"http://localhost:{free_port()}"
        redirect_uri = redirect_uri or f"{home}/callback"
        made = self.idp(
            "clients", "create", "--name", "en=A generic client", "--product", "accounting",
            "--resource", f"{home}/api", "--redirect-uri", redirect_uri,
            "--post-logout-redirect-uri", f"{home}/", *options,
        )  # fmt: skip
        return Registered(self.issuer, made["client_id"], made["client_secret"], redirect_uri, f"{home}/")

    def person(self, name: str) -> Player:
        """Somebody of the demonstration, with the secret that their authenticator app holds; its next code counts at
        once, as if half a minute had gone by since the last one."""
        self.stage.forget_steps(name)
        return replace(self.stage.person(name), password=self.password)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`idp demo load`, then `idp serve`: granian, SQLite, addresses of http on the loopback interface."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    issuer = f"http://localhost:{port}"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    environment = outside | {
        "PYTHONPATH": str(ROOT),
        "IDP_DATA_DIR": str(folder),
        "IDP_ISSUER": issuer,
        "IDP_LISTEN_PORT": str(port),
        "IDP_DEVELOPMENT": "true",
        "IDP_LOG_LEVEL": "warning",
    }
    loaded = subprocess.run(
        [sys.executable, "-m", "idp.cli", "demo", "load", "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    password = Path(json.loads(loaded.stdout)["password_file"]).read_text("ascii").strip()
    log = folder / "serve.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "idp.cli", "serve"],
            cwd=folder, env=environment, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
    try:
        await_ready(process, issuer, log)
        with inside(folder) as stage:
            yield Service(issuer, folder, environment, password, stage)
    finally:
        stop(process)


@contextmanager
def inside(folder: Path) -> Iterator[Stage]:
    chosen = settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}")
    app = create_app(chosen, policies_in(chosen.policies_dir))
    yield Stage(app, chosen)
    with app.app_context():
        database.engine.dispose()


def await_ready(process: "subprocess.Popen[bytes]", issuer: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with suppress(requests.RequestException), requests.Session() as http:
            http.trust_env = False
            if http.get(f"{issuer}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the service did not start:\n{log.read_text('utf-8', 'replace')}")


def await_port(home: str, process: "subprocess.Popen[bytes]", *logs: Path) -> None:
    """Wait until an application answers at its address."""
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with suppress(requests.RequestException):
            requests.get(home, allow_redirects=False, timeout=5)
            return
        time.sleep(0.1)
    pytest.fail("it did not start:\n" + "".join(log.read_text("utf-8", "replace") for log in logs if log.exists()))


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the server and its workers to end, then make them."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def browser(service: Service) -> Iterator[HttpBrowser]:
    """A person's browser, without cookies yet."""
    made = HttpBrowser(service.issuer)
    yield made
    made.http.close()
