"""Tokens bound to a key, DPoP (RFC 9449, R-44)."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import func
from werkzeug.test import TestResponse

from idp.audit.models import AuditEvent
from idp.core.session import Transaction
from idp.oidc import dpop
from tests.party import Party, basic, bearer, claims_of, query_of
from tests.prover import INVALID, OWN, Prover, refusal
from tests.stage import Stage, scalar
from tests.web.browser import Browser

USERINFO = "/oauth/userinfo"
GRANTS = ["authorization_code", "refresh_token", "client_credentials"]


@pytest.fixture(scope="module")
def strict(stage: Stage) -> Party:
    """A client whose tokens are always bound."""
    return stage.register(grant_types=GRANTS, options={"dpop_bound_access_tokens": True})


# --- at the token endpoint (§5) ---


def test_tokens_are_bound_to_the_key_that_was_proved(books: Party, ines: Browser, prover: Prover) -> None:
    answer = prover.redeem(books, books.code(ines))
    assert (answer.status_code, answer.json["token_type"]) == (200, "DPoP")
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": prover.jkt}
    assert "cnf" not in claims_of(answer.json["id_token"])
    own = prover.post(books, **OWN)
    assert (own.json["token_type"], claims_of(own.json["access_token"])["cnf"]) == ("DPoP", {"jkt": prover.jkt})


def test_without_a_proof_all_is_as_ever(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in claims_of(tokens["access_token"])
    assert "DPoP-Nonce" not in books.refresh(tokens["refresh_token"]).headers


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("PS256", RSAKey.generate_key(2048)),
        ("RS256", RSAKey.generate_key(2048)),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
    ids=["ES256", "PS256", "RS256", "EdDSA", "Ed25519"],
)
def test_every_published_algorithm_does(books: Party, algorithm: str, key: Any) -> None:
    told = books.http.get("/.well-known/openid-configuration").json["dpop_signing_alg_values_supported"]
    assert algorithm in told
    prover = Prover(key, algorithm).learn(books.http)
    assert claims_of(prover.post(books, **OWN).json["access_token"])["cnf"] == {"jkt": prover.jkt}


def test_a_client_that_registered_it_gets_no_bearer_token(strict: Party, ines: Browser, prover: Prover) -> None:
    answer = strict.post("/oauth/token", **OWN)
    assert refusal(answer) == INVALID
    assert answer.headers["DPoP-Nonce"]
    code = strict.code(ines)
    assert refusal(strict.redeem(code)) == INVALID
    assert prover.redeem(strict, code).json["token_type"] == "DPoP", "the refusal came before the code was spent"


# --- once (§11.1) ---


def test_a_proof_counts_once(books: Party, prover: Prover) -> None:
    proof = prover.proof()
    assert prover.post(books, proof=proof, **OWN).status_code == 200
    assert refusal(prover.post(books, proof=proof, **OWN)) == INVALID


def test_a_proof_is_used_up_even_where_the_request_fails(books: Party, prover: Prover) -> None:
    proof = prover.proof()
    assert refusal(prover.redeem(books, "unknown", proof=proof)) == (400, "invalid_grant")
    assert refusal(prover.post(books, proof=proof, **OWN)) == INVALID


def test_another_key_may_use_the_same_name(books: Party, prover: Prover) -> None:
    other = Prover(nonce=prover.nonce)
    for each in (prover, other):
        assert each.post(books, proof=each.proof(jti="the same"), **OWN).status_code == 200


def test_a_client_that_is_not_known_uses_nothing_up(books: Party, prover: Prover) -> None:
    proof = prover.proof()
    stranger = books.known_as(secret="wrong")
    assert refusal(prover.post(stranger, proof=proof, **OWN)) == (401, "invalid_client")
    assert prover.post(books, proof=proof, **OWN).status_code == 200


# --- nonces (§8) ---


def test_the_first_answer_gives_the_nonce(books: Party, ines: Browser) -> None:
    prover, code = Prover(), books.code(ines)
    for wrong in (None, "x", 7, ["x"]):
        answer = prover.redeem(books, code, proof=prover.proof(nonce=wrong))
        assert refusal(answer) == (400, "use_dpop_nonce")
        assert answer.headers["Cache-Control"] == "no-store"
    answer = prover.redeem(books, code)
    assert answer.status_code == 200, "nothing was used up by the answers that gave a nonce"
    assert answer.headers["DPoP-Nonce"]


def test_a_nonce_counts_for_two_minutes_and_no_longer(stage: Stage, books: Party, prover: Prover) -> None:
    with stage.work(write=False) as work:
        given = {seconds: dpop.nonce(work.later(seconds=seconds)) for seconds in (-240, -120, -60, 0, 50, 240)}
    for seconds, nonce in given.items():
        answer = prover.post(books, proof=prover.proof(nonce=nonce), **OWN)
        assert answer.status_code == (400 if abs(seconds) == 240 else 200), seconds
    assert len(set(given.values())) >= 5


def test_every_answer_to_a_proof_carries_the_next_nonce(books: Party, prover: Prover) -> None:
    answers = [prover.post(books, **OWN), prover.post(books, proof="x", **OWN), prover.redeem(books, "unknown")]
    assert all(answer.headers.get("DPoP-Nonce") == prover.nonce for answer in answers)
    assert [answer.headers.getlist("DPoP-Nonce") for answer in answers] == [[prover.nonce]] * 3


# --- codes (§10) ---


def test_a_code_asked_for_with_a_key_is_redeemed_with_it(books: Party, ines: Browser, prover: Prover) -> None:
    code = books.code(ines, dpop_jkt=prover.jkt)
    assert prover.redeem(books, code).json["token_type"] == "DPoP"


def test_another_key_or_none_does_not_redeem_it(books: Party, ines: Browser, prover: Prover) -> None:
    assert refusal(books.redeem(books.code(ines, dpop_jkt=prover.jkt))) == (400, "invalid_grant")
    other = Prover(nonce=prover.nonce)
    assert refusal(other.redeem(books, books.code(ines, dpop_jkt=prover.jkt))) == (400, "invalid_grant")


def test_a_proof_with_a_pushed_request_binds_its_code(books: Party, ines: Browser, prover: Prover) -> None:
    """§10.1, with the nonce and once as at the token endpoint."""
    path = "/oauth/par"
    form = dict(parse_qsl(urlsplit(books.asking()).query))

    def push(proof: str, **more: str) -> TestResponse:
        headers = {**basic(books.client_id, books.secret or ""), "DPoP": proof}
        return books.http.post(path, data={**form, **more}, headers=headers)

    asked = push(prover.proof(path=path, nonce=None))
    assert (asked.status_code, asked.json["error"]) == (400, "use_dpop_nonce")
    assert asked.headers["DPoP-Nonce"]
    assert push(prover.proof()).json["error"] == "invalid_dpop_proof", "a proof for another address"
    assert push(prover.proof(path=path), dpop_jkt="x" * 43).json["error"] == "invalid_dpop_proof"
    proof = prover.proof(path=path)
    pushed = push(proof)
    assert pushed.status_code == 201
    assert push(proof).json["error"] == "invalid_dpop_proof", "twice"
    browsing = urlencode({"client_id": books.client_id, "request_uri": pushed.json["request_uri"]})
    code = query_of(ines.get(f"/oauth/authorize?{browsing}").headers["Location"])["code"]
    assert refusal(books.redeem(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("jkt", ["x", "x" * 42, "x" * 44, "é" * 43, "x" * 42 + "="])
def test_what_is_no_thumbprint_is_refused(books: Party, ines: Browser, jkt: str) -> None:
    assert books.ask(ines, dpop_jkt=jkt)["error"] == "invalid_request"


def test_the_key_of_a_kept_request_still_counts(books: Party, stage: Stage, prover: Prover) -> None:
    """Over the whole sign-in."""
    browser = stage.browser()
    browser.get(books.asking(dpop_jkt=prover.jkt))
    stage.forget_steps("ines.moreau")
    person = stage.person("ines.moreau")
    browser.submit({"email": person.address, "password": person.password})
    answer = browser.submit({"code": person.code()})
    code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
    assert refusal(books.redeem(code)) == (400, "invalid_grant")


# --- refresh tokens (§5) ---


def test_a_public_clients_refresh_token_is_bound(stage: Stage, mobile: Party, ines: Browser) -> None:
    prover = Prover().learn(mobile.http)
    first = prover.redeem(mobile, mobile.code(ines)).json
    other = Prover(nonce=prover.nonce)
    assert refusal(mobile.refresh(first["refresh_token"])) == INVALID
    assert refusal(other.refresh(mobile, first["refresh_token"])) == (400, "invalid_grant")
    second = prover.refresh(mobile, first["refresh_token"]).json
    assert second["token_type"] == "DPoP", "what others tried has not spent it"
    assert claims_of(second["access_token"])["cnf"] == {"jkt": prover.jkt}
    assert refusal(other.refresh(mobile, second["refresh_token"])) == (400, "invalid_grant")
    assert prover.refresh(mobile, second["refresh_token"]).status_code == 200
    where = (AuditEvent.name == "binding.refused", AuditEvent.subject_id == mobile.client_id)
    assert scalar(stage, func.count(), *where) == 2


def test_one_that_was_not_bound_is_from_the_first_proof_on(mobile: Party, ines: Browser) -> None:
    prover = Prover().learn(mobile.http)
    token = mobile.tokens(ines)["refresh_token"]
    token = mobile.refresh(token).json["refresh_token"]
    bound = prover.refresh(mobile, token).json
    assert bound["token_type"] == "DPoP"
    assert refusal(mobile.refresh(bound["refresh_token"])) == INVALID
    assert prover.refresh(mobile, bound["refresh_token"]).status_code == 200


def test_a_confidential_client_may_take_a_new_key_and_not_none(books: Party, ines: Browser, prover: Prover) -> None:
    token = prover.redeem(books, books.code(ines)).json["refresh_token"]
    other = Prover(nonce=prover.nonce)
    answer = other.refresh(books, token)
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": other.jkt}
    assert refusal(books.refresh(token)) == INVALID


def test_what_a_proof_leads_to_waits_for_the_disk_and_its_name_alone_does_not(
    stage: Stage, books: Party, mobile: Party, ines: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    prover = Prover().learn(mobile.http)
    token = prover.redeem(mobile, mobile.code(ines)).json["refresh_token"]
    begun, begin = [], Transaction.begin

    def watched(self: Transaction, *, write: bool, lasting: bool = True) -> None:
        begun.extend([lasting] if write else [])
        begin(self, write=write, lasting=lasting)

    monkeypatch.setattr(Transaction, "begin", watched)
    assert prover.refresh(mobile, token).status_code == 200
    assert begun == [True]
    begun.clear()
    assert prover.post(books, **OWN).status_code == 200
    with stage.work(write=False) as work:
        sqlite = work.session.get_bind().dialect.name == "sqlite"
    assert begun == ([] if sqlite else [False]), "on SQLite it is not in the database"


# --- registration (§5.2) ---


def test_a_client_registers_itself_for_bound_tokens(stage: Stage) -> None:
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": True,
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    made = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token())).json
    assert made["dpop_bound_access_tokens"] is True
    wrong = {**metadata, "dpop_bound_access_tokens": "yes"}
    answer = http.post("/oauth/register", json=wrong, headers=bearer(stage.initial_access_token()))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")
