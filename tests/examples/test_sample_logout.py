"""Ending sessions: by the person, and by a logout token of the service."""

import time

import pytest
from joserfc.jwk import ECKey

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def send(product, token, **more):
    return product.test_client().post("/backchannel-logout", data={"logout_token": token, **more})


def test_signing_out_ends_the_session_here_and_goes_to_the_service(person, issuer, parameters, product):
    person.sign_in()
    stolen = person.client.get_cookie("accounting_session").value
    answer = person.post("/logout")

    asked = parameters(answer.location)
    assert answer.status_code == 303
    assert answer.location.startswith(f"{issuer.url}/end_session?")
    assert asked["post_logout_redirect_uri"] == "http://localhost:8001/"
    assert asked["client_id"] == "demo-accounting"
    assert asked["id_token_hint"].count(".") == 2
    assert asked["state"]
    assert issuer.revoked == ["refresh-1"]
    thief = product.test_client()
    thief.set_cookie("accounting_session", stolen)
    assert thief.get("/area/journals").status_code == 303


def test_the_way_back_says_so_to_this_browser_and_once(person, another_person, parameters):
    person.sign_in()
    state = parameters(person.post("/logout").location)["state"]

    assert "You are signed out" not in another_person.get(f"/?state={state}").text
    assert "You are signed out" in person.get(f"/?state={state}").text
    assert "You are signed out" not in person.get(f"/?state={state}").text


def test_signing_out_works_while_the_service_is_away(person, product, issuer):
    person.sign_in()
    token = person.form_token()
    product.extensions["sample"].service.client.server_metadata["end_session_endpoint"] = None

    assert person.post("/logout", form_token=token).status_code == 503
    assert person.get("/area/journals").status_code == 303


def test_a_logout_token_ends_every_session_of_its_sid_and_no_other(person, another_person, product, issuer):
    person.sign_in()
    issuer.sid = "sid-2"
    another_person.sign_in()

    answer = send(product, issuer.sign(issuer.logout_claims(sid="sid-1"), "logout+jwt"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert person.get("/area/journals").status_code == 303
    assert another_person.get("/area/journals").status_code == 200


def test_a_logout_token_without_sid_ends_every_session_of_the_person(person, another_person, product, issuer):
    person.sign_in()
    issuer.sid = "sid-2"
    another_person.sign_in()
    claims = issuer.logout_claims()
    del claims["sid"]

    assert send(product, issuer.sign(claims, "logout+jwt")).status_code == 200
    assert person.get("/area/journals").status_code == 303
    assert another_person.get("/area/journals").status_code == 303


def test_a_logout_token_that_overtakes_the_browser_still_ends_the_session(person, product, issuer):
    callback = person.ask_issuer()
    ended = issuer.logout_claims(iat=int(time.time()) + 2)  # after the tokens that the browser is about to bring
    assert send(product, issuer.sign(ended, "logout+jwt")).status_code == 200

    assert person.get(callback).status_code == 400
    assert person.get("/area/journals").status_code == 303


def test_tokens_issued_after_a_logout_are_good_in_the_same_session(person, product, issuer):
    """Access was taken and given back, and the person never signed out of the service."""
    person.sign_in()
    ended = issuer.logout_claims(iat=int(time.time()) - 2)
    assert send(product, issuer.sign(ended, "logout+jwt")).status_code == 200
    assert person.sign_in().status_code == 303
    assert person.get("/area/journals").status_code == 200


def test_a_logout_token_is_taken_once(product, issuer):
    token = issuer.sign(issuer.logout_claims(), "logout+jwt")
    assert send(product, token).status_code == 200
    again = send(product, token)
    assert again.status_code == 400
    assert again.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "demo-capture"},
        {"exp": int(time.time()) - 60},
        {"iat": int(time.time()) + 86_400},
        {"events": {}},
        {"events": {EVENT: "yes"}},
        {"events": [EVENT]},
        {"nonce": "n"},
        {"jti": ""},
        {"jti": 5},
        {"sid": 5},
        {"sid": ""},
    ],
)
def test_a_logout_token_with_a_wrong_claim_ends_nothing(person, product, issuer, changes):
    person.sign_in()
    assert send(product, issuer.sign(issuer.logout_claims(**changes), "logout+jwt")).status_code == 400
    assert person.get("/area/journals").status_code == 200


@pytest.mark.parametrize("missing", [("iss",), ("aud",), ("iat",), ("exp",), ("jti",), ("events",), ("sid", "sub")])
def test_a_logout_token_without_a_required_claim_ends_nothing(person, product, issuer, missing):
    person.sign_in()
    claims = {name: value for name, value in issuer.logout_claims().items() if name not in missing}
    assert send(product, issuer.sign(claims, "logout+jwt")).status_code == 400
    assert person.get("/area/journals").status_code == 200


@pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
def test_another_kind_of_token_ends_nothing(product, issuer, typ):
    assert send(product, issuer.sign(issuer.logout_claims(), typ)).status_code == 400


def test_a_logout_token_of_another_key_ends_nothing(product, issuer):
    forged = ECKey.generate_key("P-256", {"kid": issuer.key.kid})
    assert send(product, issuer.sign(issuer.logout_claims(), "logout+jwt", forged)).status_code == 400


def test_an_id_token_ends_nothing(product, issuer):
    assert send(product, issuer.id_token()).status_code == 400


def test_a_request_without_or_with_two_logout_tokens_is_refused(product, issuer):
    token = issuer.sign(issuer.logout_claims(), "logout+jwt")
    assert product.test_client().post("/backchannel-logout").status_code == 400
    assert send(product, [token, token]).status_code == 400
    assert product.test_client().get(f"/backchannel-logout?logout_token={token}").status_code == 405


def test_a_body_over_the_limit_is_refused(product):
    assert send(product, "x" * 70_000).status_code == 413
