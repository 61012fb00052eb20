"""The `idp` command on an instance of its own, on both databases."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from idp.cli import context, main
from idp.web.work import database


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def problem(self) -> dict[str, Any]:
        problem: dict[str, Any] = json.loads(self.err.strip().splitlines()[-1])
        return problem


Idp = Callable[..., Ended]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Idp]:
    """The command, with an empty data folder and no variable set.

    What it says goes to buffers that stay open, unlike pytest's: a logger keeps the stream it was made with.
    """
    for name in ("IDP_DEVELOPMENT", "IDP_LISTEN_PORT", "IDP_ISSUER"):  # `demo run` sets them for its children
        monkeypatch.setenv(name, "")  # so that what was there comes back
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IDP_DATA_DIR", str(tmp_path / "var"))

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["idp", *arguments])
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    context.application.cache_clear()
    yield run
    if context.application.cache_info().currsize:
        with context.application().app_context():
            database.engine.dispose()
    context.application.cache_clear()


@pytest.fixture
def idp(bare: Idp, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Idp:
    """The command on an instance with a master key and every table."""
    monkeypatch.setenv("IDP_DATABASE_URL", database_url)
    assert bare("keys", "create-master").code == 0
    return bare
