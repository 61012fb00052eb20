"""Who holds one thing of an enrolled person gets neither into the account nor at a credential (R-13, R-19, R-20).

Each test is a search over all routes of the application, see `search.py`. Those of `test_enough_possession.py` are
given what ought to be enough and find the way, so that these are known to look in the right places.
"""

from collections.abc import Callable

import pytest

from tests.conftest import PASSWORD
from tests.security.calling import Knowledge
from tests.security.search import Found, Search
from tests.security.victim import ADDRESS, PHONE, SECOND_ADDRESS, Victim

pytestmark = pytest.mark.timeout(1800)


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
