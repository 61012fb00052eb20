"""Signed request objects (RFC 9101, OIDC Core §6.1), by value and pushed."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.core.errors import InvalidInput
from tests.party import ISSUER, Party, altered, bearer, claims_of, query_of
from tests.protocol.test_rfc7523 import signed_by_hand
from tests.protocol.test_rfc9126 import assert_a_page, assert_refused, follow
from tests.stage import Stage
from tests.web.browser import Browser

OTHER = ECKey.generate_key("P-256")


@pytest.fixture(scope="module")
def signing(stage: Stage) -> Party:
    """A client with a key of its own."""
    return stage.register(token_endpoint_auth_method="private_key_jwt")


Ask = Callable[..., dict[str, str]]


@pytest.fixture
def ask(signing: Party, ines: Browser) -> Ask:
    """Send a request object with these claims; what comes back at the registered address."""

    def send(**claims: Any) -> dict[str, str]:
        return sent(signing, ines, signing.request_object(**claims))

    return send


def sent(party: Party, browser: Browser, text: str, **beside: str) -> dict[str, str]:
    query = urlencode({"client_id": party.client_id, "request": text, **beside})
    answer = browser.get(f"/oauth/authorize?{query}")
    location = answer.headers.get("Location", "")
    assert location.startswith(party.redirect_uri), (answer.status_code, answer.text[:300])
    return query_of(location)


def assert_not_accepted(answer: dict[str, str]) -> None:
    assert answer["error"] == "invalid_request_object", answer
    assert "code" not in answer


# --- what is accepted ---


def test_a_whole_flow(signing: Party, ask: Ask) -> None:
    answer = ask()
    assert (answer["state"], answer["iss"]) == ("a state", ISSUER)
    tokens = signing.redeem(answer["code"]).json
    assert signing.verified(tokens["id_token"])["nonce"] == "a nonce"


def test_only_what_is_signed_counts(signing: Party, ines: Browser) -> None:
    """RFC 9101 §6.3: parameters beside the object do not count."""
    text = signing.request_object(scope="openid", state="signed")
    answer = sent(signing, ines, text, state="beside", scope="openid email", prompt="none login", nonce="x")
    assert answer["state"] == "signed"
    tokens = signing.redeem(answer["code"]).json
    assert tokens["scope"] == "openid"
    assert signing.verified(tokens["id_token"])["nonce"] == "a nonce"


def test_what_is_missing_inside_is_not_taken_from_outside(signing: Party, ines: Browser) -> None:
    text = signing.request_object(code_challenge=None, code_challenge_method=None)
    beside = {name: signing.parameters()[name] for name in ("code_challenge", "code_challenge_method")}
    assert sent(signing, ines, text, **beside)["error"] == "invalid_request"


@pytest.mark.parametrize("kind", [None, "JWT", "jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"])
def test_the_types_of_a_request_object(ask: Ask, kind: str | None) -> None:
    """RFC 9101 §10.8.1."""
    assert "code" in ask(header={"typ": kind})


@pytest.mark.parametrize("audience", [ISSUER, [ISSUER], ["https://other.example", ISSUER]])
def test_the_audience_is_or_holds_the_issuer(ask: Ask, audience: Any) -> None:
    assert "code" in ask(aud=audience)


def test_numbers_and_structures_inside(signing: Party, ask: Ask) -> None:
    """OIDC Core §6.1: `max_age` is a number there, `claims` an object."""
    answer = ask(max_age=100_000, claims={"id_token": {"locale": None}}, scope="openid")
    assert "locale" in claims_of(signing.redeem(answer["code"]).json["id_token"])


@pytest.mark.parametrize("value", [7, 1.5, True, None, {"a": {"b": 1}}, ["x", 1], "text", ""], ids=str)
def test_claims_that_are_not_known_are_ignored(signing: Party, ask: Ask, value: Any) -> None:
    """RFC 9101 §4, OIDC Core §3.1.2.1."""
    assert "code" in ask(jti=None, **{"ledger_id": value, "https://ledger.example/x": value})
    claims = {**claims_of(signing.request_object()), "ledger_id": value}
    pushed = signing.post("/oauth/par", request=signed_by_hand(signing.key, {"alg": "ES256"}, claims))
    assert pushed.status_code == 201, pushed.text


def test_without_an_end_it_lasts_an_hour_from_its_beginning(signing: Party, ask: Ask) -> None:
    """OIDC Core §6.1 demands no `exp`."""
    now = int(time.time())
    for age in (-5, 0, 3590):
        assert "code" in ask(exp=None, nbf=None, iat=now - age)
    for wrong in (now - 3700, now + 60, None, "now", True):
        assert_not_accepted(ask(exp=None, nbf=None, iat=wrong))
    text = signing.request_object(exp=None, iat=now)
    assert signing.post("/oauth/par", request=text).status_code == 201
    assert_refused(signing.post("/oauth/par", request=text), "invalid_request_object")  # its jti counts once


def test_a_client_of_fapi_always_says_the_end(stage: Stage) -> None:
    options = {"require_pushed_authorization_requests": True, "dpop_bound_access_tokens": True}
    party = stage.register(options=options, **KEYED)
    text = party.request_object(exp=None, iat=int(time.time()))
    assert_refused(party.post("/oauth/par", request=text), "invalid_request_object")
    assert party.post("/oauth/par", request=party.request_object()).status_code == 201


@pytest.mark.parametrize(
    ("begins", "lasts", "accepted"),
    [(0, 60, True), (-3500, 3590, True), (-1800, 3600, True), (5, 60, True),
     (None, 60, False), (-3700, 3710, False), (-1800, 3700, False), (-3000, 6000, False), (60, 60, False)],
)  # fmt: skip
def test_a_client_of_fapi_says_the_beginning_too(stage: Stage, begins: int | None, lasts: int, accepted: bool) -> None:
    """FAPI 2.0 Message Signing §5.3.1: `nbf` an hour ago at most, and `exp` an hour after it."""
    options = {"require_pushed_authorization_requests": True, "dpop_bound_access_tokens": True}
    party = stage.register(options=options, **KEYED)
    made = int(time.time()) + (begins or 0)
    text = party.request_object(nbf=None if begins is None else made, exp=made + lasts)
    answer = party.post("/oauth/par", request=text)
    if accepted:
        assert answer.status_code == 201, answer.text
    else:
        assert_refused(answer, "invalid_request_object")


def test_it_survives_the_walk_of_the_person(own_stage: Stage) -> None:
    signing = own_stage.register(token_endpoint_auth_method="private_key_jwt")
    person, browser = own_stage.person("ines.moreau"), own_stage.browser()
    query = urlencode({"client_id": signing.client_id, "request": signing.request_object()})
    browser.get(f"/oauth/authorize?{query}")
    browser.submit({"email": person.address, "password": person.password})
    back = query_of(browser.submit({"code": person.code()}).headers["Location"])
    assert signing.redeem(back["code"]).status_code == 200


def test_it_may_be_pushed(signing: Party, ines: Browser) -> None:
    """RFC 9126 §3."""
    answer = signing.post("/oauth/par", request=signing.request_object(state="signed"), state="beside")
    assert answer.status_code == 201, answer.text
    back = query_of(follow(signing, ines, answer.json["request_uri"]).headers["Location"])
    assert back["state"] == "signed"
    assert "code" in back


def test_only_the_registered_algorithm_counts(stage: Stage, ines: Browser) -> None:
    party = stage.register(key=RSAKey.generate_key(2048), options={"request_object_signing_alg": "PS256"}, **KEYED)
    assert "code" in sent(party, ines, party.request_object(header={"alg": "PS256"}))
    assert_not_accepted(sent(party, ines, party.request_object(header={"alg": "RS256"})))


KEYED = {"token_endpoint_auth_method": "private_key_jwt"}


# --- what is refused ---


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": None}, {"aud": "https://other.example"}, {"aud": f"{ISSUER}/oauth/token"}, {"aud": []}, {"aud": 7},
        {"iss": "demo-accounting"}, {"client_id": None}, {"client_id": "demo-accounting"}, {"client_id": 7},
        {"exp": None}, {"exp": 1}, {"exp": "soon"}, {"exp": 2**39}, {"nbf": 2**39}, {"iat": 2**39},
        {"jti": ""}, {"jti": 7}, {"jti": "x" * 301},
        {"request": "a.b.c"}, {"request_uri": "https://evil.example/r"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        {"state": 7}, {"scope": ["openid"]}, {"max_age": True}, {"nonce": {"a": 1}}, {"state": "a\x00b"},
        {"max_age": 1.5}, {"header": {"typ": "at+jwt"}}, {"header": {"typ": "dpop+jwt"}},
    ],
    ids=lambda claims: str(claims)[:40].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_an_object_that_breaks_a_rule_is_refused(ask: Ask, claims: dict[str, Any]) -> None:
    assert_not_accepted(ask(**claims))


def test_a_client_assertion_is_no_request_object(signing: Party, ask: Ask, ines: Browser) -> None:
    """RFC 9101 §10.8: neither may be taken for the other."""
    assert_not_accepted(ask(sub=signing.client_id))
    assert_not_accepted(sent(signing, ines, signing.assertion(**signing.parameters())))
    answer = signing.redeem("unknown", client_assertion=signing.request_object())
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_it_counts_once(signing: Party, ines: Browser) -> None:
    text = signing.request_object()
    assert "code" in sent(signing, ines, text)
    assert_not_accepted(sent(signing, ines, text))
    assert_refused(signing.post("/oauth/par", request=text), "invalid_request_object")


def test_unsigned_symmetric_and_foreign_ones_are_refused(signing: Party, ines: Browser) -> None:
    """RFC 9101 §10.1, §10.2, RFC 8725 §3.1."""
    claims = claims_of(signing.request_object())
    public = signing.key.as_pem(private=False)  # type: ignore[union-attr]
    own = OTHER.as_dict(private=False)
    forged = [
        signed_by_hand(None, {"alg": "none"}, claims),
        signed_by_hand(None, {"alg": "ES256"}, claims),
        signed_by_hand(public, {"alg": "HS256"}, claims),
        signed_by_hand(OTHER, {"alg": "ES256"}, claims),
        signed_by_hand(OTHER, {"alg": "ES256", "jwk": own}, claims),
        signed_by_hand(OTHER, {"alg": "ES256", "jku": "https://evil.example/jwks"}, claims),
        signed_by_hand(signing.key, {"alg": "ES256", "crit": ["x"], "x": 1}, claims),
        altered(signing.request_object()),
        "a.b.c", "a.b.c.d.e", "x", "é.é.é", "x" * 20_000,
    ]  # fmt: skip
    for text in forged:
        assert_not_accepted(sent(signing, ines, text))


def test_one_of_another_client_is_refused(stage: Stage, signing: Party, ines: Browser) -> None:
    """RFC 9101 §10.3, §6.3: the client beside it and within it is the same, and has signed it."""
    other = stage.register(**KEYED)
    assert_not_accepted(sent(signing, ines, other.request_object()))
    assert_not_accepted(sent(signing, ines, other.request_object(client_id=signing.client_id, iss=signing.client_id)))
    assert_a_page(ines.get(f"/oauth/authorize?{urlencode({'request': signing.request_object()})}"))


def test_a_client_without_keys_has_signed_nothing(books: Party, ines: Browser) -> None:
    assert books.ask(ines, request=books.request_object(key=OTHER))["error"] == "invalid_request_object"


def test_a_redirect_address_inside_has_to_be_registered(signing: Party, ines: Browser) -> None:
    text = signing.request_object(redirect_uri="https://evil.example/cb")
    assert_a_page(ines.get(f"/oauth/authorize?{urlencode({'client_id': signing.client_id, 'request': text})}"))
    again = signing.request_object(redirect_uri="https://evil.example/cb")
    assert_refused(signing.post("/oauth/par", request=again))


@pytest.mark.parametrize(
    ("header", "claims"), [({"typ": 7}, {}), ({}, {"state": "\ud800"}), ({}, {"\ud800": "x"}), ({}, {"jti": "\ud800"})]
)
def test_what_no_library_would_make_is_refused(
    signing: Party, ines: Browser, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    made = {**claims_of(signing.request_object()), **claims}
    assert_not_accepted(sent(signing, ines, signed_by_hand(signing.key, {"alg": "ES256", **header}, made)))


def test_an_error_goes_to_no_address_that_is_not_registered(signing: Party, ines: Browser) -> None:
    asked = {"client_id": signing.client_id, "request": "x", "redirect_uri": "https://evil.example/cb"}
    assert_a_page(ines.get(f"/oauth/authorize?{urlencode(asked)}"))


def test_it_is_given_once(signing: Party, ines: Browser) -> None:
    text = signing.request_object()
    asked = urlencode([("client_id", signing.client_id), ("request", text), ("request", text)])
    assert_a_page(ines.get(f"/oauth/authorize?{asked}"))


def test_errors_of_the_request_itself_are_told_as_ever(ask: Ask) -> None:
    answer = ask(prompt="none login", state="inside")
    assert (answer["error"], answer["state"]) == ("invalid_request", "inside")


def test_it_cannot_last_for_long(ask: Ask) -> None:
    assert "code" in ask(exp=int(time.time()) + 3590)
    assert_not_accepted(ask(exp=int(time.time()) + 3700))


# --- requiring it (§10.5) ---


def test_a_client_that_registers_for_it_has_to_sign(stage: Stage, ines: Browser) -> None:
    party = stage.register(options={"require_signed_request_object": True}, **KEYED)
    assert party.ask(ines)["error"] == "invalid_request"
    assert_refused(party.push())
    assert "code" in sent(party, ines, party.request_object())
    pushed = party.post("/oauth/par", request=party.request_object())
    assert "code" in query_of(follow(party, ines, pushed.json["request_uri"]).headers["Location"])


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", ""])
def test_no_other_algorithm_can_be_registered(stage: Stage, algorithm: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(options={"request_object_signing_alg": algorithm})
    assert refused.value.members["field"] == "request_object_signing_alg"


def test_a_client_registers_itself_for_it(stage: Stage) -> None:
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "require_signed_request_object": True, "request_object_signing_alg": "ES256",
        "require_pushed_authorization_requests": True, "jwks": {"keys": [OTHER.as_dict(private=False)]},
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)
    made = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token())).json
    for name in set(metadata) - {"jwks"}:
        assert made[name] == metadata[name], name


def test_discovery_says_so(stage: Stage) -> None:
    document = stage.app.test_client().get("/.well-known/openid-configuration").json
    assert document["request_parameter_supported"] is True  # type: ignore[index]
    assert "none" not in document["request_object_signing_alg_values_supported"]  # type: ignore[index]
