"""`idp demo`: the whole demonstration as child processes, from an empty folder to a code and back to nothing."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Idp

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port() -> int:
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


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    return kept | {"IDP_DATA_DIR": str(tmp_path / "var")}


@pytest.fixture
def demonstration(environment: dict[str, str], port: int) -> Iterator["subprocess.Popen[str]"]:
    """`idp demo run`, once it has said its welcome."""
    process = subprocess.Popen(
        [sys.executable, "-m", "idp.cli", "demo", "run", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def _welcome(process: "subprocess.Popen[str]") -> str:
    """Everything it says until it is ready."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return said
    raise AssertionError(said)


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_one_command_starts_everything_and_ctrl_c_ends_it(
    demonstration: "subprocess.Popen[str]", port: int, environment: dict[str, str], tmp_path: Path
) -> None:
    said = _welcome(demonstration)
    password = (tmp_path / "var" / "secrets" / "demo-password").read_text().strip()
    assert password in said
    assert "ines.moreau@atelier-lumen.example.com" in said
    assert _status(port, "/readyz") == 200
    assert (_status(port + 1, "/"), _status(port + 2, "/")) == (200, 200)
    for secret in (tmp_path / "var" / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0

    code = subprocess.run(
        [sys.executable, "-m", "idp.cli", "demo", "code", "ines.moreau"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert code.stdout.split()[0].isdigit()

    demonstration.send_signal(signal.SIGINT)
    assert demonstration.wait(timeout=20) == 0
    end = time.monotonic() + 5
    while not all(_free(port + step) for step in (0, 1, 2)):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_port_in_use_is_one_sentence(environment: dict[str, str], port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        refused = subprocess.run(
            [sys.executable, "-m", "idp.cli", "demo", "run", "--port", str(port)],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert refused.returncode == 3
    assert (
        refused.stderr == f"idp: Accounting cannot start: port {port + 1} on 127.0.0.1 is in use by another program.\n"
    )


def test_the_demonstration_stays_on_a_loopback_address(bare: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_ISSUER", "https://id.example.com")

    for verb in (["load"], ["run"], ["code", "ines.moreau"], ["welcome"]):
        refused = bare("demo", *verb)
        assert refused.code == 3
        assert "loopback address only" in refused.err


def test_a_code_needs_a_demonstration(bare: Idp) -> None:
    assert bare("demo", "code", "ines.moreau").code == 3
