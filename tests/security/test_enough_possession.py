"""What is enough: searches over all routes that have to find the way, so that those of `test_single_possession.py` are
known to look in the right places."""

import pytest

from tests.conftest import PASSWORD
from tests.security.calling import Knowledge
from tests.security.search import Search
from tests.security.victim import ADDRESS, Victim

pytestmark = pytest.mark.timeout(1800)


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
