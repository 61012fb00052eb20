"""Breaking a copy of the policies, and what loading it then says."""

from pathlib import Path

import pytest

from idp.policy import PolicyError, load


def replace(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(folder: Path) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load(folder)
    return caught.value
