"""Who holds one thing of an enrolled person gets neither into the account nor at a credential (R-13, R-19, R-20).

Each test is a search over all routes of the application, see `search.py`; the searches at the end are given what
ought to be enough, and find the way, so that the others are known to look in the right places.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PASSWORD
from tests.security.calling import Knowledge
from tests.security.search import Found, Search
from tests.security.victim import ADDRESS, PHONE, SECOND_ADDRESS, Victim

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def make_victim(tmp_path: Path, _sqlite_template: Path) -> Iterator[Callable[..., Victim]]:
    made: list[Victim] = []

    def make(**options: str) -> Victim:
        made.append(Victim(tmp_path, _sqlite_template, **options))
        return made[-1]

    yield make
    for victim in made:
        victim.engine.dispose()


@pytest.fixture
def victim(make_victim: Callable[..., Victim]) -> Victim:
    return make_victim()


def unharmed(found: Found, victim: Victim, *, least: int = 2) -> None:
    print(f"{found.states} states, {found.requests} requests, {len(found.called)} routes by method")
    assert found.harm == "", " → ".join(found.path)
    routes = {
        (method, rule.rule)
        for rule in victim.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    assert routes - found.called == set(), "not called"
    assert found.states >= least


def test_the_mailbox_alone(victim: Victim) -> None:
    found = Search(victim, Knowledge(mailbox=frozenset({ADDRESS}))).run()
    unharmed(found, victim)


def test_the_password_alone(victim: Victim) -> None:
    found = Search(victim, Knowledge(passwords=(PASSWORD,))).run()
    unharmed(found, victim)


def test_one_recovery_code_alone(victim: Victim) -> None:
    found = Search(victim, Knowledge(recovery_codes=(victim.codes[0],))).run()
    unharmed(found, victim)


def test_the_phone_alone(victim: Victim) -> None:
    found = Search(victim, Knowledge(mailbox=frozenset({PHONE}))).run()
    unharmed(found, victim)


def test_the_recovery_mailbox_alone(make_victim: Callable[..., Victim]) -> None:
    victim = make_victim(contact=SECOND_ADDRESS)
    found = Search(victim, Knowledge(mailbox=frozenset({SECOND_ADDRESS}))).run()
    unharmed(found, victim)


def test_an_open_session_alone(victim: Victim) -> None:
    """With the whole browser it is open in, trusted as it may be."""
    cookies = victim.sign_in()
    victim.wait(minutes=11)
    found = Search(victim, Knowledge(), cookies).run()
    unharmed(found, victim)


# --- what is enough: these searches have to find the way ---


def test_password_and_authenticator_are_enough(victim: Victim) -> None:
    found = Search(victim, Knowledge(passwords=(PASSWORD,), secrets=(victim.secret,))).run()
    assert found.harm == "a full session"
    assert "/sign-in/code" in found.path[-1]


def test_password_and_a_recovery_code_are_enough(victim: Victim) -> None:
    found = Search(victim, Knowledge(passwords=(PASSWORD,), recovery_codes=(victim.codes[0],))).run()
    assert found.harm == "a full session"
    assert "/sign-in/recovery-code" in found.path[-2]


def test_mailbox_and_authenticator_are_enough(victim: Victim) -> None:
    """The way of a forgotten password."""
    found = Search(victim, Knowledge(mailbox=frozenset({ADDRESS}), secrets=(victim.secret,))).run()
    assert found.harm == "a full session"
    assert "/reset/new-password" in found.path[-1]
