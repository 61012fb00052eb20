"""What a client may use once has one winner among fifty, over HTTP, with four worker processes: initial access tokens,
client assertions, proofs of possession, pushed requests, device codes.

`RACE_ROUNDS=200 pytest tests/security/test_protocol_races.py -s` is the long run.
"""

import json
from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import func, select

from idp.oidc import initial_access
from idp.oidc.models import Client
from tests.party import ASSERTION_TYPE, basic, bearer
from tests.prover import Prover
from tests.security.arena import ROUNDS, RUNNERS, Arena, heard, rounds, seen
from tests.security.serving import Hit, Shot

OWN = {"grant_type": "client_credentials"}

pytestmark = pytest.mark.timeout(120 + 30 * ROUNDS)


def errors(hits: list[Hit]) -> set[str]:
    """The errors of those who lost."""
    return {json.loads(hit.body)["error"] for hit in hits if hit.status >= 400}


def test_an_initial_access_token_registers_one_client(arena: Arena) -> None:
    stage = arena.stage
    metadata = json.dumps({"redirect_uris": ["https://app.company.example/cb"]})

    def registered() -> int:
        with stage.work(write=False) as work:
            return work.session.scalar(select(func.count()).select_from(Client)) or 0

    def play(number: int) -> Counter[str]:
        with stage.work() as work:
            token = initial_access.create(work, note="race", uses=1, lifetime=timedelta(hours=1))
        before = registered()
        headers = {**bearer(token), "Content-Type": "application/json"}
        hits = heard(arena, [Shot("/oauth/register", {}, headers, body=metadata)] * RUNNERS)
        assert seen(hits) == {"201": 1, "401": RUNNERS - 1}, (number, seen(hits))
        assert errors(hits) == {"invalid_token"}, (number, errors(hits))
        assert registered() == before + 1
        return seen(hits)

    rounds(arena, "initial access token", play)


def test_a_client_assertion_counts_once(arena: Arena) -> None:
    party = arena.stage.register(
        token_endpoint_auth_method="private_key_jwt", grant_types=["authorization_code", "client_credentials"]
    )

    def play(number: int) -> Counter[str]:
        assertion = party.assertion(aud=arena.stage.settings.issuer)
        form = {**OWN, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        hits = heard(arena, [Shot("/oauth/token", form)] * RUNNERS)
        assert seen(hits) == {"200": 1, "401": RUNNERS - 1}, (number, seen(hits))
        assert errors(hits) == {"invalid_client"}, (number, errors(hits))
        return seen(hits)

    rounds(arena, "client assertion", play)


def test_a_proof_of_possession_counts_once(arena: Arena) -> None:
    party, prover = arena.stage.party("demo-accounting"), Prover()
    htu = f"{arena.stage.settings.issuer}/oauth/token"
    shown = basic(party.client_id, party.secret or "")

    def play(number: int) -> Counter[str]:
        first = arena.service.fire([Shot("/oauth/token", OWN, {**shown, "DPoP": prover.proof(htu=htu)})])
        prover.nonce = {name.lower(): value for name, value in first[0].headers.items()}["dpop-nonce"]
        headers = {**shown, "DPoP": prover.proof(htu=htu)}
        hits = heard(arena, [Shot("/oauth/token", OWN, headers)] * RUNNERS)
        assert seen(hits) == {"200": 1, "400": RUNNERS - 1}, (number, seen(hits))
        assert errors(hits) == {"invalid_dpop_proof"}, (number, errors(hits))
        return seen(hits)

    rounds(arena, "proof of possession", play)


def test_a_pushed_request_gives_one_code(arena: Arena) -> None:
    """Fifty browsers of one person bring the same address: one gets a code."""
    stage, party = arena.stage, arena.stage.party("demo-accounting")
    cookie = arena.cookie(stage.signed_in("ines.moreau"), "sesame_session")
    shown = basic(party.client_id, party.secret or "")

    def play(number: int) -> Counter[str]:
        pushed = arena.service.fire([Shot("/oauth/par", party.parameters(), shown)])
        uri = json.loads(pushed[0].body)["request_uri"]
        path = f"/oauth/authorize?{urlencode({'client_id': party.client_id, 'request_uri': uri})}"
        hits = arena.service.fire([Shot(path, {}, cookie, method="GET")] * RUNNERS)
        won = [hit for hit in hits if hit.status == 303]
        assert len(won) == 1, (number, seen(hits))
        assert "code=" in won[0].headers.get("Location", won[0].headers.get("location", ""))
        assert {hit.status for hit in hits if hit is not won[0]} <= {400, 503}, (number, seen(hits))
        return seen(hits)

    rounds(arena, "pushed request", play)


def test_a_pushed_request_gives_one_code_however_often_it_was_kept(arena: Arena) -> None:
    """The address was loaded fifty times before anybody signed in, and all fifty are taken up again at once."""
    stage, party = arena.stage, arena.stage.party("demo-accounting")
    cookie = arena.cookie(stage.signed_in("ines.moreau"), "sesame_session")
    shown = basic(party.client_id, party.secret or "")

    def place(hit: Hit) -> str:
        return str({name.lower(): value for name, value in hit.headers.items()}["location"])

    def play(number: int) -> Counter[str]:
        pushed = arena.service.fire([Shot("/oauth/par", party.parameters(), shown)])
        uri = json.loads(pushed[0].body)["request_uri"]
        path = f"/oauth/authorize?{urlencode({'client_id': party.client_id, 'request_uri': uri})}"
        loaded = arena.service.fire([Shot(path, {}, {}, method="GET")] * RUNNERS)
        assert seen(loaded) == {"303": RUNNERS}, (number, seen(loaded))
        kept = [dict(parse_qsl(urlsplit(place(hit)).query))["continue_to"] for hit in loaded]
        assert len(set(kept)) == RUNNERS
        hits = arena.service.fire([Shot(each, {}, cookie, method="GET") for each in kept])
        won = [hit for hit in hits if hit.status == 303]
        assert len(won) == 1, (number, seen(hits))
        assert "code=" in place(won[0])
        assert {hit.status for hit in hits if hit is not won[0]} <= {400, 503}, (number, seen(hits))
        return seen(hits)

    rounds(arena, "pushed request, kept", play)
