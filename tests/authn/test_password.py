"""What may be a password, and how it is kept."""

import os
import sys
import threading
import time

import pytest

from idp.authn import password
from idp.authn.guessable import COMMON
from idp.core.errors import InvalidInput, Unavailable

ABOUT = ["Amélie", "Dubois", "amelie.dubois@atelier-lumen.example.com", "Atelier Lumen"]


def reason(work, typed, words=()):
    """Why a password is refused; None when it is not."""
    try:
        password.check(work, typed, words=words)
    except InvalidInput as error:
        return error.members["reason"]
    return None


@pytest.fixture
def database_url(tmp_path):
    """These rules ask no database: one kind is enough."""
    return f"sqlite:///{tmp_path / 'unused.sqlite3'}"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("glissade 4v", "too_short"),
        ("glissade 4vu", None),
        ("vieux moulin qui tourne", None),
        ("kdhqzvmwpxgrtbn", None),  # no composition rules
        ("🦊🐙🌿🎈🧭🪁🦉🍋🧊🪶🌊🔔", None),
        ("e\u0301" * 6 + "qvx", "too_short"),  # nine letters once normalised
        ("x7Ω" * 85, "common"),  # one short unit, said often
        ("".join(chr(0x4E00 + n * 7) for n in range(256)), None),
        ("".join(chr(0x4E00 + n * 7) for n in range(257)), "too_long"),
        ("a" * 1_000_000, "too_long"),
        ("\ud800" * 12, "unusable"),
    ],
)
def test_length_is_all_that_is_asked(work, typed, expected):
    assert reason(work, typed) == expected


def test_a_million_characters_cost_nothing(work):
    begun = time.perf_counter()
    assert reason(work, "é" * 1_000_000) == "too_long"
    assert not password.verify(None, "é" * 1_000_000).right
    assert time.perf_counter() - begun < 0.01


def test_every_entry_of_the_list_is_refused(work):
    listed = [line for line in COMMON.read_text("utf-8").splitlines() if not line.startswith("# ")]
    assert len(listed) > 3000
    assert len([entry for entry in listed if len(entry) >= 12]) > 2000
    for entry in listed:
        assert reason(work, entry) in ("common", "too_short", "derived"), entry


@pytest.mark.parametrize(
    "typed",
    [
        "Soleil2024!!!", "P@ssw0rd1234", "qwertyuiop12", "MotDePasse-2026", "123456789012", "abcabcabcabc",
        "2026-Bienvenue-!", "zxcvbnm,./12", "Aaaaaaaaaaaaaa", "passwordPASSWORD", "lkjhgfdsapoi",
    ],
)  # fmt: skip
def test_what_a_guesser_makes_of_the_list_is_refused_too(work, typed):
    assert reason(work, typed) == "common"


@pytest.mark.parametrize(
    "typed",
    [
        "amelie.dubois", "AmelieDubois1", "amélie-dubois-2026", "dubois123456", "4telierLumen!",
        "atelierlumen.example", "LumenLumenLumen", "Sesame2026!!", "S3same-1234-!", "accounting2026", "Comptabilité-1",
    ],
)  # fmt: skip
def test_what_is_known_about_the_person_is_refused(work, typed):
    assert reason(work, typed, ABOUT) == "derived"


def test_a_name_among_other_words_is_let_through(work):
    assert reason(work, "dubois marche vers la mer", ABOUT) is None


@pytest.mark.usefixtures("real_hashes")
def test_hashes_have_the_parameters_of_the_policy():
    made = password.hashed("vieux moulin qui tourne")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password.verify(made, "vieux moulin qui tourne") == password.Verified(right=True)
    assert password.DUMMY.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.usefixtures("real_hashes")
def test_a_wrong_password_and_an_unknown_account_cost_the_same():
    made = password.hashed("vieux moulin qui tourne")

    def cost(stored):
        begun = time.process_time()
        for _ in range(5):
            assert not password.verify(stored, "another one entirely").right
        return time.process_time() - begun

    known, unknown = cost(made), cost(None)
    assert 0.5 < known / unknown < 2


def test_no_place_for_hashing_is_waited_for_briefly(monkeypatch):
    monkeypatch.setattr(password, "WAIT_SECONDS", 0.05)
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(password._hashers, "places", places)
    with places, pytest.raises(Unavailable):
        password.hashed("vieux moulin qui tourne")
    assert password.hashed("vieux moulin qui tourne")  # the place was given back


def test_hashes_that_step_back_are_made_all_the_same(monkeypatch):
    """Behind everybody else while that is soon enough, then like everybody."""
    for patience in (10.0, 0.0):
        monkeypatch.setattr(password, "PATIENCE_SECONDS", patience)
        monkeypatch.setattr(password, "_hashers", password._Hashers(1, behind=True))
        made = password.hashed("vieux moulin qui tourne")
        assert password.verify(made, "vieux moulin qui tourne").right
        assert not password.verify(made, "vieux moulin qui tourne ").right


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give threads no policy of their own")
def test_threads_that_step_back_are_idle_ones():
    assert password._Hashers(1, behind=True).run(lambda: os.sched_getscheduler(0)) == os.SCHED_IDLE
    assert password._Hashers(1, behind=False).run(lambda: os.sched_getscheduler(0)) == os.SCHED_OTHER


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a thread cannot be kept to some processors here")
def test_threads_that_step_back_leave_a_processor_to_others(monkeypatch):
    every = os.sched_getaffinity(0)
    for patience in (10.0, 0.0):
        monkeypatch.setattr(password, "PATIENCE_SECONDS", patience)
        kept = password._Hashers(1, behind=True).run(lambda: os.sched_getaffinity(0))
        assert kept == (every - {min(every)} or every)
    assert password._Hashers(1, behind=False).run(lambda: os.sched_getaffinity(0)) == every
