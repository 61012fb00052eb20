"""Every endpoint of the application, asked for what nobody means well with.

`make test` sends 5,000 requests, `make fuzz` more than 200,000: `FUZZ_REQUESTS` says how many at most (an endpoint
without anything to vary needs fewer), `FUZZ_SEED` which. A request that is answered wrongly is printed as one line;
`FUZZ_REQUEST='…' pytest tests/fuzz -k again` sends it again.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.judge import Judge
from tests.fuzz.kept import keeper
from tests.fuzz.made import Endpoint, Maker, endpoints
from tests.fuzz.messages import PROTOCOL
from tests.fuzz.sent import Sent, send, spell
from tests.fuzz.world import World
from tests.security import cast, objects
from tests.stage import Stage

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "5000")) // 2  # on each of the two databases
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SHARE = 0.5  # of the requests, for the endpoints of the protocol

pytestmark = pytest.mark.timeout(120 + REQUESTS // 20)


@pytest.fixture(scope="module")
def world(stage: Stage) -> Iterator[World]:
    cast.complete(stage)
    objects.prepare(stage)
    made = World.of(stage)
    yield made
    made.closing.close()


def test_no_request_is_answered_wrongly(world: World) -> None:
    judge, maker = Judge(world), Maker(world)
    restore, statuses, wrong, began = keeper(world.stage), Counter[int](), [], time.monotonic()
    all_of_them = list(endpoints(world))
    spoken = sum(each.rule in PROTOCOL for each in all_of_them)
    for number, endpoint in enumerate(all_of_them):
        few = REQUESTS * (SHARE / spoken if endpoint.rule in PROTOCOL else (1 - SHARE) / (len(all_of_them) - spoken))
        problem = _ask(world, judge, maker, endpoint, max(1, round(few)), number, statuses)
        if problem:
            wrong.append(problem)
        restore()
    took, total = time.monotonic() - began, sum(statuses.values())
    kinds = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    where = world.stage.settings.database.partition(":")[0]
    print(
        f"\n{where}: {total} requests to {len(all_of_them)} endpoints in {took:.0f} s, {total / took:.0f} a second",
        end="",
    )
    print(f", seed {SEED}; {kinds}; {len(wrong)} endpoints answered wrongly")
    assert not wrong, "\n\n".join(wrong)
    assert total >= REQUESTS * 0.9
    assert min(statuses[each] for each in (200, 303, 400, 401, 403, 404)) > 0, "whole kinds of answers are missing"


def test_every_endpoint_of_the_protocol_has_messages(world: World) -> None:
    """Beyond forms and JSON that are right in shape: messages that would be answered well, to start from."""
    bare = {each.rule for each in endpoints(world) if each.rule.startswith("/oauth/")} - set(PROTOCOL)
    assert bare == {"/oauth/jwks"}


def _ask(
    world: World, judge: Judge, maker: Maker, endpoint: Endpoint, few: int, number: int, statuses: Counter[int]
) -> str:
    """Send so many requests to one endpoint; what went wrong first, made as small as it gets."""
    app, said = world.stage.app, []

    @seed(SEED * 100_003 + number)
    @settings(
        max_examples=few, deadline=None, database=None, derandomize=False, print_blob=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(maker.request(endpoint))
    def asked(sent: Sent) -> None:
        spelt = spell(world, sent)
        answer = send(app, spelt)
        statuses[answer.status] += 1
        problems = judge.problems(spelt, answer)
        if problems:
            said.append(f"{endpoint}: {'; '.join(problems)}\n  {sent}\n  {answer.body[:300]!r}")
            raise AssertionError(said[-1])

    try:
        asked()
    except Exception:  # noqa: BLE001 - hypothesis wraps what it found in several ways
        assert said
        return said[-1]
    return ""


def test_a_request_again(world: World) -> None:
    line = os.environ.get("FUZZ_REQUEST")
    if not line:
        pytest.skip("FUZZ_REQUEST names no request")
    spelt = spell(world, Sent.read(line))
    answer = send(world.stage.app, spelt)
    print(f"\n{spelt}\n{answer}")
    assert not Judge(world).problems(spelt, answer)
