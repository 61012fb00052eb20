"""The whole demonstration as `make run` starts it, in a folder of its own and on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp

from tests import command
from tests.browser import operator

ROOT = Path(__file__).resolve().parents[2]
PERIOD = 30
# Products renew their tokens after a few seconds here, not after nine minutes, so that a changed right can be awaited.
RENEW_AFTER = 4


class Clock:
    """The authenticator app of one person: every code once, since the service takes each only once."""

    def __init__(self, secret: str) -> None:
        self._app = pyotp.TOTP(secret)
        self._spent = 0

    def code(self) -> str:
        """A code that is good now; waits when all that are good have been used."""
        while True:
            now = int(time.time()) // PERIOD
            step = max(self._spent + 1, now - 1)
            if step <= now + 1:
                # The oldest one is about to end: whoever types it needs a moment.
                if step == now - 1 and time.time() % PERIOD > PERIOD - 4:
                    step += 1
                self._spent = step
                return str(self._app.at(step * PERIOD))
            time.sleep(0.2)

    def wrong(self) -> str:
        """A code that is not good now."""
        now = int(time.time()) // PERIOD
        good = {self._app.at((now + step) * PERIOD) for step in range(-2, 4)}
        return next(code for code in (f"{number:06}" for number in range(123456, 123500)) if code not in good)


@dataclass
class Demonstration:
    """The running service with its outbox and both products. The tests of several files meet in it, in any order: who
    ends a session or changes a credential of somebody says so here, or takes somebody whom no other test needs."""

    port: int
    folder: Path
    environment: dict[str, str]
    welcome: str = ""
    clocks: dict[str, Clock] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)  # of those who have chosen another one

    @property
    def service(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def accounting(self) -> str:
        return f"http://localhost:{self.port + 1}"

    @property
    def capture(self) -> str:
        return f"http://localhost:{self.port + 2}"

    @property
    def password(self) -> str:
        return (self.folder / "secrets" / "demo-password").read_text("ascii").strip()

    def secret_of(self, client_id: str) -> str:
        """The secret of a client, as the product reads it."""
        return (self.folder / "secrets" / f"{client_id}.secret").read_text("ascii").strip()

    def password_of(self, person: str) -> str:
        return self.passwords.get(person, self.password)

    def email(self, person: str) -> str:
        return self.addresses[person]

    def code(self, person: str) -> str:
        """What this person's authenticator app shows."""
        return self.clocks[person].code()

    def idp(self, *arguments: str) -> Any:
        """Run the `idp` command on this instance; what it answers in JSON."""
        done = command.run(self.environment, ROOT, *arguments, "--json")
        assert not done.code, done.err
        return json.loads(done.out) if done.out.strip() else None

    def operator(self, verb: str, *arguments: str) -> Any:
        """Run a verb of tests/browser/operator.py: what no command of `idp` does yet, or what only time does."""
        with command.at_hand(self.environment):
            return operator.VERBS[verb](*arguments)

    def settle(self) -> None:
        """Wait until what was done so far is told to the products: a session's end that arrives late would end what the
        same session has begun meanwhile."""
        end = time.monotonic() + 10
        while any(map(_leaves_now, self.idp("outbox", "list"))):
            assert time.monotonic() < end, "the outbox does not empty"
            time.sleep(0.2)

    def failures(self) -> list[str]:
        """What the programs have written about unexpected errors so far."""
        lines = [line for log in sorted(self.folder.glob("log/*.log")) for line in log.read_text("utf-8").splitlines()]
        return [line for line in lines if '"event": "failure"' in line or line.startswith("Traceback")]


def start(folder: Path) -> tuple[Demonstration, "subprocess.Popen[str]"]:
    """Start it, and wait for its welcome."""
    port = _free_ports()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IDP_", "SAMPLE_"))}
    environment = kept | {
        "IDP_DATA_DIR": str(folder),
        "IDP_LISTEN_PORT": str(port),
        "IDP_ISSUER": f"http://localhost:{port}",
        "IDP_DEVELOPMENT": "true",
        "SAMPLE_REFRESH_BEFORE": str(600 - RENEW_AFTER),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "idp.cli", "demo", "run"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    running = Demonstration(port, folder, environment)
    assert process.stdout is not None
    for line in process.stdout:
        running.welcome += line
        if "Ctrl-C" in line:
            break
    assert "Ctrl-C" in running.welcome, running.welcome
    for person, known in running.operator("people").items():
        running.addresses[person] = known["email"]
        if known["secret"]:
            running.clocks[person] = Clock(known["secret"])
    return running, process


def stop(process: "subprocess.Popen[str]") -> None:
    """As Ctrl-C does."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def _leaves_now(message: dict[str, Any]) -> bool:
    """Whether it is due and nobody has tried yet."""
    due = datetime.fromisoformat(message["due_at"]) <= datetime.now(UTC)
    return due and not message["attempts"] and not message["finished_at"]


def _free_ports() -> int:
    """A port with two free ones after it."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            number: int = first.getsockname()[1]
        if number < 64000 and all(_free(number + step) for step in (0, 1, 2)):
            return number


def _free(number: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
        return True
