"""Who is let into the API: its own tokens alone, with the scope, from people who proved two factors (R-66)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.accounts.models import Account
from idp.authn.models import Session
from idp.oidc import clients, tokens
from tests.party import Party, claims_of
from tests.prover import Prover
from tests.stage import Stage
from tests.web.api.calling import Callers, problem

LISTED = "/companies"


def test_a_person_reads_with_a_token_of_the_api(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    assert [each["name"] for each in amelie.shown(LISTED)["data"]] == ["Atelier Lumen SARL"]
    claims = claims_of(amelie.token)
    assert claims["aud"] == callers.resource
    assert not {"company", "product", "roles", "permissions", "permission_set"} & set(claims)


def test_a_service_reads_the_company_it_works_for(callers: Callers) -> None:
    service = callers.service("company.profile.view", company="atelier-lumen")
    (company,) = service.shown(LISTED)["data"]
    assert service.shown(f"/companies/{company['id']}")["city"] == "Nantes"
    other = callers.stage.company("boulangerie-lemaire")
    assert problem(service.get(f"/companies/{other}")) == (404, "not_found")
    assert "permissions" not in claims_of(service.token)


def test_without_a_token_there_is_a_challenge_that_names_no_error(callers: Callers) -> None:
    answer = callers.nobody().get(LISTED)
    assert problem(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="sesame", resource_metadata=')
    assert ', DPoP realm="sesame", ' in answer.headers["WWW-Authenticate"]
    assert "error" not in answer.headers["WWW-Authenticate"]


def test_a_token_bound_to_a_key_comes_with_proofs_of_it(callers: Callers, stage: Stage) -> None:
    """RFC 9449 §7, §9."""
    tool = callers.tool()
    prover, path = Prover().learn(tool.http), f"/api/v1{LISTED}"
    code = tool.code(stage.signed_in("amelie.dubois"), scope="openid companies.read")
    token = prover.redeem(tool, code).json["access_token"]
    proof = prover.proof("GET", path, token)
    answer = prover.get(tool, path, token, proof=proof)
    assert (answer.status_code, [each["name"] for each in answer.json["data"]]) == (200, ["Atelier Lumen SARL"])
    assert answer.headers["DPoP-Nonce"] == prover.nonce
    for wrong, code in (
        (proof, "invalid_dpop_proof"),
        ("x", "invalid_dpop_proof"),
        (prover.proof("GET", "/oauth/userinfo", token), "invalid_dpop_proof"),
        (prover.proof("GET", path, token, nonce=None), "use_dpop_nonce"),
        (Prover(nonce=prover.nonce).proof("GET", path, token), "invalid_token"),
    ):
        refused = prover.get(tool, path, token, proof=wrong)
        assert problem(refused) == (401, code)
        assert refused.headers["DPoP-Nonce"]
    refused = prover.get(tool, path, token, proof=prover.proof("GET", path, token, nonce=None))
    assert refused.headers["WWW-Authenticate"].startswith('DPoP realm="sesame", error="use_dpop_nonce", algs=')
    bearing = callers.with_token(token).get(LISTED)
    assert problem(bearing) == (401, "invalid_token")
    assert "bound to a key" in bearing.json["reason"]


@pytest.mark.parametrize(
    "authorization", ["Bearer x", "Bearer a.b.c", "bearer  ", "Basic eDp5", "Bearer " + "x" * 9000]
)
def test_what_is_no_token_is_refused(callers: Callers, authorization: str) -> None:
    answer = callers.nobody().call("GET", LISTED, Authorization=authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_of_a_product_is_refused(callers: Callers, stage: Stage) -> None:
    token = stage.party("demo-accounting").tokens(stage.signed_in("ines.moreau"))["access_token"]
    answer = callers.with_token(token).get(LISTED)
    assert problem(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_id_token_and_one_for_no_resource_are_refused(callers: Callers, stage: Stage) -> None:
    tool = callers.tool()
    answer = tool.tokens(stage.signed_in("ines.moreau"), scope="openid companies.read")
    assert callers.with_token(answer["id_token"]).get(LISTED).status_code == 401
    other = stage.register(scope="openid")
    plain = other.tokens(stage.signed_in("ines.moreau"), scope="openid")["access_token"]
    assert callers.with_token(plain).get(LISTED).status_code == 401


def test_a_cookie_opens_nothing(callers: Callers, stage: Stage) -> None:
    browser = stage.signed_in("amelie.dubois")
    assert browser.client.get("/account").status_code == 200
    assert browser.client.get("/api/v1/companies").status_code == 401


def test_a_token_opens_no_page(callers: Callers, stage: Stage) -> None:
    token = callers.person("amelie.dubois").token
    headers = {"Authorization": f"Bearer {token}"}
    answer = stage.app.test_client(use_cookies=False).get("/account", headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?continue_to=%2Faccount")
    assert callers.tool().http.get("/me/companies", headers=headers).status_code == 403


def test_a_token_in_the_address_is_refused(callers: Callers) -> None:
    token = callers.person("amelie.dubois").token
    answer = callers.nobody().get(f"{LISTED}?access_token={token}")
    assert problem(answer) == (422, "invalid_input")


def test_a_scope_is_needed(callers: Callers) -> None:
    reader = callers.person("amelie.dubois", "openid operations.read")
    answer = reader.get(LISTED)
    assert problem(answer) == (403, "insufficient_scope")
    said = 'Bearer realm="sesame", error="insufficient_scope", scope="companies.read", resource_metadata='
    assert answer.headers["WWW-Authenticate"].startswith(said)


def test_a_scope_that_an_operator_took_away_is_gone_at_once(own_callers: Callers) -> None:
    amelie = own_callers.person("amelie.dubois")
    assert amelie.get(LISTED).status_code == 200
    own_callers.stage.change_client("tool", scope="openid operations.read")
    assert problem(amelie.get(LISTED)) == (403, "insufficient_scope")


@pytest.mark.parametrize("end", ["session", "account", "client", "token"])
def test_what_ends_a_token_ends_it_here(own_callers: Callers, end: str) -> None:
    stage, amelie = own_callers.stage, own_callers.person("amelie.dubois")
    assert amelie.get(LISTED).status_code == 200
    person = stage.person("amelie.dubois").id
    with stage.work() as work:
        if end == "session":
            work.session.execute(update(Session).where(Session.account_id == person).values(ended_at=work.now))
        elif end == "account":
            work.session.execute(update(Account).where(Account.id == person).values(status="blocked"))
        elif end == "client":
            clients.delete(work, "tool")
    if end == "token":
        assert own_callers.tool().revoke(amelie.token).status_code == 200
    assert problem(amelie.get(LISTED)) == (401, "invalid_token")


def test_an_expired_token_is_refused(callers: Callers, stage: Stage) -> None:
    claims = claims_of(callers.person("amelie.dubois").token)
    with stage.work(write=False) as work:
        old = {**claims, "exp": int((work.now - timedelta(seconds=1)).timestamp())}
        token = tokens.sign(work, old, token_type=tokens.ACCESS_TOKEN_TYPE)
    assert problem(callers.with_token(token).get(LISTED)) == (401, "invalid_token")


def test_a_session_of_one_factor_is_asked_for_the_other(own_callers: Callers) -> None:
    stage, amelie = own_callers.stage, own_callers.person("amelie.dubois")
    with stage.work() as work:
        work.session.execute(update(Session).values(acr="urn:id:acr:1fa", amr="pwd", second_factor_at=None))
    answer = amelie.get(LISTED)
    assert problem(answer) == (401, "step_up_required")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="urn:id:acr:2fa"' in challenge


def test_scopes_of_a_service_are_those_it_was_registered_with(callers: Callers, stage: Stage) -> None:
    party: Party = stage.register(
        resource=callers.resource, grant_types=["client_credentials"], permissions=["operations.companies.view"],
        scope="operations.read",
    )  # fmt: skip
    answer = party.post("/oauth/token", grant_type="client_credentials")
    assert answer.json["scope"] == "operations.read"
    for scope in ("operations.write", "companies.read", "openid", "operations.read openid"):
        refused = party.post("/oauth/token", grant_type="client_credentials", scope=scope)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_scope"), scope
    assert party.post("/oauth/token", grant_type="client_credentials", resource=callers.resource).status_code == 200
    refused = party.post("/oauth/token", grant_type="client_credentials", resource="http://localhost/api/v2")
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_target")
