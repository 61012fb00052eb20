"""What `make run` says before there is an environment: one sentence for whatever is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "environment.sh"


def refused(folder: Path, **variables: str) -> str:
    ended = subprocess.run(
        ["sh", str(SCRIPT), "run"], cwd=folder, env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def python_that_says(folder: Path, version: str, *, works: bool) -> str:
    """A program that passes for a Python of this version."""
    path = folder / "python"
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit 0; fi\n'
        f'case "$2" in *version_info*) exit {0 if works else 1};; *) exit 1;; esac\n'
    )
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("made_before", [False, True])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, made_before: bool) -> None:
    # Nothing is read-only to a superuser, who may run this: what is in the way of a file does as well.
    (tmp_path / ".venv" / ".writable").mkdir(parents=True) if made_before else (tmp_path / ".venv").touch()

    assert refused(tmp_path) == (
        f"make: The folder {tmp_path} cannot be written, and the environment and the data belong in it.\n"
    )


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    said = refused(tmp_path, PYTHON=python_that_says(tmp_path, "Python 3.9.2", works=False))

    assert "Python 3.11 or newer is needed; this machine has Python 3.9.2" in said


def test_a_python_without_its_venv_package_is_one_sentence(tmp_path: Path) -> None:
    said = refused(tmp_path, PYTHON=python_that_says(tmp_path, "Python 3.12.1", works=True))

    assert "its venv package is missing" in said


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_nothing_to_compile_is_not_worth_a_word() -> None:
    quiet = ["make", "--no-print-directory", "texts"]
    subprocess.run(quiet, cwd=SCRIPT.parents[1], capture_output=True, check=True)

    again = subprocess.run(quiet, cwd=SCRIPT.parents[1], capture_output=True, text=True, check=True)

    assert again.stdout == ""
