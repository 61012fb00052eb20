"""Names that count once and need not last: threads, processes, forks, a full file, another running of the machine."""

import os
import secrets
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from idp.core import names
from idp.core.errors import Unavailable
from idp.core.names import Names, beside

NOW = 1_800_000_000.0
RACER = """
import sys
from pathlib import Path
from idp.core.names import Names
kept = Names(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
taken = [kept.take(n.to_bytes(32, "big"), 2e9, 1.8e9) for n in range(500)]
print("".join("1" if each else "0" for each in taken))
"""
HOLDER = """
import sys, time
from pathlib import Path
from idp.core.names import Names
kept = Names(Path(sys.argv[1]))
kept.take(b"a" * 32, 2e9, 1.8e9)
transaction = kept._file.environment.begin(write=True)
transaction.put(b"b" * 32, bytes(8))
print("holds", flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.skipif(not names.BOOT.exists(), reason="this machine does not say when it was started")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "idp.sqlite3"


@pytest.fixture
def kept(database: Path) -> Names:
    return Names(database)


def name() -> bytes:
    return secrets.token_bytes(32)


def take_many(kept: Names) -> None:
    for _ in range(200):
        kept.take(name(), NOW + 60, NOW)


def files(database: Path) -> list[str]:
    return sorted(each.name for each in database.parent.iterdir())


def descriptors(folder: Path) -> list[str]:
    """What this process has open or mapped of a folder."""
    opened = [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd") if each.isdecimal()
              if os.path.lexists(f"/proc/self/fd/{each}")]  # fmt: skip
    mapped = Path("/proc/self/maps").read_text().splitlines()
    return [each for each in (*opened, *mapped) if str(folder) in each]


def test_a_name_counts_once(kept: Names) -> None:
    first, second = name(), name()
    assert kept.take(first, NOW + 60, NOW) is True
    assert kept.take(first, NOW + 60, NOW) is False
    assert kept.take(first, NOW + 90, NOW + 60) is False, "until the end of its last second"
    assert kept.take(second, NOW + 60, NOW) is True
    assert kept.take(first, NOW + 200, NOW + 100) is True, "forgotten"
    assert kept.take(first, NOW + 200, NOW + 100) is False


def test_names_that_have_run_out_go_away(kept: Names, database: Path) -> None:
    for _ in range(2000):
        kept.take(name(), NOW + 60, NOW)
    for _ in range(2000):
        kept.take(name(), NOW + 300, NOW + 120)
    last = name()
    kept.take(last, NOW + 300, NOW + 120)
    file = kept._file
    assert file is not None
    with file.environment.begin() as transaction:
        held = [int.from_bytes(end, "big") for _, end in transaction.cursor()]
    assert held.count(int(NOW + 300)) == 2001, "none that counts"
    assert len(held) == 2001
    assert kept.take(last, NOW + 300, NOW + 120) is False


def test_one_of_many_threads_is_first(database: Path) -> None:
    many = [Names(database) for _ in range(5)]
    wanted, together = [name() for _ in range(40)], threading.Barrier(50)

    def take(number: int) -> list[bool | None]:
        together.wait(30)
        return [many[number % 5].take(each, NOW + 60, NOW) for each in wanted]

    with ThreadPoolExecutor(50) as threads:
        taken = list(threads.map(take, range(50)))
    assert [sum(map(bool, each)) for each in zip(*taken, strict=True)] == [1] * 40


def test_one_of_many_processes_is_first(database: Path) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(database)], stdin=-1, stdout=-1, text=True) for _ in range(3)
    ]
    for each in racers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in racers:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    taken = [each.communicate(timeout=60)[0].strip() for each in racers]
    assert [len(each) for each in taken] == [500] * 3
    assert [each.count("1") for each in zip(*taken, strict=True)] == [1] * 500


def test_a_process_that_dies_holds_nobody_up(kept: Names, database: Path) -> None:
    kept.take(name(), NOW + 60, NOW)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(database)], stdout=-1, text=True)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds\n"
        holder.kill()
    assert kept.take(b"a" * 32, 2e9, NOW) is False
    assert kept.take(b"b" * 32, 2e9, NOW) is True, "what was not committed"


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_that_is_forked_opens_the_file_itself(kept: Names, database: Path) -> None:
    known, of_child = name(), name()
    other = Names(database)
    assert (kept.take(known, NOW + 60, NOW), other.take(known, NOW + 60, NOW)) == (True, False)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        right = False
        try:
            seen = [kept.take(known, NOW + 60, NOW), other.take(known, NOW + 60, NOW), kept.take(of_child, 2e9, NOW)]
            right = seen == [False, False, True]
        finally:
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert kept.take(of_child, 2e9, NOW) is False
    assert kept.take(name(), 2e9, NOW) is True


def test_a_full_file_is_told_and_has_room_again_later(kept: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "LIMIT", 100)
    known = name()
    kept.take(known, NOW + 60, NOW)
    for _ in range(99):
        assert kept.take(name(), NOW + 60, NOW) is True
    with pytest.raises(Unavailable) as told:
        take_many(kept)
    assert told.value.members == {"resource": "names"}
    with pytest.raises(Unavailable):  # not even one that is known: nothing is told about it
        kept.take(known, NOW + 60, NOW + 1)
    assert kept.take(name(), NOW + 200, NOW + 120) is True


def test_a_million_names_have_room(kept: Names) -> None:
    """The map has room for all that may be kept, also when its pages are half full."""
    for _ in range(20_000):
        kept.take(name(), NOW + 60, NOW)
    file = kept._file
    assert file is not None
    per_name = file.environment.info()["last_pgno"] * 4096 / 20_000
    assert per_name < 100
    assert per_name * names.LIMIT < 0.75 * file.environment.info()["map_size"]


def test_the_disk_s_space_is_taken_before_it_is_written_to(kept: Names, database: Path) -> None:
    for _ in range(30_000):
        kept.take(name(), NOW + 60, NOW)
    [file] = [each for each in database.parent.iterdir() if not each.name.endswith("-lock")]
    found, last = file.stat(), kept._file and kept._file.environment.info()["last_pgno"]
    assert last is not None
    assert found.st_blocks * 512 >= (last + 512) * 4096
    assert found.st_blocks * 512 < 16 << 20


def test_only_the_service_reads_the_files(kept: Names, database: Path) -> None:
    kept.take(name(), NOW + 60, NOW)
    assert len(files(database)) == 2
    assert {stat.S_IMODE(each.stat().st_mode) for each in database.parent.iterdir()} == {0o600}


def test_the_files_of_another_running_of_the_machine_are_removed(
    kept: Names, database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    boot = tmp_path_factory.mktemp("boot") / "boot_id"
    boot.write_text("b7e1c0de-0000-4000-8000-000000000001\n")
    neighbour = database.with_name("other.sqlite3-names-0123")
    for each in (database, neighbour):
        each.write_bytes(b"")
    known = name()
    kept.take(known, NOW + 60, NOW)
    before = set(files(database))
    monkeypatch.setattr(names, "BOOT", boot)
    again = Names(database)
    assert again.take(known, NOW + 60, NOW) is True
    after = set(files(database))
    assert after & before == {database.name, neighbour.name}
    assert len(after) == 4


def test_nothing_stays_open_when_an_engine_is_done_with(database: Path) -> None:
    engines = [create_engine(f"sqlite:///{database}") for _ in range(2)]
    made = [beside(each) for each in engines]
    for each in made:
        assert each is not None
        each.take(name(), NOW + 60, NOW)
    assert len([each for each in descriptors(database.parent) if each.endswith("-lock")]) == 2, "one file, one map"
    engines[0].dispose()
    assert descriptors(database.parent) != []
    engines[1].dispose()
    assert descriptors(database.parent) == []
    assert made[0] is not None
    assert made[0].take(name(), NOW + 60, NOW) is True, "and opens it again"
    made[0].close()


def test_a_folder_that_is_made_again_has_a_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    known, old = name(), Names(folder / "idp.sqlite3")
    assert old.take(known, NOW + 60, NOW) is True
    shutil.rmtree(folder)
    folder.mkdir()
    assert Names(folder / "idp.sqlite3").take(known, NOW + 60, NOW) is True
    assert len(list(folder.iterdir())) == 2


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[None]:
    """As somebody who may not write to the folder."""
    tmp_path.chmod(0o555)
    if own := os.geteuid() == 0:
        os.seteuid(65534)
    yield
    if own:
        os.seteuid(0)
    tmp_path.chmod(0o755)


def test_where_no_file_can_be_made_the_database_is_used(kept: Names, nobody: None) -> None:
    assert kept.take(name(), NOW + 60, NOW) is None
    assert kept.take(name(), NOW + 60, NOW) is None


def test_a_file_that_is_none_is_told(kept: Names, database: Path) -> None:
    kept.take(name(), NOW + 60, NOW)
    kept.close()
    [file] = [each for each in database.parent.iterdir() if not each.name.endswith("-lock")]
    file.write_bytes(b"x" * 8192)
    with pytest.raises(Unavailable):
        kept.take(name(), NOW + 60, NOW)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x.sqlite3?uri=true", "postgresql+psycopg://x/y"]
)
def test_names_are_kept_beside_a_file_alone(url: str) -> None:
    engine = create_engine(url)
    assert beside(engine) is None
    engine.dispose()
