"""The FAPI 2.0 Security Profile (§5.3.2, §5.4) for a client that is registered for all of it: a key instead of a
secret, pushed requests, bound tokens. What holds for every client is in the tests of its specification:
traceability.yaml."""

from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from idp.core.errors import InvalidInput
from tests.party import ASSERTION_TYPE, Party, basic, bearer, claims_of, header_of, query_of
from tests.prover import TOKEN, Prover
from tests.stage import Stage
from tests.web.browser import Browser

GRANTS = ["authorization_code", "refresh_token"]
PROFILE = {"require_pushed_authorization_requests": True, "dpop_bound_access_tokens": True}


@pytest.fixture(scope="module")
def client(stage: Stage) -> Party:
    return stage.register(token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS, options=dict(PROFILE))


@pytest.fixture
def holder(stage: Stage) -> Prover:
    return Prover().learn(stage.app.test_client(use_cookies=False))


def send(client: Party, holder: Prover | None, **form: Any) -> TestResponse:
    """A request at the token endpoint with a fresh assertion, and with a proof where there is a key."""
    proved = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": client.assertion()}
    headers = {"DPoP": holder.proof()} if holder else {}
    answer = client.http.post(TOKEN, data={"client_id": client.client_id, **proved, **form}, headers=headers)
    return holder.keep(answer) if holder else answer


def code_for(client: Party, browser: Browser, **parameters: str) -> str:
    answer = client.push(**parameters)
    assert answer.status_code == 201, answer.text
    asked = {"client_id": client.client_id, "request_uri": answer.json["request_uri"]}
    back = browser.get(f"/oauth/authorize?{urlencode(asked)}")
    assert back.status_code == 303
    return query_of(back.headers["Location"])["code"]


def redeem(client: Party, holder: Prover | None, code: str) -> TestResponse:
    form = {"code": code, "code_verifier": client.verifier, "redirect_uri": client.redirect_uri}
    return send(client, holder, grant_type="authorization_code", **form)


def test_a_pushed_request_ends_in_tokens(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.2: pushed, for less than ten minutes."""
    assert 0 < client.push().json["expires_in"] < 600
    answer = redeem(client, holder, code_for(client, ines))
    assert (answer.status_code, answer.json["token_type"]) == (200, "DPoP")
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": holder.jkt}


def test_the_client_has_to_prove_itself(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.1: by its key, and in no other way."""
    code = code_for(client, ines)
    form = {
        "grant_type": "authorization_code", "code": code, "code_verifier": client.verifier,
        "redirect_uri": client.redirect_uri, "client_id": client.client_id,
    }  # fmt: skip
    for more in ({}, {"client_secret": "x"}, {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}):
        answer = client.http.post(TOKEN, data={**form, **more}, headers={"DPoP": holder.proof()})
        holder.keep(answer)
        assert answer.status_code in (400, 401), more
        assert answer.json["error"] == "invalid_client", more
    assert redeem(client, holder, code).status_code == 200, "strangers have not spent the code"


def test_tokens_are_bound_or_not_given(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.1."""
    code = code_for(client, ines)
    answer = redeem(client, None, code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")
    tokens = redeem(client, holder, code).json
    assert client.userinfo(tokens["access_token"]).status_code == 401, "without a proof the token opens nothing"
    assert holder.get(client, "/oauth/userinfo", tokens["access_token"]).status_code == 200


def test_a_refresh_token_stays_the_same(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.3.2.1: no rotation."""
    tokens = redeem(client, holder, code_for(client, ines)).json
    for _ in range(2):
        again = send(client, holder, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
        assert again["token_type"] == "DPoP"
        assert again.get("refresh_token", tokens["refresh_token"]) == tokens["refresh_token"]


def test_a_request_that_was_not_pushed_is_refused(client: Party, ines: Browser) -> None:
    """§5.3.2.2: by query and by POST."""
    assert client.ask(ines)["error"] == "invalid_request"
    path, _, query = client.asking().partition("?")
    by_post = ines._send("POST", path, data=query, content_type="application/x-www-form-urlencoded")
    assert "code" not in by_post.headers.get("Location", "").partition("error")[0]
    assert query_of(by_post.headers["Location"])["error"] == "invalid_request"


def test_nothing_is_pushed_without_proof_of_the_client(client: Party) -> None:
    """§5.3.2.2."""
    for more in ({}, {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}):
        answer = client.http.post("/oauth/par", data={**client.parameters(), **more})
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    once = client.assertion()
    assert client.push(client_assertion=once).status_code == 201
    assert client.push(client_assertion=once).json["error"] == "invalid_client", "an assertion counts once"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://other.example/cb"},
        {"response_type": "code id_token"},
    ],
    ids=str,
)
def test_a_pushed_request_needs_challenge_and_address(client: Party, wrong: dict[str, str | None]) -> None:
    """§5.3.2.2: S256, `redirect_uri`, `response_type=code`."""
    answer = client.push(**wrong)
    assert answer.status_code == 400
    assert "request_uri" not in answer.json


# --- cryptography (§5.4) ---

RSA = RSAKey.generate_key(2048)
OWN = {"grant_type": "client_credentials"}
ALGORITHMS = [
    ("ES256", ECKey.generate_key("P-256")),
    ("PS256", RSA),
    ("EdDSA", OKPKey.generate_key("Ed25519")),
    ("Ed25519", OKPKey.generate_key("Ed25519")),
]
SIGNED = [
    "id_token_signed_response_alg", "token_endpoint_auth_signing_alg", "request_object_signing_alg",
    "authorization_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg",
]  # fmt: skip
BY_KEY = {"token_endpoint_auth_method": "private_key_jwt", "grant_types": [*GRANTS, "client_credentials"]}


@pytest.fixture(scope="module")
def padded(stage: Stage) -> Party:
    """A client whose key could sign in the old way too."""
    return stage.register(key=RSA, options=dict(PROFILE), **BY_KEY)


def asserting(party: Party, algorithm: str) -> dict[str, str]:
    assertion = party.assertion(header={"alg": algorithm})
    return {"client_id": party.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def test_the_algorithms_of_the_profile_count(stage: Stage) -> None:
    """§5.4.1: of assertions, request objects and proofs."""
    for algorithm, key in ALGORITHMS:
        party = stage.register(key=key, options=dict(PROFILE), **BY_KEY)
        holder = Prover(key, algorithm).learn(party.http)
        form = {**OWN, **asserting(party, algorithm)}
        answer = party.http.post(TOKEN, data=form, headers={"DPoP": holder.proof()})
        assert (answer.status_code, answer.json["token_type"]) == (200, "DPoP"), algorithm
        text = party.request_object(header={"alg": algorithm})
        pushed = party.http.post("/oauth/par", data={**asserting(party, algorithm), "request": text})
        assert pushed.status_code == 201, (algorithm, pushed.text)


def test_an_assertion_in_rs256_proves_nothing(padded: Party, holder: Prover) -> None:
    """§5.4.1."""
    for path in (TOKEN, "/oauth/par", "/oauth/introspect", "/oauth/revoke"):
        form = {**OWN, "token": "x", **asserting(padded, "RS256")}
        answer = holder.keep(padded.http.post(path, data=form, headers={"DPoP": holder.proof(path=path)}))
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), path


def test_a_request_object_in_rs256_is_refused(padded: Party) -> None:
    """§5.4.1."""
    text = padded.request_object(header={"alg": "RS256"})
    answer = padded.http.post("/oauth/par", data={**asserting(padded, "PS256"), "request": text})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request_object")


def test_a_proof_in_rs256_is_refused(padded: Party) -> None:
    """§5.4.1: where tokens and codes are bound, and where they are shown."""
    new, old = Prover(RSA, "PS256").learn(padded.http), Prover(RSA, "RS256").learn(padded.http)
    for path, form in ((TOKEN, OWN), ("/oauth/par", padded.parameters())):
        for holder, status in ((old, 400), (new, 200 if path == TOKEN else 201)):
            sent = {**form, **asserting(padded, "PS256")}
            answer = padded.http.post(path, data=sent, headers={"DPoP": holder.proof(path=path)})
            assert answer.status_code == status, (path, answer.text)
            assert holder is new or answer.json["error"] == "invalid_dpop_proof"


def test_a_token_is_not_shown_with_a_proof_in_rs256(padded: Party, ines: Browser) -> None:
    """§5.4.1: the key is the right one, the signature is not."""
    new, old = Prover(RSA, "PS256").learn(padded.http), Prover(RSA, "RS256").learn(padded.http)
    proved = {"client_assertion": padded.assertion(header={"alg": "PS256"}), **padded.parameters()}
    pushed = padded.http.post("/oauth/par", data={**proved, "client_assertion_type": ASSERTION_TYPE}).json
    asked = {"client_id": padded.client_id, "request_uri": pushed["request_uri"]}
    code = query_of(ines.get(f"/oauth/authorize?{urlencode(asked)}").headers["Location"])["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": padded.verifier}
    form |= {"redirect_uri": padded.redirect_uri, **asserting(padded, "PS256")}
    token = padded.http.post(TOKEN, data=form, headers={"DPoP": new.proof()}).json["access_token"]
    assert old.get(padded, "/oauth/userinfo", token).status_code == 401
    assert new.get(padded, "/oauth/userinfo", token).status_code == 200


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("method", ["private_key_jwt", "tls_client_auth"])
def test_rs256_cannot_be_registered(stage: Stage, name: str, method: str) -> None:
    """§5.4.1: an operator hears why; the same client may have it as long as it is none of this profile."""
    more: dict[str, Any] = {"tls_client_auth_san_dns": "a.example"} if method == "tls_client_auth" else {}
    fields: dict[str, Any] = {"token_endpoint_auth_method": method}
    if name == "id_token_signed_response_alg":
        fields["signing_algorithm"] = "RS256"
    else:
        more[name] = "RS256"
    with pytest.raises(InvalidInput) as refused:
        stage.register(options={**PROFILE, **more}, **fields)
    assert refused.value.members["field"] == name
    without_push = {**PROFILE, "require_pushed_authorization_requests": False, **more}
    assert stage.register(options=without_push, **fields).client_id


def test_a_client_cannot_register_itself_or_change_to_rs256(stage: Stage) -> None:
    http = stage.app.test_client(use_cookies=False)
    metadata: dict[str, Any] = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application", **PROFILE,
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [RSA.as_dict(private=False)]},
    }  # fmt: skip
    opening = bearer(stage.initial_access_token())
    for name in SIGNED:
        answer = http.post("/oauth/register", json={**metadata, name: "RS256"}, headers=opening)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata"), name
    old = {**metadata, "dpop_bound_access_tokens": False, "id_token_signed_response_alg": "RS256"}
    made = http.post("/oauth/register", json=old, headers=opening).json
    change = {**old, "client_id": made["client_id"], "dpop_bound_access_tokens": True}
    answer = http.put(
        f"/oauth/register/{made['client_id']}", json=change, headers=bearer(made["registration_access_token"])
    )
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")


def test_introspection_is_not_signed_by_rs256(stage: Stage, padded: Party, books: Party) -> None:
    """§5.4.1: where nothing is registered it would be (RFC 9701 §6)."""
    accept = {"Accept": "application/token-introspection+jwt"}
    answer = padded.http.post("/oauth/introspect", data={**asserting(padded, "PS256"), "token": "x"}, headers=accept)
    assert header_of(answer.text)["alg"] == "ES256"
    login = basic(books.client_id, books.secret or "")
    assert header_of(books.http.post("/oauth/introspect", data={"token": "x"}, headers=login | accept).text)["alg"] == (
        "RS256"
    )


def test_other_clients_keep_it(stage: Stage) -> None:
    """What is not of this profile is as it was."""
    party = stage.register(key=RSA, options={"dpop_bound_access_tokens": True}, **BY_KEY)
    holder = Prover(RSA, "RS256").learn(party.http)
    answer = party.http.post(TOKEN, data={**OWN, **asserting(party, "RS256")}, headers={"DPoP": holder.proof()})
    assert answer.status_code == 200, answer.text


def test_keys_of_one_name_are_told_apart_by_what_they_are(stage: Stage) -> None:
    """§5.4.3: the kind and the use of a key decide where its `kid` does not."""
    keys = [RSAKey.generate_key(2048, {"kid": "a"}), ECKey.generate_key("P-256", {"kid": "a"})]
    other = ECKey.generate_key("P-256", {"kid": "a", "use": "enc"}).as_dict(private=False)
    options = {**PROFILE, "jwks": {"keys": [other, *(key.as_dict(private=False) for key in keys)]}}
    party = stage.register(options=options, **BY_KEY)
    for key, algorithm in zip(keys, ("PS256", "ES256"), strict=True):
        assertion = party.assertion(key=key, header={"alg": algorithm, "kid": "a"})
        assert party.post("/oauth/introspect", token="x", client_assertion=assertion).status_code == 200


def test_what_is_given_cannot_be_guessed(client: Party, holder: Prover, ines: Browser) -> None:
    """§5.4.1: 128 bits, which are 22 characters of Base64; no two are alike."""
    codes = [code_for(client, ines) for _ in range(3)]
    tokens = [redeem(client, holder, code).json for code in codes]
    for given in (codes, *([each[name] for each in tokens] for name in ("access_token", "refresh_token"))):
        assert len(set(given)) == len(given)
    jti = [claims_of(each["access_token"])["jti"] for each in tokens]
    secrets = [*codes, *(each["refresh_token"] for each in tokens), *jti]
    assert all(len(secret.rpartition(".")[2]) >= 22 for secret in secrets), secrets


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_keys_that_are_too_small_are_refused(stage: Stage) -> None:
    """§5.4.1: RSA of 2048 bits; of the curves P-256 alone signs here, and smaller ones are not known."""
    small = [RSAKey.generate_key(1024).as_dict(private=False), {**ECKey.generate_key("P-256").as_dict(private=False)}]
    small[1]["crv"] = "P-192"
    for jwk in small:
        with pytest.raises(InvalidInput) as refused:
            stage.register(options={**PROFILE, "jwks": {"keys": [jwk]}}, **BY_KEY)
        assert refused.value.members["field"] == "jwks"
