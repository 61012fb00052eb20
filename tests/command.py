"""The `idp` command on an instance, in this very process: to start another one costs more than what most verbs do.
tests/cli and tests/docs/test_api_guide.py start it as people do."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from idp.cli import context, main
from idp.web.work import database


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@contextmanager
def at_hand(environment: Mapping[str, str]) -> Iterator[None]:
    """This process with the settings of an instance."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        context.application.cache_clear()
        yield
        if context.application.cache_info().currsize:
            with context.application().app_context():
                database.engine.dispose()
        context.application.cache_clear()


def run(environment: Mapping[str, str], folder: Path, *arguments: str) -> Ended:
    """Run `idp` with these arguments, started in this folder."""
    out, err = StringIO(), StringIO()
    with at_hand(environment), redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["idp", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())
