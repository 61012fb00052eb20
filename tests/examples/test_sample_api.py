"""The samples' API: the same gate as the pages, by access token alone."""

import time

import pytest

from examples.sample.permissions import PermissionSets
from examples.sample.session import SessionStore


@pytest.fixture
def call(product):
    def call(path, token=None, scheme="Bearer"):
        headers = {"Authorization": f"{scheme} {token}"} if token is not None else {}
        return product.test_client().get(path, headers=headers)

    return call


def test_a_token_with_the_permission_reads_the_area_of_its_company(call, issuer):
    answer = call("/api/journals", issuer.access_token())

    assert answer.status_code == 200
    assert answer.json["company"] == "c1"
    assert answer.json["area"] == "journals"
    assert answer.json["data"][0]["Account"] == "411000"
    assert answer.json["data"][0]["Debit"] == "1860.00"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_scheme_is_read_without_regard_to_case(call, issuer):
    assert call("/api/journals", issuer.access_token(), "bearer").status_code == 200


@pytest.mark.parametrize(("token", "scheme"), [(None, ""), ("eDp5", "Basic")])
def test_without_a_bearer_token_the_challenge_names_no_error(call, token, scheme):
    answer = call("/api/journals", token, scheme)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="accounting"'


def test_a_token_of_another_product_is_invalid(call, issuer):
    answer = call("/api/journals", issuer.access_token(aud="http://localhost:8002/api"))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["", "a.b.c", 'x"y\\z', "x" * 9000])
def test_rubbish_is_an_invalid_token_and_no_500(call, token):
    assert call("/api/journals", token).status_code == 401


def test_a_token_without_the_permission_is_insufficient(call, issuer):
    answer = call("/api/bank", issuer.access_token())
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_a_token_without_a_company_opens_nothing(call, issuer):
    claims = issuer.access_claims()
    del claims["company"]
    assert call("/api/journals", issuer.sign(claims, "at+jwt")).status_code == 403


def test_a_program_brings_its_permissions_in_the_token(call, issuer):
    claims = issuer.access_claims(sub="a-program", permissions=["accounting.bank.view"])
    for name in ("permission_set", "sid", "epoch"):
        del claims[name]
    token = issuer.sign(claims, "at+jwt")

    assert call("/api/bank", token).status_code == 200
    assert call("/api/journals", token).status_code == 403


def test_an_older_epoch_is_answered_401(call, issuer):
    old = issuer.access_token(epoch=7)
    assert call("/api/journals", old).status_code == 200
    assert call("/api/journals", issuer.access_token(epoch=8)).status_code == 200

    answer = call("/api/journals", old)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_unknown_area_is_told_only_to_the_authenticated(call, issuer):
    assert call("/api/nothing").status_code == 401
    assert call("/api/nothing", issuer.access_token()).status_code == 404


def test_a_session_cookie_is_no_key_to_the_api(person):
    person.sign_in()
    assert person.get("/api/journals").status_code == 401


def test_the_service_is_asked_once_for_keys_and_each_permission_set(call, issuer):
    for _ in range(3):
        call("/api/journals", issuer.access_token())
    assert issuer.asked.count("/jwks") == 1
    assert issuer.asked.count("/permission-sets/ps_reader") == 1


def test_nothing_is_allowed_while_permissions_cannot_be_read(call, issuer, config):
    issuer.sets["ps_broken"] = "not a list"
    answer = call("/api/journals", issuer.access_token(permission_set="ps_broken"))
    assert answer.status_code == 503


def test_permission_sets_are_kept_and_failures_are_not():
    asked = []

    def fetch(name):
        asked.append(name)
        if len(asked) == 1:
            raise RuntimeError
        return frozenset({"a"})

    sets = PermissionSets(fetch)
    with pytest.raises(RuntimeError):
        sets.get("ps")
    assert sets.get("ps") == sets.get("ps") == {"a"}
    assert asked == ["ps", "ps"]


def test_sessions_end_by_idleness_and_by_age(person, product):
    store: SessionStore = product.extensions["sample"].store
    now = [0.0]
    store._clock = lambda: now[0]
    person.sign_in()

    for _ in range(14):
        now[0] += 50 * 60
        assert person.get("/area/journals").status_code == 200
    now[0] += 50 * 60
    assert person.get("/area/journals").status_code == 303


# --- a second factor of the last minutes (RFC 9470) ---

AUDITOR = ["accounting.audit-export.run", "accounting.journals.view"]
DEMAND = {"acr_values": "urn:id:acr:2fa", "max_age": "300"}


@pytest.fixture
def auditor(issuer):
    issuer.sets["ps_auditor"] = AUDITOR
    issuer.permission_set = "ps_auditor"
    return issuer


def proved(seconds, acr="urn:id:acr:2fa"):
    return {"acr": acr, "auth_time": int(time.time()) - seconds}


@pytest.mark.parametrize(
    "claims",
    [
        {},
        proved(400),
        proved(10, acr="urn:id:acr:1fa"),
        {"acr": "urn:id:acr:2fa", "auth_time": "now"},
        {"auth_time": 1},
    ],
)
def test_a_sensitive_area_names_what_it_wants(call, auditor, claims):
    answer = call("/api/audit-export", auditor.access_token(**claims))

    assert answer.status_code == 401
    said = answer.headers["WWW-Authenticate"]
    assert said.startswith('Bearer realm="accounting", error="insufficient_user_authentication"')
    assert ', acr_values="urn:id:acr:2fa", max_age="300"' in said
    assert answer.json["error"] == "insufficient_user_authentication"
    assert {name: answer.json[name] for name in DEMAND} == DEMAND
    assert "data" not in answer.json


def test_a_proof_of_the_last_minutes_opens_it(call, auditor):
    assert call("/api/audit-export", auditor.access_token(**proved(290))).status_code == 200
    assert call("/api/journals", auditor.access_token()).status_code == 200


def test_who_may_not_anyway_is_not_asked_for_a_proof(call, issuer):
    answer = call("/api/audit-export", issuer.access_token())
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_the_page_begins_a_new_authorization_and_comes_back(person, auditor):
    person.sign_in()
    answer = person.get("/area/audit-export")
    assert answer.status_code == 303
    auditor.access_claims = with_claims(auditor.access_claims, **proved(1))

    back = person.sign_in("/area/audit-export")

    asked = auditor.authorize_parameters
    assert {name: asked[name] for name in DEMAND} == DEMAND
    assert asked["company"] == "c1", "the same company: nobody is asked to choose it again"
    assert back.headers["Location"] == "/area/audit-export"
    assert person.get("/area/audit-export").status_code == 200


def test_who_comes_back_without_the_proof_is_told_and_not_sent_round(person, auditor):
    person.sign_in()
    person.sign_in("/area/audit-export")

    answer = person.get("/area/audit-export")

    assert answer.status_code == 403
    assert "A second proof is needed" in answer.text


def test_a_strength_that_cannot_be_reached_is_explained(person, auditor):
    person.sign_in()
    auditor.answers = {"error": "unmet_authentication_requirements", "iss": auditor.url}

    answer = person.sign_in("/area/audit-export")

    assert answer.status_code == 400
    assert "A second proof is needed" in answer.text
    assert person.get("/area/journals").status_code == 200, "the session goes on"


def with_claims(make, **more):
    return lambda **changes: make(**{**more, **changes})
