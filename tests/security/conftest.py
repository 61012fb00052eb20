"""The demonstration on a stage, for the attacks that go through HTTP; and one enrolled person, for searches."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.security.arena import arena  # noqa: F401
from tests.security.victim import Victim
from tests.stage import demonstration, own_stage, stage  # noqa: F401


@pytest.fixture
def make_victim(tmp_path: Path, _sqlite_template: Path) -> Iterator[Callable[..., Victim]]:
    made: list[Victim] = []

    def make(**options: str) -> Victim:
        made.append(Victim(tmp_path, _sqlite_template, **options))
        return made[-1]

    yield make
    for victim in made:
        victim.close()


@pytest.fixture
def victim(make_victim: Callable[..., Victim]) -> Victim:
    return make_victim()
