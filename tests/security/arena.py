"""A stage with the service running beside it, and rounds in which fifty ask for the same at the same instant.

Each kind of thing is raced `RACE_ROUNDS` times: five in `make test`, 200 in the long run, which prints how it went.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from idp.authn import password as passwords
from idp.authn.models import PasswordCredential
from tests.conftest import PASSWORD, hashes_as_in_the_service
from tests.party import Party, query_of
from tests.security.serving import Hit, Service, Shot, free_port, serving
from tests.stage import Demonstration, Stage
from tests.web.browser import Browser

ROUNDS = int(os.environ.get("RACE_ROUNDS", "5"))
RUNNERS = 50
WORKERS = 4


@dataclass
class Arena:
    """A stage, and the service that runs on the same database."""

    stage: Stage
    service: Service

    def cookie(self, browser: Browser, *names: str) -> dict[str, str]:
        pairs = [f"{name}={browser.cookie(name)}" for name in names]
        return {"Cookie": "; ".join(pairs)}

    def code(self, party: Party, browser: Browser) -> str:
        hit = self.service.get(party.asking(), self.cookie(browser, "sesame_session"))
        assert hit.status == 303, hit.body[:500]
        headers = {name.lower(): value for name, value in hit.headers.items()}
        return query_of(headers["location"])["code"]


@pytest.fixture(scope="module")
def arena(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder, port = tmp_path_factory.mktemp("arena"), free_port()
    with (
        hashes_as_in_the_service(),
        demonstration.stage(folder, issuer=f"http://localhost:{port}", listen_port=port) as stage,
    ):
        with stage.work() as work:
            work.session.execute(update(PasswordCredential).values(hash=passwords.hashed(PASSWORD)))
        with serving(folder, stage.settings.database, port, workers=WORKERS) as service:
            yield Arena(stage, service)


def rounds(arena: Arena, what: str, play: Callable[[int], Counter[str]]) -> None:
    """Play all rounds and say how they went."""
    began, outcomes = time.monotonic(), Counter[str]()
    for number in range(ROUNDS):
        outcomes.update(play(number))
    kind = arena.stage.settings.database.partition(":")[0].partition("+")[0]
    took = time.monotonic() - began
    print(f"\n{kind}: {what}: {ROUNDS} rounds × {RUNNERS}, {WORKERS} workers, {took:.0f} s: {dict(outcomes)}")


def seen(hits: list[Hit]) -> Counter[str]:
    return Counter(str(hit.status) for hit in hits)


def heard(arena: Arena, shots: list[Shot]) -> list[Hit]:
    """The answers to all; who is told to come back, since nobody waits for ever, comes back."""
    hits = arena.service.fire(shots)
    for _ in range(5):
        late = [place for place, hit in enumerate(hits) if hit.status == 503]
        if not late:
            break
        time.sleep(0.5)
        again = arena.service.fire([shots[place] for place in late])
        for place, hit in zip(late, again, strict=True):
            hits[place] = hit
    return hits
