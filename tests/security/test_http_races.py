"""What can be used once has one winner among fifty, over HTTP, with four worker processes (F-14, F-15, F-16).

Codes, refresh tokens, time steps and links are raced here; what else clients use once in test_protocol_races.py.

Each kind of thing is raced five times in `make test`. `RACE_ROUNDS=200 pytest tests/security/test_http_races.py -s` is
the long run; it prints how it went, and takes some minutes per database.
"""

import json
import time
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from idp.accounts.models import Account, EmailAddress
from idp.authn import activation
from idp.authn.models import Session, Throttle
from idp.core.tokens import digest
from idp.oidc.models import AuthorizationCode, Grant, RefreshToken
from tests.party import basic
from tests.prover import Prover
from tests.security.arena import ROUNDS, RUNNERS, Arena, heard, rounds, seen
from tests.security.serving import Shot
from tests.stage import Stage
from tests.web.browser import Browser

CHOSEN = "sept moulins sous la lune 3"

pytestmark = pytest.mark.timeout(120 + 30 * ROUNDS)


def test_a_code_has_one_winner(arena: Arena) -> None:
    """And since every loser is a replay, nothing of what it bought is alive afterwards."""
    stage, party = arena.stage, arena.stage.party("demo-accounting")
    browser = stage.signed_in("ines.moreau")

    def play(number: int) -> Counter[str]:
        code = arena.code(party, browser)
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": party.redirect_uri,
            "code_verifier": party.verifier,
        }  # fmt: skip
        hits = heard(arena, [Shot("/oauth/token", form, basic(party.client_id, party.secret or ""))] * RUNNERS)
        won = [json.loads(hit.body) for hit in hits if hit.status == 200]
        lost = [json.loads(hit.body)["error"] for hit in hits if hit.status != 200]
        assert len(won) == 1, (number, seen(hits))
        assert set(lost) == {"invalid_grant"}, (number, lost)
        with stage.work(write=False) as work:
            bought = work.session.scalar(
                select(AuthorizationCode.grant_id).where(AuthorizationCode.digest == digest(code))
            )
            grants = work.session.execute(select(Grant.revoked_at).where(Grant.id == bought)).all()
            kept = work.session.scalar(
                select(func.count()).select_from(RefreshToken).where(RefreshToken.grant_id == bought)
            )
        assert len(grants) == 1
        assert kept == 1
        assert grants[0].revoked_at is not None, (number, "a replay was not noticed")
        assert party.userinfo(won[0]["access_token"]).status_code == 401
        return seen(hits)

    rounds(arena, "authorization code", play)


def test_a_device_code_has_one_winner(arena: Arena) -> None:
    """And since every loser is a replay, nothing of what it bought is alive afterwards."""
    stage = arena.stage
    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    party = stage.register(token_endpoint_auth_method="none", grant_types=[grant_type, "refresh_token"])
    browser = stage.signed_in("ines.moreau")

    def play(number: int) -> Counter[str]:
        codes = party.post("/oauth/device_authorization", scope="openid").json
        browser.get("/device")
        browser.submit({"user_code": codes["user_code"]})
        browser.submit({"decision": "allow"})
        form = {"grant_type": grant_type, "device_code": codes["device_code"], "client_id": party.client_id}
        hits = heard(arena, [Shot("/oauth/token", form)] * RUNNERS)
        won = [json.loads(hit.body) for hit in hits if hit.status == 200]
        lost = [json.loads(hit.body)["error"] for hit in hits if hit.status != 200]
        assert len(won) == 1, (number, seen(hits))
        assert set(lost) == {"invalid_grant"}, (number, lost)
        assert party.userinfo(won[0]["access_token"]).status_code == 401, (number, "a replay was not noticed")
        return seen(hits)

    rounds(arena, "device code", play)


def test_a_proof_of_possession_opens_a_resource_once(arena: Arena) -> None:
    """RFC 9449 §11.1."""
    stage, party = arena.stage, arena.stage.party("demo-accounting")
    prover, path = Prover(issuer=stage.settings.issuer).learn(party.http), "/oauth/userinfo"
    token = prover.redeem(party, arena.code(party, stage.signed_in("ines.moreau"))).json["access_token"]

    def play(number: int) -> Counter[str]:
        proof = prover.learn(party.http).proof("POST", path, token)
        hits = arena.service.fire([Shot(path, {}, {"Authorization": f"DPoP {token}", "DPoP": proof})] * RUNNERS)
        counted = seen(hits)
        assert counted["200"] == 1, (number, counted)
        assert set(counted) <= {"200", "401", "503"}, (number, counted)  # 503: nobody waits for ever
        return counted

    rounds(arena, "proof of possession at a resource", play)


def test_a_public_refresh_token_has_one_successor(arena: Arena) -> None:
    stage, party = arena.stage, arena.stage.party("demo-mobile")
    browser = stage.signed_in("ines.moreau")
    code = arena.code(party, browser)
    first = party.redeem(code)
    assert first.status_code == 200
    held = [first.json["refresh_token"]]
    grant_id = _grant(stage, held[0])

    def play(number: int) -> Counter[str]:
        form = {"grant_type": "refresh_token", "refresh_token": held[0], "client_id": party.client_id}
        hits = heard(arena, [Shot("/oauth/token", form)] * RUNNERS)
        assert {hit.status for hit in hits} == {200}, (number, seen(hits))
        successors = {json.loads(hit.body)["refresh_token"] for hit in hits}
        assert len(successors) == 1, (number, len(successors))
        with stage.work(write=False) as work:
            alive = work.session.scalars(
                select(RefreshToken.digest).where(RefreshToken.grant_id == grant_id, RefreshToken.used_at.is_(None))
            ).all()
            total = work.session.scalar(
                select(func.count()).select_from(RefreshToken).where(RefreshToken.grant_id == grant_id)
            )
        held[0] = successors.pop()
        assert list(alive) == [digest(held[0])], number
        assert total == number + 2
        return seen(hits)

    rounds(arena, "public refresh token", play)


def _grant(stage: Stage, token: str) -> UUID:
    with stage.work(write=False) as work:
        found = work.session.scalar(select(RefreshToken.grant_id).where(RefreshToken.digest == digest(token)))
        assert found is not None
        return found


def test_a_time_step_opens_one_session(arena: Arena) -> None:
    """Fifty sign-ins of one person, each past its password, and one code."""
    stage, person = arena.stage, arena.stage.person("hugo.perrin")
    waiting = [_past_password(stage) for _ in range(RUNNERS)]

    def play(number: int) -> Counter[str]:
        with stage.work() as work:  # the limit on wrong codes is not what is tested here
            work.session.execute(delete(Throttle))
        stage.forget_steps("hugo.perrin")
        _early_in_a_step()
        code = person.code()
        shots = [
            Shot(
                browser.address,
                {**browser.form.values, "code": code},
                arena.cookie(browser, "sesame_sign_in", "sesame_form"),
            )  # fmt: skip
            for browser in waiting
        ]
        before = _sessions(stage, person.id)
        hits = heard(arena, shots)
        won = [
            place for place, hit in enumerate(hits) if any(each.startswith("sesame_session=") for each in hit.cookies)
        ]
        assert len(won) == 1, (number, seen(hits))
        assert hits[won[0]].status == 303
        assert {hit.status for place, hit in enumerate(hits) if place != won[0]} <= {422, 429}, (number, seen(hits))
        assert _sessions(stage, person.id) == before + 1
        waiting[won[0]] = _past_password(stage)
        return seen(hits)

    rounds(arena, "TOTP step", play)


def _past_password(stage: Stage) -> Browser:
    person, browser = stage.person("hugo.perrin"), stage.browser()
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": person.address, "password": person.password})
    assert browser.address.startswith("/sign-in/code"), browser.text[:500]
    return browser


def _early_in_a_step() -> None:
    """A code is good for the step before and after its own, so only the very end of a step would blur the count."""
    left = 30 - time.time() % 30
    if left < 3:
        time.sleep(left + 0.1)


def _sessions(stage: Stage, account_id: UUID) -> int:
    with stage.work(write=False) as work:
        return (
            work.session.scalar(select(func.count()).select_from(Session).where(Session.account_id == account_id)) or 0
        )


def test_an_activation_link_makes_one_account(arena: Arena) -> None:
    stage = arena.stage

    def play(number: int) -> Counter[str]:
        address = f"nouveau.{number}@company.example"
        with stage.work() as work:
            token = activation.invite(work, address=address, locale="fr-FR")
        browser = stage.browser()
        browser.get(f"/activation/{token}")
        browser.submit()
        assert browser.status == 200, browser.text[:500]
        cookie = arena.cookie(browser, "sesame_form")
        shots = [
            Shot(
                browser.address,
                {
                    **browser.form.values,
                    "given_name": f"N{runner}",
                    "family_name": "Marchand",
                    "password": CHOSEN,
                    "password_again": CHOSEN,
                    "personal": "yes",
                },
                cookie,
            )  # fmt: skip
            for runner in range(RUNNERS)
        ]
        hits = arena.service.fire(shots)
        won = [
            hit
            for hit in hits
            if any(each.startswith("sesame_sign_in=") and "Max-Age=0" not in each for each in hit.cookies)
        ]
        assert len(won) == 1, (number, seen(hits))
        assert won[0].status == 303
        assert {hit.status for hit in hits if hit is not won[0]} <= {410, 503}, (number, seen(hits))
        with stage.work(write=False) as work:
            made = work.session.scalars(
                select(Account.given_name)
                .join(EmailAddress, EmailAddress.account_id == Account.id)
                .where(EmailAddress.canonical == address)
            ).all()
        assert len(made) == 1, (number, made)
        return seen(hits)

    rounds(arena, "activation link", play)
