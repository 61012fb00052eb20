"""Random walks through everything that leads to a session, a password, a factor or an address (acceptance 3).

Nobody becomes "authenticated", no factor and no password changes without the proofs that this file demands; it was
written from the journeys of the domain and not from `proofs.DEMANDS`. `make test` walks some thousand times;
`WALKS=50000 pytest -s tests/authn/test_machine.py` is the long run. `SEED=…` repeats one walk.
"""

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from idp.core.tokens import Keyring
from idp.policy.catalogue import Policies
from tests.authn.walk_changes import ChangingWalk
from tests.authn.walk_moves import FRESH
from tests.authn.walk_world import Evidence, World

WALKS = int(os.environ.get("WALKS", "300"))
FIRST = int(os.environ.get("FIRST", "0"))
SEED = os.environ.get("SEED")
STEPS = 20

pytestmark = pytest.mark.timeout(60 + WALKS)

# What is looked at after every step: by what it is called, for whom, and what of it must not change unseen.
SEEN = {
    "session": "SELECT account_id, id FROM sessions WHERE ended_at IS NULL",
    "second factor of a session": (
        "SELECT account_id, id, second_factor_at FROM sessions WHERE ended_at IS NULL AND second_factor_at IS NOT NULL"
    ),
    "password of a session": (
        "SELECT account_id, id, password_at FROM sessions WHERE ended_at IS NULL AND password_at IS NOT NULL"
    ),
    "password": "SELECT account_id, changed_at FROM password_credentials",
    "factor": (
        "SELECT account_id, id FROM totp_authenticators WHERE confirmed_at IS NOT NULL "
        "UNION ALL SELECT account_id, id FROM passkeys"
    ),
    "codes": "SELECT account_id, created_at FROM recovery_code_sets",
    "contact": "SELECT account_id, id, value FROM recovery_contacts WHERE verified_at IS NOT NULL",
    "address": "SELECT account_id, canonical FROM email_addresses WHERE released_at IS NULL",
}
REACHED = {
    *SEEN, "end of sign_in", "end of step_up", "end of activation", "end of reset", "end of lost_factor",
    "address changed",
}  # fmt: skip
ENDS_BY_ITSELF = {"session", "second factor of a session", "password of a session"}  # that one is gone harms nobody


class Machine(ChangingWalk):
    """A walk that is looked at after each step."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self.seen = self.look()

    def look(self) -> dict[str, set[tuple[Any, ...]]]:
        return {what: set(self.world.rows(statement)) for what, statement in SEEN.items()}

    def step(self) -> None:
        super().step()
        now = self.look()
        for what, before in self.seen.items():
            changed = now[what] - before if what in ENDS_BY_ITSELF else now[what] ^ before
            self.reached += [what] * bool(changed)
            for row in changed:
                assert (what, row[0]) in self.claims, f"{what} changed without proof"
        self.seen = now

    def entrance(self, evidence: Evidence) -> set[tuple[str, str]]:
        """What may follow when an attempt ends: a session, and what is fresh in it."""
        person, proved = evidence.person, evidence.proofs
        if person is None or person.id is None or not enough(evidence):
            return set()
        found = {("session", person.id.hex)}
        if proved & FRESH or "new factor" in proved:
            found.add(("second factor of a session", person.id.hex))
        if proved & {"password", "new password", "passkey"}:
            found.add(("password of a session", person.id.hex))
        return found


def enough(evidence: Evidence) -> bool:
    """Whether what was proved in an attempt lets its person in. `new factor` is a factor that was linked in it, which
    has to have been allowed by itself."""
    proved = evidence.proofs
    second = bool(proved & FRESH) or "new factor" in proved
    match evidence.purpose:
        case "sign_in":
            return "passkey" in proved or ("password" in proved and (second or "trusted browser" in proved))
        case "step_up":
            return bool(proved & FRESH)
        case "activation" | "reset":
            return {"link", "new password"} <= proved and second
        case "lost_factor":
            twice = "link of two proofs" in proved or {"recovery code", "password before"} <= proved
            return twice and {"password", "new factor"} <= proved
        case "lost_all":
            return {"link of two proofs", "new password", "new factor"} <= proved
    return False


@pytest.fixture(scope="module")
def world(_sqlite_template: Path, policies: Policies, keyring: Keyring) -> World:
    return World(_sqlite_template, policies, keyring)


def walk(world: World, seed: int) -> Machine:
    machine = Machine(world, seed)
    try:
        for _ in range(STEPS):
            machine.step()
    except Exception as error:
        raise AssertionError(f"SEED={seed}, after {machine.done}") from error
    return machine


def test_no_walk_reaches_what_was_not_proved(world: World) -> None:
    began, moves, ends = time.monotonic(), Counter[str](), Counter[str]()
    seeds = [int(SEED)] if SEED else range(FIRST, FIRST + WALKS)
    for seed in seeds:
        machine = walk(world, seed)
        moves.update(machine.done)
        ends.update(machine.reached)
    print(f"\n{len(seeds)} walks of {STEPS} steps in {time.monotonic() - began:.0f} s: {dict(ends)}")
    print(dict(sorted(moves.items())))
    if not SEED:
        assert set(ends) >= REACHED, f"never reached: {REACHED - set(ends)}"


def test_what_nobody_proved_is_seen(world: World) -> None:
    """The walks would be worth nothing if their eyes were shut."""
    for spoil in (
        "UPDATE sessions SET second_factor_at = '2026-03-02 09:59:59.000000'",
        "UPDATE password_credentials SET changed_at = '2026-03-02 09:59:59.000000'",
        "DELETE FROM totp_authenticators",
        "DELETE FROM recovery_contacts",
        "UPDATE email_addresses SET canonical = 'x' || canonical",
    ):
        machine = Machine(world, 1)
        while not machine.seen["session"]:
            machine.step()
        world.rows(spoil)
        with pytest.raises(AssertionError, match="without proof"):
            machine.step()
