"""What the samples refuse to believe: access tokens, ID tokens and keys."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from examples.sample.tokens import (
    AccessOutdated,
    Epochs,
    KeyRing,
    SeenOnce,
    ServiceUnavailable,
    TokenRefused,
    Verifier,
)


class Published:
    """The key document of an issuer, counting how often it is read."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.read = 0
        self.away = False

    def __call__(self):
        self.read += 1
        if self.away:
            raise ServiceUnavailable("away")
        return {"keys": [key.as_dict(private=False) for key in self.keys]}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def verifier(issuer):
    return Verifier(
        KeyRing(Published(issuer.key)),
        issuer=issuer.url,
        client_id="demo-accounting",
        resource="http://localhost:8001/api",
    )


def test_a_good_access_token_gives_its_claims(verifier, issuer):
    claims = verifier.access_token(issuer.access_token())
    assert (claims["company"], claims["permission_set"]) == ("c1", "ps_reader")


def test_the_long_form_of_the_type_is_the_same_type(verifier, issuer):
    assert verifier.access_token(issuer.sign(issuer.access_claims(), "application/AT+JWT"))["sub"] == "person-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "http://localhost:8002/api"},
        {"aud": []},
        {"exp": timedelta(seconds=-60)},
        {"exp": "tomorrow"},
        {"iat": timedelta(seconds=600)},
        {"permission_set": None},
        {"permission_set": ["ps_reader"]},
        {"permissions": "accounting.bank.view"},
        {"permissions": ["accounting.bank.view", 7]},
        {"epoch": "12"},
        {"epoch": True},
        {"sub": ""},
    ],
)
def test_an_access_token_with_a_wrong_claim_is_refused(verifier, issuer, changes):
    now = time.time()  # and not when the tests were collected, long before
    moments = {
        name: int(now + value.total_seconds()) for name, value in changes.items() if isinstance(value, timedelta)
    }
    with pytest.raises(TokenRefused):
        verifier.access_token(issuer.access_token(**{**changes, **moments}))


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "sub", "client_id", "jti", "permission_set"])
def test_an_access_token_without_a_required_claim_is_refused(verifier, issuer, missing):
    claims = issuer.access_claims()
    del claims[missing]
    with pytest.raises(TokenRefused):
        verifier.access_token(issuer.sign(claims, "at+jwt"))


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "at+jwt+x", ""])
def test_another_kind_of_token_is_no_access_token(verifier, issuer, typ):
    with pytest.raises(TokenRefused):
        verifier.access_token(issuer.sign(issuer.access_claims(), typ))


def test_an_access_token_is_no_id_token_and_the_reverse(verifier, issuer):
    with pytest.raises(TokenRefused):
        verifier.id_token(issuer.sign(issuer.access_claims(aud="demo-accounting"), "at+jwt"))
    with pytest.raises(TokenRefused):
        verifier.access_token(issuer.id_token(aud="http://localhost:8001/api"))


def test_an_id_token_about_somebody_else_is_refused_at_refresh(verifier, issuer):
    assert verifier.id_token(issuer.id_token(), subject="person-1")
    with pytest.raises(TokenRefused):
        verifier.id_token(issuer.id_token(), subject="person-2")


@pytest.mark.parametrize("azp", [None, "demo-capture"])
def test_an_id_token_for_several_must_name_this_client(verifier, issuer, azp):
    several = {"aud": ["demo-accounting", "demo-capture"]} | ({"azp": azp} if azp else {})
    with pytest.raises(TokenRefused):
        verifier.id_token(issuer.id_token(**several))


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_an_unsigned_token_is_refused(verifier, issuer):
    header = segment({"alg": "none", "typ": "at+jwt", "kid": issuer.key.kid})
    with pytest.raises(TokenRefused):
        verifier.access_token(f"{header}.{segment(issuer.access_claims())}.")


def test_the_public_key_as_a_secret_is_refused(verifier, issuer):
    header = segment({"alg": "HS256", "typ": "at+jwt", "kid": issuer.key.kid})
    signed = f"{header}.{segment(issuer.access_claims())}"
    mac = hmac.new(issuer.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(TokenRefused):
        verifier.access_token(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_an_algorithm_outside_the_list_is_refused_even_with_a_published_key(issuer):
    rsa = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
    verifier = Verifier(
        KeyRing(Published(rsa)),
        issuer=issuer.url,
        client_id="demo-accounting",
        resource="http://localhost:8001/api",
    )
    token = jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "rsa"}, issuer.access_claims(), rsa)
    with pytest.raises(TokenRefused):
        verifier.access_token(token)


def test_a_key_carried_in_the_header_is_not_used(verifier, issuer):
    own = ECKey.generate_key("P-256")
    token = jwt.encode(
        {"alg": "ES256", "typ": "at+jwt", "kid": issuer.key.kid, "jwk": own.as_dict(private=False)},
        issuer.access_claims(),
        own,
    )
    with pytest.raises(TokenRefused):
        verifier.access_token(token)


def test_a_changed_payload_is_refused(verifier, issuer):
    header, _, signature = issuer.access_token().split(".")
    with pytest.raises(TokenRefused):
        verifier.access_token(f"{header}.{segment(issuer.access_claims(company='c9'))}.{signature}")


@pytest.mark.parametrize(
    "rubbish", [None, "", "a", "a.b", "a.b.c", "é.é.é", "." * 5, 7, "x" * 9000, segment([1]) + ".e30.x", "bnVsbA.e30.x"]
)
def test_rubbish_is_refused_and_nothing_worse(verifier, rubbish):
    with pytest.raises(TokenRefused):
        verifier.access_token(rubbish)


def test_deeply_nested_rubbish_is_refused(verifier):
    nested = base64.urlsafe_b64encode(b"[" * 6000).decode()
    with pytest.raises(TokenRefused):
        verifier.access_token(f"{nested}.e30.x")


def test_a_new_key_is_found_by_its_unknown_kid(issuer):
    published, clock = Published(issuer.key), Clock()
    keys = KeyRing(published, clock=clock)
    keys.find(issuer.key.kid)
    new = issuer.key.generate_key("P-256", {"kid": "new", "use": "sig"})
    published.keys.append(new)
    clock.now += 6

    assert keys.find("new").kid == "new"
    assert published.read == 2


def test_invented_kids_do_not_become_requests(issuer):
    published, clock = Published(issuer.key), Clock()
    keys = KeyRing(published, clock=clock)
    for number in range(50):
        with pytest.raises(TokenRefused):
            keys.find(f"invented-{number}")
    assert published.read == 1
    assert keys.find(issuer.key.kid)


def test_a_withdrawn_key_stops_counting(issuer):
    published, clock = Published(issuer.key), Clock()
    keys = KeyRing(published, clock=clock)
    keys.find(issuer.key.kid)
    published.keys.clear()
    clock.now += 601

    with pytest.raises(TokenRefused):
        keys.find(issuer.key.kid)


def test_known_keys_outlive_an_absence_of_the_service_but_not_for_ever(issuer):
    published, clock = Published(issuer.key), Clock()
    keys = KeyRing(published, clock=clock)
    keys.find(issuer.key.kid)
    published.away = True

    clock.now += 1800
    assert keys.find(issuer.key.kid)
    clock.now += 1900
    with pytest.raises(ServiceUnavailable):
        keys.find(issuer.key.kid)


def test_without_keys_the_question_stays_open(issuer):
    published = Published(issuer.key)
    published.away = True
    with pytest.raises(ServiceUnavailable):
        KeyRing(published).find(issuer.key.kid)


def test_strange_entries_in_the_key_document_are_passed_over(issuer):
    good = issuer.key.as_dict(private=False)
    strange = [
        {"kty": "new-kind", "kid": "a"},
        {"kty": "EC", "kid": "b"},
        "text",
        good | {"use": "enc", "kid": "c"},
        OctKey.generate_key(256, {"kid": "d"}).as_dict(private=True),
    ]
    keys = KeyRing(lambda: {"keys": [*strange, good]})

    assert keys.find(issuer.key.kid)
    for kid in "abcd":
        with pytest.raises(TokenRefused):
            keys.find(kid)


def test_an_older_epoch_of_the_same_person_and_company_is_outdated():
    epochs = Epochs()
    epochs.check({"sub": "p", "company": "c1", "epoch": 5})
    epochs.check({"sub": "p", "company": "c1", "epoch": 5})
    with pytest.raises(AccessOutdated):
        epochs.check({"sub": "p", "company": "c1", "epoch": 4})
    epochs.check({"sub": "p", "company": "c2", "epoch": 1})
    epochs.check({"sub": "q", "company": "c1", "epoch": 1})


def test_an_epoch_is_remembered_as_long_as_an_older_token_can_live():
    clock = Clock()
    epochs = Epochs(clock)
    epochs.check({"sub": "p", "company": "c", "epoch": 5})
    clock.now += 600
    with pytest.raises(AccessOutdated):
        epochs.check({"sub": "p", "company": "c", "epoch": 4})
    clock.now += 120
    epochs.check({"sub": "p", "company": "c", "epoch": 1})


def test_an_identifier_is_new_once_until_it_expires():
    seen = SeenOnce()
    assert seen.first_time("a", until=100, now=10)
    assert not seen.first_time("a", until=100, now=99)
    assert seen.first_time("b", until=100, now=99)
    assert seen.first_time("a", until=300, now=101)
